"""Write a file from a process of its own: a disk that does not answer stops that process, and nobody else.

Whatever waits for such a disk (state `D` of ps(1)) cannot be ended, not even by SIGKILL, and a process that has a
thread there cannot end either. The one that waits goes on by itself once the disk answers.
"""

import errno
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tui_backup.primitives.atomic import write_whole
from tui_backup.primitives.shared_memory import anonymous

if TYPE_CHECKING:
    from subprocess import Popen

_START: Final = "from tui_backup.primitives.written_apart import serve; serve()"
_HOME: Final = str(Path(__file__).parents[2])

_left: Final[list["Popen[bytes]"]] = []
"""Those that were not waited for."""


def write_apart(path: str, content: bytes, *, mode: int, patience_s: float, held: int | None = None) -> None:
    """Do what `write_whole` does, as long as that takes no longer than `patience_s`; `path` is absolute.

    Args:
        held: a descriptor that stays open for as long as the other process is at it, such as that of a lock.

    Raises:
        TimeoutError: nobody knows yet whether the file will be written.
        OSError: nothing has changed.
    """
    from subprocess import DEVNULL, PIPE, Popen, TimeoutExpired

    _left[:] = [each for each in _left if each.poll() is None]
    given = anonymous()
    try:
        os.pwrite(given, content, 0)
        process = Popen(
            [sys.executable, "-P", "-S", "-c", _START, path, f"{mode:o}"],
            stdin=given,
            stdout=PIPE,
            stderr=DEVNULL,
            cwd="/",
            env={**os.environ, "PYTHONPATH": _HOME},
            pass_fds=() if held is None else (held,),
            start_new_session=True,
        )
    finally:
        os.close(given)
    try:
        said, _nothing = process.communicate(timeout=patience_s)
    except TimeoutExpired:
        assert process.stdout is not None
        process.stdout.close()
        _left.append(process)
        raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT), path) from None
    if process.returncode != 0:
        number = int(said) if said.isdigit() else errno.EIO
        raise OSError(number, os.strerror(number), path)


def serve() -> None:
    """Be the other process: write what is given on standard input, and answer with the number of an error."""
    path, mode = sys.argv[1:]
    try:
        write_whole(path, sys.stdin.buffer.read(), mode=int(mode, 8))
    except OSError as error:
        os.write(1, str(error.errno or errno.EIO).encode())
        sys.exit(1)
