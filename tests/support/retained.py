"""A store whose objects can be locked, as those of a bucket with object lock can."""

import threading
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from tui_backup.errors import NotFound, StoreError
from tui_backup.primitives.clock import now
from tui_backup.stores.base import Body, Retention
from tui_backup.stores.wrapped import WrappedStore


class Locks:
    """Until when the objects of one place are locked; deleting one that is, is refused, but for index and keys.

    There a bucket keeps the former version and hides it.
    """

    def __init__(self) -> None:
        self.ends: dict[str, datetime] = {}
        self.extended: list[str] = []
        """Keys in the order in which somebody extended them."""
        self.asked: list[str] = []
        self.is_default = False
        self.error: StoreError | None = None
        self._lock = threading.Lock()

    def extend(self, keys: Iterable[str], until: datetime) -> None:
        for key in keys:
            if self.error is not None:
                raise self.error
            if key not in self.ends:
                raise NotFound(f"no object {key}")
            with self._lock:
                self.ends[key] = max(self.ends[key], until)
                self.extended.append(key)

    def until(self, key: str) -> datetime | None:
        self.asked.append(key)
        end = self.ends.get(key)
        return end if end is not None and end > now() else None

    def by_default(self) -> bool:
        return self.is_default

    def expire(self, *keys: str) -> None:
        """Have locks run out; those of all objects where none is named."""
        for key in keys or list(self.ends):
            self.ends[key] = now() - timedelta(seconds=1)


class RetainedStore(WrappedStore, frozen=True, kw_only=True):
    """A store in front of which objects are locked."""

    kind: ClassVar[str] = "retained"

    locks: Any
    """Locks; None: the place has none."""
    days: int | None = None

    @property
    def retention(self) -> Retention | None:
        locks: Retention | None = self.locks
        return locks

    def locking(self, days: int) -> "RetainedStore":
        return RetainedStore(beneath=self.beneath, locks=self.locks, days=days)

    def recipe(self) -> None:
        return None

    def put(self, key: str, body: Body) -> None:
        if self.days is not None and not key.startswith("locks/"):
            if self.locks is None:
                raise StoreError("there is no object lock")
            self.locks.ends[key] = now() + timedelta(days=self.days)
        else:
            self.locks.ends.setdefault(key, now())
        self._store.put(key, body)

    def delete(self, key: str) -> None:
        assert self.locks is None or not key.startswith("data/") or self.locks.until(key) is None, key
        self._store.delete(key)

    def delete_all(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.delete(key)
