"""Estimate: how much a first backup has to do, counted beside it once it turns out to take a while."""

import threading
from collections.abc import Sequence
from types import TracebackType

from tui_backup.errors import BackupError
from tui_backup.model.entry import Entry, EntryKind
from tui_backup.model.watch import Watch
from tui_backup.primitives.cancel import CancelToken
from tui_backup.sources.base import Source

_AFTER_S = 2.0


class Estimate:
    """A context beside a backup; sets the totals of its watch where nobody else could know them."""

    def __init__(self, sources: Sequence[Source], watch: Watch, *, after_s: float = _AFTER_S) -> None:
        self._sources = sources
        self._watch = watch
        self._after_s = after_s
        self._stop = CancelToken()
        self._thread = threading.Thread(target=self._count, name="estimate", daemon=True)

    def __enter__(self) -> "Estimate":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.cancel()
        self._thread.join()

    def _count(self) -> None:
        if self._stop.wait(self._after_s) or self._watch.bytes_total is not None:
            return
        files = size = 0
        own = Watch(self._stop)
        try:
            for source in self._sources:
                for found in source.entries(own):
                    own.check()
                    if isinstance(found, Entry) and found.kind is EntryKind.FILE:
                        files += 1
                        size += found.size
        except BackupError:
            return
        self._watch.files_total, self._watch.bytes_total = files, size
