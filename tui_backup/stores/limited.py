"""A store that takes and gives no more bytes a second than it should: `limit_upload` and `limit_download`."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, ClassVar, cast

from tui_backup.stores.base import Body, Sink
from tui_backup.stores.pacing import Pace, PacedBody
from tui_backup.stores.wrapped import WrappedStore

_SMALL = 64 << 10
_AT_ONCE_S = 0.25
"""What is fetched with one request at most, as time."""
_LEAST, _MOST = 64 << 10, 8 << 20


class LimitedStore(WrappedStore, frozen=True, kw_only=True):
    """Paces what is put and got, for all processes and threads that share `directory`.

    Uploads flow in small pieces where the store beneath sends a body as `pacing.sending` has it; what one sends at
    once is waited for afterwards. Downloads are fetched in ranges of a quarter of a second.
    """

    kind: ClassVar[str] = "limited"

    upload: int | None = None
    """Bytes a second; None: no limit."""
    download: int | None = None
    """Bytes a second; None: no limit."""
    directory: str
    """Where it is noted what may pass when; absolute, made when it is needed."""

    def put(self, key: str, body: Body) -> None:
        """Keep an object, at the pace of uploads."""
        pace = self._pace("upload", self.upload)
        if pace is None:
            self._store.put(key, body)
            return
        if isinstance(body, bytes | bytearray | memoryview) and memoryview(body).nbytes <= _SMALL:
            pace.wait(memoryview(body).nbytes)
            self._store.put(key, body)
            return
        paced = PacedBody(body, pace)
        self._store.put(key, cast("BinaryIO", paced))
        paced.settle()

    @contextmanager
    def writing(self, key: str) -> Iterator[Sink]:
        """Give what takes an object piece by piece, at the pace of uploads."""
        pace = self._pace("upload", self.upload)
        with self._store.writing(key) as sink:
            yield sink if pace is None else _PacedSink(sink, pace)

    def get(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        """Return bytes of an object, at the pace of downloads."""
        pace = self._pace("download", self.download)
        if pace is None:
            return self._store.get(key, start, length)
        at_once = max(_LEAST, min(_MOST, int(pace.rate * _AT_ONCE_S)))
        rest = max(self._store.info(key).size - start, 0) if length is None else length
        parts: list[bytes] = []
        while rest > 0 or not parts:
            size = min(rest, at_once)
            pace.wait(size)
            parts.append(self._store.get(key, start, size))
            start, rest = start + size, rest - size
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _pace(self, direction: str, rate: int | None) -> Pace | None:
        if not rate:
            return None
        with suppress(OSError):
            os.makedirs(self.directory, 0o700, exist_ok=True)
        return Pace(rate, f"{self.directory}/{direction}")


class _PacedSink:
    def __init__(self, sink: Sink, pace: Pace) -> None:
        self._sink = sink
        self._pace = pace

    def write(self, piece: bytes | bytearray | memoryview) -> None:
        view = memoryview(piece).cast("B")
        size = self._pace.piece
        for start in range(0, len(view), size):
            part = view[start : start + size]
            self._pace.wait(len(part))
            self._sink.write(part)
