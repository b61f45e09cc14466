"""A repository that holds exactly the entries it is given, in that order, good or bad."""

import io
import os
import stat
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO

from tui_backup.errors import BackupError, RestoreRefused
from tui_backup.formats.base import Landing
from tui_backup.model.entry import Entry, EntryKind, Xattrs
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.watch import Watch
from tui_backup.sources.origin import KINDS

DAY_NS = 86_400 * 10**9
SOME_TIME_NS = 20_000 * DAY_NS + 123_456_789


class GivenOrigin:
    """Content and attributes that a test made up, or those of a real path."""

    def __init__(self, content: bytes = b"", attributes: Xattrs = (), real: bytes | None = None) -> None:
        self.content, self.attributes, self.real = content, attributes, real

    def open(self, entry: Entry) -> BinaryIO:
        return io.BytesIO(self.content) if self.real is None else io.FileIO(os.fsdecode(self.real))

    def xattrs(self, entry: Entry) -> Xattrs:
        return self.attributes

    def fingerprint(self, entry: Entry) -> None:
        """Nothing is known without reading."""

    def local_path(self, entry: Entry) -> bytes | None:
        return self.real

    def relist(self, entry: Entry) -> Entry:
        return entry


def given(path: bytes | str, kind: EntryKind = EntryKind.FILE, content: bytes = b"", **fields: Any) -> Entry:
    """Return an entry that belongs to us; `xattrs` and every field may be set."""
    raw = path if isinstance(path, bytes) else path.encode()
    origin = GivenOrigin(content, fields.pop("xattrs", ()))
    fields = {
        "mode": 0o755 if kind is EntryKind.DIR else 0o644,
        "uid": os.geteuid(),
        "gid": os.getegid(),
        "size": len(content) if kind is EntryKind.FILE else 0,
        "mtime_ns": SOME_TIME_NS,
        "atime_ns": SOME_TIME_NS,
        **fields,
    }
    return Entry(raw, kind, origin, **fields)


def given_dir(path: bytes | str, **fields: Any) -> Entry:
    return given(path, EntryKind.DIR, **fields)


def given_link(path: bytes | str, target: bytes, **fields: Any) -> Entry:
    return given(path, EntryKind.SYMLINK, target=target, mode=0o777, **fields)


def captured(root: bytes, above: bytes = b"") -> Iterator[Entry]:
    """Yield the entries of a real directory, in the order of a repository."""
    for name in sorted(os.listdir(root + above)):
        path = above + b"/" + name
        status = os.lstat(root + path)
        kind = KINDS[stat.S_IFMT(status.st_mode)]
        names = os.listxattr(root + path, follow_symlinks=False)
        attributes = tuple((os.fsencode(name), os.getxattr(root + path, name, follow_symlinks=False)) for name in names)
        yield Entry(
            path,
            kind,
            GivenOrigin(attributes=attributes, real=root + path),
            mode=stat.S_IMODE(status.st_mode),
            uid=status.st_uid,
            gid=status.st_gid,
            size=status.st_size if kind is EntryKind.FILE else 0,
            mtime_ns=status.st_mtime_ns,
            atime_ns=status.st_atime_ns,
            inode=status.st_ino,
            device_id=status.st_dev,
            links=status.st_nlink if kind is not EntryKind.DIR else 1,
            device=status.st_rdev,
            target=os.readlink(root + path) if kind is EntryKind.SYMLINK else b"",
        )
        if kind is EntryKind.DIR:
            yield from captured(root, path)


class GivenRepository:
    """Yields what it was given, whatever its names; `on_file` is called before each file is placed."""

    name = "given"
    id = "given"
    encrypted = False

    def __init__(self, entries: Iterable[Entry], piece: int = 1 << 20) -> None:
        self.given = list(entries)
        self.placed: list[bytes] = []
        self._piece = piece

    def entries(self, snapshot: Snapshot, under: bytes = b"/", watch: Watch | None = None) -> Iterator[Entry]:
        prefix = under.rstrip(b"/") + b"/"
        return (entry for entry in self.given if under == b"/" or entry.path.startswith(prefix))

    def entry(self, snapshot: Snapshot, path: bytes) -> Entry:
        for entry in self.given:
            if entry.path == path:
                return entry
        raise BackupError("no such path")

    def extract(self, snapshot: Snapshot, files: Iterable[Entry], landing: Landing, watch: Watch) -> None:
        for entry in files:
            try:
                with entry.origin.open(entry) as content:
                    landing.place(entry, iter(lambda: content.read(self._piece), b""))
            except RestoreRefused:
                raise
            except OSError as error:
                watch.warn(entry.path, error.strerror or str(error))
            except BackupError as error:
                watch.warn(entry.path, error.message)
            else:
                self.placed.append(entry.path)
                watch.files_done += 1
                watch.bytes_done += entry.size

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"a restore has no use for {name}")


def snapshot_of(*paths: str, **fields: Any) -> Snapshot:
    """Return a snapshot of some paths."""
    moment = datetime(2026, 11, 21, 2, tzinfo=UTC)
    return Snapshot(**{"id": "ab" * 32, "time": moment, "host": "web1", "paths": paths or ("/",), **fields})
