"""Archives for tests: written by the repository, or made by hand as other programs make them."""

import io
import tarfile
from collections.abc import Iterable
from datetime import UTC, datetime

from tui_backup.formats.archive.repository import ArchiveRepository
from tui_backup.formats.base import ArchiveOptions, Brief, Opening
from tui_backup.formats.registry import FORMATS
from tui_backup.model.entry import Entry, EntryKind, Xattrs
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.watch import Watch
from tui_backup.primitives.secret import Secret
from tui_backup.stores.base import Store

KEY = "a passphrase of more than thirty-two characters"
NIGHT = datetime(2025, 8, 29, 5, tzinfo=UTC)


class Bytes(bytearray):
    """A sink that keeps what it is given."""

    def write(self, piece: bytes | bytearray | memoryview) -> None:
        self.extend(piece)


class Given:
    """An origin whose files have the content that somebody gave."""

    def __init__(self, contents: dict[bytes, bytes]) -> None:
        self._contents = contents

    def open(self, entry: Entry) -> io.BytesIO:
        return io.BytesIO(self._contents[entry.path])

    def xattrs(self, entry: Entry) -> Xattrs:
        return ()

    def relist(self, entry: Entry) -> Entry:
        return entry

    def fingerprint(self, entry: Entry) -> bytes | None:
        return None

    def local_path(self, entry: Entry) -> bytes | None:
        return None


def entries_of(contents: dict[bytes, bytes]) -> list[Entry]:
    """Return files with their directories, in the order of a walk."""
    origin = Given(contents)
    directories = {path[:at] for path in contents for at in range(1, len(path)) if path[at : at + 1] == b"/"}
    made = [Entry(path, EntryKind.DIR, origin, 0o755) for path in directories]
    made += [
        Entry(path, EntryKind.FILE, origin, 0o644, size=len(content), mtime_ns=1_700_000_000_123_456_789)
        for path, content in contents.items()
    ]
    return sorted(made, key=lambda entry: entry.path.split(b"/"))


def opening(
    store: Store, name: str = "backup_{time:seconds}", key: str | None = None, *, history: bool = False
) -> Opening:
    """Return what a repository of archives is opened with."""
    secret = None if key is None else Secret(key)
    return Opening(
        name="r", store=store, archives=ArchiveOptions(name=name, encryption_key=secret, history_file=history)
    )


_OPEN: list[ArchiveRepository] = []


def close_all() -> None:
    """Close the repositories that were made and opened."""
    while _OPEN:
        _OPEN.pop().close()


def made(given: Opening, kind: str = "tar.gz") -> ArchiveRepository:
    """Make a repository."""
    repository = FORMATS.load(kind).create(given)
    assert isinstance(repository, ArchiveRepository)
    _OPEN.append(repository)
    return repository


def opened(given: Opening, kind: str = "tar.gz") -> ArchiveRepository:
    """Open a repository."""
    repository = FORMATS.load(kind).open(given)
    assert isinstance(repository, ArchiveRepository)
    _OPEN.append(repository)
    return repository


def brief(time: datetime = NIGHT, job: str = "site", kind: str = "manual", tags: Iterable[str] = ()) -> Brief:
    """Return what is known of a snapshot before its first entry."""
    return Brief(job=job, kind=kind, time=time, host="web1", paths=("/srv/site",), tags=tuple(tags))


def back_up(repository: ArchiveRepository, contents: dict[bytes, bytes], given: Brief | None = None) -> Snapshot:
    """Store files as one archive."""
    with repository.begin(given or brief(), Watch()) as draft:
        for entry in entries_of(contents):
            draft.add(entry)
        return draft.commit()


def tar_gz(contents: dict[str, bytes]) -> bytes:
    """Return an archive as Python's own module makes it."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:gz") as archive:
        for name, content in contents.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(content), 1_700_000_000
            archive.addfile(member, io.BytesIO(content))
    return whole.getvalue()
