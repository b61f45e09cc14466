"""Glyphs: signs that stand before a word, never for one; plain ASCII where a terminal has no others."""

import locale
import os
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Glyphs:
    """One sign for each thing that is shown with one."""

    ok: str = "●"
    stale: str = "▲"
    failed: str = "✖"
    running: str = "◐"
    waiting: str = "‖"
    never: str = "○"
    present: str = "●"
    """A copy that is there."""
    missing: str = "○"
    """A copy that is not."""
    mark: str = "▌"
    folder: str = "▸"
    arrow: str = "→"
    ellipsis: str = "…"
    dot: str = "·"
    bars: str = "▁▂▃▄▅▆▇█"
    """Heights of a sparkline, lowest first."""
    full: str = "█"
    """The part of a progress bar that is done."""
    void: str = "░"
    """The part that is not."""
    is_ascii: bool = False


ASCII = Glyphs(
    ok="*",
    stale="!",
    failed="x",
    running="~",
    waiting="=",
    never="-",
    present="*",
    missing="-",
    mark=">",
    folder="/",
    arrow="->",
    ellipsis="~",
    dot="-",
    bars="_.-=+*#@",
    full="#",
    void=".",
    is_ascii=True,
)


def glyphs_of_terminal() -> Glyphs:
    """Return what this terminal can draw: ASCII without UTF-8, on the Linux console, and where somebody says so."""
    encoding = locale.getencoding().lower().replace("-", "")
    if os.environ.get("TUI_BACKUP_ASCII") or os.environ.get("TERM") == "linux" or encoding not in {"utf8"}:
        return ASCII
    return Glyphs()
