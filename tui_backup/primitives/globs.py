"""Shell patterns for paths: `*` and `?` stay within a name, `**` stands for any number of directories."""

import fnmatch
import os
import re
from collections.abc import Callable, Sequence

Part = re.Pattern[str] | None
"""What one name has to look like; None stands for any number of names."""


def matcher(pattern: str) -> Callable[[bytes], bool]:
    """Return a test for raw paths that start with `/`.

    A pattern without `/` is compared with the last name. One with `/` is compared with the whole path; unless it
    begins with `/`, it may begin below any directory.
    """
    if "/" not in pattern:
        name = re.compile(fnmatch.translate(pattern))
        return lambda path: name.match(os.fsdecode(path.rpartition(b"/")[2])) is not None
    anywhere = [] if pattern.startswith("/") else ["**"]
    parts = [_part(each) for each in [*anywhere, *pattern.strip("/").split("/")]]
    return lambda path: _matches(parts, os.fsdecode(path).lstrip("/").split("/"))


def _part(text: str) -> Part:
    return None if text == "**" else re.compile(fnmatch.translate(text))


def _matches(parts: Sequence[Part], names: Sequence[str]) -> bool:
    """Compare from the front, keeping the set of parts that may come next."""
    states = _reach(parts, {0})
    for name in names:
        following = set[int]()
        for state in states:
            if state == len(parts):
                continue
            part = parts[state]
            if part is None:
                following.add(state)
            elif part.match(name):
                following.add(state + 1)
        states = _reach(parts, following)
    return len(parts) in states


def _reach(parts: Sequence[Part], states: set[int]) -> set[int]:
    """Add the states behind each `**`, which may stand for nothing."""
    reached = set(states)
    for state in sorted(states):
        at = state
        while at < len(parts) and parts[at] is None:
            at += 1
            reached.add(at)
    return reached
