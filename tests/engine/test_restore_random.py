"""Random trees, written, captured, restored and compared."""

import os
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from tests.support.given import captured
from tests.support.restoring import Restore
from tests.support.trees import links_of, traits_of
from tui_backup.model.run import RunStatus

NAMES = some.binary(min_size=1, max_size=12).filter(lambda name: name not in (b".", b"..") and not {0, 47} & set(name))
TIMES = some.integers(min_value=-(10**18), max_value=8 * 10**18)
ZEROS = some.integers(min_value=0, max_value=300_000).map(bytes)
CONTENTS = some.lists(some.one_of(some.binary(max_size=50), ZEROS), max_size=4).map(b"".join)
ATTRIBUTES = some.dictionaries(some.sampled_from([b"user.a", b"user.\xc3\xa9"]), some.binary(max_size=9), max_size=2)
METADATA = some.tuples(some.sampled_from([0o700, 0o755, 0o1777, 0o4755]), TIMES, ATTRIBUTES)
LEAVES = some.one_of(
    some.tuples(some.just("file"), CONTENTS, METADATA),
    some.tuples(some.just("link"), some.binary(min_size=1, max_size=300).filter(lambda raw: 0 not in raw), METADATA),
    some.tuples(some.just("pipe"), some.just(b""), METADATA),
    some.tuples(some.just("again"), some.just(b""), METADATA),
)
TREES = some.recursive(
    some.dictionaries(NAMES, LEAVES, max_size=4),
    lambda below: some.dictionaries(
        NAMES, some.one_of(LEAVES, some.tuples(some.just("dir"), below, METADATA)), max_size=4
    ),
    max_leaves=25,
)


def grow(path: bytes, tree: dict[bytes, Any], files: list[bytes]) -> None:
    """Write a tree below `path`; `again` is a hard link to the last file written."""
    for name, (kind, what, (mode, time, attributes)) in tree.items():
        at = path + b"/" + name
        if kind == "dir":
            os.mkdir(at)
            grow(at, what, files)
        elif kind == "link":
            os.symlink(what, at)
        elif kind == "pipe":
            os.mkfifo(at)
        elif kind == "again" and files:
            os.link(files[-1], at)
        else:
            Path(os.fsdecode(at)).write_bytes(what)
            files.append(at)
        if kind in ("dir", "file"):
            for attribute, value in attributes.items():
                os.setxattr(at, attribute, value)
        if kind != "link":
            os.chmod(at, mode)
        os.utime(at, ns=(time, time), follow_symlinks=False)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tree=TREES)
def test_any_tree_comes_back_as_it_was_and_is_then_left_alone(tree: dict[bytes, Any]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        source, target = Path(directory, "source"), Path(directory, "target")
        source.mkdir()
        grow(os.fsencode(source), tree, [])
        restore = Restore(target, captured(os.fsencode(source)))
        plan = restore.plan()
        result = restore.run(plan)
        assert (result.status, result.written, restore.warnings) == (RunStatus.OK, plan.new, [])
        assert {**traits_of(target), b".": None} == {**traits_of(source), b".": None}
        assert links_of(target) == links_of(source)
        again = restore.run(overwrite="always")
        assert (again.written, restore.repository.placed) == (0, [])
