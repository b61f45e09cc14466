"""Splicing: one change in a TOML text, of which everything else stays as it is, byte for byte.

A comment belongs to the key in whose line it stands; lines of comment directly above a header belong to that table,
those at the very top of the file to the file.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tui_backup.config.lines import Key, Layout, Node, Section

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_LINE_END: Final = re.compile(r"\r?\n|\Z")
_COMMENT: Final = re.compile(r"[ \t]*#[^\n]*(?:\n|\Z)")
_BLANK_LINE: Final = re.compile(r"[ \t]*\r?\n")
_WIDEST_LIST: Final = 80


def written(value: Any, widest: int = _WIDEST_LIST) -> str:
    """Return a value as TOML has it; a list of more columns than `widest` has one item a line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        import tomlkit

        return tomlkit.item(value).as_string()
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{_name(name)} = {written(each, widest)}" for name, each in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, Sequence):
        items = [written(each, widest) for each in value]
        line = f"[{', '.join(items)}]"
        return line if len(line) <= widest else "[\n" + "".join(f"    {item},\n" for item in items) + "]"
    return str(value)


def find(layout: Layout, key: Key) -> Node | None:
    """Return the pair or item that a key stands in, as near as there is one."""
    pairs = (node for section in layout.sections for node in section.pairs)
    found = max((node for node in pairs if _is_below(key, node.key)), key=lambda node: len(node.key), default=None)
    while found is not None:
        inner = next((node for node in found.inside if _is_below(key, node.key)), None)
        if inner is None:
            break
        found = inner
    return found


def with_value(text: str, node: Node, value: Any) -> str:
    """Return the text with another value in a place."""
    return text[: node.value] + written(value) + text[node.end :]


def with_pair(text: str, layout: Layout, key: Key, value: Any) -> str | None:
    """Return the text with a key that it lacks, where its table can take it; None where there is no such table."""
    node = find(layout, key)
    if node is not None:
        return _with_inner(text, node, key, value)
    home = max(
        (section for section in layout.sections if _is_below(key, section.key)), key=lambda section: len(section.key)
    )
    rest = key[len(home.key) :]
    if len(rest) > 1 and any(_is_below(section.key, (*home.key, rest[0])) for section in layout.sections):
        return None
    siblings = [pair for pair in home.pairs if _is_below(pair.key, (*home.key, rest[0]))]
    line = _pair(rest, value, is_dotted=bool(siblings))
    if home.pairs:
        last = (siblings or home.pairs)[-1]
        begin = text.rfind("\n", 0, last.start) + 1
        return _after_line(text, last.end, text[begin : last.start] + line)
    return _after_line(text, home.body, line) if home.key else _at_top(text, layout, line)


def without_node(text: str, parent: Node | None, node: Node) -> str:
    """Return the text without a pair or an item; `parent` is the list or inline table that it stands in."""
    if parent is None:
        return text[: text.rfind("\n", 0, node.start) + 1] + text[_line_end(text, node.end) :]
    if parent.kind == "table" and len(parent.inside) == 1:
        return f"{text[: parent.value]}{{}}{text[parent.end :]}"
    start, end = node.start, node.end
    line_start = text.rfind("\n", 0, start) + 1
    after = _past_comma(text, end)
    tail = _line_end(text, after)
    if not text[line_start:start].strip() and _is_over(text[after:tail]):
        return text[:line_start] + text[tail:]
    at = parent.inside.index(node)
    if at + 1 < len(parent.inside):
        return text[:start] + text[parent.inside[at + 1].start :]
    before = parent.inside[at - 1].end if at else start
    if at and "#" not in text[before:start]:
        return text[:before] + text[end:]
    return text[:start] + text[after:]


def with_item(text: str, node: Node, at: int, value: Any) -> str:
    """Return the text with a further item in a list, before the one that is `at` that place now."""
    new, items = written(value), node.inside
    if not items:
        return text[: node.value] + f"[{new}]" + text[node.end :]
    spread = "\n" in text[items[0].end : items[-1].end] or "\n" in text[items[-1].end : node.end]
    line_start = text.rfind("\n", 0, items[0].start) + 1
    indent = text[line_start : items[0].start]
    indent = indent if not indent.strip() else "    "
    if at < len(items):
        place = items[at].start
        return text[:place] + new + (f",\n{indent}" if spread else ", ") + text[place:]
    last = items[-1].end
    if not spread:
        return f"{text[:last]}, {new}{text[last:]}"
    has_comma = _past_comma(text, last) != last
    comma = "" if has_comma else ","
    rest = _past_comma(text, last)
    stop = _COMMENT.match(text, rest)
    place = stop.end() - 1 if stop and stop.end() <= node.end else rest
    return f"{text[:last]}{comma}{text[last:place]}\n{indent}{new}{',' if has_comma else ''}{text[place:]}"


def without_tables(text: str, layout: Layout, key: Key) -> str:
    """Return the text without any table or dotted pair at or below a key."""
    spans = [_span(text, layout, each) for each in layout.sections if each.key and _is_below(each.key, key)]
    for section in layout.sections:
        if not section.key or not _is_below(section.key, key):
            pairs = (pair for pair in section.pairs if _is_below(pair.key, key))
            spans += [(text.rfind("\n", 0, pair.start) + 1, _line_end(text, pair.end)) for pair in pairs]
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + text[end:]
    return text


