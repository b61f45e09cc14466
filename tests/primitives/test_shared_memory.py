import os

import pytest

from tui_backup.primitives.shared_memory import Lender, borrowed, sent


def test_what_is_written_is_there_for_the_other_process() -> None:
    view = Lender().take(5)
    view[:5] = b"hello"
    pid = os.fork()
    if not pid:
        os._exit(bytes(borrowed(os.dup(sent(view)), 5)) != b"hello")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_memory_is_used_again_only_once_nobody_has_it() -> None:
    lender = Lender()
    first = sent(lender.take(5))
    other = borrowed(os.dup(first), 5)
    part = other[1:3]
    assert lender.away == 1
    assert sent(lender.take(5)) != first
    other.release()
    assert lender.away == 2
    assert sent(lender.take(5)) != first
    part.release()
    assert lender.away == 2
    assert sent(lender.take(5)) == first


def test_what_is_too_small_is_given_back() -> None:
    lender = Lender()
    borrowed(os.dup(sent(lender.take(5))), 5).release()
    large = lender.take(40 << 20)
    assert len(large) >= 40 << 20
    assert len(lender._memories) == 1


def test_more_than_there_is_cannot_be_borrowed() -> None:
    view = Lender().take(5)
    descriptor = sent(view)
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(ValueError, match="bytes"):
        borrowed(os.dup(descriptor), len(view) + 1)
    assert len(os.listdir("/proc/self/fd")) == before
