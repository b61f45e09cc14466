"""Repositories and single values that restic itself made: samples to open, vectors to compare with."""

import json
import tarfile
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.tars import unpack
from tui_backup.stores.memory import MemoryStore

DATA = Path(__file__).parent.parent / "data" / "restic"

SAMPLES = ("v1", "v2", "v2-0191")
"""Repositories of format 1 and 2 by restic 0.14, and of format 2 by restic 0.19.1; the password is `test`."""


@cache
def vectors() -> Any:
    """Return the known answers, all binary values as hex."""
    return json.loads((DATA / "vectors.json").read_text())


def unpack_sample(name: str, directory: Path) -> Path:
    """Unpack a sample below `directory`; return where the repository lies."""
    with tarfile.open(DATA / f"{name}.tar") as archive:
        top = archive.next()
        assert top is not None
        unpack(archive, directory)
    return directory / top.name


def sample_store(name: str) -> MemoryStore:
    """Return a store in memory with the files of a sample."""
    store = MemoryStore()
    with tarfile.open(DATA / f"{name}.tar") as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content is not None:
                store.put(member.name.partition("/")[2], content.read())
    return store
