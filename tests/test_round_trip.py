"""Random trees and random edits: backed up, restored, compared, told apart."""

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from tests.support.instant import instant_repository
from tests.support.repositories import keep, put_back
from tests.support.trees import Traits, links_of, traits_of
from tui_backup.engine.diff import diff
from tui_backup.formats.restic.repository import ResticRepository
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.watch import Watch

ODD = [b"\xff\xfe", b"line\nbreak", b'"', b"\\", b"\x1b[31m", b" ", b"-rf", "\u2028\u200b".encode(), b"~" * 255, b"..."]
NAMES = some.one_of(
    some.sampled_from(ODD),
    some.binary(min_size=1, max_size=10).filter(lambda name: name not in (b".", b"..") and not {0, 47} & set(name)),
)
TIMES = some.integers(min_value=-(10**18), max_value=8 * 10**18)
MODES = some.sampled_from([0o600, 0o644, 0o755, 0o1777, 0o2755, 0o4755, 0o7777, 0o700])
ATTRIBUTES = some.dictionaries(some.sampled_from(["user.a", "user.\u00e9"]), some.binary(max_size=9), max_size=2)
METADATA = some.tuples(MODES, TIMES, ATTRIBUTES)
SIZES = some.sampled_from([0, 1, 511, 512 << 10, (512 << 10) + 1, 3_000_000])
CONTENTS = some.one_of(
    some.binary(max_size=40),
    some.tuples(SIZES, some.integers(0, 3)).map(lambda given: bytes([given[1]]) * given[0]),
)
TARGETS = some.binary(min_size=1, max_size=300).filter(lambda raw: 0 not in raw)
LEAVES = some.one_of(
    some.tuples(some.just("file"), CONTENTS, METADATA),
    some.tuples(some.just("sparse"), some.integers(0, 20_000_000), METADATA),
    some.tuples(some.just("link"), TARGETS, METADATA),
    some.tuples(some.sampled_from(["pipe", "again", "socket", "char"]), some.just(b""), METADATA),
)
TREES = some.recursive(
    some.dictionaries(NAMES, LEAVES, max_size=4),
    lambda below: some.dictionaries(
        NAMES, some.one_of(LEAVES, some.tuples(some.just("dir"), below, METADATA)), max_size=4
    ),
    max_leaves=25,
)


def grow(path: bytes, tree: dict[bytes, Any], files: list[bytes]) -> None:
    """Write a tree below `path`; `again` is a hard link to the last file written, wherever that is."""
    for name, (kind, what, metadata) in tree.items():
        at = path + b"/" + name
        if kind == "dir":
            os.mkdir(at)
            grow(at, what, files)
        else:
            make(at, kind, what, files)
        dress(at, kind, metadata)


def make(at: bytes, kind: str, what: Any, files: list[bytes]) -> None:
    if kind == "link":
        os.symlink(what, at)
    elif kind == "pipe":
        os.mkfifo(at)
    elif kind == "socket":
        bind(at)
    elif kind == "char":
        os.mknod(at, 0o020600, os.makedev(1, 3))
    elif kind == "again" and files:
        os.link(files[-1], at)
    else:
        with open(at, "wb") as file:
            file.truncate(what) if kind == "sparse" else file.write(what)
        files.append(at)


BINDING = b"a socket on its way to its name"


def bind(at: bytes) -> None:
    directory = os.open(os.path.dirname(at), os.O_PATH)
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(b"/proc/self/fd/%d/%s" % (directory, BINDING))
        os.rename(os.path.join(os.path.dirname(at), BINDING), at)
    finally:
        os.close(directory)


def dress(at: bytes, kind: str, metadata: tuple[int, int, dict[str, bytes]]) -> None:
    mode, time, attributes = metadata
    if kind in ("dir", "file"):
        for attribute, value in attributes.items():
            os.setxattr(at, attribute, value)
    if kind != "link":
        os.chmod(at, mode)
    os.utime(at, ns=(time, time), follow_symlinks=False)


def shared(root: Path) -> set[frozenset[bytes]]:
    return {names for names in links_of(root) if len(names) > 1}


def without_sockets(traits: dict[bytes, Traits]) -> dict[bytes, Traits]:
    return {path: found for path, found in traits.items() if found.kind != 0o140000}


@pytest.fixture(scope="module")
def scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as directory:
        yield Path(directory)


