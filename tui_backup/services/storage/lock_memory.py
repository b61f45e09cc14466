"""What object locks of a repository were last extended to, so that a run asks only for what is due.

Whatever is lost of it is extended once more than need be. It also says since when that fails.
"""

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec

from tui_backup.primitives.atomic import write_whole

_DIRECTORY = "object-locks"


class LockMemory(msgspec.Struct):
    """What is known of one repository; times are seconds since the epoch."""

    repository: str = ""
    """Its id."""
    complete: float = 0.0
    """Until when at least everything is locked that `snapshots` need."""
    snapshots: list[str] = []
    objects: dict[str, float] = {}
    """Key -> until when it is locked."""
    released: list[str] = []
    """Snapshots that somebody wants to forget, so that nobody extends their locks."""
    failing: datetime | None = None
    """Since when locks could not be extended; None: they could."""
    reason: str | None = None
    """Why, for people."""

    def covers(self, snapshot: str, least: datetime) -> bool:
        """Whether everything that a snapshot needs is locked until then at least."""
        return self.complete >= least.timestamp() and snapshot in self.snapshots

    def holds(self, key: str, least: datetime) -> bool:
        """Whether an object is locked until then at least."""
        return self.objects.get(key, 0.0) >= least.timestamp()


def load_memory(state_dir: Path, name: str, id_: str | None = None) -> LockMemory:
    """Return what is known of the repository of that name; nothing where another one has the name by now."""
    try:
        memory = msgspec.json.decode(_path(state_dir, name).read_bytes(), type=LockMemory)
    except (OSError, msgspec.DecodeError):
        memory = LockMemory()
    return memory if id_ is None or memory.repository == id_ else LockMemory(repository=id_)


def save_memory(state_dir: Path, name: str, memory: LockMemory) -> None:
    """Keep what is known; where that cannot be written, more is extended next time.

    What somebody else has released meanwhile stays so.
    """
    path = _path(state_dir, name)
    released = load_memory(state_dir, name, memory.repository).released
    memory.released = sorted({*memory.released, *released})
    with suppress(OSError):
        os.makedirs(path.parent, 0o700, exist_ok=True)
        write_whole(str(path), msgspec.json.encode(memory))


def _path(state_dir: Path, name: str) -> Path:
    return state_dir / _DIRECTORY / f"{name}.json"
