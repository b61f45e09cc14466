"""On which line of a TOML text a key stands."""

import re
from typing import Final

from tui_backup.primitives.text import printable

Key = tuple[str | int, ...]
"""The way to a value: names of tables and keys, and positions in lists."""

_SPACE: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANK: Final = re.compile(r"[ \t]*")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR: Final = re.compile(r"[^,\]}\r\n#]*")
_STRING: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}(?!")' + r"|'''.*?'{3,5}(?!')" + r'|"(?:[^"\\\n]|\\.)*"' + r"|'[^'\n]*'",
    re.DOTALL,
)


def line_numbers(text: str) -> dict[Key, int]:
    """Return the line, counted from 1, of every table, key and list item of a valid TOML text."""
    return _Scanner(text).scan()


def dotted(key: Key) -> str:
    """Return a key as TOML writes it: `jobs.site.sources[0].paths`."""
    shown = ""
    for part in key:
        if isinstance(part, int):
            shown += f"[{part}]"
        else:
            name = part if _BARE.fullmatch(part) else f'"{printable(part)}"'
            shown += f".{name}" if shown else name
    return shown


class _Scanner:
    """Walks through a text that a parser has found valid, and so never has to doubt it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._lines: dict[Key, int] = {}
        self._lengths: dict[Key, int] = {}
        """How many tables a list of tables has so far."""

    def scan(self) -> dict[Key, int]:
        table: Key = ()
        self._skip(_SPACE)
        while self._at < len(self._text):
            table = self._header() if self._next("[") else self._pair(table)
            self._skip(_SPACE)
        return self._lines

    def _header(self) -> Key:
        line = self._line()
        is_list = self._next("[[")
        self._at += 2 if is_list else 1
        names = self._names()
        self._at += 2 if is_list else 1
        key: Key = ()
        for position, name in enumerate(names):
            key = (*key, name)
            self._lines.setdefault(key, line)
            if is_list and position == len(names) - 1:
                self._lengths[key] = self._lengths.get(key, 0) + 1
            if key in self._lengths:
                key = (*key, self._lengths[key] - 1)
        self._lines[key] = line
        return key

    def _pair(self, table: Key) -> Key:
        """Note `name = value` within a table; return the table."""
        line = self._line()
        key = table
        for name in self._names():
            key = (*key, name)
            self._lines.setdefault(key, line)
        self._at += 1
        self._skip(_BLANK)
        self._value(key)
        return table

    def _names(self) -> list[str]:
        names = []
        while True:
            self._skip(_BLANK)
            names.append(self._name())
            self._skip(_BLANK)
            if not self._next("."):
                return names
            self._at += 1

    def _name(self) -> str:
        if quoted := _STRING.match(self._text, self._at):
            self._at = quoted.end()
            return _unquoted(quoted[0])
        return self._skip(_BARE)

    def _value(self, key: Key) -> None:
        if self._next("["):
            self._list(key)
        elif self._next("{"):
            self._table(key)
        elif quoted := _STRING.match(self._text, self._at):
            self._at = quoted.end()
        else:
            self._skip(_SCALAR)

    def _list(self, key: Key) -> None:
        position = 0
        self._at += 1
        self._skip(_SPACE)
        while not self._next("]"):
            self._lines[*key, position] = self._line()
            self._value((*key, position))
            self._comma()
            position += 1
        self._at += 1

    def _table(self, key: Key) -> None:
        self._at += 1
        self._skip(_SPACE)
        while not self._next("}"):
            self._pair(key)
            self._comma()
        self._at += 1

    def _comma(self) -> None:
        self._skip(_SPACE)
        if self._next(","):
            self._at += 1
            self._skip(_SPACE)

    def _next(self, mark: str) -> bool:
        return self._text.startswith(mark, self._at)

    def _skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        assert match is not None
        self._at = match.end()
        return match[0]

    def _line(self) -> int:
        return self._text.count("\n", 0, self._at) + 1


def _unquoted(quoted: str) -> str:
    import tomllib

    value = tomllib.loads(f"key = {quoted}")["key"]
    assert isinstance(value, str)
    return value
