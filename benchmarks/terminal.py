"""A terminal of a given size with a program in it: what it writes, when, and how long it takes to answer a key."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

_SEQUENCES = re.compile(rb"\x1b(?:\[[0-9;?<>=]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][A-Z0-9]|[=>78cDEHM])")
_TICKS = os.sysconf("SC_CLK_TCK")


class TooLate(Exception):
    """The program did not answer in time."""


class Terminal:
    """A program on a pseudo terminal; everything that it writes is kept with the moment at which it came."""

    def __init__(self, arguments: Sequence[str], *, size: tuple[int, int] = (120, 40)) -> None:
        self.started = time.perf_counter()
        self.pid, self._descriptor = pty.fork()
        if not self.pid:
            columns, rows = size
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.environ["TERM"] = "xterm-256color"
            os.environ["COLORTERM"] = "truecolor"
            os.execvp(arguments[0], list(arguments))
        self._chunks: list[tuple[float, bytes]] = []
        self._condition = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def written(self) -> int:
        """Bytes that came so far."""
        with self._condition:
            return sum(len(chunk) for _moment, chunk in self._chunks)

    def await_text(self, text: str, timeout_s: float, *, after: int = 0) -> float:
        """Wait for a text beyond the first `after` bytes; return the moment when it was there.

        Raises:
            TooLate: it did not come.
        """
        deadline = time.perf_counter() + timeout_s
        with self._condition:
            while True:
                if (moment := self._moment_of(text.encode(), after)) is not None:
                    return moment
                if not self._condition.wait(max(0.0, deadline - time.perf_counter())):
                    raise TooLate(f"{text!r} did not come within {timeout_s} s")

    def press(self, key: bytes, text: str, timeout_s: float = 5.0) -> float:
        """Press a key; return the seconds until a text was written."""
        after = self.written
        pressed = time.perf_counter()
        os.write(self._descriptor, key)
        return self.await_text(text, timeout_s, after=after) - pressed

    def processor_s(self) -> float:
        """Return the seconds of processor time that the program itself has used."""
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def _moment_of(self, text: bytes, after: int) -> float | None:
        """Return when a text was whole, whatever sequences stand between its letters."""
        passed, seen = 0, b""
        for moment, chunk in self._chunks:
            if passed + len(chunk) > after:
                seen += chunk[max(0, after - passed) :]
                if text in _SEQUENCES.sub(b"", seen):
                    return moment
            passed += len(chunk)
        return None

    def _read(self) -> None:
        while True:
            select.select([self._descriptor], [], [])
            try:
                chunk = os.read(self._descriptor, 65536)
            except OSError:
                return
            with self._condition:
                self._chunks.append((time.perf_counter(), chunk))
                self._condition.notify_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.kill(self.pid, signal.SIGTERM)
        os.waitpid(self.pid, 0)
        self._reader.join(1)
        os.close(self._descriptor)
