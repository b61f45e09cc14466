"""Roots: which directories a walk begins at, and under which names they are stored."""

import os
import stat
from collections.abc import Sequence

import msgspec

from tui_backup.errors import ConfigError
from tui_backup.primitives.i18n import _


class Root(msgspec.Struct, frozen=True):
    """A configured path that exists, or a directory above one."""

    stored: bytes
    """Path in the snapshot, empty for `/`."""
    real: bytes
    """Path on disk, absolute."""
    status: os.stat_result
    parent: bool = False
    """Whether it is only a directory above a configured path."""


def encode(path: str) -> bytes:
    """Return a path of the configuration as raw bytes."""
    return path.encode("utf-8", "surrogateescape")


def stored_paths(paths: Sequence[str], name: str | None) -> dict[bytes, bytes]:
    """Return the configured paths on disk -> where they are stored, given the kind of none of them is known.

    Raises:
        ConfigError: two paths would be stored under one name.
    """
    reals = list(dict.fromkeys(_absolute(path) for path in paths))
    if name is None:
        return {real: real for real in reals}
    top = b"/" + encode(name)
    if len(reals) == 1:
        return {reals[0]: top}
    stored = {real: top + b"/" + os.path.basename(real) for real in reals}
    clashing = [real for real, place in stored.items() if list(stored.values()).count(place) > 1 or real == b"/"]
    if clashing:
        both = ", ".join(os.fsdecode(path) for path in clashing)
        raise ConfigError(
            _("with as = {name!r} these paths need different last names: {paths}").format(name=name, paths=both)
        )
    return stored


def arrange(roots: Sequence[Root], name: str | None) -> list[Root]:
    """Return the roots and the directories above them in the order of a walk, roots inside others left out."""
    placed = roots if name is None else [_below_name(root, encode(name)) for root in roots]
    outermost = {root.stored: root for root in placed if not any(_inside(root, other) for other in placed)}
    known = dict(outermost)
    for root in outermost.values():
        for parent in _parents(root, None if name is None else os.path.dirname(root.real)):
            known.setdefault(parent.stored, parent)
    return [root for _key, root in sorted((path.split(b"/"), root) for path, root in known.items())]


def _absolute(path: str) -> bytes:
    real = os.path.normpath(encode(path))
    return b"/" + real.lstrip(b"/") if real.startswith(b"/") else real


def _below_name(root: Root, name: bytes) -> Root:
    """Move a single path that is no directory below the name that it would otherwise replace."""
    if root.stored != b"/" + name or stat.S_ISDIR(root.status.st_mode):
        return root
    return msgspec.structs.replace(root, stored=root.stored + b"/" + os.path.basename(root.real))


def _inside(root: Root, other: Root) -> bool:
    return root.stored.startswith(other.stored.rstrip(b"/") + b"/") and root.stored != other.stored


def _parents(root: Root, stand_in: bytes | None) -> list[Root]:
    """Return the directories above a root; where it is stored below a name, `stand_in` lends its metadata."""
    parents = []
    stored = os.path.dirname(root.stored)
    while stored not in {b"/", b""}:
        real = os.path.realpath(stored if stand_in is None else stand_in)
        parents.append(Root(stored, real, os.stat(real), parent=True))
        stored = os.path.dirname(stored)
    return parents
