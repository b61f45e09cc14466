"""Text from data made safe for terminals and JSON; sizes, ages and durations for people."""

import os
import re
from datetime import datetime

from tui_backup.primitives.i18n import ENGLISH, _, language, ngettext

_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
"""Control characters (C0, DEL, C1), marks that reorder what is shown, and what is not a character at all."""

_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def printable(text: str | bytes) -> str:
    """Return text from data so that a terminal shows it and does nothing else.

    Bytes that are not UTF-8 and control characters become `\\xNN`, other unsafe characters `\\uNNNN`.
    """
    shown = os.fsdecode(text) if isinstance(text, bytes) else text
    return _UNSAFE.sub(_escape, shown)


def without_controls(text: str) -> str:
    """Return text without control characters and marks that reorder it, none of which takes room where it is shown."""
    return _UNSAFE.sub("", text)


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00
    return _NAMED.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def replaced(raw: bytes) -> tuple[str, bool]:
    """Return bytes as text with U+FFFD for what is not UTF-8, and whether that lost nothing."""
    try:
        return raw.decode("utf-8"), True
    except UnicodeDecodeError:
        return raw.decode("utf-8", "replace"), False


def number(value: float, decimals: int = 0) -> str:
    """Return a number with so many digits after its decimal separator: `42,113`, `1.5`, or as the language has it."""
    return _separated(f"{value:,.{decimals}f}")


def size(count: int | None) -> str:
    """Return a number of bytes for people: `1.2 GB`; a dash where it is unknown."""
    if count is None:
        return "-"
    if abs(count) < 1000:
        return ngettext("{count} Byte", "{count} Bytes", abs(count)).format(count=count)
    import humanize

    return _separated(humanize.naturalsize(count, format="%.1f"))


def duration(seconds: float | None) -> str:
    """Return a number of seconds for people: `0.2 s`, `12 s`, `3 min 20 s`, `2 h 5 min`; a dash where it is unknown."""
    if seconds is None:
        return "-"
    if 0 <= seconds < 9.95:
        return f"{number(seconds, 1)} s"
    whole = max(0, round(seconds))
    hours, minutes = whole // 3600, whole // 60 % 60
    if hours:
        return f"{number(hours)} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"


def age(then: datetime | None, now: datetime) -> str:
    """Return how long ago something was, or in how long it will be: `3 hours ago`; a dash where it is unknown."""
    if then is None:
        return "-"
    import humanize

    humanize.activate(None if language() == ENGLISH else language())  # it keeps a language for each thread
    return humanize.naturaltime(now - then)


def moment(time: datetime | None) -> str:
    """Return a time in the zone of this machine, to the second; a dash where it is unknown."""
    return time.astimezone().strftime("%Y-%m-%d %H:%M:%S") if time else "-"


def _separated(written: str) -> str:
    """Return digits with the separators of the language in place of the English ones."""
    # Translators: a number as it is written in your language; its second and its second last character are used.
    sample = _("1,234.5")
    return written.translate({ord(","): sample[1], ord("."): sample[-2]})
