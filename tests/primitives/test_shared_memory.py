import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tui_backup.primitives.shared_memory import Lender, borrowed, descriptor_of


@contextmanager
def lent(view: memoryview) -> Iterator[memoryview]:
    """What the other process has."""
    other = borrowed(os.dup(descriptor_of(view)), 5)
    yield other
    other.release()


def test_what_is_written_is_there_for_the_other_process() -> None:
    view = Lender().take(5)
    view[:5] = b"hello"
    pid = os.fork()
    if not pid:
        os._exit(bytes(borrowed(os.dup(descriptor_of(view)), 5)) != b"hello")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_memory_is_used_again_only_once_nobody_has_it() -> None:
    lender = Lender()
    first = lender.take(5)
    with lent(first) as other:
        part = other[1:3]
        assert descriptor_of(lender.take(5)) != descriptor_of(first)
    assert descriptor_of(lender.take(5)) != descriptor_of(first)
    part.release()
    assert descriptor_of(lender.take(5)) == descriptor_of(first)


def test_what_is_too_small_is_given_back() -> None:
    lender = Lender()
    first = lender.take(5)
    with lent(first):
        pass
    large = lender.take(40 << 20)
    assert len(large) >= 40 << 20
    assert len(lender._memories) == 1


def test_more_than_there_is_cannot_be_borrowed() -> None:
    view = Lender().take(5)
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(ValueError, match="bytes"):
        borrowed(os.dup(descriptor_of(view)), len(view) + 1)
    assert len(os.listdir("/proc/self/fd")) == before
