"""Where walks begin, and in which order."""

import os
from pathlib import Path

from tests.support.trees import write_tree
from tui_backup.sources.roots import Root, arrange, enclosing


def root(stored: bytes) -> Root:
    return Root(stored, stored, os.lstat("/"))


def test_roots_come_by_names_and_not_by_their_bytes() -> None:
    roots = [root(b"/usr-local"), root(b"/usr/bin")]
    assert [each.stored for each in arrange(roots, None)] == [b"/usr", b"/usr/bin", b"/usr-local"]


def test_a_root_lies_inside_the_outermost() -> None:
    roots = {path: root(path) for path in (b"/srv", b"/srv/a", b"/srv/a/b", b"/srv-old")}
    assert enclosing(roots[b"/srv/a/b"], roots) is roots[b"/srv"]
    assert enclosing(roots[b"/srv-old"], roots) is None
    assert enclosing(roots[b"/srv"], {b"/": root(b"/")}) is not None


def test_a_parent_is_marked_and_known_by_its_real_path(tmp_path: Path) -> None:
    write_tree(tmp_path, {"mnt/site/x": b""})
    (tmp_path / "srv").symlink_to("mnt")
    path = os.fsencode(tmp_path / "srv/site")
    *_parents, parent, site = arrange([Root(path, path, os.lstat(path))], None)
    assert (parent.parent, parent.real) == (True, os.fsencode(tmp_path / "mnt"))
    assert not site.parent
