"""The program's log: `log/tui-backup.log` in the state directory, 0600, five files of a megabyte; and the journal.

A line is text (`TIME PID LEVEL MESSAGE name=value ...`) or, with `log_format = "json"`, an object. Under systemd the
same goes to the journal, with fields. Words and names of our own are data, the same in every language. Secrets are not
in it: what this process has given away of them is masked. A log that cannot be written is done without.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec

from tui_backup.config.settings import Config
from tui_backup.primitives.clock import now, rfc3339
from tui_backup.primitives.journald import Journal, journal_behind_stderr
from tui_backup.primitives.redaction import redacted
from tui_backup.primitives.rotating_file import append_line
from tui_backup.primitives.system_log import TAG
from tui_backup.primitives.text import printable

Fact = str | float | None

_BYTES = 1024 * 1024
_FILES = 5

_PRIORITIES = {"error": 3, "warning": 4, "info": 6, "debug": 7}
"""Level -> the number that syslog(3) has for it."""


class ProgramLog:
    """The log of a configuration, as one process writes it; threads may share it. No file is made before a line."""

    def __init__(
        self,
        state_dir: Path,
        level: str = "info",
        format_: str = "text",
        *,
        journal: Journal | None = None,
        clock: Callable[[], datetime] = now,
    ) -> None:
        """Log what is at least as grave as `level`: debug, info, warning or error; `format_` is text or json."""
        self.path = state_dir / "log" / "tui-backup.log"
        self._least = _PRIORITIES[level]
        self._is_json = format_ == "json"
        self._journal = journal
        self._clock = clock

    @property
    def stray_path(self) -> Path:
        """Where lines go that others write on stderr while the screen belongs to the UI; they are no JSON."""
        return self.path.with_name("stderr.log") if self._is_json else self.path

    def debug(self, message: str, **facts: Fact) -> None:
        """Note what only helps to find a fault."""
        self._note("debug", message, facts)

    def info(self, message: str, **facts: Fact) -> None:
        """Note what happened."""
        self._note("info", message, facts)

    def warning(self, message: str, **facts: Fact) -> None:
        """Note trouble."""
        self._note("warning", message, facts)

    def error(self, message: str, **facts: Fact) -> None:
        """Note what went wrong."""
        self._note("error", message, facts)

    def unexpected(self, error: BaseException) -> None:
        """Note an exception that nobody expected, with its traceback."""
        from traceback import format_exception

        self._note("error", type(error).__name__, {"traceback": "".join(format_exception(error))})

    def _note(self, level: str, message: str, facts: dict[str, Fact]) -> None:
        if _PRIORITIES[level] > self._least:
            return
        message = redacted(message)
        known = {name: redacted(fact) if isinstance(fact, str) else fact for name, fact in facts.items()}
        known = {name: fact for name, fact in known.items() if fact is not None}
        write = _json if self._is_json else _text
        with suppress(OSError):
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            line = write(rfc3339(self._clock()) or "", level, message, known)
            append_line(str(self.path), line, limit=_BYTES, kept=_FILES - 1)
        if self._journal is not None:
            self._journal.send(_fields(level, message, known))


def log_of(config: Config, state_dir: Path) -> ProgramLog:
    """Return the log that a configuration asks for."""
    return ProgramLog(state_dir, config.log_level, config.log_format, journal=journal_behind_stderr())


def _json(time: str, level: str, message: str, facts: dict[str, Fact]) -> bytes:
    line = {"time": time, "level": level, "message": message, "pid": os.getpid(), **facts}
    return msgspec.json.encode({name: _sound(fact) for name, fact in line.items()})


def _text(time: str, level: str, message: str, facts: dict[str, Fact]) -> bytes:
    head = f"{time} {os.getpid()} {level} {_sentence(message, facts)}"
    trace = str(facts.get("traceback") or "").splitlines()
    return "\n".join([head, *(f"    {printable(line)}" for line in trace)]).encode("utf-8", "replace")


def _fields(level: str, message: str, facts: dict[str, Fact]) -> dict[str, str]:
    told = {f"TUI_BACKUP_{name.upper()}": str(fact) for name, fact in facts.items()}
    said = {"MESSAGE": _sentence(message, facts), "PRIORITY": str(_PRIORITIES[level]), "SYSLOG_IDENTIFIER": TAG}
    return {**said, "SYSLOG_PID": str(os.getpid()), **told}


def _sentence(message: str, facts: dict[str, Fact]) -> str:
    told = [f"{name}={_word(str(fact))}" for name, fact in facts.items() if name != "traceback"]
    return " ".join([printable(message), *told])


def _word(text: str) -> str:
    """Return text as one word, in quotes where it is more than that."""
    shown = printable(text)
    if shown and not any(character in ' "=\\' for character in shown):
        return shown
    return '"' + shown.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _sound(fact: Fact) -> Fact:
    """Return text that can be encoded: what stands for bytes that are not UTF-8 becomes a question mark."""
    return fact.encode("utf-8", "replace").decode() if isinstance(fact, str) else fact
