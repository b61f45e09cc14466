"""A store that forgets: the reference for the others, and for tests."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from tui_backup.errors import Corrupted, NotFound
from tui_backup.primitives.i18n import _
from tui_backup.stores.base import Body, ObjectInfo, Retention, Sink, Space, check_key


class MemoryStore:
    """Keeps objects in this process; every method is one atomic step on a dict."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}
        self._times: dict[str, float] = {}

    @property
    def connections(self) -> int:
        return 1

    @property
    def retention(self) -> Retention | None:
        return None

    def rooted(self, base: str) -> "MemoryStore":
        return self

    def recipe(self) -> tuple[str, bytes] | None:
        return None

    def create(self) -> None:
        return

    def put(self, key: str, body: Body) -> None:
        check_key(key)
        if isinstance(body, bytes | bytearray | memoryview):
            content = bytes(body)
        else:
            body.seek(0)
            content = body.read()
        self._times[key] = time.time()
        self._objects[key] = content

    @contextmanager
    def writing(self, key: str) -> Iterator[Sink]:
        sink = _Pieces()
        yield sink
        self.put(key, sink.content)

    def info(self, key: str) -> ObjectInfo:
        return ObjectInfo(key, len(self.get(key)), self._times[key])

    def get(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        content = self._objects.get(check_key(key))
        if content is None:
            raise NotFound(_("no object {key}").format(key=key))
        wanted = len(content) - start if length is None else length
        if wanted < 0 or start + wanted > len(content):
            raise Corrupted(_("{path} is shorter than it should be").format(path=key))
        return content[start : start + wanted]

    def objects(self, prefix: str = "") -> Iterator[ObjectInfo]:
        for key, content in list(self._objects.items()):
            if key.startswith(prefix):
                yield ObjectInfo(key, len(content), self._times[key])

    def delete(self, key: str) -> None:
        self._objects.pop(check_key(key), None)

    def delete_all(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.delete(key)

    def space(self) -> Space | None:
        return None

    def describe(self) -> str:
        return "memory"

    def tidy(self, key: str = "") -> None:
        return


class _Pieces:
    def __init__(self) -> None:
        self.content = bytearray()

    def write(self, piece: bytes | bytearray | memoryview) -> None:
        self.content += piece
