import os
import tarfile
from io import BytesIO
from typing import BinaryIO

from tui_backup.formats.containers.entry_writer import write_archive
from tui_backup.formats.containers.registry import CONTAINERS
from tui_backup.model.entry import Entry, EntryKind, Xattrs
from tui_backup.model.watch import Watch


class Held:
    """An origin that holds one content and one attribute."""

    def open(self, entry: Entry) -> BinaryIO:
        return BytesIO(b"held")

    def xattrs(self, entry: Entry) -> Xattrs:
        return ((b"user.note", b"\xff\x00x"),)

    def relist(self, entry: Entry) -> Entry | None:
        return entry

    def fingerprint(self, entry: Entry) -> None:
        """Nothing is known without reading."""

    def local_path(self, entry: Entry) -> bytes | None:
        return None


def member(path: bytes, kind: EntryKind, links: int = 1) -> Entry:
    size = 4 if kind is EntryKind.FILE else 0
    return Entry(path, kind, Held(), 0o640, size=size, mtime_ns=1_700_000_000_123_456_789, inode=5, links=links)


def written(*entries: Entry) -> list[tarfile.TarInfo]:
    stream = BytesIO()
    write_archive(entries, CONTAINERS.load("tar")(), stream, 1, Watch())
    stream.seek(0)
    with tarfile.open(fileobj=stream, errors="surrogateescape") as archive:
        return archive.getmembers()


def test_names_modes_times_and_attributes_survive() -> None:
    file = written(member(b"/srv/caf\xe9", EntryKind.FILE))[0]
    assert os.fsencode(file.name) == b"srv/caf\xe9"
    assert (file.mode, file.size) == (0o640, 4)
    assert file.pax_headers["mtime"] == "1700000000.123456789"
    assert os.fsencode(file.pax_headers["SCHILY.xattr.user.note"]) == b"\xff\x00x"


def test_further_names_of_a_file_are_hard_links() -> None:
    files = written(*(member(path, EntryKind.FILE, links=2) for path in (b"/a", b"/b")))
    assert [(file.islnk(), file.linkname) for file in files] == [(False, ""), (True, "a")]


def test_sockets_are_left_out() -> None:
    assert [file.name for file in written(member(b"/s", EntryKind.SOCKET), member(b"/f", EntryKind.FIFO))] == ["f"]
