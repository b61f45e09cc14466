"""Files read while somebody else is at them."""

import errno
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest

from tests.support.instant import instant_repository
from tests.support.repositories import brief
from tui_backup.engine.backup import back_up
from tui_backup.formats.restic.writing.chunker import SEGMENT, SMALLEST, make_chunker
from tui_backup.formats.restic.writing.reading import Batch, Piece, Reader, Reading, segments
from tui_backup.model.entry import Entry
from tui_backup.model.snapshot import SnapshotStatus
from tui_backup.model.watch import Watch
from tui_backup.sources.base import Unread
from tui_backup.sources.files import FilesSource

LARGE = 3 * SMALLEST
CHUNKER = make_chunker(0x3DA3358B4DC173)


def whole(path: Path) -> Piece:
    status = path.stat()
    return Piece(1, bytes(path), status.st_dev, status.st_ino, 0, status.st_size, status.st_size, status.st_ctime_ns)


def read(*pieces: Piece) -> tuple[list[Reading], bytes]:
    """Return what was said, and the content of all blobs."""
    readings: list[Reading] = []
    content = b""
    for batch in Reader(CHUNKER).batches(list(pieces)):
        readings += batch.readings
        content += b"".join(bytes(piece) for _id, piece in batch.blobs)
        assert b"".join(id_ for id_, _piece in batch.blobs) == b"".join(r.ids for r in batch.readings)
        assert all(sha256(piece).digest() == id_ for id_, piece in batch.blobs)
    return readings, content


