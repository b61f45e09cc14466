"""Random trees and random later edits: a restore in their place, and its undo."""

import os
import random
import stat
import struct
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from tests.engine.test_restore_random import TREES, grow
from tests.support.given import captured
from tests.support.trees import links_of, traits_of
from tests.support.undoing import UndoableRestore
from tui_backup.engine.safety_record import SafetyState
from tui_backup.model.run import RunStatus

NOBODY = 0xFFFFFFFF
POLICIES = some.sampled_from(["always", "if-changed", "if-newer", "never"])
ACL = struct.pack("<I" + 5 * "HHI", 2, 1, 6, NOBODY, 2, 5, 77, 4, 4, NOBODY, 16, 5, NOBODY, 32, 0, NOBODY)
"""For the owner, user 77, the group, the mask and all others, as the kernel takes it."""
STRANGE = [b"new", b"caf\xe9", b"n" * 255, b" ", b"\n"]


def change(path: bytes, chance: random.Random) -> None:
    """Write something else into a file, in place, or under its name."""
    if stat.S_ISREG(os.lstat(path).st_mode):
        if chance.random() < 0.5:
            os.unlink(path)
        Path(os.fsdecode(path)).write_bytes(chance.randbytes(9))


def vanish(path: bytes, chance: random.Random) -> None:
    if stat.S_ISDIR(os.lstat(path).st_mode):
        for name in os.listdir(path):
            vanish(os.path.join(path, name), chance)
        os.rmdir(path)
    else:
        os.unlink(path)


def become(path: bytes, chance: random.Random) -> None:
    """Become something of another kind."""
    vanish(path, chance)
    kind = chance.randrange(6 if os.geteuid() == 0 else 5)
    if kind == 0:
        os.mkdir(path)
    elif kind == 1:
        os.mkfifo(path)
    elif kind == 2:
        os.symlink(b"\xffnowhere", path)
    elif kind == 3:
        Path(os.fsdecode(path)).touch()
    elif kind == 4:
        os.mknod(path, stat.S_IFSOCK | 0o600)
    else:
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 3))


def get_mode(path: bytes, chance: random.Random) -> None:
    if not stat.S_ISLNK(os.lstat(path).st_mode):
        os.chmod(path, chance.choice([0o600, 0o755, 0o2750, 0o4711]))


def get_attribute(path: bytes, chance: random.Random) -> None:
    if stat.S_IFMT(os.lstat(path).st_mode) in (stat.S_IFDIR, stat.S_IFREG):
        os.setxattr(path, b"user.later", chance.randbytes(3))


def get_acl(path: bytes, chance: random.Random) -> None:
    """Get an ACL; a directory may get one for what will be made in it."""
    form = stat.S_IFMT(os.lstat(path).st_mode)
    name = "system.posix_acl_default" if form == stat.S_IFDIR and chance.random() < 0.5 else "system.posix_acl_access"
    if form in (stat.S_IFDIR, stat.S_IFREG):
        with suppress(OSError):
            os.setxattr(path, name, ACL)


def get_time(path: bytes, chance: random.Random) -> None:
    os.utime(path, ns=(chance.randrange(10**18), chance.randrange(10**18)), follow_symlinks=False)


def get_sibling(path: bytes, chance: random.Random) -> None:
    beside = os.path.join(os.path.dirname(path), chance.choice(STRANGE))
    if os.path.lexists(beside):
        return
    if chance.random() < 0.4 and stat.S_ISREG(os.lstat(path).st_mode):
        os.link(path, beside)
    elif chance.random() < 0.5:
        Path(os.fsdecode(beside)).write_bytes(b"new")
    else:
        os.mkdir(beside)
        Path(os.fsdecode(beside), "inner").write_bytes(b"newer")


EDITS: list[Callable[[bytes, random.Random], None]] = [
    change, vanish, become, get_mode, get_attribute, get_acl, get_time, get_sibling,
]  # fmt: skip


def edit(root: bytes, seed: int, count: int) -> None:
    """Make some random edits below a directory."""
    chance = random.Random(seed)
    for _number in range(count):
        paths = sorted(os.path.join(top, name) for top, below, files in os.walk(root) for name in below + files)
        if paths:
            chance.choice(EDITS)(chance.choice(paths), chance)


def assert_undone(target: Path, source: Path, home: Path, **options: Any) -> None:
    before, links = traits_of(target), links_of(target)
    restore = UndoableRestore(target, captured(os.fsencode(source)), home)
    restore.run(**options)
    was_kept = restore.record.state is SafetyState.KEPT
    assert was_kept or traits_of(target) == before
    if was_kept:
        undone = restore.undo()
        assert (undone.status, restore.warnings) == (RunStatus.OK, [])
        again = restore.plan_undo()
        assert (again.new, again.overwrite, again.delete, again.left) == (0, 0, 0, 0)
    restore.discard()
    assert traits_of(target) == before
    assert links_of(target) == links
    assert not home.exists()


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tree=TREES, seed=some.integers(0, 10**6), count=some.integers(1, 12), policy=POLICIES, delete=some.booleans())
def test_whatever_was_edited_is_back_after_the_undo(
    tree: dict[bytes, Any], seed: int, count: int, policy: str, delete: bool
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        source, target = Path(directory, "source"), Path(directory, "target")
        source.mkdir()
        grow(os.fsencode(source), tree, [])
        UndoableRestore(target, captured(os.fsencode(source)), Path(directory, "first")).run()
        edit(os.fsencode(target), seed, count)
        assert_undone(target, source, Path(directory, "home"), overwrite=policy, delete=delete)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tree=TREES, other=TREES, policy=POLICIES, delete=some.booleans())
def test_a_tree_over_another_is_undone(
    tree: dict[bytes, Any], other: dict[bytes, Any], policy: str, delete: bool
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        source, target = Path(directory, "source"), Path(directory, "target")
        for place, content in ((source, tree), (target, other)):
            place.mkdir()
            grow(os.fsencode(place), content, [])
        assert_undone(target, source, Path(directory, "home"), overwrite=policy, delete=delete)
