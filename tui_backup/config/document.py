"""A configuration file as read: its tables, and the line that an error has to name."""

import re
import tomllib
from typing import Any, Final

from tui_backup.config.lines import Key, dotted, line_numbers
from tui_backup.errors import ConfigError
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of

_PLACE: Final = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)")
_NAMES: Final = re.compile(r"\(('[^)]*')\)")


class Fault(ConfigError):
    """What is wrong with one key of a file, or with its syntax."""

    def __init__(self, message: str, *, key: Key, line: int | None, reason: str, hint: str | None = None) -> None:
        """`message` has file, line and key before the `reason`; `line` counts from 1."""
        super().__init__(message, hint=hint)
        self.key = key
        self.line = line
        self.reason = reason


class Document:
    """The text of one file and what it says."""

    def __init__(self, path: str, text: str) -> None:
        """Read a text; raises Fault where it is not TOML."""
        self.path = path
        self.text = text
        try:
            self.tables: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise _syntax_error(path, text, str(error)) from error
        except RecursionError as error:
            reason = _("nested too deeply")
            raise Fault(f"{path}: {reason}", key=(), line=None, reason=reason) from error

    @classmethod
    def read(cls, path: str) -> "Document":
        """Read a file; raises ConfigError where it cannot be read or is not TOML."""
        try:
            with open(path, "rb") as file:
                content = file.read()
        except OSError as error:
            hint = _("use sudo, or name another file with --config") if isinstance(error, PermissionError) else None
            raise ConfigError(
                _("cannot read {path}: {reason}").format(path=path, reason=reason_of(error)), hint=hint
            ) from error
        try:
            return cls(path, content.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise ConfigError(_("{path}:{line}: not UTF-8").format(path=path, line=line)) from error

    def problem(self, key: Key, reason: str, *, hint: str | None = None) -> Fault:
        """Return the error for a key: `FILE:LINE: dotted.key: reason`, on one line."""
        line = self._line(key)
        place = f"{self.path}:{line}" if line else self.path
        message = ": ".join(filter(None, [place, dotted(key), reason]))
        return Fault(message, key=key, line=line, reason=reason, hint=hint)

    def _line(self, key: Key) -> int | None:
        """Return the line of a key, or of the table that lacks it."""
        lines = line_numbers(self.text)
        return next((lines[key[:end]] for end in range(len(key), 0, -1) if key[:end] in lines), None)


def _syntax_error(path: str, text: str, complaint: str) -> Fault:
    place = _PLACE.search(complaint)
    line = int(place[1]) if place and place[1] else len(text.splitlines()) or 1
    reason = _PLACE.sub("", complaint)
    if names := _NAMES.search(reason):
        key = dotted(tuple(name.strip(" '") for name in names[1].strip(",").split(",")))
        reason = _("{key}: this table is given twice").format(key=key) if reason.endswith("twice") else reason
    message = _("{path}:{line}: not valid TOML: {reason}").format(path=path, line=line, reason=reason)
    return Fault(message, key=(), line=line, reason=_("not valid TOML: {reason}").format(reason=reason))
