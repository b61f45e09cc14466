"""What an archive holds comes back onto disk: all of it, a part, or what damage has left."""

import io
import os
import random
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from tests.support.archives import KEY, back_up, brief, made, opened, opening
from tests.support.odd_trees import SPARSE, make_odd_tree
from tests.support.trees import links_of, traits_of
from tui_backup.engine.backup import back_up as back_up_sources
from tui_backup.engine.restore import RestoreResult, execute
from tui_backup.engine.restore_plan import plan_restore
from tui_backup.engine.restore_request import Overwrite, RestoreRequest
from tui_backup.errors import Cancelled
from tui_backup.formats.archive.catalog import Archive
from tui_backup.formats.archive.repository import ArchiveRepository
from tui_backup.model.entry import Entry
from tui_backup.model.run import RunStatus
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.watch import Watch
from tui_backup.primitives.cancel import CancelToken
from tui_backup.sources.files import FilesSource
from tui_backup.stores.memory import MemoryStore

KINDS = ["tar.gz", "tar.zst", "zip"]
LARGE = random.Random(0).randbytes(5_000_000)
FILES = {b"/a": b"a" * 1000, b"/b": LARGE, b"/c/d": b"d", b"/c/e": b"", b"/f": b"f" * 3000}


class Restoring:
    """Restores below a directory, and keeps what was warned about."""

    def __init__(self, repository: ArchiveRepository, snapshot: Snapshot, target: Path) -> None:
        self.target = target
        self.warnings: list[tuple[bytes | None, str]] = []
        self._watch = Watch(on_warning=lambda path, message: self.warnings.append((path, message)))
        self._repository, self._snapshot = repository, snapshot

    def run(self, **wish: Any) -> RestoreResult:
        wish = {"trusted": True, "overwrite": Overwrite.NEVER, **wish}
        request = RestoreRequest(target=os.fsencode(self.target), **wish)
        plan = plan_restore(self._repository, self._snapshot, request, self._watch)
        return execute(plan, self._repository, self._watch)

    @property
    def files(self) -> dict[bytes, bytes]:
        """Path -> content of what is there."""
        return {
            b"/" + os.fsencode(path.relative_to(self.target)): path.read_bytes()
            for path in self.target.rglob("*")
            if path.is_file()
        }


def damaged(store: MemoryStore, key: str, at: int) -> None:
    content = bytearray(store.get(key))
    content[at] ^= 1
    store.put(key, bytes(content))


@pytest.mark.requires("root")
@pytest.mark.parametrize("key", [None, KEY])
@pytest.mark.parametrize("kind", ["tar.gz", "tar.zst"])
def test_an_odd_tree_comes_back_as_it_was(store: MemoryStore, tmp_path: Path, kind: str, key: str | None) -> None:
    tree = make_odd_tree(tmp_path / "tree")
    repository = made(opening(store, key=key), kind)
    source = FilesSource(paths=(str(tree),), as_="t")
    snapshot = back_up_sources([source], repository, brief(), Watch()).snapshot
    restoring = Restoring(opened(opening(store, key=key), kind), snapshot, tmp_path / "out")
    assert restoring.run().status is RunStatus.OK
    assert traits_of(tmp_path / "out" / "t") == traits_of(tree)
    assert links_of(tmp_path / "out" / "t") == links_of(tree)
    assert os.stat(tmp_path / "out" / "t" / "sparse").st_blocks * 512 < SPARSE // 2


@pytest.mark.parametrize("key", [None, KEY])
@pytest.mark.parametrize("kind", KINDS)
def test_a_part_comes_back(store: MemoryStore, tmp_path: Path, kind: str, key: str | None) -> None:
    repository = made(opening(store, key=key), kind)
    restoring = Restoring(repository, back_up(repository, FILES), tmp_path / "out")
    assert restoring.run(include=("/c/d", "/b")).status is RunStatus.OK
    assert restoring.files == {b"/b": LARGE, b"/c/d": b"d"}


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_list_the_archive_itself_tells(store: MemoryStore, tmp_path: Path, kind: str) -> None:
    snapshot = back_up(made(opening(store), kind), FILES)
    store.delete(f"{snapshot.id}.entries.jsonl.zst")
    store.delete(f"{snapshot.id}.metadata.json")
    repository = opened(opening(store), kind)
    restoring = Restoring(repository, repository.snapshots()[0], tmp_path / "out")
    assert restoring.run().status is RunStatus.OK
    assert {path: content for path, content in restoring.files.items() if path != b"/backup_info.json"} == FILES


def test_damage_of_one_member_costs_a_zip_that_member(store: MemoryStore, tmp_path: Path) -> None:
    repository = made(opening(store), "zip")
    snapshot = back_up(repository, FILES)
    damaged(store, snapshot.id, 2_000_000)
    restoring = Restoring(repository, snapshot, tmp_path / "out")
    assert restoring.run().status is RunStatus.INCOMPLETE
    assert restoring.files == {path: content for path, content in FILES.items() if path != b"/b"}
    assert [path for path, _message in restoring.warnings] == [b"/b"]


