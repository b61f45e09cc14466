"""Ahead: the walk of a job's sources begins while its repository is opened, which mostly waits for a key derivation."""

import threading
from collections.abc import Iterator
from types import TracebackType

from tui_backup.errors import BackupError
from tui_backup.model.entry import Entry
from tui_backup.sources.base import Unread

_MOST = 20_000
"""Entries that are kept, about half a kilobyte each."""


class Ahead:
    """A context in which a thread of its own begins a walk; `entries` goes on where the thread has come to."""

    def __init__(self, walk: Iterator[Entry | Unread]) -> None:
        self._walk = walk
        self._found: list[Entry | Unread] = []
        self._error: BackupError | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read, name="walk ahead", daemon=True)

    def __enter__(self) -> "Ahead":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._halt()

    def entries(self) -> Iterator[Entry | Unread]:
        """Yield all of the walk, from its start; once."""
        self._halt()
        yield from self._found
        self._found.clear()
        if self._error is not None:
            raise self._error
        yield from self._walk

    def _halt(self) -> None:
        self._stop.set()
        self._thread.join()

    def _read(self) -> None:
        try:
            while len(self._found) < _MOST and not self._stop.is_set():
                found = next(self._walk, None)
                if found is None:
                    return
                self._found.append(found)
        except BackupError as error:
            self._error = error
