"""Entries as a tar stream: PAX headers carry every name, times to the nanosecond, and extended attributes."""

import os
import tarfile
from collections.abc import Iterable
from typing import BinaryIO

from tui_backup.model.entry import Entry, EntryKind
from tui_backup.model.watch import Watch

TYPES = {
    EntryKind.FILE: tarfile.REGTYPE,
    EntryKind.DIR: tarfile.DIRTYPE,
    EntryKind.SYMLINK: tarfile.SYMTYPE,
    EntryKind.BLOCK: tarfile.BLKTYPE,
    EntryKind.CHAR: tarfile.CHRTYPE,
    EntryKind.FIFO: tarfile.FIFOTYPE,
}
"""What tar can carry: everything but sockets."""


def write_tar(entries: Iterable[Entry], out: BinaryIO, watch: Watch) -> None:
    """Write entries with their absolute paths, without the `/` in front; names of one file become hard links.

    Raises:
        BackupError, OSError: a content cannot be read, or `out` takes no more.
    """
    links: dict[tuple[int, int], str] = {}
    with tarfile.open(
        fileobj=out, mode="w|", format=tarfile.PAX_FORMAT, encoding="utf-8", errors="surrogateescape"
    ) as archive:
        for entry in entries:
            watch.check()
            if entry.kind in TYPES:
                _add(archive, entry, links)


def _add(archive: tarfile.TarFile, entry: Entry, links: dict[tuple[int, int], str]) -> None:
    member = _member(entry)
    if entry.kind is not EntryKind.FILE:
        archive.addfile(member)
        return
    file = (entry.device_id, entry.inode)
    if entry.links > 1 and entry.inode and file in links:
        member.type, member.linkname, member.size = tarfile.LNKTYPE, links[file], 0
        archive.addfile(member)
        return
    links[file] = member.name
    with entry.origin.open(entry) as content:
        archive.addfile(member, content)


def _member(entry: Entry) -> tarfile.TarInfo:
    member = tarfile.TarInfo(os.fsdecode(entry.path.lstrip(b"/")))
    member.type = TYPES[entry.kind]
    member.mode, member.uid, member.gid = entry.mode, entry.uid, entry.gid
    member.uname, member.gname = entry.user, entry.group
    member.size = entry.size if entry.kind is EntryKind.FILE else 0
    member.mtime = entry.mtime_ns // 1_000_000_000
    member.linkname = os.fsdecode(entry.target)
    member.devmajor, member.devminor = os.major(entry.device), os.minor(entry.device)
    member.pax_headers = _headers(entry)
    return member


def _headers(entry: Entry) -> dict[str, str]:
    seconds, nanoseconds = divmod(entry.mtime_ns, 1_000_000_000)
    headers = {"mtime": f"{seconds}.{nanoseconds:09}"} if seconds >= 0 else {}
    for name, value in entry.origin.xattrs(entry):
        headers[f"SCHILY.xattr.{os.fsdecode(name)}"] = os.fsdecode(value)
    return headers