@pytest.mark.requires("root")
@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(tree=TREES)
def test_any_tree_survives_backup_and_restore(scratch: Path, tree: dict[bytes, Any]) -> None:
    with tempfile.TemporaryDirectory(dir=scratch) as directory:
        root = Path(directory, "data")
        root.mkdir()
        grow(bytes(root), tree, [])
        repository = instant_repository()
        kept = keep(repository, root)
        assert (kept.tally.unreadable, kept.snapshot.status) == (0, "ok")
        back = put_back(repository, kept.snapshot, Path(directory, "back"))
        assert traits_of(back) == without_sockets(traits_of(root))
        assert shared(back) == shared(root)


EDITS = some.lists(
    some.tuples(
        some.integers(0, 1000),
        some.sampled_from(["content", "append", "mode", "time", "remove", "type", "retarget", "add", "nothing"]),
        some.binary(min_size=1, max_size=20),
    ),
    min_size=1,
    max_size=6,
)


def everything(root: Path) -> list[bytes]:
    return sorted(path for path in traits_of(root) if path != b".")


def edit(root: Path, choice: int, what: str, content: bytes) -> None:
    """Change one thing below a directory."""
    paths = everything(root)
    if what == "add" or not paths:
        directories = [b".", *(path for path in paths if os.path.isdir(at(root, path)) and not is_link(root, path))]
        place = at(root, directories[choice % len(directories)]) + b"/added-%d" % choice
        if not os.path.lexists(place):
            with open(place, "wb") as file:
                file.write(content)
        return
    path = at(root, paths[choice % len(paths)])
    if os.path.islink(path):
        if what == "retarget":
            os.unlink(path)
            os.symlink(content.replace(b"\0", b"0"), path)
    elif what == "remove":
        remove(path)
    elif what == "type":
        was_directory = os.path.isdir(path)
        remove(path)
        os.mkfifo(path) if was_directory else os.mkdir(path)
    elif what == "mode":
        os.chmod(path, choice % 0o1000 | 0o700)
    elif what == "time":
        os.utime(path, ns=(choice, choice * 10**9 + 7))
    elif os.path.isfile(path) and what in ("content", "append"):
        with open(path, "wb" if what == "content" else "ab") as file:
            file.write(content)


def at(root: Path, relative: bytes) -> bytes:
    return bytes(root) if relative == b"." else bytes(root) + b"/" + relative


def is_link(root: Path, relative: bytes) -> bool:
    return os.path.islink(at(root, relative))


def remove(path: bytes) -> None:
    if os.path.isdir(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def expected(before: dict[bytes, Traits], after: dict[bytes, Traits]) -> dict[bytes, str]:
    """Return path -> what changed, as plainly as can be."""
    found = dict.fromkeys(before.keys() - after.keys(), "removed") | dict.fromkeys(
        after.keys() - before.keys(), "added"
    )
    for path in before.keys() & after.keys():
        old, new = before[path], after[path]
        if old.kind != new.kind:
            found[path] = "type"
        elif old.content != new.content:
            found[path] = "content"
        elif metadata(old) != metadata(new):
            found[path] = "metadata"
    return found


def metadata(traits: Traits) -> tuple[object, ...]:
    time = traits.mtime_ns if traits.kind == 0o100000 else 0
    return traits.mode, traits.owner, traits.device, time


def told(repository: ResticRepository, first: Snapshot, second: Snapshot, root: Path) -> dict[bytes, str]:
    under = bytes(root)
    differences = diff(repository.entries(first, under), repository.entries(second, under), Watch())
    return {os.path.relpath(each.path, under): each.change.value for each in differences}


@pytest.mark.requires("root")
@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(tree=TREES, edits=EDITS)
def test_random_edits_give_exactly_their_differences(
    scratch: Path, tree: dict[bytes, Any], edits: list[tuple[int, str, bytes]]
) -> None:
    with tempfile.TemporaryDirectory(dir=scratch) as directory:
        root = Path(directory, "data")
        root.mkdir()
        grow(bytes(root), tree, [])
        repository = instant_repository()
        before, first = traits_of(root), keep(repository, root).snapshot
        for choice, what, content in edits:
            edit(root, choice, what, content)
        after, second = traits_of(root), keep(repository, root).snapshot
        before.pop(b".")
        after.pop(b".")
        assert told(repository, first, second, root) == expected(before, after)
        back = put_back(repository, second, Path(directory, "back"))
        assert traits_of(back) == without_sockets(traits_of(root))
