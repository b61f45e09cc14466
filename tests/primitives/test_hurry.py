"""Who is told to end waits no longer."""

import signal
import threading
import time

from tui_backup.primitives.hurry import at_leisure, hurry, in_a_hurry, sleep


def test_a_sleep_lasts_as_long_as_it_should() -> None:
    began = time.monotonic()
    sleep(0.3)
    assert time.monotonic() - began >= 0.3
    assert not in_a_hurry()


def test_a_signal_ends_it() -> None:
    former = signal.signal(signal.SIGUSR1, lambda *_: hurry())
    try:
        with at_leisure():
            threading.Timer(0.1, signal.raise_signal, [signal.SIGUSR1]).start()
            began = time.monotonic()
            sleep(30)
            assert in_a_hurry()
            assert time.monotonic() - began < 10
    finally:
        signal.signal(signal.SIGUSR1, former)
    assert not in_a_hurry()
