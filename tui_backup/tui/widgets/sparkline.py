"""A sparkline: how a number went over time, in one line of characters."""

from collections.abc import Sequence


def sparkline(values: Sequence[float | None], width: int, bars: str) -> str:
    """Return the newest values (the last ones) as bars that stand on zero; a blank where one is unknown.

    `bars` are the characters, lowest first. On zero, so that half as much looks half as high.
    """
    shown = values[-width:] if width > 0 else ()
    highest = max((value for value in shown if value is not None), default=0)
    return "".join(" " if value is None else _bar(value, highest, bars) for value in shown)


def _bar(value: float, highest: float, bars: str) -> str:
    if not highest:
        return bars[0]
    return bars[max(0, min(len(bars) - 1, round(value / highest * len(bars)) - 1))]
