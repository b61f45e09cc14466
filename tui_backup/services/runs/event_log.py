"""The events of a run as a file of JSON lines, written by its owner and followed by others."""

import os
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO

import msgspec

from tui_backup.model.event import (
    Ending,
    Event,
    Finished,
    Output,
    Progressed,
    Restored,
    Started,
    Tended,
    Verified,
    Waiting,
    Warned,
)

_TAIL_BYTES = 64 * 1024
_PROGRESS = b'{"type":"progress"'


class _Tagged(msgspec.Struct):
    type: str
    restore: str | None = None


_encoder = msgspec.json.Encoder()
_tagged = msgspec.json.Decoder(_Tagged)
_restored = msgspec.json.Decoder(Restored)
_others: msgspec.json.Decoder[Event] = msgspec.json.Decoder(
    Started | Progressed | Warned | Waiting | Output | Finished | Verified | Tended
)


class EventLog:
    """The writing side; not to be shared between threads without a lock.

    A line that was cut short by a full disk stands alone: the next one begins on a line of its own.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._torn = os.fstat(self._descriptor).st_size > 0

    def append(self, event: Event) -> None:
        """Add an event; raises OSError where there is no room."""
        line = (b"\n" if self._torn else b"") + _encoder.encode(event) + b"\n"
        self._torn = True
        if os.write(self._descriptor, line) == len(line):
            self._torn = False

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


def read_events(file: BinaryIO) -> Iterator[Event]:
    """Yield the events from where `file` stands to its last whole line, and leave it there."""
    for line in _lines(file):
        event = decode(line)
        if event is not None:
            yield event


def read_abridged(file: BinaryIO, most: int) -> list[Event]:
    """Return what matters of the events up to the last whole line, and leave `file` there.

    That is what began and ended, of the rest at most the last `most`, and behind all of them the newest progress.
    """
    landmarks = dict[int, Event]()
    rest = deque[tuple[int, Event]](maxlen=most)
    progress: bytes | None = None
    for number, line in enumerate(_lines(file)):
        if line.startswith(_PROGRESS):
            progress = line
        elif isinstance(event := decode(line), Started | Ending):
            landmarks[number] = event
        elif event is not None:
            rest.append((number, event))
    told = [event for _number, event in sorted([*landmarks.items(), *rest], key=itemgetter(0))]
    last = None if progress is None else decode(progress)
    return told if last is None else [*told, last]


def last_progress(path: Path) -> Progressed | None:
    """Return how far a run has come; None where it has not said."""
    for event in reversed(_tail(path)):
        if isinstance(event, Progressed):
            return event
    return None


def waiting_for(path: Path) -> str | None:
    """Return what a run has said last, if that is for what it waits."""
    tail = _tail(path)
    last = tail[-1] if tail else None
    return last.message if isinstance(last, Waiting) else None


def endings(path: Path) -> list[Ending]:
    """Return the results that a run has told, in order."""
    return [event for event in _all(path) if isinstance(event, Ending)]


def note_going_on(going_on: list[str | None], event: Event) -> None:
    """Keep a list of the repositories on which a run works: those it told of having begun with, and not ended."""
    match event:
        case Started():
            going_on.append(event.repository)
        case Restored():
            going_on.clear()
        case Finished() | Verified() | Tended():
            going_on[:] = [each for each in going_on if each != (event.repository or None)]
        case _:
            pass


def going_on(path: Path) -> list[str | None]:
    """Return the repositories on which a run began to work and has not told an end."""
    left: list[str | None] = []
    for event in _all(path):
        note_going_on(left, event)
    return left


def count_warnings(path: Path) -> int:
    """Return how many warnings a run has told."""
    return sum(isinstance(event, Warned) for event in _all(path))


def decode(line: bytes) -> Event | None:
    """Return the event of a line; None where it is not one."""
    try:
        if _tagged.decode(line).restore is not None:
            return _restored.decode(line)
        return _others.decode(line)
    except msgspec.DecodeError:
        return None


def _lines(file: BinaryIO) -> Iterator[bytes]:
    while True:
        start = file.tell()
        line = file.readline()
        if not line.endswith(b"\n"):
            file.seek(start)
            return
        yield line


def _all(path: Path) -> Iterator[Event]:
    """Yield every event of a log that can be read."""
    with suppress(OSError), path.open("rb") as file:
        yield from read_events(file)


def _tail(path: Path) -> list[Event]:
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL_BYTES))
            return list(read_events(file))
    except OSError:
        return []
