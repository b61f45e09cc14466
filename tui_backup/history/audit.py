"""Audit: who changed or read back data, in a file that only grows; every line is bound to all before it.

A line is one JSON object, its keys in this order, without white space:

    {"n":7,"time":"2026-11-21T02:00:00.123456Z","who":"...","verb":"...","object":"...","detail":"...","hash":"..."}

    hash = SHA-256(hash of the record before, LF, the bytes of the line before `,"hash"`), 64 lower-case hex digits

64 zeros stand before the first record. That one has the verb `open` and a random id, the chain's name, as its object.
What a process left unfinished stays where it is; the next record has the verb `torn` and accounts for it.
"""

import errno
import hashlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import msgspec

from tui_backup.primitives.atomic import sync, sync_directory, write_all
from tui_backup.primitives.clock import now
from tui_backup.primitives.flock import lock_until

OPEN = "open"
"""Verb of the first record."""

TORN = "torn"
"""Verb of a record that accounts for bytes before it that are no record; its object is their SHA-256."""

BEGUN = "begun"
"""How the detail of a record begins whose operation has an end of its own."""

ENDED = "ended"
"""How the detail of such an end begins; the number of the beginning follows."""

BEFORE_THE_FIRST = "0" * 64

LONGEST = 64 * 1024
"""Bytes of a line, at most."""

_LINE = re.compile(rb'(\{"n":.*),"hash":"[0-9a-f]{64}"\}', re.DOTALL)
_WINDOW = 2 * LONGEST
_PATIENCE_S = 5.0


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody did, before it has its place in the chain."""

    who: str
    verb: str
    object: str
    detail: str


class _Numbered(msgspec.Struct, frozen=True, kw_only=True):
    """A record without its hash."""

    n: int
    time: datetime
    who: str
    verb: str
    object: str
    detail: str


class Record(_Numbered, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A record as it stands in the file."""

    hash: str


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The newest record: who knows it can tell whether anything before it was altered."""

    n: int
    hash: str
    chain: str
    """The random id of the chain; empty where its beginning cannot be read."""


class AuditFile:
    """The file of one state directory; any number of processes append to it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, entry: Entry) -> Head:
        """Add a record durably.

        Raises:
            TimeoutError: somebody has held the file for seconds.
            OSError: it cannot be written; no record was added.
        """
        with self._held() as descriptor:
            end = os.fstat(descriptor).st_size
            last, sound = _last_sound(descriptor, end)
            torn = os.pread(descriptor, end - sound, sound)
            lines, head = _linked(last, _following(entry, last, torn))
            lacks_end = end > 0 and os.pread(descriptor, 1, end - 1) != b"\n"
            _write(descriptor, end, (b"\n" if lacks_end else b"") + lines)
            if end == 0:
                sync_directory(str(self.path.parent))
            return msgspec.structs.replace(head, chain=_chain_of(descriptor))

    def lines(self) -> Iterator[bytes]:
        """Yield the lines as they are, with their ends; one too long comes in pieces. None where there is no file.

        Raises:
            OSError: the file cannot be read.
        """
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return
        with file:
            while line := file.readline(LONGEST):
                yield line

    @contextmanager
    def _held(self) -> Iterator[int]:
        """Give the open file, locked against other writers."""
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self.path, flags, 0o600)
        try:
            _lock(descriptor)
            yield descriptor
        finally:
            os.close(descriptor)


def parsed(line: bytes) -> tuple[Record, bytes] | None:
    """Return the record of a line without its end, and the bytes that its hash is about; None where it is none."""
    match = _LINE.fullmatch(line)
    if match is None or len(line) >= LONGEST:
        return None
    try:
        return msgspec.json.decode(line, type=Record), match.group(1)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def link(before: str, body: bytes) -> str:
    """Return the hash of a record: `before` is the hash of the one before it, `body` what it says."""
    return hashlib.sha256(before.encode("ascii") + b"\n" + body).hexdigest()


def fingerprint(torn: bytes) -> str:
    """Return the SHA-256 of bytes that are no record; line ends behind them do not count."""
    return hashlib.sha256(torn.rstrip(b"\n")).hexdigest()


def is_beginning(record: Record) -> bool:
    """Whether a record tells that something began whose end is told too."""
    return record.detail == BEGUN or record.detail.startswith(f"{BEGUN}: ")


def begun_as(record: Record) -> int:
    """Return the number under which what a record ends was begun; 0 where it ends nothing."""
    word, number = (*record.detail.partition(":")[0].split(" "), "", "")[:2]
    return int(number) if word == ENDED and number.isdecimal() else 0


def _following(entry: Entry, last: Record | None, torn: bytes) -> list[Entry]:
    """Return the records that an entry needs: one that opens the chain, one for what is torn, and its own."""
    entries = [] if last else [Entry(who=entry.who, verb=OPEN, object=os.urandom(16).hex(), detail="")]
    if torn:
        detail = f"{len(torn)} bytes before this are no record"
        entries.append(Entry(who=entry.who, verb=TORN, object=fingerprint(torn), detail=detail))
    return [*entries, entry]


def _linked(last: Record | None, entries: list[Entry]) -> tuple[bytes, Head]:
    n, before = (last.n, last.hash) if last else (0, BEFORE_THE_FIRST)
    lines = b""
    for entry in entries:
        n += 1
        numbered = _Numbered(n=n, time=now(), who=entry.who, verb=entry.verb, object=entry.object, detail=entry.detail)
        body = msgspec.json.encode(numbered)[:-1]
        before = link(before, body)
        lines += body + b',"hash":"' + before.encode("ascii") + b'"}\n'
    return lines, Head(n=n, hash=before, chain="")


def _last_sound(descriptor: int, end: int) -> tuple[Record | None, int]:
    """Return the last line that is a record, and where it ends; None and 0 where there is none."""
    window = _WINDOW
    while True:
        start = max(0, end - window)
        content = os.pread(descriptor, end - start, start)
        stop = len(content) - content.endswith(b"\n")
        while stop >= 0:
            begin = content.rfind(b"\n", 0, stop) + 1
            found = parsed(content[begin:stop])
            if found is not None:
                return found[0], min(start + stop + 1, end)
            stop = begin - 1
        if start == 0:
            return None, 0
        window *= 8


def _chain_of(descriptor: int) -> str:
    first, _newline, _rest = os.pread(descriptor, LONGEST, 0).partition(b"\n")
    found = parsed(first)
    return found[0].object if found and found[0].verb == OPEN else ""


def _lock(descriptor: int) -> None:
    if not lock_until(descriptor, time.monotonic() + _PATIENCE_S):
        raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))


def _write(descriptor: int, end: int, lines: bytes) -> None:
    """Append lines durably; where that fails the file is as it was before, if the system can do that."""
    try:
        write_all(descriptor, memoryview(lines))
        sync(descriptor)
    except BaseException:
        with suppress(OSError):
            os.ftruncate(descriptor, end)
        raise
