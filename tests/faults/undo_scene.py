"""A restore and its undo that die before each of their system calls, or each STEPth.

Arguments: DIRECTION DIRECTORY STEP USER [STATE].

USER is who does it, 0 for root. With STATE, a directory of another file system, nothing can be linked: what is replaced
is kept in a snapshot. A process of its own, since it forks for every death. Prints how many deaths there were.
"""

import ctypes  # noqa: F401  # ordinary users, whom children become, may not be able to read where Python lies
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from itertools import count, takewhile
from pathlib import Path
from typing import Any

from tests.support.given import captured
from tests.support.instant import instant_repository
from tests.support.trees import Traits, links_of, traits_of, write_tree
from tests.support.undoing import Mixed, UndoableRestore
from tui_backup.engine.safety_record import SafetyState, read_record
from tui_backup.stores.local import LocalStore

CALLS = (
    "link", "rename", "unlink", "rmdir", "mkdir", "symlink", "mknod", "mkfifo", "chmod", "fchmod", "chown", "utime",
    "setxattr", "removexattr", "write", "fsync",
)  # fmt: skip
TIME_NS = 10**18
OTHER = 12_345

State = tuple[dict[bytes, Traits], set[frozenset[bytes]]]


def build(root: Path) -> None:
    """Make what was backed up."""
    write_tree(root, {"same": b"same", "replaced": b"from the backup", "a/one": b"linked", "d/inner/file": b"in d"})
    write_tree(root, {"moded": b"moded", "new/deep/file": b"new", "was-dir": b"file now", "a/shut/file": b"from afar"})
    os.link(root / "a/one", root / "a/two")
    os.symlink("same", root / "link")
    os.mkfifo(root / "pipe")
    (root / "was-file").mkdir()
    (root / "was-file" / "x").write_bytes(b"x")
    os.setxattr(root / "a", "user.from", b"backup")
    age(root)


def edit(root: Path) -> None:
    """Make of it what the restore finds."""
    (root / "replaced").write_bytes(b"edited")
    for name in ("a/one", "a/two", "link", "pipe", "new/deep/file", "was-dir", "was-file/x", "a/shut/file"):
        (root / name).unlink()
    for name in ("was-file", "new/deep", "new"):
        (root / name).rmdir()
    write_tree(root, {"a/one": b"one inode", "was-file": b"a file before", "later/x/y": b"deleted", "later/z": b"too"})
    os.link(root / "a/one", root / "a/two")
    os.symlink("elsewhere", root / "link")
    os.mkfifo(root / "later" / "pipe")
    (root / "pipe").write_bytes(b"no pipe")
    (root / "was-dir").mkdir()
    os.chmod(root / "moded", 0o600)
    os.chmod(root / "d", 0o750)
    os.setxattr(root / "a", "user.later", b"edit")
    os.setxattr(root / "later/x", "user.later", b"edit")
    os.setxattr(root / "moded", "user.later", b"edit")
    age(root, 7)
    os.utime(root / "moded", ns=(TIME_NS, TIME_NS))
    os.chmod(root / "a/shut", 0o500)


def age(root: Path, step: int = 0) -> None:
    """Give all of it old times of its own."""
    for number, path in enumerate(sorted(root.rglob("*"), reverse=True)):
        os.utime(path, ns=(TIME_NS + step, TIME_NS + step * number), follow_symlinks=False)


def die_before(number: int) -> None:
    """Have this process killed before the N-th of its calls that change something."""
    calls = count(1)

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*arguments: Any, **options: Any) -> Any:
            if next(calls) == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **options)

        return counting

    for name in CALLS:
        setattr(os, name, counted(getattr(os, name)))


def was_killed(act: Callable[[], Any], user: int = 0, at: int | None = None) -> bool:
    """Do something in a child that may be another user and may be killed; return whether it was."""
    child = os.fork()
    if child == 0:
        if user:
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
        if at is not None:
            die_before(at)
        code = 1
        try:
            act()
            code = 0
        finally:
            if code:
                traceback.print_exc()
            os._exit(code)
    _child, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL), status
    return status == signal.SIGKILL


def give(paths: list[Path], user: int) -> None:
    for path in paths:
        os.chown(path, user, user, follow_symlinks=False)


def state_of(root: Path) -> State:
    return traits_of(root), links_of(root)


class Scene:
    def __init__(self, directory: Path, user: int, state: Path | None) -> None:
        self.directory, self.user, self.state = directory, user, state
        self.source = directory / "source"
        self.source.mkdir(parents=True)
        directory.chmod(0o755)
        build(self.source)

    def set_up(self, number: int) -> tuple[UndoableRestore, State]:
        place = self.directory / str(number)
        target = place / "target"
        target.mkdir(parents=True)
        build(target)
        edit(target)
        if self.user:
            give([place, *place.rglob("*"), *self.source.rglob("*")], self.user)
        restore = UndoableRestore(target, captured(os.fsencode(self.source)), (self.state or place) / f"home-{number}")
        if self.state is not None:
            give([target, *(path for path in target.rglob("*") if path.is_dir() and not path.is_symlink())], OTHER)
            store = LocalStore(str(self.state / f"repository-{number}"))
            store.create()
            restore.repository = Mixed(restore.repository, instant_repository(store))
        return restore, state_of(target)

    def play(self, direction: str, number: int) -> bool:
        restore, before = self.set_up(number)

        def run() -> None:
            restore.run(overwrite="always", delete=True)
            assert len(restore.warnings) == (self.state is not None), restore.warnings

        def undo() -> None:
            result = restore.undo()
            assert not restore.warnings, restore.warnings
            assert result.status == "ok"

        if direction == "restore":
            killed = was_killed(run, self.user, number)
        else:
            was_killed(run, self.user)
            assert state_of(restore.target) != before
            killed = was_killed(undo, self.user, number)
        record = read_record(restore.home)
        if record is not None and record.state is SafetyState.KEPT:
            was_killed(undo, self.user)
            was_killed(restore.discard, self.user)
        after = state_of(restore.target)
        assert after[1] == before[1]
        different = {path for path in {*after[0], *before[0]} if after[0].get(path) != before[0].get(path)}
        assert not different, different
        shutil.rmtree(restore.target.parent)
        return killed


def main() -> None:
    direction, directory, step, user, *state = sys.argv[1:]
    scene = Scene(Path(directory, direction), int(user), Path(state[0]) if state else None)
    print(sum(1 for _death in takewhile(lambda number: scene.play(direction, number), count(1, int(step)))))


if __name__ == "__main__":
    main()
