"""The control socket of a run: `cancel` from any other process of the same user, at any time.

A run that waits for its turn has none, lest a hundred of them use up what a process may open: it looks for a file.

Addresses of Unix sockets end at about 107 bytes; state directories do not. Both sides therefore reach the socket
through a descriptor of its directory.
"""

import os
import selectors
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tui_backup.errors import BackupError
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of

_NAME = "control.sock"
_WISH = "cancel"
_TIMEOUT_S = 5.0


class ControlSocket:
    """The listening side; all methods but the constructor belong to the thread that selects."""

    def __init__(self, directory: Path, selector: selectors.BaseSelector) -> None:
        """Listen in `directory`; raises OSError."""
        self._selector = selector
        self._callers: set[socket.socket] = set()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            self._listener.setblocking(False)
            with _address(directory) as address:
                self._listener.bind(address)
            os.chmod(directory / _NAME, 0o600)
            self._listener.listen(8)
        except BaseException:
            self._listener.close()
            raise
        selector.register(self._listener, selectors.EVENT_READ, self)

    def serve(self, ready: socket.socket) -> bool:
        """Do what a socket that became readable asks for; return whether somebody asked to cancel the run."""
        if ready is self._listener:
            with suppress(BlockingIOError, ConnectionError):
                caller, _address = self._listener.accept()
                caller.setblocking(False)
                self._callers.add(caller)
                self._selector.register(caller, selectors.EVENT_READ, self)
            return False
        return self._answer(ready)

    def close(self) -> None:
        """Hang up."""
        for caller in tuple(self._callers):
            self._drop(caller)
        self._selector.unregister(self._listener)
        self._listener.close()

    def _answer(self, caller: socket.socket) -> bool:
        cancel = False
        with suppress(OSError):
            cancel = caller.recv(64) == b"cancel\n"
            caller.send(b"ok\n" if cancel else b"unknown\n")
        self._drop(caller)
        return cancel

    def _drop(self, caller: socket.socket) -> None:
        self._callers.discard(caller)
        self._selector.unregister(caller)
        caller.close()


def request_cancel(directory: Path) -> None:
    """Ask the owner of a run directory to cancel it.

    Raises:
        BackupError: nobody answers.
    """
    try:
        if not (directory / _NAME).exists():
            os.close(os.open(directory / _WISH, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller, _address(directory) as address:
            caller.settimeout(_TIMEOUT_S)
            caller.connect(address)
            caller.sendall(b"cancel\n")
            answer = caller.recv(64)
    except PermissionError as error:
        message = _("run {run} belongs to another user").format(run=directory.name)
        raise BackupError(message, hint=_("cancel it as the user who started it, or with sudo")) from error
    except OSError as error:
        message = _("run {run} does not answer: {reason}")
        raise BackupError(message.format(run=directory.name, reason=reason_of(error))) from error
    if answer != b"ok\n":
        raise BackupError(_("run {run} does not know how to cancel").format(run=directory.name))


def was_asked(directory: Path) -> bool:
    """Whether somebody has asked a run to stop that did not listen yet."""
    return (directory / _WISH).exists()


@contextmanager
def _address(directory: Path) -> Iterator[str]:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        through = Path(f"/proc/self/fd/{descriptor}")
        yield str((through if through.exists() else directory) / _NAME)
    finally:
        os.close(descriptor)
