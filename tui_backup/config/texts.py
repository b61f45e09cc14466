"""Texts: values that are lists or tables, as somebody edits them in a form, and back.

`0 2 * * *  nightly`, one schedule a line; `/usr/bin/flush --all`, one command a line, quoted as in a shell; anything
else as TOML. A text that makes no sense is its own value: no such key can have a text, so whoever reads the
configuration refuses it, and it is never saved.
"""

import re
import shlex
import sys
import tomllib
from collections.abc import Callable, Sequence
from typing import Any, Final

from tui_backup.config.splicing import written
from tui_backup.primitives.i18n import _

_SCHEDULE: Final = re.compile(r"(@\S+|\S+(?:[ \t]+\S+){4})(?:[ \t]+(\S.*))?")
"""What crontab(5) has before a command: five fields or one word; behind that a label."""

_WIDEST: Final = 36
"""Columns of a list that stands in one line."""

_TOML_BEGINS: Final = ("[", "{")


def schedules_shown(value: Any) -> str:
    """Return schedules one a line, each with its label behind it."""
    if isinstance(value, str):
        return value
    return _lines_shown(value, _schedule_shown)


def schedules_given(text: str, former: Any = None) -> Any:
    """Return the schedules that somebody means; lines that are shown of `former` stay what they are there.

    A single one without a label is its own line, several are tables as the file has them.
    """
    lines = _lines(text)
    if text.lstrip().startswith(_TOML_BEGINS) and (made := _toml(text)) is not None:
        return made
    known = _by_line(former, _schedule_shown)
    made = [known.get(line) or _schedule(line) for line in lines]
    if len(lines) == 1 and lines[0] not in known and made[0].keys() == {"at"}:
        return made[0]["at"]
    return made or None


def commands_shown(value: Any) -> str:
    """Return commands one a line, quoted as in a shell; one with options as TOML in its line."""
    if isinstance(value, str):
        return _text_shown(value, commands_given)
    return _lines_shown(value, _command_shown)


def commands_given(text: str, former: Any = None) -> Any:
    """Return the commands that somebody means, or the text itself; `former` is as in `schedules_given`."""
    known = _by_line(former, _command_shown)
    made: list[Any] = []
    for line in _lines(text):
        command = known[line] if line in known else _command(line)
        if command is None:
            return text
        made += command if _holds_commands(command) else [command]
    return made or None


def commands_trouble(text: str) -> str:
    """Return why a text cannot be commands."""
    for number, line in enumerate(_lines(text), 1):
        if _command(line) is None:
            if line.startswith(_TOML_BEGINS):
                return _("line {number} is not valid TOML").format(number=number)
            return _("line {number}: a quotation mark has no second one").format(number=number)
    return _("write one command a line")


def toml_shown(value: Any) -> str:
    """Return a value as TOML; a list that takes more than a line has one a line."""
    if isinstance(value, str):
        return _text_shown(value, toml_given)
    line = _in_a_line(value)
    if not isinstance(value, list) or len(line) <= _WIDEST:
        return line
    return "[\n" + "".join(f"  {_in_a_line(each)},\n" for each in value) + "]"


def toml_given(text: str) -> Any:
    """Return the value that a text is in TOML, or the text itself; None: there is none."""
    value = _toml(text)
    return value if value is not None or not text.strip() else text


def _lines_shown(value: Any, shown: Callable[[Any], str | None]) -> str:
    lines = [shown(each) for each in value] if isinstance(value, list) else [None]
    return _in_a_line(value) if None in lines else "\n".join(line or "" for line in lines)


def _by_line(value: Any, shown: Callable[[Any], str | None]) -> dict[str, Any]:
    """Return what each line shows."""
    return {line: each for each in value if (line := shown(each))} if isinstance(value, list) else {}


def _text_shown(text: str, given: Callable[[str], Any]) -> str:
    """Return a text that is a value where another one is wanted, so that it is given back as it is."""
    is_plain = all(line.isprintable() for line in text.split("\n"))
    return text if is_plain and given(text) == text else _in_a_line(text)


def _schedule_shown(schedule: Any) -> str | None:
    """Return a schedule in a line; None where it is none that fits into one."""
    match schedule:
        case str(at) | {"at": str(at)} if isinstance(schedule, str) or len(schedule) == 1:
            line = at
        case {"at": str(at), "label": str(label)} if len(schedule) == 2:
            line = f"{at}  {label}"
        case _:
            return None
    return line if line == line.strip() and line and line.isprintable() else None


def _schedule(line: str) -> dict[str, str]:
    found = _SCHEDULE.fullmatch(line)
    if found is None or found[2] is None:
        return {"at": line}
    return {"at": found[1], "label": found[2]}


def _command_shown(command: Any) -> str | None:
    """Return a command in a line; None where it is none."""
    if isinstance(command, list) and not _holds_commands(command):
        plain = bool(command) and all(isinstance(word, str) and word.isprintable() for word in command)
        return shlex.join(command) if plain else _in_a_line(command)
    return _in_a_line(command) if isinstance(command, dict) else None


def _command(line: str) -> Any:
    """Return the command of a line, or the commands of a list; None where it makes no sense."""
    if line.startswith(_TOML_BEGINS):
        return _toml(line)
    try:
        return shlex.split(line)
    except ValueError:
        return None


def _holds_commands(value: Any) -> bool:
    """Whether this is a list of commands, not one."""
    return isinstance(value, list) and bool(value) and all(isinstance(each, list | dict) for each in value)


def _lines(text: str) -> Sequence[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def _toml(text: str) -> Any:
    """Return the value that a text is in TOML; None where it is none."""
    try:
        tables = tomllib.loads(f"value = {text.strip()}")
    except (ValueError, RecursionError):
        return None
    return tables["value"] if tables.keys() == {"value"} else None


def _in_a_line(value: Any) -> str:
    """Return a value as TOML in one line of characters that can be seen."""
    text = written(value, sys.maxsize)
    return "".join(each if each.isprintable() else f"\\U{ord(each):08X}" for each in text)
