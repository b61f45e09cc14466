"""Sample: what is shown of an entry beside the list: its metadata, and its text, bytes or names. Made aside."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

from tui_backup.model.entry import Entry, EntryKind
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import number, printable
from tui_backup.services.browsing.directories import Copy, directory
from tui_backup.services.browsing.opened import mode_words
from tui_backup.services.restore.handing_out import beginning
from tui_backup.services.words import entry_word
from tui_backup.services.workspace import Workspace
from tui_backup.tui.browser.highlighting import highlighted
from tui_backup.tui.browser.rows import time_of
from tui_backup.tui.browser.text_pane import Text, TextLine, text_of
from tui_backup.tui.words import brief_size, exact

MOST_TEXT = 1 << 20
"""Bytes of text that are shown."""

MOST_HEX = 64 << 10
"""Bytes that are shown of what is no text, and by which it is judged."""

MOST_NAMES = 500
"""Names that are shown of a directory."""

_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


@dataclass(frozen=True)
class Sample:
    """What is shown of an entry."""

    text: Text
    remark: str = ""
    """What is not shown, or what the text is."""


def facts_of(entry: Entry, zone: str | None) -> list[str]:
    """Return the metadata of an entry, a line each."""
    lines = [
        f"{mode_words(entry.kind, entry.mode)}  {_owner(entry.user, entry.uid)}:{_owner(entry.group, entry.gid)}",
        _("modified {time}").format(time=exact(time_of(entry), zone)),
    ]
    match entry.kind:
        case EntryKind.FILE:
            exactly = ngettext("{count} byte", "{count} bytes", entry.size).format(count=number(entry.size))
            lines.append(exactly if entry.size < 1000 else f"{exactly} ({brief_size(entry.size)})")
        case EntryKind.SYMLINK:
            lines.append(_("link to {target}").format(target=printable(entry.target)))
        case EntryKind.BLOCK | EntryKind.CHAR:
            device = f"{os.major(entry.device)}:{os.minor(entry.device)}"
            lines.append(_("{kind} {number}").format(kind=entry_word(entry.kind), number=device))
        case _:
            lines.append(entry_word(entry.kind))
    if entry.links > 1 and entry.kind is EntryKind.FILE:
        lines.append(_("{count} names (hard links)").format(count=number(entry.links)))
    return lines


def sample_of(workspace: Workspace, copy: Copy, entry: Entry, width: int, watch: Watch) -> Sample:
    """Return what is to be seen of an entry in a pane of so many columns.

    Raises:
        BackupError: it cannot be read.
    """
    if entry.kind is EntryKind.DIR:
        return _names(directory(workspace, copy, entry))
    if entry.kind is not EntryKind.FILE or not entry.size:
        return Sample(text_of([]), _("empty") if entry.kind is EntryKind.FILE else "")
    content = beginning(workspace, copy, entry, _enough, watch)
    if not is_text(content):
        shown = content[:MOST_HEX]
        return Sample(text_of(list(hex_lines(shown, width))), _not_all(len(shown), entry.size))
    text = content.decode("utf-8", "replace")
    lines = highlighted(text, os.path.basename(entry.path).decode("utf-8", "replace"), watch)
    return Sample(text_of(lines), _not_all(len(content), entry.size))


def is_text(content: bytes) -> bool:
    """Whether the beginning of a file looks like text."""
    if _CONTROLS.search(content):
        return False
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(content) - 4
    return True


def hex_lines(content: bytes, width: int) -> Sequence[TextLine]:
    """Return bytes as lines of places, values and characters."""
    step = 16 if width >= 77 else 8
    return [_hex_line(content, start, step) for start in range(0, len(content), step)]


def _hex_line(content: bytes, start: int, step: int) -> TextLine:
    part = content[start : start + step]
    values = part.hex(" ").ljust(step * 3 - 1)
    characters = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in part)
    return [(f"{start:08x}  ", "dim"), (values, "plain"), (f"  {characters}", "string")]


def _enough(read: bytes) -> int:
    """Say how many bytes are wanted in all, given the first of them."""
    if len(read) < MOST_HEX:
        return MOST_HEX
    return MOST_TEXT if is_text(read) else len(read)


def _names(entries: Sequence[Entry]) -> Sample:
    """Return what is to be seen of a directory: how much it holds itself, and its first names."""
    files = [entry for entry in entries if entry.kind is not EntryKind.DIR]
    lines: list[TextLine] = [_name_line(entry) for entry in entries[:MOST_NAMES]]
    if not entries:
        return Sample(text_of([]), _("empty"))
    directories = len(entries) - len(files)
    counted = ngettext("{count} entry", "{count} entries", len(entries)).format(count=number(len(entries)))
    size = brief_size(sum(entry.size for entry in files))
    if directories:
        text = ngettext(
            "{entries}: {count} directory, files of {size}",
            "{entries}: {count} directories, files of {size}",
            directories,
        )
        return Sample(text_of(lines), text.format(entries=counted, count=number(directories), size=size))
    return Sample(text_of(lines), f"{counted}, {size}")


def _name_line(entry: Entry) -> TextLine:
    name = printable(entry.name)
    return [(f"{name}/", "keyword")] if entry.kind is EntryKind.DIR else [(name, "plain")]


def _not_all(shown: int, size: int) -> str:
    if shown >= size:
        return ""
    return _("the first {shown} of {size}").format(shown=brief_size(shown), size=brief_size(size))


def _owner(name: str, number_: int) -> str:
    return printable(name) or str(number_)
