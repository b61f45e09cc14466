"""Repositories in a store where every request takes a while: workers never ask it, several requests are under way."""

import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.faraway import TRAFFIC, FarawayStore, arm
from tests.support.faulty import Fault, FaultyStore, flipped, unavailable
from tests.support.repositories import brief, keep, new_repository, open_repository, put_back
from tests.support.restic import Restic
from tests.support.trees import traits_of, write_tree
from tui_backup.engine.backup import back_up
from tui_backup.errors import Cancelled, StoreUnavailable
from tui_backup.formats.base import Subset
from tui_backup.formats.restic.layout import FileKind, names
from tui_backup.model.upkeep import ReclaimLimits
from tui_backup.model.watch import Watch
from tui_backup.sources.files import FilesSource
from tui_backup.stores.base import Store

pytestmark = pytest.mark.requires("restic")

ROOT = Path(__file__).parents[3]
_VICTIM = """
import sys
from pathlib import Path
from tests.support.faraway import FarawayStore, arm
from tests.support.faulty import Fault, FaultyStore
from tests.support.repositories import keep, open_repository
place, source, at, late = sys.argv[1:]
arm()
fault = Fault(on="put", at=int(at), late=late == "late", kill=True)
keep(open_repository(FaultyStore(FarawayStore(place, delay_s=0.002), fault)), Path(source))
"""


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    from tui_backup.primitives import crew
    from tui_backup.stores.registry import STORES

    monkeypatch.setattr(crew, "_START", crew._START)
    monkeypatch.setattr(STORES, "_places", dict(STORES._places))
    arm()
    TRAFFIC.forget()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Large and small files, more than workers are given at once, and the same content in several places."""
    chance = random.Random(23)
    twice = chance.randbytes(700_000)
    files = {f"small/{number % 7}/{number}": chance.randbytes(number * 3) for number in range(600)}
    files |= {f"large/{number}": chance.randbytes(12_000_000) + twice for number in range(4)}
    return write_tree(tmp_path_factory.mktemp("faraway") / "source", files | {"empty": b"", "twice": twice * 2})


@pytest.fixture
def far(tmp_path: Path) -> FarawayStore:
    return FarawayStore(str(tmp_path / "repository"), delay_s=0.002)


@pytest.fixture
def stalling(far: FarawayStore) -> Iterator[FaultyStore]:
    """Takes no pack until the test is over."""
    over = threading.Event()
    yield FaultyStore(far, Fault(on="put", prefix="data/", stall=over))
    over.set()


def listed_packs(place: Store) -> set[str]:
    return {pack.hex() for pack in open_repository(place).access.index().packs}


def test_what_is_backed_up_comes_back_and_restic_agrees(far: FarawayStore, source: Path, tmp_path: Path) -> None:
    keep(new_repository(far), source)
    assert 2 <= TRAFFIC.most["put"] <= 5
    TRAFFIC.forget()
    repository = open_repository(far)
    (snapshot,) = repository.snapshots()
    assert traits_of(put_back(repository, snapshot, tmp_path / "restored")) == traits_of(source)
    assert TRAFFIC.most["get"] >= 2
    data = [key for name, key in TRAFFIC.log if name == "get" and key.startswith("data/")]
    assert len(data) < 60
    proof = repository.verify([snapshot], Subset(), Watch())
    assert not proof.problems
    assert len(proof.read) == proof.packs
    Restic(Path(far.path), "correct horse").check()


def test_a_pack_that_cannot_be_stored_fails_the_backup_and_only_what_is_durable_is_listed(
    far: FarawayStore, source: Path
) -> None:
    new_repository(far)
    with pytest.raises(StoreUnavailable):
        keep(open_repository(FaultyStore(far, Fault(on="put", prefix="data/", at=3, error=unavailable()))), source)
    assert not names(far, FileKind.SNAPSHOT)
    assert not names(far, FileKind.LOCK)
    assert listed_packs(far) <= names(far, FileKind.DATA).keys()
    keep(open_repository(far), source)
    assert not open_repository(far).verify([], Subset(), Watch()).problems


@pytest.mark.parametrize("late", ["early", "late"])
def test_killed_while_packs_are_in_flight_it_lists_none_that_is_not_there(
    far: FarawayStore, source: Path, late: str
) -> None:
    new_repository(far)
    for at in (2, 4, 6):
        command = [sys.executable, "-c", _VICTIM, far.path, str(source), str(at), late]
        ended = subprocess.run(command, cwd=ROOT, start_new_session=True, capture_output=True, check=False)
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        assert listed_packs(far) <= names(far, FileKind.DATA).keys()
    restic = Restic(Path(far.path), "correct horse")
    restic.run("unlock", "--remove-all")
    restic.check()
    keep(open_repository(far), source)
    restic.check()


def test_a_backup_whose_store_stalls_can_be_cancelled(
    stalling: FaultyStore, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui_backup.stores.parallel._PATIENCE_S", 0.2)
    repository = new_repository(stalling)
    watch = Watch()
    threading.Timer(1.0, watch.cancel.cancel).start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        back_up([FilesSource(paths=(str(source),))], repository, brief(source), watch)
    assert time.monotonic() - began < 20
    assert not names(stalling, FileKind.SNAPSHOT)
    assert not names(stalling, FileKind.LOCK)


def test_damage_is_told_and_what_was_damaged_on_its_way_is_asked_for_again(
    far: FarawayStore, source: Path, tmp_path: Path
) -> None:
    keep(new_repository(far), source)
    once = Fault(on="get", prefix="data/", at=3, times=1, damage=lambda content: flipped(content, len(content) * 4))
    repository = open_repository(FaultyStore(far, once))
    (snapshot,) = repository.snapshots()
    assert traits_of(put_back(repository, snapshot, tmp_path / "restored")) == traits_of(source)
    pack = max(names(far, FileKind.DATA).items(), key=lambda item: item[1])[0]
    path = Path(far.path, "data", pack[:2], pack)
    path.chmod(0o600)
    path.write_bytes(flipped(path.read_bytes(), 8_000_000))
    proof = open_repository(far).verify([snapshot], Subset(), Watch())
    assert proof.damaged == (pack,)


def test_space_is_given_back_and_packs_are_read_and_written_side_by_side(
    far: FarawayStore, source: Path, tmp_path: Path
) -> None:
    repository = new_repository(far)
    keep(repository, source)
    half = write_tree(tmp_path / "half", {f"large/{n}": (source / f"large/{n}").read_bytes() for n in (0, 2)})
    keep(repository, half)
    first, second = repository.snapshots()
    TRAFFIC.forget()
    plan = repository.upkeep.space.plan([first], ReclaimLimits(max_unused_percent=0), Watch())
    assert repository.upkeep.space.execute(plan, Watch()).freed_bytes > 20_000_000
    assert ("delete_all", "") in TRAFFIC.log
    assert traits_of(put_back(open_repository(far), second, tmp_path / "restored")) == traits_of(half)
    assert not open_repository(far).verify([], Subset(), Watch()).problems
    Restic(Path(far.path), "correct horse").check()


def test_snapshots_are_copied_from_far_to_far(far: FarawayStore, source: Path, tmp_path: Path) -> None:
    repository = new_repository(far)
    keep(repository, source)
    other = FarawayStore(str(tmp_path / "other"), delay_s=0.002)
    target = new_repository(other)
    target.upkeep.copies.copy(repository, repository.snapshots(), Watch())
    (copied,) = target.snapshots()
    assert traits_of(put_back(target, copied, tmp_path / "restored")) == traits_of(source)
    assert not target.verify([copied], Subset(), Watch()).problems
