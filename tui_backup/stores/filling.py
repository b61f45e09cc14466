"""Filling: a whole body into what takes an object piece by piece."""

from tui_backup.stores.base import Body, Sink
from tui_backup.stores.pacing import sending

_CHUNK = 1024 * 1024


def fill(sink: Sink, body: Body) -> None:
    """Write all of a body, a file from its start, at the pace that it has."""
    if isinstance(body, bytes | bytearray | memoryview):
        sink.write(body)
        return
    body.seek(0)
    paced = sending(body)
    while chunk := paced.read(_CHUNK):
        sink.write(chunk)
