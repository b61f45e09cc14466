"""Programs of the user's: run without shell and terminal, heard line by line, ended with everything they started."""

import os
import selectors
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from subprocess import DEVNULL, PIPE, STDOUT, Popen, TimeoutExpired
from typing import IO, Final

import msgspec

from tui_backup.primitives.cancel import CancelToken
from tui_backup.primitives.environment import minimal_environment
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.processes import family, has_ended
from tui_backup.primitives.shared_memory import anonymous
from tui_backup.primitives.text import printable

MOST_LINES: Final = 1000
"""How many lines of one program are passed on."""

LONGEST_LINE: Final = 2000
"""Bytes of a line that are passed on."""

_KILL_AFTER_S: Final = 5.0
_GRACE_S: Final = 0.5
_LOOK_S: Final = 0.1
_BLOCK: Final = 1 << 16


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """What to run, and with what."""

    argv: tuple[str, ...]
    timeout_s: float
    variables: dict[str, str] = {}
    """Beside those of `minimal_environment`."""
    directory: str = ""
    """Where it starts; empty: the present one."""
    given: bytes = b""
    """What it can read from its standard input."""
    held: int | None = None
    """A descriptor that it holds open for as long as it lives, even if whoever started it is killed."""


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How a program ended."""

    code: int | None
    """Exit code, or the negative number of the signal that ended it; None: it took too long, and was killed."""
    timeout_s: float
    last_line: str = ""
    """What it said last; empty: nothing."""
    is_held: bool = False
    """Whether something that it started holds its output still: that ends with the next line it writes."""

    @property
    def went_well(self) -> bool:
        """Whether it ended with exit code 0."""
        return self.code == 0

    @property
    def verdict(self) -> str:
        """How it ended and what it said last, as the rest of a sentence that begins with its name."""
        if self.code is None:
            how = _("took longer than {seconds} seconds").format(seconds=f"{self.timeout_s:g}")
        elif self.code < 0:
            how = _("was ended by signal {number}").format(number=-self.code)
        else:
            how = _("ended with exit code {code}").format(code=self.code)
        return f"{how}: {self.last_line}" if self.last_line else how


class Captured(msgspec.Struct, frozen=True, kw_only=True):
    """What a program wrote."""

    code: int
    output: bytes
    complaints: bytes


def run(program: Program, heard: Callable[[str], None] | None = None, cancel: CancelToken | None = None) -> Ended:
    """Run a program to its end; `heard` gets what it writes, line by line as it comes, on the thread that calls.

    Lines have no control characters, are cut where they are long, and end with a remark where they are too many.
    What it left running in the background stays so, unless it took too long or somebody cancelled.

    Raises:
        OSError: it cannot be started.
        Cancelled: somebody asked for that; the program has ended.
    """
    lines = _Lines(heard)
    try:
        code, is_held = _carried_out(program, [lines.feed], cancel)
    except TimeoutError:
        code, is_held = None, False
    lines.close()
    return Ended(code=code, timeout_s=program.timeout_s, last_line=lines.last, is_held=is_held)


def capture(program: Program, environment: Mapping[str, str], at_most: int) -> Captured:
    """Run a program for what it writes, of which no more than `at_most` bytes each are kept.

    Raises:
        OSError: it cannot be started.
        TimeoutError: it took too long.
    """
    output, complaints = bytearray(), bytearray()

    def sink(kept: bytearray) -> Callable[[bytes], None]:
        return lambda block: kept.extend(block[: at_most - len(kept)])

    code, _held = _carried_out(program, [sink(output), sink(complaints)], None, environment)
    return Captured(code=code, output=bytes(output), complaints=bytes(complaints))


class _Lines:
    """Makes lines of bytes; keeps one, and counts."""

    def __init__(self, heard: Callable[[str], None] | None) -> None:
        self.last = ""
        self._heard = heard
        self._rest = b""
        self._count = 0

    def feed(self, block: bytes) -> None:
        """Take what has come."""
        for line in (self._rest + block).splitlines(keepends=True):
            if line.endswith((b"\n", b"\r")):
                self._say(line)
                self._rest = b""
            else:
                self._rest = line[: LONGEST_LINE + 1]

    def close(self) -> None:
        """Nothing more comes."""
        self._say(self._rest)
        left_out = self._count - MOST_LINES
        if left_out > 0 and self._heard is not None:
            words = ngettext("{count} more line is left out", "{count} more lines are left out", left_out)
            self._heard(words.format(count=left_out))
            self._heard(self.last)

    def _say(self, line: bytes) -> None:
        cut = line[:LONGEST_LINE].decode("utf-8", "replace").rstrip()
        text = printable(cut.expandtabs()) + ("…" if len(line.rstrip()) > LONGEST_LINE else "")
        if not text:
            return
        self.last = text
        self._count += 1
        if self._count <= MOST_LINES and self._heard is not None:
            self._heard(text)


def _carried_out(
    program: Program,
    sinks: Sequence[Callable[[bytes], None]],
    cancel: CancelToken | None,
    environment: Mapping[str, str] | None = None,
) -> tuple[int, bool]:
    """Run a program; return its exit code, and whether its output is held still.

    One sink takes stdout and stderr as they come, of two each takes one.
    """
    deadline = time.monotonic() + program.timeout_s
    with _started(program, environment, apart=len(sinks) > 1) as process:
        pipes = [pipe for pipe in (process.stdout, process.stderr) if pipe is not None]
        is_held = _pumped(process.pid, dict(zip(pipes, sinks, strict=True)), deadline, cancel)
        return process.wait(), is_held


@contextmanager
def _started(program: Program, environment: Mapping[str, str] | None, *, apart: bool) -> Iterator["Popen[bytes]"]:
    with ExitStack() as stack:
        given = DEVNULL
        if program.given:
            given = anonymous()
            stack.callback(os.close, given)
            os.pwrite(given, program.given, 0)
        process = Popen(
            program.argv,
            stdin=given,
            stdout=PIPE,
            stderr=PIPE if apart else STDOUT,
            env={**minimal_environment(environment), **program.variables},
            cwd=program.directory or None,
            pass_fds=() if program.held is None else (program.held,),
            start_new_session=True,
        )
    try:
        yield process
    except BaseException:
        _end(process.pid)
        with suppress(TimeoutExpired):
            process.wait(_GRACE_S)  # a zombie whose threads are still dying cannot be reaped yet
        raise
    finally:
        for pipe in filter(None, (process.stdout, process.stderr)):
            pipe.close()


def _pumped(
    pid: int, sinks: Mapping[IO[bytes], Callable[[bytes], None]], deadline: float, cancel: CancelToken | None
) -> bool:
    """Pass on what a program writes until it has ended, which nobody has waited for then; return as `_carried_out`."""
    ended_at: float | None = None
    with selectors.DefaultSelector() as selector:
        for pipe, sink in sinks.items():
            selector.register(pipe, selectors.EVENT_READ, sink)
        while True:
            if not selector.get_map():
                time.sleep(_LOOK_S / 10)
            for key, _events in selector.select(_LOOK_S) if selector.get_map() else ():
                block = os.read(key.fd, _BLOCK)
                if block:
                    key.data(block)
                else:
                    selector.unregister(key.fileobj)
            now = time.monotonic()
            if has_ended(pid):
                ended_at = ended_at or now
                if not selector.get_map() or now - ended_at >= _GRACE_S:
                    return bool(selector.get_map())
                continue
            if cancel is not None:
                cancel.check()
            if now >= deadline:
                raise TimeoutError


def _end(pid: int) -> None:
    """End a child that nobody has waited for and everything that it started: first politely, then surely."""
    known = dict[int, int]()
    for number in (signal.SIGTERM, signal.SIGKILL):
        known |= family(pid)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, number)
        for member, started in known.items():
            with suppress(ProcessLookupError, PermissionError):
                if not has_ended(member, started) and os.getpgid(member) != pid:
                    os.kill(member, number)
        patience = time.monotonic() + _KILL_AFTER_S
        while not all(has_ended(*each) for each in known.items()):
            if time.monotonic() >= patience:
                break
            time.sleep(_LOOK_S / 10)
        else:
            return
