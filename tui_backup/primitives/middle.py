"""The middle of some numbers; what the library has for that makes every start three milliseconds longer."""

from collections.abc import Iterable


def median(values: Iterable[float]) -> float:
    """Return the value in the middle, or half-way between the two that are there; there must be one."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
