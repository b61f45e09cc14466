"""Crew: worker processes that are started once and are spoken to over private sockets.

They begin as one new interpreter, never as a fork of their owner, in a session of their own, so that a Ctrl+C meets
only the owner. Each ends when the owner's end of its socket closes, however the owner ended. Messages are byte strings,
framed by their length (u32, little-endian); descriptors that are sent along arrive no later than their message.
"""

import os
import select
import signal
import socket
import struct
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Protocol

from tui_backup.errors import BackupError
from tui_backup.primitives.i18n import _, language

_LENGTH = struct.Struct("<I")
_READ = 1 << 18
_MOST_DESCRIPTORS = 16
_CLOSE_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)
_HOME = str(Path(__file__).parents[2])
"""Where this package is imported from."""
_START = "from tui_backup.primitives.crew import serve; serve()"


class OwnerGone(Exception):
    """The other end of a worker's channel has closed; no OSError, so that nobody takes it for trouble with a file."""


class Channel:
    """One end of a socket that carries framed messages; for one thread."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.inbox: deque[bytes] = deque()
        self.descriptors: deque[int] = deque()
        """Those that came with messages, in their order; they belong to whoever takes them."""
        self._rest = bytearray()

    def fill(self) -> bool:
        """Receive what has come; return False when the other end is gone."""
        try:
            piece, descriptors, _flags, _address = socket.recv_fds(
                self.socket, _READ, _MOST_DESCRIPTORS, _CLOSE_ON_EXEC
            )
        except ConnectionResetError:
            piece, descriptors = b"", []
        self.descriptors += descriptors
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

    def receive(self) -> bytes:
        """Wait for the next message, and return it; raises OwnerGone."""
        while not self.inbox:
            if not self.fill():
                raise OwnerGone
        return self.inbox.popleft()

    def ready(self, timeout_s: float = 0) -> bool:
        """Return whether something can be received, now or before some seconds are over."""
        return bool(_await({self.socket.fileno(): select.POLLIN}, timeout_s))

    def send(self, message: bytes, descriptor: int | None = None) -> None:
        """Send a message whole, with a descriptor or without, waiting for room.

        Raises:
            OwnerGone: the other end has closed.
        """
        framed = memoryview(_LENGTH.pack(len(message)) + message)
        try:
            if descriptor is not None:
                framed = framed[socket.send_fds(self.socket, [framed], [descriptor]) :]
            self.socket.sendall(framed)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise OwnerGone from error

    def close(self) -> None:
        """Close this end, and the descriptors that nobody has taken."""
        self.socket.close()
        while self.descriptors:
            os.close(self.descriptors.popleft())


class Hand(Protocol):
    """What a worker does: made from the crew's setup, then runs until the channel closes."""

    def __init__(self, setup: bytes, channel: Channel) -> None: ...

    def work(self) -> None:
        """Receive messages and answer them until the owner is gone."""
        ...


def serve() -> None:
    """Be the workers: the arguments are `module:Class` of a Hand and the numbers of their sockets.

    What a hand imports is imported once, before this process, which has one thread, forks into the others.
    """
    module, _colon, name = sys.argv[1].partition(":")
    hand: type[Hand] = getattr(import_module(module), name)
    numbers = [int(number) for number in sys.argv[2:]]
    for at, number in enumerate(numbers):
        is_last = at == len(numbers) - 1
        if is_last or not os.fork():
            for other in numbers[:at] + numbers[at + 1 :]:
                os.close(other)
            _serve_one(hand, Channel(socket.socket(fileno=number)))


def _serve_one(hand: type[Hand], channel: Channel) -> None:
    try:
        while not channel.inbox:
            if not channel.fill():
                return
        hand(channel.inbox.popleft(), channel).work()
    except OwnerGone:
        pass
    finally:
        os._exit(0)


def _await(wanted: dict[int, int], timeout_s: float | None) -> list[tuple[int, int]]:
    """Wait for any of the events wanted of some descriptors, up to `timeout_s` (None: for ever); return what came."""
    waiting = select.poll()
    for descriptor, events in wanted.items():
        waiting.register(descriptor, events)
    return waiting.poll(None if timeout_s is None else timeout_s * 1000)


class Crew:
    """Some worker processes and the owner's ends of their sockets; for one thread."""

    def __init__(self, hand: str, setup: bytes, size: int) -> None:
        """Start `size` workers of the class `hand` (`module:Class`), each given `setup`."""
        import subprocess

        self.patience_s = 5.0
        """Seconds that workers have to end by themselves."""
        pairs = [socket.socketpair() for _number in range(size)]
        theirs = [str(their.fileno()) for _ours, their in pairs]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-S", "-c", _START, hand, *theirs],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,  # nothing is said there: it ends when the last worker has
            pass_fds=[their.fileno() for _ours, their in pairs],
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join([_HOME, *filter(None, sys.path)]),
                "TUI_BACKUP_LANGUAGE": language(),
            },
            start_new_session=True,
        )
        self._channels = [Channel(ours) for ours, _their in pairs]
        for channel, (_ours, their) in zip(self._channels, pairs, strict=True):
            their.close()
            with suppress(OwnerGone):
                channel.send(setup)
            channel.socket.setblocking(False)

    def __len__(self) -> int:
        return len(self._channels)

    def send(self, worker: int, message: bytes, descriptor: int | None = None) -> None:
        """Send a message to one worker, with a descriptor or without; takes in what workers say while it waits."""
        rest = memoryview(_LENGTH.pack(len(message)) + message)
        sock = self._channels[worker].socket
        while rest:
            try:
                if descriptor is None:
                    rest = rest[sock.send(rest) :]
                else:
                    rest = rest[socket.send_fds(sock, [rest], [descriptor]) :]
                    descriptor = None
            except BlockingIOError:
                self._wait(None, sock)
            except (BrokenPipeError, ConnectionResetError):
                self._raise_lost()

    def descriptor_from(self, worker: int) -> int:
        """Return the descriptor that came with a worker's message; it belongs to the caller."""
        return self._channels[worker].descriptors.popleft()

    def poll(self, timeout_s: float | None = 0) -> Iterator[tuple[int, bytes]]:
        """Yield (worker, message) for all that has come; wait up to `timeout_s` (None: for ever) if nothing has.

        Raises:
            BackupError: a worker ended unexpectedly.
        """
        if not any(channel.inbox for channel in self._channels):
            self._wait(timeout_s)
        for worker, channel in enumerate(self._channels):
            while channel.inbox:
                yield worker, channel.inbox.popleft()

    def _wait(self, timeout_s: float | None, writable: socket.socket | None = None) -> None:
        workers = {channel.socket.fileno(): worker for worker, channel in enumerate(self._channels)}
        wanted = dict.fromkeys(workers, select.POLLIN)
        if writable is not None:
            wanted[writable.fileno()] |= select.POLLOUT
        for descriptor, events in _await(wanted, timeout_s):
            if events != select.POLLOUT and not self._channels[workers[descriptor]].fill():
                self._raise_lost()

    def _raise_lost(self) -> None:
        raise BackupError(
            _("a worker process ended unexpectedly"), hint=_("if the system was short of memory, its log says so")
        )

    def close(self) -> None:
        """Let go of the workers: each ends as soon as it looks up, and is killed if that takes too long."""
        for channel in self._channels:
            channel.close()
        said = self._process.stdout
        assert said is not None
        if said.closed:
            return
        end = {said.fileno(): select.POLLIN}
        if not _await(end, self.patience_s):
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            _await(end, self.patience_s)
        said.close()
        self._process.wait()
