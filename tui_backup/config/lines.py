"""Where in a TOML text its tables, keys and values stand."""

import re
from dataclasses import dataclass, field
from typing import Final, Literal

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


@dataclass(frozen=True)
class Name:
    """One name in a header, or before an equals sign."""

    key: Key
    """The way to what it names."""
    start: int
    end: int


@dataclass(frozen=True)
class Node:
    """`name = value`, or an item of a list."""

    key: Key
    start: int
    """Where the first of its names begins; of an item, the value."""
    value: int
    """Where the value begins."""
    end: int
    """Where the value ends."""
    kind: Literal["plain", "list", "table"]
    inside: tuple["Node", ...]
    """Items of a list, pairs of an inline table."""


@dataclass
class Section:
    """A header and the pairs below it; the first one has no header."""

    key: Key
    start: int
    body: int
    """Where the header ends."""
    is_item: bool = False
    """Whether it is an item of a list of tables."""
    pairs: list[Node] = field(default_factory=list)


@dataclass
class Layout:
    """Where everything in a text stands, as offsets of characters."""

    lines: dict[Key, int] = field(default_factory=dict)
    """The line, counted from 1, of every table, key and list item."""
    sections: list[Section] = field(default_factory=list)
    names: list[Name] = field(default_factory=list)


def laid_out(text: str) -> Layout:
    """Return where everything in a valid TOML text stands."""
    return _Scanner(text).scan()


def line_numbers(text: str) -> dict[Key, int]:
    """Return the line, counted from 1, of every table, key and list item of a valid TOML text."""
    return laid_out(text).lines


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
        self._found = Layout()
        self._lengths: dict[Key, int] = {}
        """How many tables a list of tables has so far."""

    def scan(self) -> Layout:
        section = Section((), 0, 0)
        self._found.sections.append(section)
        self._skip(_SPACE)
        while self._at < len(self._text):
            if self._next("["):
                section = self._header()
                self._found.sections.append(section)
            else:
                section.pairs.append(self._pair(section.key))
            self._skip(_SPACE)
        return self._found

    def _header(self) -> Section:
        line, start = self._line(), self._at
        is_list = self._next("[[")
        self._at += 2 if is_list else 1
        names = self._names()
        self._at += 2 if is_list else 1
        key: Key = ()
        for position, (name, begin, end) in enumerate(names):
            key = (*key, name)
            self._found.lines.setdefault(key, line)
            self._found.names.append(Name(key, begin, end))
            if is_list and position == len(names) - 1:
                self._lengths[key] = self._lengths.get(key, 0) + 1
            if key in self._lengths:
                key = (*key, self._lengths[key] - 1)
        self._found.lines[key] = line
        return Section(key, start, self._at, is_list)

    def _pair(self, table: Key) -> Node:
        """Note `name = value` within a table."""
        line, start = self._line(), self._at
        key = table
        for name, begin, end in self._names():
            key = (*key, name)
            self._found.lines.setdefault(key, line)
            self._found.names.append(Name(key, begin, end))
        self._at += 1
        self._skip(_BLANK)
        return self._value(key, start)

    def _names(self) -> list[tuple[str, int, int]]:
        """Return each name, with where it begins and ends."""
        names = []
        while True:
            self._skip(_BLANK)
            start = self._at
            name = self._name()
            names.append((name, start, self._at))
            self._skip(_BLANK)
            if not self._next("."):
                return names
            self._at += 1

    def _name(self) -> str:
        if quoted := _STRING.match(self._text, self._at):
            self._at = quoted.end()
            return _unquoted(quoted[0])
        return self._skip(_BARE)

    def _value(self, key: Key, start: int) -> Node:
        """Note the value at hand, of what begins at `start`."""
        value = self._at
        if self._next("["):
            items = self._list(key)
            return Node(key, start, value, self._at, "list", items)
        if self._next("{"):
            pairs = self._table(key)
            return Node(key, start, value, self._at, "table", pairs)
        if quoted := _STRING.match(self._text, self._at):
            self._at = quoted.end()
        else:
            self._at = value + len(self._skip(_SCALAR).rstrip(" \t"))
        return Node(key, start, value, self._at, "plain", ())

    def _list(self, key: Key) -> tuple[Node, ...]:
        items: list[Node] = []
        self._at += 1
        self._skip(_SPACE)
        while not self._next("]"):
            item = (*key, len(items))
            self._found.lines[item] = self._line()
            items.append(self._value(item, self._at))
            self._comma()
        self._at += 1
        return tuple(items)

    def _table(self, key: Key) -> tuple[Node, ...]:
        pairs: list[Node] = []
        self._at += 1
        self._skip(_SPACE)
        while not self._next("}"):
            pairs.append(self._pair(key))
            self._comma()
        self._at += 1
        return tuple(pairs)

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
