"""What a backup into an archive counts, notes, and calls complete."""

import json
from pathlib import Path

import pytest

from tests.support.archives import brief, entries_of, made, opening
from tests.support.given import given
from tests.support.packing import failing
from tui_backup.engine.backup import back_up, keep_entries
from tui_backup.errors import Cancelled, Corrupted
from tui_backup.formats.archive.repository import ArchiveRepository
from tui_backup.formats.base import Brief
from tui_backup.model.entry import Entry, EntryKind
from tui_backup.model.snapshot import Snapshot, SnapshotStatus
from tui_backup.model.watch import Watch
from tui_backup.primitives.cancel import CancelToken
from tui_backup.sources.files import FilesSource
from tui_backup.stores.memory import MemoryStore


def drafted(repository: ArchiveRepository, *entries: Entry, told: Brief | None = None) -> Snapshot:
    with repository.begin(told or brief(), Watch()) as draft:
        for entry in entries:
            draft.add(entry)
        return draft.commit()


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), Corrupted("a blob is damaged")])
@pytest.mark.parametrize("size", [10, 9_000_000])
def test_what_cannot_be_read_makes_it_incomplete_and_is_in_no_list(
    store: MemoryStore, error: Exception, size: int
) -> None:
    repository = made(opening(store))
    snapshot = drafted(repository, failing(b"/a", error, size, after=size // 2), *entries_of({b"/b": b"b"}))
    assert (snapshot.status, snapshot.files) == (SnapshotStatus.INCOMPLETE, 1)
    assert [entry.path for entry in repository.entries(snapshot)] == [b"/b"]


def test_notes_stand_in_the_sidecar(store: MemoryStore) -> None:
    snapshot = drafted(made(opening(store), "zip"), *entries_of({b"/a": b"a"}), given(b"/s", EntryKind.SOCKET))
    notes = json.loads(store.get(f"{snapshot.id}.metadata.json"))["notes"]
    assert notes[0] == "1 entry was left out that is neither a file, a directory nor a link"


def test_everything_is_new_and_every_byte_that_is_stored_is_added(store: MemoryStore, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a" * 1000)
    source = FilesSource(paths=(str(tmp_path),), as_="static")
    done = back_up([source], made(opening(store)), brief(), Watch())
    tally = done.tally
    assert (tally.files_new, tally.files_changed, tally.files_unmodified, tally.dirs) == (1, 0, 0, 1)
    assert (tally.bytes_processed, tally.bytes_added) == (1000, store.info(done.snapshot.id).size)


def test_nothing_is_there_of_what_was_cancelled(store: MemoryStore) -> None:
    repository = made(opening(store))
    before = {found.key for found in store.objects()}
    cancel = CancelToken()
    entry = given(b"/a", content=b"a")
    cancel.cancel()
    with pytest.raises(Cancelled):
        keep_entries(iter([entry]), repository, brief(), Watch(cancel))
    assert {found.key for found in store.objects()} - before <= {"tui-backup.json"}
    assert repository.snapshots() == []