@pytest.mark.parametrize("size", [1, 5000, SMALLEST, SMALLEST + 1, 5_000_000, 20_000_000])
def test_a_file_at_rest_is_read_whole_and_has_not_changed(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    (tmp_path / "file").write_bytes(content)
    readings, found = read(whole(tmp_path / "file"))
    assert found == content
    assert [reading.changed for reading in readings] == [False] * len(readings)
    assert [reading.last for reading in readings] == [False] * (len(readings) - 1) + [True]
    assert sum(reading.size for reading in readings) == size


def test_small_files_come_in_batches_in_their_order(tmp_path: Path) -> None:
    pieces = []
    for number in range(600):
        (tmp_path / str(number)).write_bytes(b"%d" % number)
        pieces.append(whole(tmp_path / str(number)))
        pieces[-1].number = number
    batches = list(Reader(CHUNKER).batches(pieces))
    assert len(batches) > 1
    assert [reading.number for batch in batches for reading in batch.readings] == list(range(600))


def test_two_batches_may_be_held_while_the_next_is_read(tmp_path: Path) -> None:
    content = os.urandom(30_000_000)
    (tmp_path / "file").write_bytes(content)
    held: list[Batch] = []
    found = b""
    for batch in Reader(CHUNKER).batches([whole(tmp_path / "file")]):
        held.append(batch)
        if len(held) > 2:
            found += b"".join(bytes(piece) for _id, piece in held.pop(0).blobs)
    found += b"".join(bytes(piece) for batch in held for _id, piece in batch.blobs)
    assert found == content


@pytest.mark.parametrize("size", [100, LARGE])
@pytest.mark.parametrize("change", [-50, 50])
def test_a_file_that_is_longer_or_shorter_than_it_was_listed_has_changed(
    tmp_path: Path, size: int, change: int
) -> None:
    (tmp_path / "file").write_bytes(os.urandom(size))
    piece = whole(tmp_path / "file")
    with (tmp_path / "file").open("r+b") as file:
        file.truncate(size + change)
    readings, _content = read(piece)
    assert readings[-1].changed


@pytest.mark.parametrize("size", [100, LARGE])
def test_a_file_that_is_gone_says_so(tmp_path: Path, size: int) -> None:
    (tmp_path / "file").write_bytes(bytes(size))
    piece = whole(tmp_path / "file")
    (tmp_path / "file").unlink()
    assert [reading.errno for reading in read(piece)[0]] == [errno.ENOENT]


def by_another(path: Path) -> None:
    (path.parent / "new").write_bytes(b"another")
    (path.parent / "new").replace(path)


def by_a_link(path: Path) -> None:
    path.rename(path.parent / "moved")
    path.symlink_to("moved")


def by_a_pipe(path: Path) -> None:
    path.rename(path.parent / "moved")
    os.mkfifo(path)


def by_a_directory(path: Path) -> None:
    path.rename(path.parent / "moved")
    path.mkdir()


@pytest.mark.parametrize("size", [100, LARGE])
@pytest.mark.parametrize("replace", [by_another, by_a_link, by_a_pipe, by_a_directory])
def test_what_took_the_place_of_a_file_is_not_read(tmp_path: Path, size: int, replace: Callable[[Path], None]) -> None:
    (tmp_path / "file").write_bytes(bytes(size))
    piece = whole(tmp_path / "file")
    replace(tmp_path / "file")
    readings, content = read(piece)
    assert [reading.errno for reading in readings] in ([errno.ESTALE], [errno.ELOOP])
    assert content == b""


def test_a_large_file_that_grows_while_it_is_read_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(os.urandom(20_000_000))
    batches = Reader(CHUNKER).batches([whole(path)])
    readings = list(next(batches).readings)
    with path.open("ab") as file:
        file.write(b"more")
    readings += [reading for batch in batches for reading in batch.readings]
    assert readings[-1].changed
    assert sum(reading.size for reading in readings) == 20_000_000


def test_a_large_file_that_shrinks_while_it_is_read_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(os.urandom(20_000_000))
    batches = Reader(CHUNKER).batches([whole(path)])
    readings = list(next(batches).readings)
    os.truncate(path, 1000)
    readings += [reading for batch in batches for reading in batch.readings]
    assert readings[-1].changed
    assert readings[-1].last


@pytest.mark.parametrize("extra", [0, 1, SEGMENT // 2])
def test_the_segments_of_a_file_are_read_without_gap_or_overlap(tmp_path: Path, extra: int) -> None:
    content = os.urandom(2 * SEGMENT + extra)
    (tmp_path / "file").write_bytes(content)
    pieces = segments(whole(tmp_path / "file"))
    assert len(pieces) >= 2
    assert read(*pieces)[1] == content


def test_attributes_come_with_the_content(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    os.setxattr(tmp_path / "file", "user.colour", b"blue")
    assert read(whole(tmp_path / "file"))[0][0].xattrs == ((b"user.colour", b"blue"),)


class Restless(FilesSource, frozen=True, kw_only=True):
    """Files to which something happens after they were listed and before they are read."""

    happen: Callable[[], object]

    def entries(self, watch: Watch) -> Iterator[Entry | Unread]:
        yield from list(FilesSource.entries(self, watch))
        self.happen()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


class Kept:
    """A backup of a tree to which something may happen meanwhile."""

    def __init__(self, tree: Path, happen: Callable[[], object] = int, *, strict: bool = False) -> None:
        self.warnings: list[tuple[bytes | None, str]] = []
        self.repository = instant_repository()
        watch = Watch(on_warning=lambda path, message: self.warnings.append((path, message)))
        source = Restless(paths=(str(tree),), happen=happen)
        backed_up = back_up([source], self.repository, brief(tree, strict=strict), watch)
        self.snapshot, self.tally = backed_up.snapshot, backed_up.tally

    def entry(self, path: Path) -> Entry:
        return self.repository.entry(self.snapshot, bytes(path))

    def content(self, path: Path) -> bytes:
        return self.entry(path).origin.open(self.entry(path)).read()


@pytest.mark.parametrize("size", [100, LARGE])
def test_a_file_that_vanished_is_left_out_with_a_warning_and_no_failure(tree: Path, size: int) -> None:
    (tree / "file").write_bytes(bytes(size))
    (tree / "other").write_bytes(b"here")
    kept = Kept(tree, (tree / "file").unlink)
    assert kept.warnings == [(bytes(tree / "file"), "vanished while it was being read")]
    assert kept.snapshot.status is SnapshotStatus.OK
    assert [entry.name for entry in kept.repository.children(kept.snapshot, bytes(tree))] == [b"other"]
    assert kept.tally.unreadable == 0


@pytest.mark.parametrize("size", [100, LARGE])
@pytest.mark.parametrize("new", [b"", b"short", b"long" * LARGE])
def test_a_file_that_changed_since_it_was_listed_is_kept_as_it_is_by_then(tree: Path, size: int, new: bytes) -> None:
    (tree / "file").write_bytes(bytes(size))
    kept = Kept(tree, lambda: (tree / "file").write_bytes(new))
    entry, status = kept.entry(tree / "file"), (tree / "file").stat()
    assert kept.content(tree / "file") == new
    assert (entry.size, entry.mtime_ns, entry.ctime_ns) == (len(new), status.st_mtime_ns, status.st_ctime_ns)
    assert kept.warnings == []


@pytest.mark.parametrize("size", [100, LARGE])
def test_a_file_rewritten_in_place_since_it_was_listed_has_the_times_of_its_content(tree: Path, size: int) -> None:
    (tree / "file").write_bytes(b"a" * size)
    kept = Kept(tree, lambda: (tree / "file").write_bytes(b"b" * size))
    entry, status = kept.entry(tree / "file"), (tree / "file").stat()
    assert kept.content(tree / "file") == b"b" * size
    assert (entry.mtime_ns, entry.ctime_ns) == (status.st_mtime_ns, status.st_ctime_ns)


def test_a_file_replaced_by_another_since_it_was_listed_is_kept_as_the_other(tree: Path) -> None:
    (tree / "file").write_bytes(b"content")
    kept = Kept(tree, lambda: by_another(tree / "file"))
    assert kept.content(tree / "file") == b"another"
    assert kept.entry(tree / "file").inode == (tree / "file").stat().st_ino
    assert kept.snapshot.status is SnapshotStatus.OK


@pytest.mark.parametrize("replace", [by_a_link, by_a_pipe, by_a_directory])
def test_a_file_that_is_no_file_any_more_is_left_out_with_a_warning(
    tree: Path, replace: Callable[[Path], None]
) -> None:
    (tree / "file").write_bytes(b"content")
    kept = Kept(tree, lambda: replace(tree / "file"))
    assert [path for path, _message in kept.warnings] == [bytes(tree / "file")]
    assert kept.repository.children(kept.snapshot, bytes(tree)) == []


@contextmanager
def growing(path: Path) -> Iterator[None]:
    """A thread that appends to a file all the time."""
    stop = threading.Event()

    def grow() -> None:
        with path.open("ab", buffering=0) as file:
            while not stop.wait(0.001):
                file.write(b"more")

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        yield
    finally:
        stop.set()
        writer.join()


@pytest.mark.parametrize(("strict", "status"), [(False, SnapshotStatus.OK), (True, SnapshotStatus.INCOMPLETE)])
def test_a_file_that_never_rests_is_kept_as_it_was_read_with_a_warning(
    tree: Path, strict: bool, status: SnapshotStatus
) -> None:
    (tree / "log").write_bytes(os.urandom(20_000_000))
    with growing(tree / "log"):
        kept = Kept(tree, strict=strict)
    assert kept.warnings == [(bytes(tree / "log"), "changed while it was being read; kept as it was read")]
    assert kept.snapshot.status is status
    assert len(kept.content(tree / "log")) == kept.entry(tree / "log").size >= 20_000_000


def test_a_file_rewritten_between_its_segments_is_not_a_mixture(tmp_path: Path) -> None:
    path = tmp_path / "database"
    path.write_bytes(b"a" * (2 * SEGMENT))
    first, second = segments(whole(path))
    before, _content = read(first)
    with path.open("r+b") as file:
        file.write(b"b" * (2 * SEGMENT))
    after, _content = read(second)
    assert not before[-1].changed
    assert after[-1].changed


@pytest.mark.requires("root")
def test_a_file_that_cannot_be_read_makes_the_snapshot_incomplete(tree: Path) -> None:
    for directory in (tree, *tree.parents[:4]):
        directory.chmod(0o755)
    (tree / "file").write_bytes(b"content")
    (tree / "other").write_bytes(b"here")
    (tree / "file").chmod(0)
    os.seteuid(65534)
    try:
        kept = Kept(tree)
        assert kept.content(tree / "other") == b"here"
    finally:
        os.seteuid(0)
    assert kept.warnings == [(bytes(tree / "file"), "cannot be read: Permission denied")]
    assert (kept.snapshot.status, kept.tally.unreadable) == (SnapshotStatus.INCOMPLETE, 1)
