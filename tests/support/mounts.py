"""File systems for one test (markers `requires("tmpfs")`, `requires("frozen")`)."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def tmpfs(directory: Path, size: str = "2m", inodes: int = 1000) -> Iterator[Path]:
    """Mount a small file system in memory on `directory`, which is made if need be."""
    directory.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},nr_inodes={inodes}", "none", directory], check=True)
    try:
        yield directory
    finally:
        subprocess.run(["umount", "--lazy", directory], check=True)


@contextmanager
def bound(source: Path, directory: Path) -> Iterator[Path]:
    """Have a directory show the contents of another; no link leads from one to the other."""
    subprocess.run(["mount", "--bind", source, directory], check=True)
    try:
        yield directory
    finally:
        subprocess.run(["umount", "--lazy", directory], check=True)


@contextmanager
def read_only(directory: Path) -> Iterator[Path]:
    """Make `directory` read-only to everybody, root too."""
    subprocess.run(["mount", "--bind", directory, directory], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", directory], check=True)
        yield directory
    finally:
        subprocess.run(["umount", "--lazy", directory], check=True)


class Frozen:
    """A disk of its own that answers nobody who wants to write, not even to be killed, until it thaws."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._is_frozen = False

    def freeze(self) -> None:
        """Stop answering."""
        subprocess.run(["fsfreeze", "--freeze", self._directory], check=True)
        self._is_frozen = True

    def thaw(self) -> None:
        """Answer again, those first who have waited."""
        if self._is_frozen:
            subprocess.run(["fsfreeze", "--unfreeze", self._directory], check=True)
            self._is_frozen = False


@contextmanager
def frozen(directory: Path) -> Iterator[Frozen]:
    """Mount a small disk on `directory`, which is made if need be, and freeze it."""
    image = directory.with_suffix(".image")
    image.write_bytes(b"")
    os.truncate(image, 4 << 20)
    subprocess.run(["mkfs.ext4", "-q", image], check=True)
    directory.mkdir(exist_ok=True)
    subprocess.run(["mount", "-o", "loop", image, directory], check=True)
    disk = Frozen(directory)
    try:
        disk.freeze()
        yield disk
    finally:
        disk.thaw()
        subprocess.run(["umount", directory], check=True)
