"""Entries become members: read once, told where they change, left out where they cannot be read."""

import errno
import os
import tarfile
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import msgspec
import pytest

from tests.support.given import GivenOrigin, given
from tests.support.packing import container, failing, pack_tree, unpacked
from tests.support.trees import write_tree
from tui_backup.errors import Cancelled, Corrupted, StoreFull, StoreUnavailable
from tui_backup.formats.containers.entry_writer import EntryWriter, Written, write_archive
from tui_backup.model.entry import Entry, EntryKind
from tui_backup.model.watch import Watch
from tui_backup.primitives.cancel import CancelToken
from tui_backup.sources.files import FilesSource

LARGE = 6_000_000


class Noting(Watch):
    """A watch that keeps the warnings."""

    def __init__(self) -> None:
        super().__init__(on_warning=lambda path, message: self.told.append((path, message)))
        self.told: list[tuple[bytes | None, str]] = []


def written(*entries: Entry, kind: str = "tar", watch: Watch | None = None) -> tuple[bytes, Written]:
    out = BytesIO()
    told = write_archive(entries, container(kind), out, 1, watch or Watch())
    return out.getvalue(), told


def listed(root: Path, watch: Watch) -> list[Entry]:
    found = FilesSource(paths=(str(root),)).entries(watch)
    return [entry for entry in found if isinstance(entry, Entry)]


def test_names_modes_times_and_attributes_survive() -> None:
    entry = given(b"/srv/caf\xe9", content=b"held", mode=0o640, mtime_ns=1_700_000_000_123_456_789)
    entry.origin = GivenOrigin(b"held", ((b"user.note", b"\xff\x00x"),))
    with tarfile.open(fileobj=BytesIO(written(entry)[0]), errors="surrogateescape") as archive:
        (file,) = archive.getmembers()
    assert os.fsencode(file.name) == b"srv/caf\xe9"
    assert (file.mode, file.size) == (0o640, 4)
    assert file.pax_headers["mtime"] == "1700000000.123456789"
    assert os.fsencode(file.pax_headers["SCHILY.xattr.user.note"]) == b"\xff\x00x"


@pytest.mark.parametrize(("kind", "links"), [("tar", {b"/b": b"/a"}), ("zip", {})])
def test_further_names_of_a_file_are_hard_links_where_there_are_such(kind: str, links: dict[bytes, bytes]) -> None:
    entries = [given(path, content=b"held", inode=5, links=2) for path in (b"/a", b"/b")]
    archive, told = written(*entries, kind=kind)
    found = unpacked(kind, archive)
    assert {path: each.link for path, each in found.members.items() if each.link} == links
    assert (told.tally.files_new, told.tally.bytes_processed) == (2, 8)


def test_of_a_file_whose_first_name_could_not_be_read_the_second_is_whole() -> None:
    first = failing(b"/a", OSError(errno.EIO, "broken"), 4)
    first.inode, first.links = 5, 2
    archive, told = written(first, given(b"/b", content=b"held", inode=5, links=2))
    assert unpacked("tar", archive).contents == {b"/b": b"held"}
    assert told.tally.unreadable == 1


def test_what_a_container_cannot_carry_is_left_out_with_a_note() -> None:
    archive, told = written(given("/s", EntryKind.SOCKET), given("/f", EntryKind.FIFO))
    assert [*unpacked("tar", archive).members] == [b"/f"]
    assert told.notes == ("1 entry was left out that is neither a file, a directory nor a link",)


@pytest.mark.parametrize("kind", ["tar", "tar.gz", "zip"])
@pytest.mark.parametrize("error", [OSError(errno.EACCES, "no"), Corrupted("a blob is damaged")])
def test_what_cannot_be_read_is_told_and_the_rest_is_sound(kind: str, error: Exception) -> None:
    watch = Noting()
    small, large = failing(b"/a", error, 10), failing(b"/b", error, LARGE, after=1000)
    archive, told = written(small, large, given(b"/c", content=b"c"), kind=kind, watch=watch)
    assert [path for path, _message in watch.told] == [b"/a", b"/b"]
    assert (told.tally.unreadable, told.tally.files_new) == (2, 1)
    found = unpacked(kind, archive)
    assert (found.contents[b"/c"], b"/a" in found.contents) == (b"c", False)


