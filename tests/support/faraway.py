"""A store that is far away: a directory, every answer of which takes a while, and which serves several at once."""

import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import msgspec

from tui_backup.primitives import crew
from tui_backup.stores.base import Body, ObjectInfo
from tui_backup.stores.local import LocalStore
from tui_backup.stores.registry import STORES


class Traffic:
    """What this process has asked distant stores for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flying: Counter[str] = Counter()
        self.forget()

    def forget(self) -> None:
        """Begin to count anew."""
        self.log: list[tuple[str, str]] = []
        """(operation, key) in the order they began."""
        self.most: Counter[str] = Counter()
        """How many requests of a kind were under way at once."""

    @contextmanager
    def request(self, name: str, key: str) -> Iterator[None]:
        """Count a request while it is under way."""
        with self._lock:
            self.log.append((name, key))
            self._flying[name] += 1
            self.most[name] = max(self.most[name], self._flying[name])
        try:
            yield
        finally:
            with self._lock:
                self._flying[name] -= 1


TRAFFIC = Traffic()


class FarawayStore(LocalStore, frozen=True):
    """A directory behind a network; `lines` requests at once are as fast as one."""

    delay_s: float = 0.0
    lines: int = 5

    @property
    def connections(self) -> int:
        return self.lines

    def recipe(self) -> tuple[str, bytes] | None:
        return "faraway", msgspec.json.encode(self)

    def put(self, key: str, body: Body) -> None:
        with self._asked("put", key):
            super().put(key, body)

    def info(self, key: str) -> ObjectInfo:
        with self._asked("info", key):
            return super().info(key)

    def get(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        with self._asked("get", key):
            return super().get(key, start, length)

    def objects(self, prefix: str = "") -> Iterator[ObjectInfo]:
        with self._asked("objects", prefix):
            found = list(super().objects(prefix))
        yield from found

    def delete(self, key: str) -> None:
        with self._asked("delete", key):
            super().delete(key)

    def delete_all(self, keys: Iterable[str]) -> None:
        with self._asked("delete_all", ""):
            for key in keys:
                LocalStore.delete(self, key)

    @contextmanager
    def _asked(self, name: str, key: str) -> Iterator[None]:
        with TRAFFIC.request(name, key):
            time.sleep(self.delay_s)
            yield


def arm() -> None:
    """Make the kind `faraway` known to this process, and to the workers that it starts."""
    STORES._places["faraway"] = "tests.support.faraway:FarawayStore"
    crew._START = f"from tests.support.faraway import arm; arm(); {crew._START.rpartition('arm(); ')[2]}"
