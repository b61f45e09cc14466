"""Moments: when cron lines come next, in the words of a note below the field in which they stand."""

import heapq
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final

from tui_backup.config.zones import check_zone
from tui_backup.primitives.clock import in_zone
from tui_backup.primitives.cron_words import in_words
from tui_backup.primitives.i18n import _
from tui_backup.primitives.schedule import check_line, effect, moments
from tui_backup.tui.words import clock_change, weekdays

_MOST: Final = 5
_WIDEST: Final = 47
"""Columns that a note has in a narrow terminal."""


def next_moments(value: Any, zone: Any, now: datetime) -> str:
    """Return what a key for cron lines has: in words where it is one line, and when it comes next.

    Nothing where a line or the zone makes no sense.
    """
    try:
        if zone is not None:
            check_zone(zone)
        lines = list(_lines(value))
        for line in lines:
            check_line(line)
    except (TypeError, ValueError):
        return ""
    shown = [_words(moment, lines, zone, now) for moment in islice(_merged(lines, zone, now), _MOST)]
    words = in_words(lines[0]) if len(lines) == 1 else ""
    text = _("{words}; next: {moments}") if words else _("Next: {moments}")
    while len(shown) > 1 and len(text.format(words=words, moments=", ".join(shown))) > _WIDEST:
        shown.pop()
    return text.format(words=words, moments=", ".join(shown)) if shown else ""


def _lines(value: Any) -> Iterator[str]:
    for each in value if isinstance(value, list) else [value]:
        match each:
            case str(line) | {"at": str(line)}:
                yield line


def _merged(lines: Sequence[str], zone: str | None, now: datetime) -> Iterator[datetime]:
    """Yield the moments of all lines, ascending, each once."""
    last = now
    for moment in heapq.merge(*(moments(line, zone, now) for line in lines)):
        if moment > last:
            yield moment
            last = moment


def _words(moment: datetime, lines: Sequence[str], zone: str | None, now: datetime) -> str:
    there = in_zone(moment, zone)
    day = f"{there:%Y-%m-%d}"
    if (there.date() - in_zone(now, zone).date()).days < 7:
        day = weekdays()[there.weekday()]
    words = f"{day} {there:%H:%M}"
    change = next(filter(None, (effect(line, zone, moment) for line in lines)), None)
    return _("{time} ({remark})").format(time=words, remark=clock_change(change)) if change else words
