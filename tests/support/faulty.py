"""Any store, with trouble on demand."""

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import msgspec

from tui_backup.errors import StoreUnavailable, Unreadable
from tui_backup.stores.base import Body, ObjectInfo, Retention, Sink, Space, Store
from tui_backup.stores.memory import MemoryStore

T = TypeVar("T")


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What goes wrong, and when."""

    on: str = ""
    """`create`, `put`, `get`, `info`, `objects`, `delete`, `tidy`; empty for any of them."""
    prefix: str = ""
    """Of the keys it happens to."""
    at: int = 1
    """It starts with the N-th operation that fits."""
    times: int | None = None
    """For so many operations; None for ever."""
    error: Exception | None = None
    """Raised without touching the store beneath."""
    late: bool = False
    """The operation is carried out first: an answer that is lost."""
    kill: bool = False
    """The whole process group, a session of its own, ends there by SIGKILL; with `late` after the operation."""
    stall: threading.Event | None = None
    """Waited for, a minute at most, before going on."""
    damage: Callable[[bytes], bytes] | None = None
    """What `get` gives back, and what `put` keeps."""


def flipped(content: bytes, bit: int = 0) -> bytes:
    """Return `content` with one bit turned over."""
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def unavailable() -> StoreUnavailable:
    """Return the error of a store that does not answer."""
    return StoreUnavailable("the store does not answer")


class BadSector(MemoryStore):
    """Does not give back some bytes of one object, nor anything that is read together with them."""

    def __init__(self, key: str, at: int) -> None:
        super().__init__()
        self._bad = key, at

    def get(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        content = super().get(key, start, length)
        if key == self._bad[0] and start <= self._bad[1] < start + len(content):
            raise Unreadable(f"cannot read {key}: Input/output error")
        return content


class FaultyStore:
    """Passes everything on to `beneath`, counts it in `counts` and `log`, and does what `faults` say."""

    def __init__(self, beneath: Store, *faults: Fault) -> None:
        self.beneath = beneath
        self.faults = list(faults)
        self.log: list[tuple[str, str]] = []
        """(operation, key) in the order they began."""
        self._met: Counter[int] = Counter()
        self._lock = threading.Lock()

    @property
    def counts(self) -> Counter[str]:
        """How often each operation was asked for."""
        return Counter(name for name, _key in self.log)

    @property
    def connections(self) -> int:
        return self.beneath.connections

    @property
    def retention(self) -> Retention | None:
        return self.beneath.retention

    def rooted(self, base: str) -> "FaultyStore":
        return FaultyStore(self.beneath.rooted(base), *self.faults)

    def recipe(self) -> tuple[str, bytes] | None:
        return None

    def create(self) -> None:
        self._meet("create", "", lambda _fault: self.beneath.create())

    def put(self, key: str, body: Body) -> None:
        def keep(fault: Fault | None) -> None:
            self.beneath.put(key, fault.damage(_read(body)) if fault and fault.damage else body)

        self._meet("put", key, keep)

    @contextmanager
    def writing(self, key: str) -> Iterator[Sink]:
        """Count as a `put`, which happens when all is written."""
        with self.beneath.writing(key) as sink:
            yield sink
            self._meet("put", key, lambda _fault: None)

    def info(self, key: str) -> ObjectInfo:
        return self._meet("info", key, lambda _fault: self.beneath.info(key))

    def get(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        def fetch(fault: Fault | None) -> bytes:
            content = self.beneath.get(key, start, length)
            return fault.damage(content) if fault and fault.damage else content

        return self._meet("get", key, fetch)

    def objects(self, prefix: str = "") -> Iterator[ObjectInfo]:
        yield from self._meet("objects", prefix, lambda _fault: self.beneath.objects(prefix))

    def delete(self, key: str) -> None:
        self._meet("delete", key, lambda _fault: self.beneath.delete(key))

    def delete_all(self, keys: Iterable[str]) -> None:
        """Meet each as a `delete` of its own."""
        for key in keys:
            self.delete(key)

    def space(self) -> Space | None:
        return self.beneath.space()

    def describe(self) -> str:
        return self.beneath.describe()

    def tidy(self, key: str = "") -> None:
        self._meet("tidy", key, lambda _fault: self.beneath.tidy(key))

    def _meet(self, name: str, key: str, work: Callable[[Fault | None], T]) -> T:
        fault = self._due(name, key)
        if fault is None:
            return work(None)
        if fault.stall:
            fault.stall.wait(60)
        if not fault.late:
            _strike(fault)
        answer = work(fault)
        _strike(fault)
        return answer

    def _due(self, name: str, key: str) -> Fault | None:
        with self._lock:
            self.log.append((name, key))
            due = None
            for number, fault in enumerate(self.faults):
                if fault.on not in {"", name} or not key.startswith(fault.prefix):
                    continue
                self._met[number] += 1
                passed = self._met[number] - fault.at
                if passed >= 0 and (fault.times is None or passed < fault.times):
                    due = due or fault
            return due


def _strike(fault: Fault) -> None:
    if fault.kill:
        os.killpg(0, signal.SIGKILL)
    if fault.error:
        raise fault.error


def _read(body: Body) -> bytes:
    if isinstance(body, bytes | bytearray | memoryview):
        return bytes(body)
    body.seek(0)
    return body.read()
