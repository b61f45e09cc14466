"""Servers as child processes that end with whoever started them, and the ports on which they listen."""

import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

LOCALHOST = "127.0.0.1"
DEADLINE_S = 30.0

_LOOK_S = 0.02
_FAREWELL_S = 10.0


@contextmanager
def daemon(
    command: Sequence[str | Path], log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends.

    The kernel ends it, too, when the thread that entered the block dies, by SIGKILL for instance; what it prints goes
    to `log`.
    """
    bound = ["setpriv", "--pdeathsig", "KILL", "--", *command]
    with (
        log.open("ab") as output,
        subprocess.Popen(
            bound, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, start_new_session=True
        ) as process,
    ):
        try:
            yield process
        finally:
            end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process, the hard way if it does not go."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_FAREWELL_S)
    process.kill()
    process.wait()


def free_port() -> int:
    """Return a port on which nobody listens now."""
    with socket.create_server((LOCALHOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """Whether somebody takes connections on a port."""
    with suppress(OSError), socket.create_connection((LOCALHOST, port), 1):
        return True
    return False


def wait_until_it_listens(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait for a server that was just started; what it printed is in the error of one that ends instead."""
    until(lambda: process.poll() is not None or listens(port), lambda: f"nothing on {port}: {tail(log)}")
    if process.poll() is not None:
        raise RuntimeError(f"{process.args!r} has ended: {tail(log)}")


def until(condition: Callable[[], bool], failure: Callable[[], str], deadline_s: float = DEADLINE_S) -> None:
    """Look until `condition` holds."""
    deadline = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(failure())
        time.sleep(_LOOK_S)


def tail(log: Path) -> str:
    """Return the end of a log."""
    return log.read_text(errors="replace")[-2000:] if log.exists() else "no log"
