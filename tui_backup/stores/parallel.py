"""Several requests to one store at once: uploads in flight, and answers that are fetched ahead.

Both are bounded in number by `Store.connections` and in bytes, and do one after the other, in the caller's own thread,
where a store has one connection. Their threads are daemons: a store that never answers keeps no process from ending.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Generic, TypeVar

from tui_backup.errors import BackupError
from tui_backup.stores.at_hand import keep_at_hand
from tui_backup.stores.base import Store

T = TypeVar("T")
U = TypeVar("U")

MOST_BYTES = 48 << 20
"""Bytes in flight at once, but for a single one that is larger."""
_AHEAD = 4
"""Answers for each connection that may wait for whoever asked."""
_PULSE_S = 0.5
"""Seconds between two looks at whether to go on waiting."""
_PATIENCE_S = 5.0
"""Seconds that uploads under way have to end when nobody wants to go on."""


def no_pulse() -> None:
    """Have no reason to give up waiting."""


class _Threads:
    """Runs calls in threads that are started when they are needed; for one owner."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._count = 0
        self._idle = 0
        self._closed = False
        self._calls: deque[Callable[[], None]] = deque()
        self._changed = threading.Condition()

    def run(self, call: Callable[[], None]) -> None:
        """Have a call run as soon as a thread is free; it must not raise."""
        with self._changed:
            self._calls.append(call)
            if len(self._calls) > self._idle and self._count < self._most:
                self._count += 1
                threading.Thread(target=self._work, name="store request", daemon=True).start()
            self._changed.notify()

    def close(self) -> None:
        """Forget what has not begun; the threads end once what they are at is done."""
        with self._changed:
            self._closed = True
            self._calls.clear()
            self._changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._idle += 1
                while not self._calls and not self._closed:
                    self._changed.wait()
                self._idle -= 1
                if self._closed:
                    return
                call = self._calls.popleft()
            call()
            del call


class Uploads(Generic[T]):
    """Objects on their way into a store, each with a token that is handed out once the object is durable.

    For one thread. What goes wrong with one is raised by whatever is called next, and nothing more is sent.
    """

    def __init__(self, store: Store, pulse: Callable[[], None] = no_pulse, most_bytes: int = MOST_BYTES) -> None:
        """`pulse` is called twice a second while anything is waited for; it raises to give that up."""
        self._store = store
        self._pulse = pulse
        self._most_bytes = most_bytes
        self._threads = _Threads(store.connections) if store.connections > 1 else None
        self._changed = threading.Condition()
        self._flying = 0
        self._bytes = 0
        self._durable: deque[T] = deque()
        self._error: BaseException | None = None

    @property
    def keeps_bodies(self) -> bool:
        """Whether a body must stay as it is until its token is handed out; otherwise until `put` returns."""
        return self._threads is not None

    def put(self, key: str, body: bytes | memoryview, token: T, *, at_hand: bool = False) -> None:
        """Send an object; waits while too much is in flight. Raises what went wrong with this or an earlier one.

        With `at_hand` a copy is kept, as `stores.at_hand` has it.
        """
        if at_hand:
            keep_at_hand(self._store, [key])
        if self._threads is None:
            self._store.put(key, body)
            self._durable.append(token)
            return
        size = len(body)
        self._wait(lambda: not self._flying or self._bytes + size <= self._most_bytes)
        with self._changed:
            self._flying += 1
            self._bytes += size
        self._threads.run(partial(self._send, key, body, token))

    def durable(self) -> Iterator[T]:
        """Yield the tokens of what has become durable since this was asked last; does not wait."""
        self._raise_error()
        while self._durable:
            yield self._durable.popleft()

    def settled(self) -> Iterator[T]:
        """Wait until nothing is in flight; yield the tokens as `durable` does."""
        self._wait(lambda: not self._flying)
        yield from self.durable()

    def close(self) -> list[T]:
        """Send nothing more, wait some seconds for what is under way, and return the tokens that are left."""
        if self._threads is not None:
            with self._changed:
                self._error = self._error or BackupError("closed")
            end = time.monotonic() + _PATIENCE_S
            with self._changed:
                while self._flying and time.monotonic() < end:
                    self._changed.wait(max(0.0, end - time.monotonic()))
            self._threads.close()
        left = list(self._durable)
        self._durable.clear()
        return left

    def _send(self, key: str, body: bytes | memoryview, token: T) -> None:
        size = len(body)
        error: BaseException | None = None
        if self._error is None:
            try:
                self._store.put(key, body)
                self._durable.append(token)
            except BaseException as caught:  # noqa: BLE001 - told to the owner, who raises it
                error = caught
        with self._changed:
            self._flying -= 1
            self._bytes -= size
            self._error = self._error or error
            self._changed.notify_all()

    def _wait(self, is_over: Callable[[], bool]) -> None:
        while True:
            with self._changed:
                if self._error is None and not is_over():
                    self._changed.wait(_PULSE_S)
                done = is_over()
            self._raise_error()
            if done:
                return
            self._pulse()

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error


