"""Programs of the tests that run beside them and are told what to do, a JSON document a line, over their stdin.

The child ends when its stdin does, so none outlives whoever started it.
"""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from tests.support.servers.daemons import end

Answer = TypeVar("Answer")

_ROOT = Path(__file__).parent.parent.parent.parent


class Controlled:
    """A program that listens on a port of this host: `python -m module` with arguments; its first line is the port."""

    def __init__(self, module: str, *arguments: str) -> None:
        command = [sys.executable, "-m", module, *arguments]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=_ROOT)
        self.port = self._answer(int)
        """Where it listens."""

    def ask(self, question: object, answer: type[Answer]) -> Answer:
        """Say something, and return what it answers."""
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(question) + b"\n")
        self._process.stdin.flush()
        return self._answer(answer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._process:
            end(self._process)

    def _answer(self, answer: type[Answer]) -> Answer:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args!r} has ended")
        return msgspec.json.decode(line, type=answer)


async def obey(port: int, heed: Callable[[bytes], object]) -> None:
    """Say where this program listens, and answer every line with what `heed` returns, until there are no more."""
    loop, reader = asyncio.get_running_loop(), asyncio.StreamReader(limit=1 << 24)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    _say(port)
    while line := await reader.readline():
        _say(heed(line))


def _say(answer: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
    sys.stdout.buffer.flush()
