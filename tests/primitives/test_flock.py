"""Locks that are waited for, for so long."""

import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import pytest

from tui_backup.primitives.flock import lock_until


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[int, int]]:
    """Two who have opened a file, of whom the second has locked it."""
    mine, theirs = (os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT) for _each in range(2))
    fcntl.flock(theirs, fcntl.LOCK_EX)
    yield mine, theirs
    os.close(mine)
    os.close(theirs)


def test_who_has_it_is_not_waited_for_unless_somebody_says_so(pair: tuple[int, int]) -> None:
    mine, theirs = pair
    assert not lock_until(mine)
    began = time.monotonic()
    assert not lock_until(mine, began + 0.1)
    assert time.monotonic() >= began + 0.1
    fcntl.flock(theirs, fcntl.LOCK_UN)
    assert lock_until(mine)
    assert not lock_until(theirs)


def test_it_is_had_as_soon_as_it_is_free(pair: tuple[int, int]) -> None:
    mine, theirs = pair
    Timer(0.1, lambda: fcntl.flock(theirs, fcntl.LOCK_UN)).start()
    began = time.monotonic()
    assert lock_until(mine, began + 30)
    assert time.monotonic() < began + 20


def test_what_cannot_be_locked_is_an_error() -> None:
    descriptor = os.open("/dev/null", os.O_RDONLY | os.O_PATH)
    try:
        with pytest.raises(OSError, match="Bad file descriptor"):
            lock_until(descriptor, time.monotonic() + 30)
    finally:
        os.close(descriptor)
