"""ASCII only: what is drawn, without signs that a terminal may not have. Letters of any language stay."""

from dataclasses import fields

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from tui_backup.tui.glyphs import ASCII, Glyphs

_TYPOGRAPHY = {
    "\u2026": "~", "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u2018": "'", "\u2019": "'", "\u2013": "-",
    "\u2014": "-", "\u00b7": "-", "\u2022": "*", "\u00d7": "x", "\u2192": ">", "\u2190": "<", "\u2191": "^",
    "\u2193": "v", "\u25bc": "v", "\u25b6": ">", "\u25c0": "<", "\u2713": "+", "\u2714": "+",
}  # fmt: skip
"""Ellipsis, quotation marks, dashes, dots, the sign of times, arrows, triangles and ticks."""

_HORIZONTAL, _VERTICAL = "─━═╌╍┄┅┈┉╴╶╸╺", "│┃║╎╏┆┇┊┋╵╷╹╻"
_SIDES = "▌▐▍▎▏▋▊▉▕"


def _table() -> dict[int, str]:
    """Return what stands for each sign; one column for one column."""
    table = dict.fromkeys(range(0x2500, 0x2580), "+")
    table |= dict.fromkeys(range(0x2580, 0x25A0), " ")
    table |= {ord(sign): word for sign, word in _TYPOGRAPHY.items()}
    table |= dict.fromkeys(map(ord, _HORIZONTAL), "-") | dict.fromkeys(map(ord, _VERTICAL), "|")
    for field in fields(Glyphs):
        sign, plain = getattr(Glyphs(), field.name), getattr(ASCII, field.name)
        if isinstance(sign, str) and len(sign) == len(plain) == 1:
            table[ord(sign)] = plain
    return table | dict.fromkeys(map(ord, _SIDES), "|")


class AsciiOnly(LineFilter):
    """Replaces signs in all that is sent to the terminal, that of Textual's own widgets too."""

    def __init__(self) -> None:
        super().__init__()
        self._table = _table()

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return a line with ASCII in place of signs."""
        return [
            segment if segment.text.isascii() else segment._replace(text=segment.text.translate(self._table))
            for segment in segments
        ]
