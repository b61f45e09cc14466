"""Anchors: the head of an audit, kept where those who can change the audit may not be able to: in the system's log.

A line of the log says `audit n=12 hash=HEX chain=HEX state=/var/lib/tui-backup`, under the name of this program.
"""

import os
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from tui_backup.history.audit import Head
from tui_backup.history.audit_check import Anchor
from tui_backup.primitives.environment import minimal_environment
from tui_backup.primitives.system_log import TAG, tell_system
from tui_backup.primitives.text import printable

LOGS = ("auth.log", "secure", "syslog", "messages")
"""Files in `/var/log` that may hold what programs say with the facility authpriv."""

JOURNAL = ("journalctl", "-t", TAG, "-o", "json", "--output-fields=MESSAGE,_UID", "--no-pager", "--quiet")

_ANCHOR = re.compile(r"audit n=(\d{1,15}) hash=([0-9a-f]{64}) chain=([0-9a-f]*) state=(.*)")
_LINE = re.compile(rb" " + TAG.encode() + rb"(?:\[\d+\])?: (audit .*)")
_LONGEST = 64 * 1024
_PATIENCE_S = 60.0


class Gathered(msgspec.Struct, frozen=True, kw_only=True):
    """What the logs of this machine hold."""

    anchors: tuple[Anchor, ...]
    sources: tuple[str, ...]
    """Which logs could be read."""


class _JournalLine(msgspec.Struct, frozen=True):
    message: str | list[int] | None = msgspec.field(name="MESSAGE", default=None)
    uid: str | None = msgspec.field(name="_UID", default=None)


def place_anchor(head: Head, state: str, socket: str) -> None:
    """Have the system's log keep a head; where nobody listens nothing happens."""
    tell_system(f"audit n={head.n} hash={head.hash} chain={head.chain} state={state}", socket)


def shown_state(directory: Path) -> str:
    """Return a state directory as anchors name it."""
    return printable(os.path.realpath(directory))


def gather(trusted: Sequence[int], logs: Path = Path("/var/log"), journal: Sequence[str] = JOURNAL) -> Gathered:
    """Return the anchors in the journal and in plain log files, as far as they can be read.

    `trusted` are the users whose lines in the journal count; a plain file does not tell who has written a line.
    """
    anchors: list[Anchor] = []
    sources: list[str] = []
    for name, found in (("journald", _journal(journal, trusted)), *_plain_files(logs)):
        with suppress(OSError, EOFError, zlib.error):
            anchors += found
            sources.append(name)
    return Gathered(anchors=tuple(anchors), sources=tuple(sources))


def _journal(command: Sequence[str], trusted: Sequence[int]) -> Iterator[Anchor]:
    """Yield what journald has kept; raises OSError where there is none."""
    users = {str(uid) for uid in trusted}
    for line in _said_by(command):
        with suppress(msgspec.DecodeError):
            entry = msgspec.json.decode(line, type=_JournalLine)
            message = (
                bytes(entry.message).decode("utf-8", "replace") if isinstance(entry.message, list) else entry.message
            )
            anchor = _anchor(message or "", "journald")
            if anchor is not None and entry.uid in users:
                yield anchor


def _said_by(command: Sequence[str]) -> Iterator[bytes]:
    """Yield the lines that a program writes; it gets a minute, and no terminal."""
    import subprocess
    from tempfile import TemporaryFile

    with TemporaryFile() as file:
        try:
            subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.DEVNULL,
                env=minimal_environment(),
                timeout=_PATIENCE_S,
                check=True,
            )
        except subprocess.SubprocessError as error:
            raise OSError(str(error)) from error
        file.seek(0)
        yield from iter(lambda: file.readline(_LONGEST), b"")


def _plain_files(directory: Path) -> Iterator[tuple[str, Iterable[Anchor]]]:
    """Yield log files, also those that were rotated, with what they hold."""
    for name in LOGS:
        for path in sorted(directory.glob(f"{name}*")):
            if path.is_file() and re.fullmatch(rf"{re.escape(name)}([.-]\d+)?(\.gz)?", path.name):
                yield str(path), _in_file(path)


def _in_file(path: Path) -> Iterator[Anchor]:
    with _opened(path) as file:
        for line in iter(lambda: file.readline(_LONGEST), b""):
            match = _LINE.search(line)
            anchor = _anchor(match.group(1).decode("utf-8", "replace"), str(path)) if match else None
            if anchor is not None:
                yield anchor


def _opened(path: Path) -> BinaryIO:
    if path.suffix != ".gz":
        return path.open("rb")
    import gzip

    return cast(BinaryIO, gzip.open(path, "rb"))


def _anchor(text: str, source: str) -> Anchor | None:
    match = _ANCHOR.fullmatch(text.rstrip("\r\n"))
    if match is None:
        return None
    n, hash_, chain, state = match.groups()
    return Anchor(n=int(n), hash=hash_, chain=chain, state=state, source=source)
