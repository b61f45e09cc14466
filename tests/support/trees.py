"""Directories to back up, and what is to be compared after a restore."""

import os
import random
import stat
from pathlib import Path
from typing import NamedTuple


def write_tree(root: Path, files: dict[str, bytes]) -> Path:
    """Write relative path -> content below `root`, with the directories that it takes; return `root`."""
    root.mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return root


def random_tree(root: Path, files: int = 50, largest: int = 100_000, seed: int = 0) -> Path:
    """Fill `root` with files of random sizes up to `largest` bytes, always the same ones for a seed; return `root`."""
    chance = random.Random(seed)
    return write_tree(
        root,
        {
            f"directory-{number % 7}/file-{number}": chance.randbytes(int(largest ** chance.random()))
            for number in range(files)
        },
    )


class Traits(NamedTuple):
    """What must survive a backup and a restore."""

    kind: int
    mode: int
    owner: tuple[int, int]
    mtime_ns: int
    content: bytes
    """Of a file, or the target of a symbolic link."""
    attributes: tuple[tuple[str, bytes], ...]
    device: int


def traits_of(root: Path | bytes | str) -> dict[bytes, Traits]:
    """Return relative path -> traits of all below `root` and of itself (`.`), links not followed."""
    top = os.fsencode(root)
    found = {b".": _traits(top)}
    for directory, directories, files in os.walk(top):
        for name in directories + files:
            path = os.path.join(directory, name)
            found[os.path.relpath(path, top)] = _traits(path)
    return found


def _traits(path: bytes) -> Traits:
    status = os.lstat(path)
    kind = stat.S_IFMT(status.st_mode)
    content = b""
    if kind == stat.S_IFREG:
        content = Path(os.fsdecode(path)).read_bytes()
    elif kind == stat.S_IFLNK:
        content = os.readlink(path)
    return Traits(
        kind=kind,
        mode=stat.S_IMODE(status.st_mode),
        owner=(status.st_uid, status.st_gid),
        mtime_ns=status.st_mtime_ns,
        content=content,
        attributes=_attributes(path),
        device=status.st_rdev,
    )


def _attributes(path: bytes) -> tuple[tuple[str, bytes], ...]:
    names = sorted(os.listxattr(path, follow_symlinks=False))
    return tuple((name, os.getxattr(path, name, follow_symlinks=False)) for name in names)


def links_of(root: Path) -> set[frozenset[bytes]]:
    """Return the groups of names, relative to `root`, that are one file."""
    top = os.fsencode(root)
    groups: dict[int, set[bytes]] = {}
    for directory, _directories, files in os.walk(top):
        for name in files:
            path = os.path.join(directory, name)
            groups.setdefault(os.lstat(path).st_ino, set()).add(os.path.relpath(path, top))
    return {frozenset(group) for group in groups.values()}
