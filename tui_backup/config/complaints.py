"""What is wrong with a value, in words for whoever wrote it."""

import re
from collections.abc import Collection
from enum import Enum
from typing import Any, Final, Literal, get_args, get_origin

import msgspec

from tui_backup.config.lines import Key
from tui_backup.primitives.i18n import _

_WAY: Final = re.compile(r" - at `\$(.*)`$")
_STEP: Final = re.compile(r"\.([A-Za-z0-9_-]+)|\[(\d+)\]")
_EXPECTED: Final = re.compile(r"Expected `([^`]+)`, got `([^`]+)`")
_INVALID: Final = re.compile(r"Invalid enum value '(.*)'")
_MISSING: Final = re.compile(r"Object missing required field `([^`]+)`")


def explain(error: msgspec.ValidationError, table: dict[str, Any], type_: type[msgspec.Struct]) -> tuple[Key, str]:
    """Return the key below `table` that msgspec complains of, and the complaint in our words."""
    text = str(error)
    way = _WAY.search(text)
    key: Key = tuple(name or int(position) for name, position in _STEP.findall(way[1])) if way else ()
    reason = _WAY.sub("", text)
    if missing := _MISSING.fullmatch(reason):
        return (*key, missing[1]), _("this is missing")
    if choices := _choices(key, type_):
        return key, _("must be one of {choices}, not {value!r}").format(
            choices=", ".join(choices), value=table[str(key[0])]
        )
    if invalid := _INVALID.fullmatch(reason):
        known = ", ".join(_members(_type_of(key, type_)))
        return key, _("must be one of {choices}, not {value!r}").format(choices=known, value=invalid[1])
    if expected := _EXPECTED.fullmatch(reason):
        return key, _("must be {expected}, not {found}").format(expected=_words(expected[1]), found=_words(expected[2]))
    return key, reason


def nearest(word: str, known: Collection[str]) -> str:
    """Return a hint: the known word that is most like one, or all of them."""
    from difflib import get_close_matches

    if close := get_close_matches(word, known, 1):
        return _("did you mean {word}?").format(word=close[0])
    return _("known here: {words}").format(words=", ".join(sorted(known))) if known else _("nothing is known here")


def _choices(key: Key, type_: type[msgspec.Struct]) -> tuple[str, ...]:
    """Return the values that a field may have where only some are possible."""
    return choices_of(_type_of(key, type_)) if len(key) == 1 else ()


def _type_of(key: Key, type_: type[msgspec.Struct]) -> Any:
    """Return the type of the field in which a key lies."""
    types = {field.encode_name: field.type for field in msgspec.structs.fields(type_)}
    return types.get(str(key[0])) if key else None


def _members(type_: Any) -> tuple[str, ...]:
    """Return the values of the enumeration that a type is made of."""
    if isinstance(type_, type) and issubclass(type_, Enum):
        return tuple(str(member.value) for member in type_)
    return tuple(value for each in get_args(type_) for value in _members(each))


def choices_of(type_: Any) -> tuple[str, ...]:
    """Return the values that a type has where it has only some: `Literal`, be it annotated or optional."""
    if get_origin(type_) is Literal:
        return get_args(type_)
    return tuple(choice for each in get_args(type_) if get_origin(each) for choice in choices_of(each))


def _words(types: str) -> str:
    names = {
        "str": _("text"),
        "int": _("a whole number"),
        "float": _("a number"),
        "bool": _("true or false"),
        "array": _("a list"),
        "object": _("a table"),
    }
    parts = [part for part in types.split(" | ") if part != "null"]
    return _(" or ").join(names.get(part, part) for part in parts)
