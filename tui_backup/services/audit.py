"""The audit of a configuration: whatever changes data, or reads it back, is recorded as it begins and as it ends.

    with workspace.audit.act("tag", "snapshot ab12cd34, repository local", "add pin"):
        ...

A beginning without an end is an operation that was killed. The words are data, the same in every language. An audit
that cannot be written is a warning and stops nothing.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tui_backup.errors import BackupError, Cancelled
from tui_backup.history.anchors import Gathered, gather, place_anchor, shown_state
from tui_backup.history.audit import BEGUN, ENDED, AuditFile, Entry, Record, begun_as, is_beginning, parsed
from tui_backup.primitives.caller import caller
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of
from tui_backup.primitives.system_log import SOCKET
from tui_backup.primitives.text import printable
from tui_backup.services.log import ProgramLog

if TYPE_CHECKING:
    from tui_backup.history.audit_check import Anchor, Examination

FILE = "audit.jsonl"

_LONGEST = 4000
"""Characters of one field, at most."""


class Audit:
    """The audit in a state directory; may be used from several threads and processes.

    Nothing here raises but `records` and `examine`, where the file cannot be read.
    """

    def __init__(
        self,
        state_dir: Path,
        on_trouble: Callable[[str], None] | None = None,
        *,
        log: ProgramLog | None = None,
        socket: str = SOCKET,
    ) -> None:
        """`on_trouble` is told, once, if the audit cannot be written; `socket` is that of the system's log.

        The program's `log` has what `act` records, where it is no run, which notes itself there.
        """
        self._log = log
        self._file = AuditFile(state_dir / FILE)
        self._state_dir = state_dir
        self._on_trouble = on_trouble
        self._socket = socket

    @contextmanager
    def act(self, verb: str, object_: str, detail: str = "") -> Iterator["Act"]:
        """Record that what the block does has begun, before it touches anything, and how it ended.

        `verb` is the command, `object_` what it is done to (`snapshot ab12cd34, repository local`), `detail` what
        else somebody may ask about later; none of them a secret.
        """
        act = self.begin(verb, object_, detail)
        try:
            yield act
        except BaseException as error:
            self._close(act, _outcome(error), verb, object_, detail)
            raise
        self._close(act, act.outcome, verb, object_, detail)

    def begin(self, verb: str, object_: str, detail: str = "") -> "Act":
        """Record that something has begun; whoever asks for this calls `end` of what it returns."""
        number = self._append(verb, object_, f"{BEGUN}: {detail}" if detail else BEGUN)
        ended = ENDED if number is None else f"{ENDED} {number}"
        return Act(lambda outcome: self._append(verb, object_, f"{ended}: {outcome}"))

    def records(self, limit: int | None = None) -> tuple[list[Record], set[int], int]:
        """Return the newest records, oldest first; which numbers began and have no end; how many lines are no record.

        Raises:
            BackupError: the file cannot be read.
        """
        return _read(self._lines(), limit)

    def examine(self, anchors: Iterable["Anchor"] = (), gathered: Gathered | None = None) -> "Examination":
        """Check the audit against itself, the logs of this machine (or what was `gathered`) and further anchors.

        Raises:
            BackupError: the file cannot be read.
        """
        from tui_backup.history.audit_check import check

        known = gathered or gather((0, self._owner()))
        return check(self._lines(), (*known.anchors, *anchors), shown_state(self._state_dir))

    def _close(self, act: "Act", outcome: str, verb: str, object_: str, detail: str) -> None:
        act.end(outcome)
        if self._log is not None:
            result, _colon, reason = outcome.partition(": ")
            note = self._log.error if result == "failed" else self._log.info
            note("done", verb=verb, object=object_, detail=detail or None, result=result, reason=reason or None)

    @cached_property
    def _who(self) -> str:
        return str(caller())

    def _append(self, verb: str, object_: str, detail: str) -> int | None:
        """Add a record; return its number, None where that is not possible."""
        entry = Entry(who=_bounded(self._who), verb=verb, object=_bounded(object_), detail=_bounded(detail))
        try:
            head = self._file.append(entry)
        except OSError as error:
            self._complain(error)
            return None
        place_anchor(head, shown_state(self._state_dir), self._socket)
        return head.n

    def _complain(self, error: OSError) -> None:
        tell, self._on_trouble = self._on_trouble, None
        if tell is not None:
            message = _("the audit {path} cannot be written: {reason}")
            tell(message.format(path=self._file.path, reason=reason_of(error)))

    def _lines(self) -> Iterator[bytes]:
        try:
            yield from self._file.lines()
        except OSError as error:
            message = _("the audit {path} cannot be read: {reason}")
            raise BackupError(message.format(path=self._file.path, reason=reason_of(error))) from error

    def _owner(self) -> int:
        try:
            return os.stat(self._file.path).st_uid
        except OSError:
            return os.getuid()


class Act:
    """Something that was recorded as begun, and has to end."""

    def __init__(self, end: Callable[[str], object]) -> None:
        self.outcome = "ok"
        """What is recorded if no exception ends the block: a status, and what else is worth keeping."""
        self.end = end
        """Records how it ended."""


def _outcome(error: BaseException) -> str:
    match error:
        case Cancelled() | KeyboardInterrupt() | GeneratorExit():
            return "cancelled"
        case BackupError():
            return f"failed: {error.message}"
    return f"failed: {type(error).__name__}"


def _bounded(text: str) -> str:
    """Return text that can be encoded, does nothing to a terminal, and is not endless."""
    sound = printable(text)
    return sound if len(sound) <= _LONGEST else f"{sound[:_LONGEST]}..."


def _read(lines: Iterable[bytes], limit: int | None) -> tuple[list[Record], set[int], int]:
    newest = deque[Record](maxlen=limit)
    unended = set[int]()
    strange = 0
    for line in lines:
        found = parsed(line.rstrip(b"\n"))
        if found is None:
            strange += 1
            continue
        record = found[0]
        newest.append(record)
        if is_beginning(record):
            unended.add(record.n)
        unended.discard(begun_as(record))
    return list(newest), unended, strange
