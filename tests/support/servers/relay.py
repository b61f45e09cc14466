"""A TCP relay before a server, with trouble on demand: for protocols into which nobody can look."""

import asyncio
import sys

import msgspec

from tests.support.servers.controlled import Controlled, obey
from tests.support.servers.daemons import LOCALHOST

_PIECE = 64 * 1024
_WAITING = 256


class Trouble(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What connections meet with."""

    nth: int = 1
    """It begins with the N-th connection."""
    count: int | None = None
    """For so many connections; None for ever."""
    refuse: bool = False
    """The connection ends at once."""
    up: int | None = None
    """It happens after so many bytes to the server."""
    down: int | None = None
    """It happens after so many bytes from the server."""
    flip: bool = False
    """A bit of the next bytes is turned over; otherwise the connection ends."""
    stall: float = 0.0
    """Nothing goes on for so many seconds; the connection does not end."""


class Relay(Controlled):
    """A relay before a port of this host, in a process of its own; `latency` is in seconds, each way."""

    def __init__(self, port: int, *, latency: float = 0.0) -> None:
        super().__init__(__name__, str(port), str(latency))

    def set(self, *troubles: Trouble) -> None:
        """Replace what connections meet with, those that stand too, and forget how many there were."""
        self.ask(troubles, dict)

    @property
    def connections(self) -> int:
        """How many there were since `set`."""
        return self.ask(None, int)


class _Relay:
    def __init__(self, port: int, latency: float) -> None:
        self._port = port
        self._latency = latency
        self._troubles: tuple[Trouble, ...] = ()
        self._connections = 0

    def heed(self, line: bytes) -> object:
        """Take new troubles, or tell how many connections there were."""
        troubles = msgspec.json.decode(line, type=tuple[Trouble, ...] | None)
        if troubles is None:
            return self._connections
        self._troubles, self._connections = troubles, 0
        return {}

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Relay one connection."""
        self._connections += 1
        number = self._connections
        if any(trouble.refuse for trouble in self._due(number)):
            writer.transport.abort()
            return
        try:
            up_reader, up_writer = await asyncio.open_connection(LOCALHOST, self._port)
        except OSError:
            writer.transport.abort()
            return
        ways = (self._relay(number, reader, up_writer, "up"), self._relay(number, up_reader, writer, "down"))
        tasks = [asyncio.create_task(way) for way in ways]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for end in (writer, up_writer):
            end.transport.abort()

    def _due(self, number: int) -> list[Trouble]:
        return [
            trouble
            for trouble in self._troubles
            if trouble.nth <= number and (trouble.count is None or number < trouble.nth + trouble.count)
        ]

    async def _relay(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: str) -> None:
        """Relay one direction until it ends; what is on its way waits for the latency, not for what is before it."""
        pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_WAITING)
        sending = asyncio.create_task(_send(pieces, writer))
        passed, met, clock = 0, set[Trouble](), asyncio.get_running_loop().time
        try:
            while piece := await reader.read(_PIECE):
                for trouble in self._due(number):
                    limit = trouble.up if way == "up" else trouble.down
                    if limit is None or passed + len(piece) <= limit or trouble in met:
                        continue
                    met.add(trouble)
                    if trouble.stall:
                        await asyncio.sleep(trouble.stall)
                    elif trouble.flip:
                        piece = bytes([piece[0] ^ 1]) + piece[1:]
                    else:
                        return
                passed += len(piece)
                await pieces.put((clock() + self._latency, piece))
            await pieces.put((clock() + self._latency, b""))
            await sending
        finally:
            sending.cancel()


async def _send(pieces: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
    """Send every piece when its time has come; an empty one is the end."""
    clock = asyncio.get_running_loop().time
    while True:
        due, piece = await pieces.get()
        if (wait := due - clock()) > 0:
            await asyncio.sleep(wait)
        if not piece:
            return
        writer.write(piece)
        await writer.drain()


async def _run(port: int, latency: float) -> None:
    relay = _Relay(port, latency)
    server = await asyncio.start_server(relay.handle, LOCALHOST, 0)
    await obey(server.sockets[0].getsockname()[1], relay.heed)


if __name__ == "__main__":
    asyncio.run(_run(int(sys.argv[1]), float(sys.argv[2])))
