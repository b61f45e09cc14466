"""Repairs as runs: agreed to, recorded, and honest about what is known afterwards."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.support.configurations import SITE
from tests.support.trees import write_tree
from tui_backup.errors import Cancelled
from tui_backup.formats.base import Subset
from tui_backup.model.run import RunStatus, Verb
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.standing import Integrity
from tui_backup.model.upkeep import RepairPlan
from tui_backup.services.backup.backups import BackupOptions, run_jobs
from tui_backup.services.upkeep.repairs import RepairKind, RepairRequest, live_opener, repair
from tui_backup.services.upkeep.verification import VerifyRequest, verify
from tui_backup.services.workspace import Workspace

CONFIG = (
    SITE.replace('["source"]', '["source"], as = "data"')
    + """
[jobs.other]
repositories = ["local"]
sources = [{ kind = "files", paths = ["elsewhere"] }]
"""
)
PACKS = RepairRequest(kind=RepairKind.PACKS, repository="local")


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    (tmp_path / "config.toml").write_text(CONFIG)
    write_tree(tmp_path / "source", {"a": os.urandom(5000), "b": os.urandom(5000)})
    with Workspace.open(str(tmp_path / "config.toml")) as workspace:
        assert run_jobs(workspace, [workspace.job("site")], BackupOptions())[0].error is None
        yield workspace


def spoil(directory: Path) -> Path:
    """Damage the largest pack, which holds the files."""
    packs = [path for path in (directory / "backups/data").rglob("*") if path.is_file()]
    pack = max(packs, key=lambda path: path.stat().st_size)
    os.chmod(pack, 0o600)
    content = bytearray(pack.read_bytes())
    content[100] ^= 1
    pack.write_bytes(content)
    return pack


def agreed(_plan: RepairPlan) -> None:
    """Let it be done."""


def refused(_plan: RepairPlan) -> None:
    raise Cancelled("nothing was touched")


def integrity(workspace: Workspace) -> set[Integrity]:
    return {standing.integrity for standing in workspace.history.proofs("local").values()}


def test_damage_that_is_healed_is_claimed_no_more_and_nothing_more_is_proven(
    workspace: Workspace, tmp_path: Path
) -> None:
    pack = spoil(tmp_path)
    verify(workspace, VerifyRequest(subset=Subset()))
    assert integrity(workspace) == {Integrity.DAMAGED}
    outcome = repair(workspace, PACKS, agreed)
    assert outcome.repaired is not None
    assert outcome.repaired.problems == ()
    assert not pack.exists()
    assert integrity(workspace) == {Integrity.UNVERIFIED}
    verify(workspace, VerifyRequest(subset=Subset()))
    assert integrity(workspace) == {Integrity.OK}


def test_damage_that_stays_is_claimed_on(workspace: Workspace, tmp_path: Path) -> None:
    spoil(tmp_path)
    verify(workspace, VerifyRequest(subset=Subset()))
    (tmp_path / "source/a").write_bytes(b"other")
    (tmp_path / "source/b").write_bytes(b"other")
    outcome = repair(workspace, PACKS, agreed)
    assert outcome.repaired is not None
    assert outcome.repaired.problems
    assert integrity(workspace) == {Integrity.DAMAGED}
    assert workspace.history.runs(limit=1)[0].status is RunStatus.FAILED


def test_repairing_the_index_takes_back_no_damage_of_packs(workspace: Workspace, tmp_path: Path) -> None:
    spoil(tmp_path)
    verify(workspace, VerifyRequest(subset=Subset()))
    (index,) = (tmp_path / "backups/index").iterdir()
    index.unlink()
    repair(workspace, RepairRequest(kind=RepairKind.INDEX, repository="local"), agreed)
    assert integrity(workspace) == {Integrity.DAMAGED}


def test_repairing_the_index_takes_back_no_damage_that_it_does_not_mend(workspace: Workspace, tmp_path: Path) -> None:
    spoil(tmp_path).unlink()
    request = RepairRequest(kind=RepairKind.INDEX, repository="local")
    repair(workspace, request, agreed)
    verify(workspace, VerifyRequest(subset=None))
    assert integrity(workspace) == {Integrity.DAMAGED}
    for path in (tmp_path / "backups/index").iterdir():
        path.unlink()
    assert repair(workspace, request, agreed).repaired is not None
    assert integrity(workspace) == {Integrity.DAMAGED}


def test_an_index_that_is_mended_leaves_snapshots_unverified(workspace: Workspace, tmp_path: Path) -> None:
    (index,) = (tmp_path / "backups/index").iterdir()
    index.unlink()
    verify(workspace, VerifyRequest())
    assert integrity(workspace) == {Integrity.DAMAGED}
    repair(workspace, RepairRequest(kind=RepairKind.INDEX, repository="local"), agreed)
    assert integrity(workspace) == {Integrity.UNVERIFIED}


@pytest.mark.parametrize("rehearsing", [False, True])
def test_what_nobody_agrees_to_is_not_done(rehearsing: bool, workspace: Workspace, tmp_path: Path) -> None:
    pack = spoil(tmp_path)
    request = msgspec.structs.replace(PACKS, rehearsing=rehearsing)
    if rehearsing:
        assert repair(workspace, request, refused).repaired is None
    else:
        with pytest.raises(Cancelled):
            repair(workspace, request, refused)
    assert pack.exists()
    run = workspace.history.runs(limit=1)[0]
    assert (run.verb, run.status) == (Verb.REPAIR, RunStatus.OK if rehearsing else RunStatus.CANCELLED)


def test_nobody_is_asked_where_there_is_nothing_to_do(workspace: Workspace) -> None:
    for kind in RepairKind:
        assert repair(workspace, RepairRequest(kind=kind, repository="local"), refused).repaired is None


def test_the_repaired_snapshots_are_known_at_once(workspace: Workspace, tmp_path: Path) -> None:
    spoil(tmp_path)
    for name in ("a", "b"):
        (tmp_path / "source" / name).write_bytes(b"other")
    repair(workspace, PACKS, agreed)
    repair(workspace, RepairRequest(kind=RepairKind.SNAPSHOTS, repository="local"), agreed)
    known = workspace.history.snapshots("local")
    assert [("repaired" in snapshot.tags) for snapshot in known].count(True) == 1
    assert integrity(workspace) == {Integrity.DAMAGED}


def test_files_are_opened_by_what_the_jobs_say(workspace: Workspace, tmp_path: Path) -> None:
    write_tree(tmp_path / "elsewhere", {"c": b"c"})
    (snapshot,) = workspace.repository("local").snapshots()
    opener = live_opener(workspace)

    def there(snapshot: Snapshot, path: str) -> bool:
        stream = opener(snapshot, path.encode())
        if stream is not None:
            stream.close()
        return stream is not None

    assert there(snapshot, "/data/a")
    assert not there(snapshot, f"{tmp_path}/elsewhere/c")
    assert not there(msgspec.structs.replace(snapshot, host="another"), "/data/a")
    assert there(msgspec.structs.replace(snapshot, job=None), f"{tmp_path}/elsewhere/c")
    assert not there(snapshot, "/etc/hostname")
