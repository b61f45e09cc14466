"""Draft: an archive being written, member by member; nothing of it is there before the commit."""

import time

import msgspec

from tui_backup.formats.archive.access import Access
from tui_backup.formats.archive.facts import facts_of
from tui_backup.formats.archive.placing import Placing
from tui_backup.formats.base import Brief
from tui_backup.formats.containers.entry_writer import EntryWriter
from tui_backup.model.entry import Entry
from tui_backup.model.snapshot import Snapshot, SnapshotStatus
from tui_backup.model.watch import Watch
from tui_backup.primitives.identity import identity


class ArchiveDraft:
    """A snapshot being written into a new archive; for one thread. All is read: there is nothing to compare it with."""

    def __init__(self, access: Access, placing: Placing, brief: Brief, watch: Watch) -> None:
        self._placing = placing
        self._brief = brief
        self._watch = watch
        self._incomplete = False
        self._began = time.monotonic()
        level = access.opening.archives.compression_level
        self._writer = access.container.writer(placing.sink, level)
        self._members = EntryWriter(access.container, self._writer, watch)
        self.tally = self._members.tally

    def add(self, entry: Entry) -> None:
        """Take an entry; what cannot be read of a large file is told, and the list leaves the file out."""
        member = self._members.add(entry)
        if member is not None:
            self._placing.entries.add(member)
        self.tally.bytes_added = self._placing.bytes_stored

    def mark_incomplete(self) -> None:
        """Note that something which should be in the snapshot is not."""
        self._incomplete = True

    def commit(self) -> Snapshot:
        """Write the rest, then have the archive appear."""
        self._watch.check()
        tally, original = self.tally, self._brief.original
        if tally.unreadable or (self._brief.strict and self._members.changed):
            self._incomplete = True
        if original is not None and original.status is SnapshotStatus.INCOMPLETE:
            self._incomplete = True
        facts = msgspec.structs.replace(
            facts_of(self._brief, original.username if original else identity().username),
            status=SnapshotStatus.INCOMPLETE if self._incomplete else SnapshotStatus.OK,
            files=tally.files_new,
            bytes=tally.bytes_processed,
            duration=round(time.monotonic() - self._began, 3),
            notes=self._members.notes(),
        )
        archive = self._placing.commit(facts, self._writer.close)
        tally.bytes_added = self._placing.bytes_stored
        return archive.snapshot()

    def close(self) -> None:
        """End the threads."""
        self._writer.abandon()
