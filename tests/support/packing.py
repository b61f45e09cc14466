"""Archives made and read in memory, member by member, and archives of real trees."""

from io import BytesIO
from pathlib import Path
from typing import BinaryIO, NamedTuple

from tests.support.given import GivenOrigin, given
from tui_backup.formats.containers.base import Container, Member
from tui_backup.formats.containers.entry_writer import Written, write_archive
from tui_backup.formats.containers.registry import CONTAINERS
from tui_backup.model.entry import Entry, EntryKind
from tui_backup.model.watch import Watch
from tui_backup.sources.files import FilesSource

KINDS = tuple(CONTAINERS)
TARS = tuple(kind for kind in KINDS if kind.startswith("tar"))


class Unpacked(NamedTuple):
    """What a reader told of an archive."""

    members: dict[bytes, Member]
    contents: dict[bytes, bytes]
    refused: list[tuple[bytes, str]]


def container(kind: str) -> Container:
    return CONTAINERS.load(kind)()


def member(path: bytes, kind: EntryKind = EntryKind.FILE, **facts: object) -> Member:
    return Member(path=path, kind=kind, mode=0o644, mtime_ns=1_700_000_000_000_000_000, **facts)  # type: ignore[arg-type]  # any of its fields


def file(path: bytes, content: bytes = b"content") -> tuple[Member, bytes]:
    return member(path, size=len(content)), content


def packed(kind: str, *members: tuple[Member, bytes], about: bytes | None = None) -> bytes:
    """Return an archive of members with their contents."""
    out = BytesIO()
    writer = container(kind).writer(out, 6)
    for each, content in members:
        writer.add(each, BytesIO(content))
    writer.close(about)
    return out.getvalue()


def unpacked(kind: str, archive: bytes) -> Unpacked:
    """Read an archive to its end; raises what the reader raises."""
    refused: list[tuple[bytes, str]] = []
    reader = container(kind).reader(BytesIO(archive), lambda name, reason: refused.append((name, reason)))
    found = Unpacked({}, {}, refused)
    for each, content in reader.members():
        found.members[each.path] = each
        if content is not None:
            found.contents[each.path] = content.read()
    return found


def pack_tree(root: Path, kind: str, archive: Path, watch: Watch | None = None) -> Written:
    """Write an archive of a real directory; warnings fail the test unless it brings a watch."""
    watch = watch or Watch(on_warning=_fail)
    found = FilesSource(paths=(str(root),)).entries(watch)
    entries = (entry for entry in found if isinstance(entry, Entry))
    with archive.open("wb") as out:
        return write_archive(entries, container(kind), out, 6, watch)


class _Failing(GivenOrigin):
    """An origin whose content breaks off."""

    def __init__(self, error: Exception, after: int = 0) -> None:
        super().__init__(b"x" * after)
        self._error = error

    def open(self, entry: Entry) -> BinaryIO:
        error = self._error

        class Breaking(BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                piece = super().read(size)
                if not piece:
                    raise error
                return piece

        return Breaking(self.content)


def failing(path: bytes, error: Exception, size: int, after: int = 0) -> Entry:
    """Return a file of `size` bytes, reading of which fails after some of them."""
    entry = given(path, size=size)
    entry.origin = _Failing(error, after)
    return entry


def _fail(path: bytes | None, message: str) -> None:
    raise AssertionError((path, message))
