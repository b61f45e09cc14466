import os
import signal
import threading
from collections.abc import Iterator

import pytest

from tui_backup.primitives.hangup import shield_from_hangup


@pytest.fixture(autouse=True)
def disposition() -> Iterator[None]:
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


def test_sighup_does_nothing_under_the_shield() -> None:
    with shield_from_hangup():
        os.kill(os.getpid(), signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL


def test_shields_may_overlap_in_any_order() -> None:
    first, second = shield_from_hangup(), shield_from_hangup()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    os.kill(os.getpid(), signal.SIGHUP)
    second.__exit__(None, None, None)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL


def test_who_has_a_handler_keeps_it() -> None:
    received: list[int] = []
    signal.signal(signal.SIGHUP, lambda number, _frame: received.append(number))
    with shield_from_hangup():
        os.kill(os.getpid(), signal.SIGHUP)
    assert received == [signal.SIGHUP]


def test_who_ignores_it_goes_on_ignoring_it() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with shield_from_hangup():
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_other_threads_change_nothing() -> None:
    seen: list[object] = []

    def look() -> None:
        with shield_from_hangup():
            seen.append(signal.getsignal(signal.SIGHUP))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [signal.SIG_DFL]