@pytest.mark.parametrize("size", [10, LARGE])
def test_what_vanishes_is_no_failure(tmp_path: Path, size: int) -> None:
    watch = Noting()
    root = write_tree(tmp_path / "t", {"gone": bytes(size), "stays": b"here"})
    entries = listed(root, watch)
    (root / "gone").unlink()
    archive, told = written(*entries, watch=watch)
    assert [message for _path, message in watch.told] == ["vanished while it was being read"]
    assert told.tally.unreadable == 0
    assert [*unpacked("tar", archive).contents.values()] == [b"here"]


@pytest.mark.parametrize("size", [10, LARGE])
def test_what_was_written_to_since_it_was_listed_is_read_as_it_is(tmp_path: Path, size: int) -> None:
    watch = Noting()
    root = write_tree(tmp_path / "t", {"file": bytes(size)})
    entries = listed(root, watch)
    (root / "file").write_bytes(b"x" * (size + 5))
    archive, _told = written(*entries, watch=watch)
    assert not watch.told
    assert [*unpacked("tar", archive).contents.values()] == [b"x" * (size + 5)]


@pytest.mark.parametrize("grow", [-LARGE // 2, LARGE])
@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_a_large_file_that_changes_under_the_reader_is_told(tmp_path: Path, kind: str, grow: int) -> None:
    watch = Noting()
    root = write_tree(tmp_path / "t", {"file": b"x" * LARGE, "then": b"then"})
    entries = listed(root, watch)

    class Changing(GivenOrigin):
        def open(self, entry: Entry) -> BinaryIO:
            os.truncate(root / "file", LARGE + grow) if opened.pop() else None
            return open(root / "file", "rb", buffering=0)

        def local_path(self, entry: Entry) -> bytes:
            return os.fsencode(root / "file")

    opened = [True]
    file = next(entry for entry in entries if entry.name == b"file")
    changing = msgspec.structs.replace(file, origin=Changing())
    archive, _told = written(*(changing if entry is file else entry for entry in entries), kind=kind, watch=watch)
    assert [message for _path, message in watch.told] == ["changed while it was being read; kept as it was read"]
    found = unpacked(kind, archive)
    assert found.contents[os.fsencode(root / "then")] == b"then"


def test_a_store_that_takes_no_more_ends_it() -> None:
    class Full(BytesIO):
        def write(self, piece: object) -> int:
            raise StoreFull("full")

    watch = Noting()
    with pytest.raises(StoreFull):
        write_archive([given(b"/a", content=b"a" * 9_000_000)], container("tar.gz"), Full(), 1, watch)
    assert not watch.told


def test_a_source_that_is_out_of_reach_ends_it() -> None:
    with pytest.raises(StoreUnavailable):
        written(failing(b"/a", StoreUnavailable("gone"), 10))


def test_it_stops_when_asked_in_the_middle_of_a_file() -> None:
    cancel = CancelToken()

    class Cancelling(GivenOrigin):
        def open(self, entry: Entry) -> BinaryIO:
            cancel.cancel()
            return super().open(entry)

    entry = given(b"/a", content=bytes(LARGE))
    entry.origin = Cancelling(bytes(LARGE))
    with pytest.raises(Cancelled):
        written(entry, watch=Watch(cancel))


def test_progress_follows_the_bytes(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "t", {"a": bytes(LARGE), "b": b"b" * 1000})
    watch = Watch()
    pack_tree(root, "tar.zst", tmp_path / "archive", watch)
    assert (watch.files_done, watch.bytes_done) == (2, LARGE + 1000)


def test_a_member_knows_its_checksum() -> None:
    out = BytesIO()
    writer = container("tar").writer(out, 1)
    member = EntryWriter(container("tar"), writer, Watch()).add(given(b"/a", content=b"abc"))
    assert member is not None
    assert member.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize("kind", ["tar", "zip"])
@pytest.mark.parametrize("path", [b"/" + b"x" * 66_000, b"/d" * 5000])
def test_a_path_that_no_reader_would_take_is_told(kind: str, path: bytes) -> None:
    watch = Noting()
    archive, told = written(given(path), given(b"/a", content=b"a"), kind=kind, watch=watch)
    assert (told.tally.unreadable, len(watch.told)) == (1, 1)
    assert [*unpacked(kind, archive).members] == [b"/a"]


def test_attributes_without_end_are_left_out_and_told() -> None:
    watch = Noting()
    entry = given(b"/a", content=b"a")
    entry.origin = GivenOrigin(b"a", tuple((b"user.%d" % number, bytes(65_536)) for number in range(200)))
    archive, _told = written(entry, watch=watch)
    assert unpacked("tar", archive).members[b"/a"].xattrs == ()
    assert watch.told == [(b"/a", "has more extended attributes than an archive can hold")]
