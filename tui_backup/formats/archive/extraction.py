"""Extraction: files of an archive, handed to a landing.

A tar is read once, from its start as far as something is still wanted, and files land in the order in which they lie
there; members of a zip are opened one by one. Small files land from several threads.
"""

import io
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, nullcontext
from functools import partial
from io import BytesIO
from typing import BinaryIO

import msgspec

from tui_backup.errors import BackupError, Corrupted, NotFound, RestoreRefused, StoreError
from tui_backup.formats.archive.access import Access
from tui_backup.formats.archive.catalog import Archive
from tui_backup.formats.archive.content import checked, member_of, reader_of, source_of
from tui_backup.formats.base import Landing
from tui_backup.formats.containers.base import MemberReader
from tui_backup.model.entry import Entry
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _
from tui_backup.primitives.raw_file import RawFile
from tui_backup.primitives.reasons import reason_of

_SMALL = 1 << 20
_BUFFER = 128 << 10
_MOST_BYTES = 32 << 20
"""Bytes of small files that wait to land at most."""
_BATCH_FILES = 32
_BATCH_BYTES = 1 << 20
_MOST_BATCHES = 16
_MOST_THREADS = 4

Opens = Callable[[], AbstractContextManager[BinaryIO]]
Wanted = dict[bytes, list[Entry]]
"""Path of the member that has the content -> entries that want it."""


def extract(access: Access, archive: Archive, files: Iterable[Entry], landing: Landing, watch: Watch) -> None:
    """Hand FILE entries of an archive to a landing; what goes wrong with one is warned about.

    Raises:
        RestoreRefused: nothing more can be written.
        StoreError, WrongPassword: the archive cannot be read.
        Cancelled: the watch was asked to stop.
    """
    wanted: Wanted = {}
    for entry in files:
        wanted.setdefault(source_of(member_of(entry)), []).append(entry)
    with closing(Landings(landing, watch)) as landings:
        while wanted:
            with closing(access.stored(archive)) as stored:
                watched = io.BufferedReader(_Watched(stored, watch), _BUFFER)
                reader = reader_of(archive, access.unsealed(archive, watched))
                wanted = (_land_each if reader.opens_any else _land_in_passing)(reader, wanted, landings)
                landings.finish()


def _land_in_passing(reader: MemberReader, wanted: Wanted, landings: "Landings") -> Wanted:
    """Read the archive as far as something is wanted; what is damaged takes all that lies behind it along."""
    again: Wanted = {}
    reason = _("the archive has no such member")
    try:
        for member, content in reader.members():
            landings.watch.check()
            if content is None or member.path not in wanted:
                continue
            entries = wanted.pop(member.path)
            if member.size > _SMALL:
                landings.land_here(entries[0], content)
                if entries[1:]:
                    again[member.path] = entries[1:]
            else:
                whole = content.read()
                for entry in entries:
                    landings.land(entry, partial(_held, whole), len(whole))
            if not wanted:
                break
    except Corrupted as error:
        reason = error.message
    for entry in (entry for entries in wanted.values() for entry in entries):
        landings.watch.warn(entry.path, reason)
    return again


def _land_each(reader: MemberReader, wanted: Wanted, landings: "Landings") -> Wanted:
    for path, entries in wanted.items():
        for entry in entries:
            landings.watch.check()
            landings.land(entry, partial(reader.opened, path), 0)
    return {}


def _held(content: bytes) -> AbstractContextManager[BinaryIO]:
    return nullcontext(BytesIO(content))


class _Watched(RawFile):
    """A file that can seek, reading of which stops when the run is to stop; others may close it."""

    def __init__(self, file: BinaryIO, watch: Watch) -> None:
        super().__init__()
        self._file = file
        self._watch = watch

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def take(self, most: int) -> bytes | memoryview:
        self._watch.check()
        return self._file.read(most)


class _Waiting(msgspec.Struct, frozen=True):
    """A file that is to land."""

    entry: Entry
    opened: Opens
    size: int
    """Bytes that it takes in memory until then."""


class Landings:
    """Files on their way to a landing, several at once, small ones in batches; for one thread."""

    def __init__(self, landing: Landing, watch: Watch) -> None:
        self.watch = watch
        self._landing = landing
        self._pool = ThreadPoolExecutor(min(len(os.sched_getaffinity(0)), _MOST_THREADS), "landing")
        self._batch: list[_Waiting] = []
        self._going: deque[tuple[list[_Waiting], Future[list[str | None]]]] = deque()
        self._bytes = 0

    def land(self, entry: Entry, opened: Opens, size: int) -> None:
        """Have a file land; `size` is what waiting costs in memory."""
        self._batch.append(_Waiting(entry, opened, size))
        self._bytes += size
        if len(self._batch) >= _BATCH_FILES or sum(waiting.entry.size for waiting in self._batch) >= _BATCH_BYTES:
            self._submit()
        while len(self._going) > _MOST_BATCHES or (self._going and self._bytes > _MOST_BYTES):
            self._take()

    def land_here(self, entry: Entry, content: BinaryIO) -> None:
        """Land a file from a content that cannot wait."""
        self.watch.current = entry.path
        self._told(entry, self._place(entry, lambda: nullcontext(content), self.watch))

    def finish(self) -> None:
        """Wait until all have landed."""
        self._submit()
        while self._going:
            self._take()

    def close(self) -> None:
        """Forget those that have not begun, and wait for the others."""
        self._pool.shutdown(cancel_futures=True)

    def _submit(self) -> None:
        if self._batch:
            self._going.append((self._batch, self._pool.submit(self._place_all, self._batch)))
            self._batch = []

    def _take(self) -> None:
        batch, future = self._going.popleft()
        for waiting, trouble in zip(batch, future.result(), strict=True):
            self._bytes -= waiting.size
            if trouble is None:
                self.watch.bytes_done += waiting.entry.size
            self._told(waiting.entry, trouble)

    def _place_all(self, batch: list[_Waiting]) -> list[str | None]:
        return [self._place(waiting.entry, waiting.opened) for waiting in batch]

    def _told(self, entry: Entry, trouble: str | None) -> None:
        if trouble is None:
            self.watch.files_done += 1
            self.watch.current = entry.path
        else:
            self.watch.warn(entry.path, trouble)

    def _place(self, entry: Entry, opened: Opens, watch: Watch | None = None) -> str | None:
        """Land one file; return what went wrong with it. Whoever gives a watch has it follow the bytes."""
        try:
            with opened() as content:
                self._landing.place(entry, _followed(checked(content, member_of(entry).sha256), watch))
        except OSError as error:
            return reason_of(error)
        except NotFound as error:
            return error.message
        except (RestoreRefused, StoreError):
            raise
        except BackupError as error:
            return error.message
        return None


def _followed(content: Iterator[bytes], watch: Watch | None) -> Iterator[bytes]:
    for piece in content:
        yield piece
        if watch is not None:
            watch.bytes_done += len(piece)
            watch.check()
