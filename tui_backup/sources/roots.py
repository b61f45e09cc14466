"""Roots: which directories a walk begins at, and under which names they are stored."""

import os
import stat
from collections import Counter
from collections.abc import Mapping, Sequence

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

    def below(self, other: "Root") -> bytes:
        """Return the path relative to `other`, inside which it lies."""
        return self.stored.removeprefix(other.stored).lstrip(b"/")


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
    uses = Counter(stored.values())
    clashing = [real for real, place in stored.items() if uses[place] > 1 or real == b"/"]
    if clashing:
        both = ", ".join(os.fsdecode(path) for path in clashing)
        raise ConfigError(
            _("with as = {name!r} these paths need different last names: {paths}").format(name=name, paths=both)
        )
    return stored


def arrange(roots: Sequence[Root], name: str | None) -> list[Root]:
    """Return the roots and the directories above them in the order of a walk, roots inside others left out.

    Raises:
        OSError: a directory above a root has gone.
    """
    placed = roots if name is None else [_below_name(root, encode(name)) for root in roots]
    everywhere = {root.stored: root for root in placed}
    known = {root.stored: root for root in placed if enclosing(root, everywhere) is None}
    for root in list(known.values()):
        for parent in _parents(root, None if name is None else os.path.dirname(root.real)):
            known.setdefault(parent.stored, parent)
    return [root for _key, root in sorted((path.split(b"/"), root) for path, root in known.items())]


def enclosing(root: Root, roots: Mapping[bytes, Root]) -> Root | None:
    """Return the outermost of some roots, given by stored path, inside which this one lies."""
    path, outermost = root.stored, None
    while path != b"/":
        path = os.path.dirname(path)
        outermost = roots.get(path, outermost)
    return outermost


def reaches(outer: Root, inner: Root) -> bool:
    """Whether a walk of `outer` comes upon `inner`: no symbolic link lies between."""
    directory = os.path.dirname(inner.real)
    way = os.path.relpath(directory, outer.real)
    straight = os.path.normpath(os.path.join(os.path.realpath(outer.real), way))
    return stat.S_ISDIR(outer.status.st_mode) and os.path.realpath(directory) == straight


def _absolute(path: str) -> bytes:
    real = os.path.normpath(encode(path))
    return b"/" + real.lstrip(b"/") if real.startswith(b"/") else real


def _below_name(root: Root, name: bytes) -> Root:
    """Move a single path that is no directory below the name that it would otherwise replace."""
    if root.stored != b"/" + name or stat.S_ISDIR(root.status.st_mode):
        return root
    return msgspec.structs.replace(root, stored=root.stored + b"/" + os.path.basename(root.real))


def _parents(root: Root, stand_in: bytes | None) -> list[Root]:
    """Return the directories above a root; where it is stored below a name, `stand_in` lends its metadata."""
    parents = []
    stored = os.path.dirname(root.stored)
    while stored not in {b"/", b""}:
        real = os.path.realpath(stored if stand_in is None else stand_in)
        parents.append(Root(stored, real, os.stat(real), parent=True))
        stored = os.path.dirname(stored)
    return parents
