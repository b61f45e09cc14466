"""Browsing: what an archive holds, as entries whose content is opened on demand."""

from collections.abc import Iterator

import msgspec

from tui_backup.formats.archive.access import Access
from tui_backup.formats.archive.catalog import Archive
from tui_backup.formats.archive.content import MemberOrigin
from tui_backup.formats.archive.entry_list import member_of
from tui_backup.formats.archive.index import Index, Listed
from tui_backup.formats.base import Enter
from tui_backup.formats.containers.base import Member
from tui_backup.formats.walking import walk_down
from tui_backup.model.entry import Entry, EntryKind
from tui_backup.model.watch import Watch


class Contents:
    """One archive that is being looked into; several threads may."""

    def __init__(self, access: Access, archive: Archive, index: Index) -> None:
        self.index = index
        self._access = access
        self._archive = archive

    def has_directory(self, path: bytes) -> bool:
        """Whether there is a directory at a path."""
        return self.index.has_directory(path)

    def children(self, path: bytes) -> list[Entry] | None:
        """Return what a directory holds, by name; None where there is no such directory."""
        found = self.index.children(path)
        return None if found is None else [self._entry(each) for each in found]

    def find(self, path: bytes) -> Entry | None:
        """Return the entry of a path; None where there is none."""
        found = self.index.find(path)
        return None if found is None else self._entry(found)

    def walk(self, under: bytes, watch: Watch | None, enter: Enter | None) -> Iterator[Entry]:
        """Yield everything below a directory; what must not be used is left out and warned about on `watch`."""
        if watch is not None:
            for path, reason in self.index.refused:
                if under == b"/" or path.startswith(under + b"/"):
                    watch.warn(path, reason)
        if self.index.is_walk:
            return self._along(under, enter)
        return walk_down(self.children(under) or (), lambda entry, _depth: self.children(entry.path) or (), enter)

    def _along(self, under: bytes, enter: Enter | None) -> Iterator[Entry]:
        passed = b"\0"
        for listed in self.index.walk(under):
            if listed.path.startswith(passed):
                continue
            entry = self._entry(listed)
            yield entry
            if enter is not None and entry.kind is EntryKind.DIR and not enter(entry):
                passed = entry.path + b"/"

    def _entry(self, listed: Listed) -> Entry:
        member = _member(listed)
        is_file = member.kind is EntryKind.FILE
        entry = Entry(
            member.path,
            member.kind,
            MemberOrigin(self._access, self._archive, member),
            member.mode,
            member.uid,
            member.gid,
            member.user,
            member.group,
            member.size if is_file else 0,
            member.mtime_ns,
            member.mtime_ns,
            member.mtime_ns,
            device=member.device,
            target=member.target,
        )
        if listed.links > 1:
            entry.links, entry.device_id = listed.links, 1
            entry.inode = (listed.first or listed).number + 1
        return entry


def _member(listed: Listed) -> Member:
    """Return the member of an entry; a further name of a file has everything but its path from the first one."""
    if listed.line is None:
        return Member(path=listed.path, kind=EntryKind.DIR, mode=0o755)
    if listed.first is None or listed.first.line is None:
        return member_of(listed.line)
    first = member_of(listed.first.line)
    return msgspec.structs.replace(first, path=listed.path, link=first.path)
