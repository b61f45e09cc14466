"""The terminal under the UI: nobody else writes on it, and nobody waits for one that is gone.

Textual reads its standard input in a thread that never notices a hang-up and would spin, and writes from another that
dies of it. So the UI is given a driver of its own, and when the terminal is lost both get the null device instead.
"""

import os
import select
import sys
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, Self

from textual.drivers.linux_driver import LinuxDriver

if TYPE_CHECKING:
    from textual.app import App

_PATIENCE_MS = 1000


class Outlet:
    """What the driver writes to. A terminal that is gone swallows everything, so does one that is not waited for."""

    def __init__(self, descriptor: int, encoding: str) -> None:
        """Write to the terminal that a descriptor leads to, through another."""
        self._descriptor = _private(descriptor)
        self._encoding = encoding
        self._is_shut = self._is_hurried = False

    def write(self, text: str) -> int:
        """Write text, and wait until the terminal has taken it."""
        rest = memoryview(text.encode(self._encoding, "replace"))
        while rest and not self._is_shut:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:
                self._wait_for_room()
            except OSError:
                self._is_shut = True
        return len(text)

    def flush(self) -> None:
        """Do nothing: nothing is held back."""

    def fileno(self) -> int:
        """Return the descriptor that is written to."""
        return self._descriptor

    def hurry(self) -> None:
        """Give up on the terminal as soon as it takes nothing for a second."""
        self._is_hurried = True

    def shut(self) -> None:
        """Swallow everything from here on."""
        self._is_shut = True

    def close(self) -> None:
        """Close the descriptor."""
        self.shut()
        os.close(self._descriptor)

    def _wait_for_room(self) -> None:
        waiting = select.poll()
        waiting.register(self._descriptor, select.POLLOUT)
        if not waiting.poll(_PATIENCE_MS) and self._is_hurried:
            self._is_shut = True


class TerminalDriver(LinuxDriver):
    """Textual's driver on a terminal that may go away."""

    terminal: ClassVar["Terminal"]

    def __init__(
        self, app: "App[object]", *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._file = self.terminal.outlet  # type: ignore[assignment]  # of a file only these methods are used
        self.terminal.driver = self
        if self.terminal.is_lost:
            self.exit_event.set()

    def disable_input(self) -> None:
        """End the thread that reads, for good if there is nothing to read from any more."""
        if self.terminal.is_lost:
            self.exit_event.set()
        else:
            super().disable_input()

    def suspend_application_mode(self) -> None:
        """Leave the terminal to another program, stderr too."""
        super().suspend_application_mode()
        self.terminal.give_stderr_back()

    def resume_application_mode(self) -> None:
        """Have the terminal back."""
        self.terminal.put_stderr_aside()
        super().resume_application_mode()

    def _sigcont_application(self, *_arguments: object) -> None:
        """Take the terminal again, if it is there: the kernel sends SIGCONT as it takes it away, too."""
        if not self.terminal.is_lost:
            super()._sigcont_application()


class Terminal:
    """The terminal of this process: standard input and output. While the context is open, stderr goes to a file.

    `lose` may be called from any thread.
    """

    def __init__(self, log: Path | None) -> None:
        """`log` takes what libraries and workers write on stderr meanwhile; None: nobody does."""
        self.outlet = Outlet(1, (sys.__stdout__ and sys.__stdout__.encoding) or "utf-8")
        self.driver: TerminalDriver | None = None
        self.is_lost = False
        self._log = log
        self._stderr: int | None = None
        self._lock = threading.Lock()

    @property
    def driver_class(self) -> type[TerminalDriver]:
        """The driver to show the UI with."""
        return type("DriverHere", (TerminalDriver,), {"terminal": self})

    def lose(self) -> None:
        """Have nobody read from or write to the terminal any more."""
        self.is_lost = True
        if self.driver is not None:
            self.driver.exit_event.set()
        self.outlet.shut()
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        with self._lock:
            for descriptor in (0, 1, 2 if self._stderr is None else self._stderr):
                os.dup2(null, descriptor)
        os.close(null)

    def put_stderr_aside(self) -> None:
        """Have what is written on stderr go to the log, if it would go to a terminal."""
        with self._lock:
            if self._stderr is None and os.isatty(2):
                self._stderr = os.dup(2)
                aside = _opened(self._log)
                os.dup2(aside, 2)
                os.close(aside)

    def give_stderr_back(self) -> None:
        """Have it go where it went before."""
        with self._lock:
            if self._stderr is not None:
                os.dup2(self._stderr, 2)
                os.close(self._stderr)
                self._stderr = None

    def __enter__(self) -> Self:
        self.put_stderr_aside()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.give_stderr_back()
        self.outlet.close()


def _private(descriptor: int) -> int:
    """Open a terminal once more, so that writing never blocks; where that is not possible, share it."""
    flags = os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC
    with suppress(OSError):
        opened = os.open(os.ttyname(descriptor), flags)
        if os.fstat(opened).st_rdev == os.fstat(descriptor).st_rdev:
            return opened
        os.close(opened)
    return os.dup(descriptor)


def _opened(log: Path | None) -> int:
    if log is not None:
        with suppress(OSError):
            log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