@pytest.mark.parametrize(("kind", "key"), [("tar.gz", None), ("tar.zst", None), ("tar.gz", KEY)])
def test_damage_costs_a_tar_what_lies_behind_it(store: MemoryStore, tmp_path: Path, kind: str, key: str | None) -> None:
    repository = made(opening(store, key=key), kind)
    snapshot = back_up(repository, FILES)
    damaged(store, snapshot.id, 3_000_000)
    restoring = Restoring(repository, snapshot, tmp_path / "out")
    assert restoring.run().status is RunStatus.INCOMPLETE
    assert restoring.files == {b"/a": FILES[b"/a"]}
    assert {path for path, _message in restoring.warnings} == FILES.keys() - {b"/a"}


@pytest.mark.parametrize("has_list", [True, False])
def test_of_an_archive_that_is_cut_short_what_is_there_comes_back(
    store: MemoryStore, tmp_path: Path, *, has_list: bool
) -> None:
    repository = made(opening(store), "tar.gz")
    snapshot = back_up(repository, FILES)
    store.put(snapshot.id, store.get(snapshot.id)[:2_000_000])
    if not has_list:
        store.delete(f"{snapshot.id}.entries.jsonl.zst")
    repository = opened(opening(store), "tar.gz")
    restoring = Restoring(repository, repository.snapshots()[0], tmp_path / "out")
    assert restoring.run().status is RunStatus.INCOMPLETE
    assert restoring.files == {b"/a": FILES[b"/a"]}


def test_what_is_not_what_the_list_says_does_not_land(store: MemoryStore, tmp_path: Path) -> None:
    repository = made(opening(store), "tar.gz")
    snapshot = back_up(repository, FILES)
    other = made(opening(MemoryStore()), "tar.gz")
    changed = back_up(other, {**FILES, b"/f": b"F" * 3000})
    store.put(snapshot.id, other.access.store.get(changed.id))
    restoring = Restoring(repository, snapshot, tmp_path / "out")
    assert restoring.run().status is RunStatus.INCOMPLETE
    assert restoring.files == {path: content for path, content in FILES.items() if path != b"/f"}


@pytest.mark.requires("root")
def test_an_archive_of_an_attacker_changes_nothing_outside(store: MemoryStore, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_bytes(b"untouched")
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:gz") as archive:
        for name, type_, target in (
            ("way", tarfile.SYMTYPE, str(outside)),
            ("way/file", tarfile.REGTYPE, ""),
            ("way/more", tarfile.REGTYPE, ""),
            (f"../{outside.name}/file", tarfile.REGTYPE, ""),
            ("hard", tarfile.LNKTYPE, f"..{outside}/file"),
            ("hard link", tarfile.LNKTYPE, str(outside / "file")),
            ("good", tarfile.REGTYPE, ""),
        ):
            member = tarfile.TarInfo(name)
            member.type, member.linkname, member.mode = type_, target, 0o6777
            archive.addfile(member)
    store.put("evil.tar.gz", whole.getvalue())
    repository = opened(opening(store), "tar.gz")
    restoring = Restoring(repository, repository.snapshots()[0], tmp_path / "out")
    assert restoring.run(trusted=False).status is RunStatus.INCOMPLETE
    assert sorted(os.listdir(tmp_path / "out")) == ["good", "way"]
    assert [path.read_bytes() for path in outside.iterdir()] == [b"untouched"]
    assert os.lstat(tmp_path / "out" / "good").st_mode & 0o7000 == 0


def test_reading_in_order_reads_a_tar_once(store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = made(opening(store), "tar.gz")
    snapshot = back_up(repository, FILES)
    opens: list[Archive] = []
    plain = repository.access.opened

    def counted(archive: Archive) -> BinaryIO:
        opens.append(archive)
        return plain(archive)

    monkeypatch.setattr(repository.access, "opened", counted)
    for entry in repository.entries(snapshot):
        if entry.path in FILES:
            with entry.origin.open(entry) as file:
                assert file.read() == FILES[entry.path]
    assert len(opens) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_restore_stops_when_asked(store: MemoryStore, tmp_path: Path, kind: str) -> None:
    repository = made(opening(store), kind)
    snapshot = back_up(repository, FILES)
    cancel = CancelToken()

    class Cancelling:
        """A landing that is asked to stop at the first file."""

        def recipe(self) -> None:
            """Only this process can."""

        def place(self, entry: Entry, content: Iterable[bytes | memoryview]) -> None:
            cancel.cancel()

    files = [repository.entry(snapshot, b"/f")] * 500 + [repository.entry(snapshot, b"/b")]
    with pytest.raises(Cancelled):
        repository.extract(snapshot, files, Cancelling(), Watch(cancel))
