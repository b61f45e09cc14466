"""Editing: a configuration changed key by key, while its text stays a person's own.

The scanner that names the lines of errors says where things stand; `splicing` changes these places and nothing else.
Each change is checked against what it should have come to before it counts.
"""

import copy
import difflib
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from tui_backup.config import splicing
from tui_backup.config.lines import Key, dotted, laid_out
from tui_backup.errors import ConfigError
from tui_backup.primitives.i18n import _


class Change(msgspec.Struct, frozen=True):
    """One key that has another value, or is there no more."""

    key: Key
    value: Any = None
    is_gone: bool = False


class Draft:
    """A configuration that is being changed."""

    def __init__(self, text: str) -> None:
        """Take a text; raises tomllib.TOMLDecodeError where it is no TOML."""
        self.text: Final = text
        self.tables: Final[dict[str, Any]] = tomllib.loads(text)

    def get(self, key: Key) -> Any:
        """Return the value of a key; None where there is none."""
        return _value(self.tables, key)

    def with_value(self, key: Key, value: Any) -> "Draft":
        """Return a draft in which a key has a value; raises ConfigError where the text cannot take it."""
        text = self.text
        for step in _steps(key, self.get(key), value):
            text = _spliced(text, step.key) if step.is_gone else _set(text, step.key, step.value)
        return self._checked(text, Change(key, value))

    def without(self, key: Key) -> "Draft":
        """Return a draft without a key or a table, and with all comments but its own."""
        if self.get(key) is None:
            return self
        return self._checked(_spliced(self.text, key), Change(key, is_gone=True))

    def with_table(self, key: Key, table: Mapping[str, Any]) -> "Draft":
        """Return a draft with a further table, such as a job."""
        layout = laid_out(self.text)
        if splicing.find(layout, key) is not None:
            return self.with_value(key, dict(table))
        return self._checked(splicing.with_table(self.text, layout, key, table), Change(key, dict(table)))

    def renamed(self, key: Key, name: str) -> "Draft":
        """Return a draft in which a table has another name."""
        text = splicing.renamed(self.text, laid_out(self.text), key, name)
        expected = copy.deepcopy(self.tables)
        table = _value(expected, key[:-1])
        table[name] = table.pop(key[-1])
        return self._agreed(text, expected, key)

    def applied(self, changes: list[Change]) -> "Draft":
        """Return a draft with changes that were made to another one."""
        draft = self
        for change in changes:
            if change.is_gone:
                draft = draft.without(change.key)
            elif len(change.key) == 2 and isinstance(change.value, Mapping) and draft.get(change.key) is None:
                draft = draft.with_table(change.key, change.value)
            else:
                draft = draft.with_value(change.key, change.value)
        return draft

    def _checked(self, text: str, change: Change) -> "Draft":
        expected = copy.deepcopy(self.tables)
        try:
            _apply(expected, change)
        except (TypeError, KeyError, IndexError, AttributeError) as error:
            raise _refusal(change.key) from error
        return self._agreed(text, expected, change.key)

    def _agreed(self, text: str, expected: dict[str, Any], key: Key) -> "Draft":
        """Return the draft of a text if it says what it should."""
        try:
            text.encode()
            draft = Draft(text)
        except (tomllib.TOMLDecodeError, UnicodeEncodeError) as error:
            raise _refusal(key) from error
        if _filled(draft.tables) != _filled(expected):
            raise _refusal(key)
        return draft


def changes(before: Mapping[str, Any], after: Mapping[str, Any], at: Key = ()) -> list[Change]:
    """Return what makes one configuration of another: single keys where a table is in both."""
    found = [Change((*at, name), is_gone=True) for name in before if name not in after]
    for name, value in after.items():
        key, former = (*at, name), before.get(name)
        if name in before and isinstance(former, Mapping) and isinstance(value, Mapping):
            found += changes(former, value, key)
        elif name not in before and isinstance(value, Mapping) and not at:
            found += [Change((*key, inner), each) for inner, each in value.items()]
        elif former != value:
            found.append(Change(key, value))
    return found


