"""The lookout: a thread that notices what ends the UI from outside, a terminal that is gone or a signal."""

import os
import select
import signal
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import TracebackType
from typing import Self

LOOK_AGAIN_S = 1.0
"""How often a terminal is looked at that tells nobody of its end."""

_GONE = select.POLLHUP | select.POLLERR | select.POLLNVAL
_END, _STOP, _LOOK = b"e", b"s", b"l"


class Lookout:
    """Calls `lost` once, when a terminal is gone, and `stop` at each SIGINT or SIGTERM, both on its own thread.

    SIGHUP alone means nothing: `restic unlock` sends it to learn whether the owner of a lock lives. The signals, and
    those that Textual takes for itself, are as they were when the context ends; main thread only.
    """

    def __init__(self, terminal: Iterable[int], *, lost: Callable[[], None], stop: Callable[[], None]) -> None:
        """`terminal` are descriptors that lead to it; they may lead elsewhere later."""
        self._descriptors = [os.dup(descriptor) for descriptor in terminal]
        self._lost = lost
        self._stop = stop
        self._wake, self._waker = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._thread = threading.Thread(target=self._look_out, name="lookout", daemon=True)
        self._former = {number: signal.getsignal(number) for number in _ours()}

    def __enter__(self) -> Self:
        signal.signal(signal.SIGINT, lambda *_: self._tell(_STOP))
        signal.signal(signal.SIGTERM, lambda *_: self._tell(_STOP))
        if self._former[signal.SIGHUP] is not signal.SIG_IGN:
            signal.signal(signal.SIGHUP, lambda *_: self._tell(_LOOK))
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave_to_textual_no_longer()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._former[number])
        self._tell(_END)
        self._thread.join()
        for descriptor in (*self._descriptors, self._wake, self._waker):
            os.close(descriptor)

    def leave_to_textual_no_longer(self) -> None:
        """Undo what Textual's driver does to signals and leaves so."""
        for number in _of_textual():
            signal.signal(number, self._former[number])

    def _tell(self, word: bytes) -> None:
        with suppress(OSError):
            os.write(self._waker, word)

    def _look_out(self) -> None:
        waiting = select.poll()
        waiting.register(self._wake, select.POLLIN)
        watched = set(self._descriptors)
        for descriptor in watched:
            waiting.register(descriptor, 0)
        while True:
            came = dict(waiting.poll(LOOK_AGAIN_S * 1000 if watched else None))
            words = os.read(self._wake, 64) if came.pop(self._wake, 0) else b""
            if _END in words:
                return
            if any(mask & _GONE for mask in came.values()):
                while watched:
                    waiting.unregister(watched.pop())
                self._lost()
            if _STOP in words:
                self._stop()


def _ours() -> tuple[signal.Signals, ...]:
    return (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, *_of_textual())


def _of_textual() -> tuple[signal.Signals, ...]:
    return (signal.SIGTSTP, signal.SIGCONT, signal.SIGWINCH)
