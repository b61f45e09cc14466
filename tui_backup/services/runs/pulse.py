"""The thread beside a run: shows that it lives, samples how far it is, and hears requests to stop."""

import os
import selectors
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tui_backup.model.event import Progressed
from tui_backup.model.watch import Watch
from tui_backup.primitives.text import replaced
from tui_backup.services.runs.control import ControlSocket

_SAMPLE_S = 0.2
_BEAT_S = 2.0

_CANCEL = b"c"
_STOP = b"s"


def sampled(run: str, watch: Watch) -> Progressed:
    """Return how far the operation of a run is."""
    current = watch.current
    return Progressed(
        run=run,
        files_done=watch.files_done,
        bytes_done=watch.bytes_done,
        files_total=watch.files_total,
        bytes_total=watch.bytes_total,
        current=None if current is None else replaced(current)[0],
    )


class Pulse:
    """Calls `sample` five times a second, `beat` every two, and `cancel` as soon as somebody asks for it."""

    def __init__(self, *, sample: Callable[[], None], beat: Callable[[], None], cancel: Callable[[], None]) -> None:
        self._sample = sample
        self._beat = beat
        self._cancel = cancel
        self._selector = selectors.DefaultSelector()
        self._wake, self._waker = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._selector.register(self._wake, selectors.EVENT_READ)
        self._control: ControlSocket | None = None
        self._thread = threading.Thread(target=self._live, name="pulse", daemon=True)

    def listen(self, directory: Path) -> None:
        """Take requests on a socket in `directory`, from the start on; raises OSError."""
        self._control = ControlSocket(directory, self._selector)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def request_cancel(self) -> None:
        """Have the thread call `cancel`; safe in signal handlers."""
        with suppress(OSError):
            os.write(self._waker, _CANCEL)

    def stop(self) -> None:
        """End the thread if it was started, and wait for it."""
        if self._thread.is_alive():
            with suppress(BlockingIOError):
                os.write(self._waker, _STOP)
            self._thread.join()
        if self._control is not None:
            self._control.close()
        self._selector.close()
        waker, self._waker = self._waker, -1
        os.close(waker)
        os.close(self._wake)

    def _live(self) -> None:
        next_beat = time.monotonic() + _BEAT_S
        while self._hear():
            self._sample()
            if time.monotonic() >= next_beat:
                self._beat()
                next_beat = time.monotonic() + _BEAT_S

    def _hear(self) -> bool:
        """Wait for requests until the next sample is due; return whether to go on."""
        for key, _mask in self._selector.select(_SAMPLE_S):
            if isinstance(key.fileobj, socket.socket):
                if self._control is not None and self._control.serve(key.fileobj):
                    self._cancel()
            else:
                asked = os.read(self._wake, 64)
                if _CANCEL in asked:
                    self._cancel()
                if _STOP in asked:
                    return False
        return True
