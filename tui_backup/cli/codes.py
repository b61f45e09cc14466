"""Exit codes of several things done in one call."""

from collections.abc import Iterable

ORDER = (1, 130, 12, 11, 10, 3, 0)
"""Of several codes, the first of these is the program's."""

OF_STATUS = {"ok": 0, "incomplete": 3, "failed": 1, "cancelled": 130}
"""Status of a run -> exit code."""


def worst(codes: Iterable[int]) -> int:
    """Return the code that stands for all; 0 for none, 2 where nothing else came of it, 1 where one is none of ours."""
    found = set(codes)
    if found == {2}:
        return 2
    known = {code if code in ORDER else 1 for code in found}
    return min(known, key=ORDER.index, default=0)
