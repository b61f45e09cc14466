"""A TCP relay that hands on every byte some milliseconds after it came: what a network far away adds, and nothing else.

`python -m benchmarks.relay PORT TARGET_PORT MILLISECONDS`, the latter in each direction.
"""

import asyncio
import socket
import sys
from collections import deque

_MOST_BYTES = 16 << 20
"""Bytes that are under way in one direction of a connection before no more are taken."""
_TICK_S = 0.0005


class End(asyncio.Protocol):
    """One end of a connection; what comes here leaves by `other`."""

    other: "End"

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s
        self.transport: asyncio.Transport | None = None
        self._coming: deque[tuple[float, bytes]] = deque()
        """When each piece is to leave; an empty one closes."""
        self._size = 0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport.set_write_buffer_limits(_MOST_BYTES)

    def data_received(self, data: bytes) -> None:
        """Have a piece leave in a while."""
        self._keep(data)

    def eof_received(self) -> bool:
        """Stay open until what has come has left."""
        self._keep(b"")
        return True

    def connection_lost(self, error: Exception | None) -> None:
        """Have the other end close in a while."""
        self._keep(b"")

    def abort(self) -> None:
        """Close at once."""
        if self.transport is not None:
            self.transport.abort()

    def _keep(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        self._coming.append((loop.time() + self._delay_s, data))
        self._size += len(data)
        if self._size > _MOST_BYTES and self.transport is not None:
            self.transport.pause_reading()
        if self._timer is None:
            self._timer = loop.call_at(self._coming[0][0], self._release)

    def _release(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = None
        target = self.other.transport
        if target is None:
            self._timer = loop.call_later(_TICK_S, self._release)
            return
        due: list[bytes] = []
        while self._coming and self._coming[0][0] <= loop.time() + _TICK_S:
            due.append(self._coming.popleft()[1])
        target.write(b"".join(due))
        if not all(due):
            target.close()
        self._size -= sum(map(len, due))
        if self._size < _MOST_BYTES // 2 and self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()
        if self._coming:
            self._timer = loop.call_at(self._coming[0][0], self._release)


async def serve(port: int, target: int, delay_s: float) -> None:
    """Relay until the process is ended."""
    loop = asyncio.get_running_loop()
    connecting: set[asyncio.Task[None]] = set()

    async def connect(near: End, far: End) -> None:
        try:
            await loop.create_connection(lambda: far, "127.0.0.1", target)
        except OSError:
            near.abort()

    def accept() -> End:
        near, far = End(delay_s), End(delay_s)
        near.other, far.other = far, near
        task = loop.create_task(connect(near, far))
        connecting.add(task)
        task.add_done_callback(connecting.discard)
        return near

    server = await loop.create_server(accept, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]) / 1000))
