"""Crew: worker processes that are started once and are spoken to over private sockets.

Each worker is a new interpreter (nothing is forked), leads its own session, so that a Ctrl+C meets only the owner, and
ends when the owner's end of its socket closes, however the owner ended. Messages are byte strings, framed by their
length (u32, little-endian).
"""

import os
import select
import socket
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from importlib import import_module
from typing import Protocol

from tui_backup.errors import BackupError
from tui_backup.primitives.i18n import _

_LENGTH = struct.Struct("<I")
_READ = 1 << 18
_START = "from tui_backup.primitives.crew import serve; serve()"


class Channel:
    """One end of a socket that carries framed messages; for one thread, but for `send` in a worker (see `Post`)."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.inbox: deque[bytes] = deque()
        self._rest = bytearray()

    def fill(self) -> bool:
        """Receive what has come; return False when the other end is gone."""
        try:
            piece = self.socket.recv(_READ)
        except ConnectionResetError:
            piece = b""
        if not piece:
            return False
        rest = self._rest
        rest += piece
        at = 0
        while len(rest) - at >= 4:
            end = at + 4 + _LENGTH.unpack_from(rest, at)[0]
            if end > len(rest):
                break
            self.inbox.append(bytes(rest[at + 4 : end]))
            at = end
        del rest[:at]
        return True

    def ready(self) -> bool:
        """Return whether something can be received without waiting."""
        return bool(select.select([self.socket], [], [], 0)[0])

    def send(self, message: bytes) -> None:
        """Send a message whole, waiting for room."""
        self.socket.sendall(_LENGTH.pack(len(message)) + message)


class Hand(Protocol):
    """What a worker does: made from the crew's setup, then runs until the channel closes."""

    def __init__(self, setup: bytes, channel: Channel) -> None: ...

    def work(self) -> None:
        """Receive messages and answer them until the owner is gone."""
        ...


def serve() -> None:
    """Be a worker: the arguments are the number of a socket and `module:Class` of a Hand."""
    channel = Channel(socket.socket(fileno=int(sys.argv[1])))
    while not channel.inbox:
        if not channel.fill():
            return
    module, _colon, name = sys.argv[2].partition(":")
    hand: Hand = getattr(import_module(module), name)(channel.inbox.popleft(), channel)
    try:
        hand.work()
    except (BrokenPipeError, ConnectionResetError):
        pass
    finally:
        os._exit(0)


class Crew:
    """Some worker processes and the owner's ends of their sockets; for one thread."""

    def __init__(self, hand: str, setup: bytes, size: int) -> None:
        """Start `size` workers of the class `hand` (`module:Class`), each given `setup`."""
        self._hand = hand
        self._channels: list[Channel] = []
        self._processes: list[subprocess.Popen[bytes]] = []
        for _number in range(size):
            self._start()
        for channel in self._channels:
            channel.send(setup)
            channel.socket.setblocking(False)

    def __len__(self) -> int:
        return len(self._channels)

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
            process = subprocess.Popen(
                [sys.executable, "-c", _START, str(theirs.fileno()), self._hand],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=environment,
                start_new_session=True,
            )
        self._processes.append(process)
        self._channels.append(Channel(ours))

    def send(self, worker: int, message: bytes) -> None:
        """Send a message to one worker; takes in what workers say while it waits for room."""
        rest = memoryview(_LENGTH.pack(len(message)) + message)
        sock = self._channels[worker].socket
        while rest:
            try:
                rest = rest[sock.send(rest) :]
            except BlockingIOError:
                self._wait([sock], None)
            except (BrokenPipeError, ConnectionResetError):
                self._raise_lost(worker)

    def poll(self, timeout_s: float | None = 0) -> Iterator[tuple[int, bytes]]:
        """Yield (worker, message) for all that has come; wait up to `timeout_s` (None: for ever) if nothing has.

        Raises:
            BackupError: a worker ended unexpectedly.
        """
        if not any(channel.inbox for channel in self._channels):
            self._wait([], timeout_s)
        for worker, channel in enumerate(self._channels):
            while channel.inbox:
                yield worker, channel.inbox.popleft()

    def _wait(self, writable: list[socket.socket], timeout_s: float | None) -> None:
        by_socket = {channel.socket: number for number, channel in enumerate(self._channels)}
        readable, _writable, _broken = select.select(list(by_socket), writable, [], timeout_s)
        for sock in readable:
            worker = by_socket[sock]
            if not self._channels[worker].fill():
                self._raise_lost(worker)

    def _raise_lost(self, worker: int) -> None:
        code = self._processes[worker].wait()
        raise BackupError(
            _("a worker process ended unexpectedly (status {code})").format(code=code),
            hint=_("if the system was short of memory, its log says so"),
        )

    def close(self) -> None:
        """Let go of the workers: each ends at once, whatever it was at."""
        for channel in self._channels:
            channel.socket.close()
        for process in self._processes:
            process.wait()


class Post:
    """Sends from several threads of a worker over one channel."""

    def __init__(self, channel: Channel) -> None:
        from threading import Lock

        self._channel = channel
        self._lock = Lock()

    def __call__(self, message: bytes) -> None:
        """Send a message whole."""
        with self._lock:
            self._channel.send(message)