def difference(before: str, after: str) -> list[str]:
    """Return the unified diff of two texts, without the names of files."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=3)
    return list(lines)[2:]


def _set(text: str, key: Key, value: Any) -> str:
    """Return a text in which a key has a value; lists change item by item, so that comments in them stay."""
    layout = laid_out(text)
    node = splicing.find(layout, key)
    if node is not None and node.key == key:
        if node.kind == "list" and isinstance(value, list):
            return _with_items(text, key, value)
        return splicing.with_value(text, node, value)
    if isinstance(key[-1], int):
        return _with_further(text, key, value)
    made = splicing.with_pair(text, layout, key, value)
    if made is None:
        raise _refusal(key)
    return made


def _with_further(text: str, key: Key, table: Any) -> str:
    """Return a text with a further table at the end of a list of them, which may not be there yet."""
    layout, above = laid_out(text), key[:-1]
    node = splicing.find(layout, above)
    if node is None:
        return splicing.with_table(text, layout, above, table, is_item=True)
    if node.key == above and isinstance(key[-1], int):
        return splicing.with_item(text, node, key[-1], table)
    return _set(text, above, [table])


def _with_items(text: str, key: Key, items: list[Any]) -> str:
    before = _value(tomllib.loads(text), key)
    matcher = difflib.SequenceMatcher(None, [repr(each) for each in before], [repr(each) for each in items])
    for what, begin, end, first, last in reversed(matcher.get_opcodes()):
        if what == "equal":
            continue
        shared = min(end - begin, last - first)
        for place in range(shared):
            text = _set(text, (*key, begin + place), items[first + place])
        for place in reversed(range(begin + shared, end)):
            text = _spliced(text, (*key, place))
        for place in range(shared, last - first):
            node = splicing.find(laid_out(text), key)
            assert node is not None
            text = splicing.with_item(text, node, begin + place, items[first + place])
    return text


def _spliced(text: str, key: Key) -> str:
    """Return a text without a key, however it is written there."""
    layout = laid_out(text)
    node = splicing.find(layout, key)
    if node is None or node.key != key:
        return splicing.without_tables(text, layout, key)
    parent = splicing.find(layout, key[:-1])
    return splicing.without_node(text, parent, node)


def _steps(key: Key, before: Any, after: Any) -> Iterator[Change]:
    """Yield the single changes that a change of a whole table comes to."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in before:
            if name not in after:
                yield Change((*key, name), is_gone=True)
        for name, value in after.items():
            yield from _steps((*key, name), before.get(name), value)
    elif isinstance(before, list) and isinstance(after, list) and _are_tables([*before, *after]):
        for place in reversed(range(len(after), len(before))):
            yield Change((*key, place), is_gone=True)
        for place, value in enumerate(after):
            yield from _steps((*key, place), before[place] if place < len(before) else None, value)
    elif before != after:
        yield Change(key, after)


def _are_tables(values: list[Any]) -> bool:
    return all(isinstance(value, Mapping) for value in values)


def _value(tables: Any, key: Key) -> Any:
    value = tables
    for part in key:
        is_there = part in value if isinstance(value, Mapping) else _is_place(value, part)
        if not is_there:
            return None
        value = value[part]
    return value


def _filled(tables: Any) -> Any:
    """Return tables without empty ones: whether such a one is there at all, headers of others decide."""
    if isinstance(tables, Mapping):
        filled = {name: _filled(value) for name, value in tables.items()}
        return {name: value for name, value in filled.items() if value != {}}
    return [_filled(value) for value in tables] if isinstance(tables, list) else tables


def _is_place(value: Any, part: str | int) -> bool:
    return isinstance(value, list) and isinstance(part, int) and part < len(value)


def _apply(tables: dict[str, Any], change: Change) -> None:
    """Make a change in plain tables; tables on the way are made."""
    *way, last = change.key
    place: Any = tables
    for part, following in zip(way, change.key[1:], strict=True):
        empty: Any = [] if isinstance(following, int) else {}
        place = place.setdefault(part, empty) if isinstance(place, dict) else place[part]
    if change.is_gone:
        del place[last]
    elif last == len(place) and isinstance(place, list):
        place.append(copy.deepcopy(change.value))
    else:
        place[last] = copy.deepcopy(change.value)


def _refusal(key: Key) -> ConfigError:
    message = _("{key}: a form cannot change this, as the file has it").format(key=dotted(key))
    return ConfigError(message, hint=_("change it in the text"))