def with_table(text: str, layout: Layout, key: Key, table: Mapping[str, Any], *, is_item: bool = False) -> str:
    """Return the text with a further table, behind those that are like it; lists of tables get headers of their own."""
    kin = [section for section in layout.sections if section.key and _is_below(section.key, key[:1])]
    if len(key) > 2:
        kin = [section for section in kin if _is_below(section.key, key[:2])]
    made = _table(key, table, is_item=is_item)
    if not kin:
        return text + _gap(text) + made
    place = _span(text, layout, kin[-1])[1]
    before, after = text[:place].rstrip("\r\n"), text[place:]
    return f"{before}\n\n{made}" + (f"\n{after}" if after.strip() else "")


def renamed(text: str, layout: Layout, key: Key, name: str) -> str:
    """Return the text with another name for a table or key, wherever that stands."""
    for each in sorted(layout.names, key=lambda each: each.start, reverse=True):
        if each.key == key:
            text = text[: each.start] + _name(name) + text[each.end :]
    return text


def _with_inner(text: str, node: Node, key: Key, value: Any) -> str | None:
    """Return the text with a further pair in an inline table."""
    rest = key[len(node.key) :]
    if node.kind != "table" or not isinstance(rest[0], str):
        return None
    is_dotted = any(_is_below(pair.key, (*node.key, rest[0])) for pair in node.inside)
    pair = _pair(rest, value, is_dotted=is_dotted)
    if not node.inside:
        return text[: node.value] + f"{{ {pair} }}" + text[node.end :]
    last = node.inside[-1].end
    return f"{text[:last]}, {pair}{text[last:]}"


def _pair(rest: Key, value: Any, *, is_dotted: bool) -> str:
    """Return `name = value` for what lies some way below a table."""
    names = [str(name) for name in rest]
    if is_dotted:
        return f"{'.'.join(map(_name, names))} = {written(value)}"
    for name in reversed(names[1:]):
        value = {name: value}
    return f"{_name(names[0])} = {written(value)}"


def _table(key: Key, table: Mapping[str, Any], *, is_item: bool) -> str:
    """Return a table with its header; lists of tables come last, as they must."""
    name = ".".join(_name(part) for part in key if isinstance(part, str))
    lines = [f"[[{name}]]" if is_item else f"[{name}]"]
    inner = {key: each for key, each in table.items() if _holds_tables(each)}
    lines += [f"{_name(each)} = {written(value)}" for each, value in table.items() if each not in inner]
    made = "\n".join(lines) + "\n"
    for each, items in inner.items():
        made += "".join("\n" + _table((*key, each), item, is_item=True) for item in items)
    return made


def _holds_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, Mapping) for each in value)


def _span(text: str, layout: Layout, section: Section) -> tuple[int, int]:
    """Return where a table begins and ends with the comments that are its own."""
    at = layout.sections.index(section)
    following = layout.sections[at + 1].start if at + 1 < len(layout.sections) else len(text)
    limit = _above(text, following)
    end = _line_end(text, section.pairs[-1].end if section.pairs else section.body)
    while end < limit and (comment := _COMMENT.match(text, end)):
        end = comment.end()
    while end < limit and (blank := _BLANK_LINE.match(text, end)):
        end = blank.end()
    return _above(text, section.start), max(end, section.body)


def _above(text: str, start: int) -> int:
    """Return where the comment directly above a header begins."""
    line = text.rfind("\n", 0, start) + 1
    begin = line
    while begin and _COMMENT.fullmatch(text[(above := text.rfind("\n", 0, begin - 1) + 1) : begin]):
        begin = above
    return begin if begin else line


def _at_top(text: str, layout: Layout, line: str) -> str:
    """Return the text with the first pair of all, before the first header."""
    place = _above(text, layout.sections[1].start) if len(layout.sections) > 1 else len(text)
    if place == len(text):
        return text + _gap(text) + line + "\n"
    return f"{text[:place]}{line}\n\n{text[place:]}"


def _after_line(text: str, at: int, line: str) -> str:
    """Return the text with a line behind the one that `at` lies in."""
    end = _line_end(text, at)
    lead = "" if text[:end].endswith("\n") else "\n"
    return f"{text[:end]}{lead}{line}\n{text[end:]}"


def _line_end(text: str, at: int) -> int:
    """Return where the next line begins."""
    match = _LINE_END.search(text, at)
    assert match is not None
    return match.end()


def _past_comma(text: str, at: int) -> int:
    """Return the place behind the comma that follows, or `at` if none does."""
    match = re.compile(r"[ \t\r\n]*,").match(text, at)
    return match.end() if match else at


def _is_over(rest: str) -> bool:
    """Whether there is nothing in the rest of a line but a comment."""
    return rest.endswith("\n") and (not rest.strip() or rest.lstrip().startswith("#"))


def _gap(text: str) -> str:
    """Return what makes an empty line at the end of a text."""
    if not text.strip() or text.endswith("\n\n"):
        return ""
    return "\n" if text.endswith("\n") else "\n\n"


def _is_below(key: Key, above: Key) -> bool:
    """Whether a key is another one, or lies below it."""
    return key[: len(above)] == above


def _name(name: str) -> str:
    return name if _BARE.fullmatch(name) else written(name)