class Answer(Generic[U]):
    """What came of one request."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._result: list[U] = []
        self._error: Exception | None = None

    def take(self) -> U:
        """Return the result; raises what went wrong."""
        if self._error is not None:
            raise self._error
        return self._result[0]

    def fill(self, work: Callable[[], U]) -> None:
        """Do the request."""
        try:
            self._result.append(work())
        except Exception as error:  # noqa: BLE001 - raised by `take`, in the thread of whoever asked
            self._error = error
        self._event.set()

    def wait(self, pulse: Callable[[], None] = no_pulse) -> None:
        """Wait until it is there; `pulse` is called twice a second meanwhile."""
        while not self._event.wait(_PULSE_S):
            pulse()


def begun(store: Store, work: Callable[[], U]) -> Answer[U]:
    """Return the answer to one request that is made while others go on; with one connection, made at once."""
    answer = Answer[U]()
    if store.connections == 1:
        answer.fill(work)
    else:
        threading.Thread(target=answer.fill, args=(work,), name="store request", daemon=True).start()
    return answer


def fetched(
    store: Store,
    items: Iterable[T],
    work: Callable[[T], U],
    *,
    size: Callable[[T], int] = lambda _item: 0,
    pulse: Callable[[], None] = no_pulse,
    most_bytes: int = MOST_BYTES,
) -> Iterator[tuple[T, Answer[U]]]:
    """Yield each item with what `work` makes of it, in order, while that of the next ones is fetched already.

    `work` asks the store, in any thread; `size` tells how many bytes that gives, about: no more than `most_bytes` are
    on their way. `pulse` is called for each item, and twice a second while anything is waited for; it raises to stop.
    """
    if store.connections == 1:
        for item in items:
            pulse()
            answer = Answer[U]()
            answer.fill(partial(work, item))
            yield item, answer
        return
    threads = _Threads(store.connections)
    flying: deque[tuple[T, Answer[U], int]] = deque()
    flying_bytes = 0
    try:
        for item in items:
            coming = size(item)
            while flying and (len(flying) >= store.connections * _AHEAD or flying_bytes + coming > most_bytes):
                flying_bytes -= flying[0][2]
                yield _landed(flying, pulse)
            pulse()
            answer = Answer[U]()
            threads.run(partial(answer.fill, partial(work, item)))
            flying.append((item, answer, coming))
            flying_bytes += coming
        while flying:
            yield _landed(flying, pulse)
    finally:
        threads.close()


def _landed(flying: deque[tuple[T, Answer[U], int]], pulse: Callable[[], None]) -> tuple[T, Answer[U]]:
    """Wait for the first of some answers."""
    item, answer, _size = flying.popleft()
    answer.wait(pulse)
    return item, answer
