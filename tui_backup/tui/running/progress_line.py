"""The line of one run: what is worked on, a bar, and how far that is; as much of it as there is room for."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from tui_backup.model.event import Progressed, Waiting
from tui_backup.primitives.i18n import _
from tui_backup.services.runs.endings import where
from tui_backup.services.runs.pace import is_beyond, share
from tui_backup.tui.glyphs import Glyphs
from tui_backup.tui.run_board import RunView
from tui_backup.tui.widgets.cells import Piece, shortened
from tui_backup.tui.words import brief_duration, brief_rate, brief_size, counted_files

GAP = "  "
SILENT_S = 10.0
"""After so long without a word a run is shown as one that does not move."""

LEAST_BAR, MOST_BAR = 10, 40
"""Columns of the bar."""


@dataclass(frozen=True)
class Fact:
    """Something to be told, in a place that stays as wide while the text changes."""

    text: str
    width: int
    rank: int
    """Where there is no room, those of the highest rank go first."""

    @property
    def padded(self) -> str:
        """The text, right in its place."""
        return " " * (max(self.width, cell_len(self.text)) - cell_len(self.text)) + self.text


def label_of(view: RunView, glyphs: Glyphs) -> str:
    """Return what a run works on."""
    return where(view.job, view.repository).replace("→", glyphs.arrow)


def progress_pieces(
    view: RunView, width: int, label_width: int, glyphs: Glyphs, *, silence_s: float = 0.0
) -> list[Piece]:
    """Return the line of a run that goes on; its label takes so many columns.

    `silence_s` is for how long it has not moved.
    """
    label: Piece = (shortened(label_of(view, glyphs), label_width, "middle"), "bold")
    if view.progress is None:
        return [label, (GAP, "plain"), (shortened(_beginning(view), width - label_width - 2), "dim")]
    facts = _facts(view, view.progress, silence_s)
    left = width - label_width - len(GAP)
    while len(facts) > 1 and _taken(facts) + LEAST_BAR > left:
        facts.remove(max(facts, key=lambda fact: fact.rank))
    bar = max(0, min(MOST_BAR, left - _taken(facts)))
    pieces: list[Piece] = [label, (GAP, "plain"), *_bar(view.progress, bar, glyphs)]
    for fact in facts:
        pieces += [(GAP, "plain"), (fact.padded, "plain")]
    return pieces


def _facts(view: RunView, progress: Progressed, silence_s: float) -> list[Fact]:
    done, left, rate = share(progress), view.pace.left_s(progress), view.pace.rate
    coming = "" if left is None else _("{time} left").format(time=brief_duration(left))
    if silence_s >= SILENT_S:
        rate, coming = 0.0, _("nothing for {time}").format(time=brief_duration(silence_s))
    amount = brief_size(progress.bytes_done)
    if done is not None:
        amount = _("{done} of {total}").format(done=amount, total=brief_size(progress.bytes_total))
    return [
        Fact("" if done is None else _("{share} %").format(share=done), 5, 0),
        Fact(amount, 18, 2),
        Fact(brief_rate(rate) if rate else "", 10, 3),
        Fact(coming, 16, 1),
        Fact(counted_files(progress.files_done), 14, 4),
    ]


def _taken(facts: Sequence[Fact]) -> int:
    return sum(cell_len(fact.padded) + len(GAP) for fact in facts)


def _bar(progress: Progressed, width: int, glyphs: Glyphs) -> list[Piece]:
    full = width if is_beyond(progress) else width * (share(progress) or 0) // 100
    return [(glyphs.full * full, "accent"), (glyphs.void * (width - full), "dim")]


def _beginning(view: RunView) -> str:
    newest = view.said[-1] if view.said else None
    return newest.message if isinstance(newest, Waiting) else _("starting…")
