"""File systems for one test (marker `requires("tmpfs")`)."""

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
