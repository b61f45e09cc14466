"""The walk against the system's own view, and against those who change the tree under it."""

import errno
import os
import resource
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.trees import write_tree
from tui_backup.model.entry import Entry, EntryKind
from tui_backup.model.watch import Watch
from tui_backup.sources.base import Unread
from tui_backup.sources.files import FilesSource

NAMES = st.binary(min_size=1, max_size=3).filter(lambda name: not {0, 47} & {*name} and name not in {b".", b".."})
TREES = st.recursive(
    st.one_of(st.just(None), st.binary(max_size=8)),
    lambda inner: st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=20,
).filter(lambda tree: isinstance(tree, dict))


def build(place: bytes, tree: dict[bytes, object]) -> None:
    """Make directories from dicts, files from bytes and dangling links from None."""
    for name, what in tree.items():
        path = place + b"/" + name
        if isinstance(what, dict):
            os.mkdir(path)
            build(path, what)
        elif what is None:
            os.symlink(b"nowhere", path)
        elif isinstance(what, bytes):
            with open(path, "wb") as file:
                file.write(what)


def seen_by_lstat(directory: bytes) -> Iterator[tuple[bytes, int, int, int]]:
    for name in sorted(os.listdir(directory)):
        path = directory + b"/" + name
        status = os.lstat(path)
        is_dir = stat.S_ISDIR(status.st_mode)
        yield path, status.st_ino, stat.S_IMODE(status.st_mode), status.st_mtime_ns
        if is_dir:
            yield from seen_by_lstat(path)


def walk(root: Path) -> Iterator[Entry | Unread]:
    """Yield what is below `root`, without its parents and itself."""
    found = FilesSource(paths=(str(root),)).entries(Watch())
    return (item for item in found if item.path.startswith(os.fsencode(root) + b"/"))


@settings(max_examples=60, deadline=None)
@given(tree=TREES)
def test_a_walk_sees_what_lstat_sees_in_byte_order(tree: dict[bytes, object]) -> None:
    with TemporaryDirectory() as place:
        build(os.fsencode(place), tree)
        found = [item for item in walk(Path(place)) if isinstance(item, Entry)]
        seen = list(seen_by_lstat(os.fsencode(place)))
    assert [(entry.path, entry.inode, entry.mode, entry.mtime_ns) for entry in found] == seen


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "outside", {"secret": b"secret"})


def test_a_directory_that_became_a_link_is_not_followed(tmp_path: Path, outside: Path) -> None:
    root = write_tree(tmp_path / "root", {"victim/secret": b"harmless"})
    found = []
    for item in walk(root):
        found.append(item)
        if item.path.endswith(b"victim") and isinstance(item, Entry):
            (root / "victim").rename(tmp_path / "away")
            (root / "victim").symlink_to(outside)
    assert [type(item) for item in found] == [Entry, Unread]
    assert found[1] == Unread(os.fsencode(root / "victim"), os.strerror(errno.ESTALE), vanished=True)


def test_a_directory_that_was_swapped_is_not_entered(tmp_path: Path, outside: Path) -> None:
    root = write_tree(tmp_path / "root", {"victim/secret": b"harmless"})
    found = []
    for item in walk(root):
        found.append(item)
        if isinstance(item, Entry):
            (root / "victim").rename(tmp_path / "away")
            outside.rename(root / "victim")
    assert isinstance(found[1], Unread)


def test_a_file_below_a_swapped_directory_is_not_opened(tmp_path: Path, outside: Path) -> None:
    root = write_tree(tmp_path / "root", {"victim/secret": b"harmless"})
    entry = next(item for item in walk(root) if item.path.endswith(b"secret"))
    assert isinstance(entry, Entry)
    (root / "victim").rename(tmp_path / "away")
    (root / "victim").symlink_to(outside)
    with pytest.raises(OSError, match=os.strerror(errno.ESTALE)):
        entry.origin.open(entry)
    assert entry.origin.relist(entry) is None


@pytest.mark.parametrize("replace", [Path.touch, os.mkfifo, lambda path: path.symlink_to("/etc/passwd")])
def test_a_file_that_was_replaced_is_not_opened(tmp_path: Path, replace: Callable[[Path], None]) -> None:
    place = tmp_path / "file"
    place.write_bytes(b"old")
    (entry,) = walk(tmp_path)
    assert isinstance(entry, Entry)
    place.rename(tmp_path / "kept")
    replace(place)
    with pytest.raises(OSError, match=os.strerror(errno.ESTALE)):
        entry.origin.open(entry)


def test_a_replaced_file_can_be_listed_again(tmp_path: Path) -> None:
    write_tree(tmp_path, {"a/file": b"old"})
    entry = next(item for item in walk(tmp_path) if item.path.endswith(b"file"))
    assert isinstance(entry, Entry)
    (tmp_path / "new").write_bytes(b"newer")
    (tmp_path / "new").rename(tmp_path / "a/file")
    again = entry.origin.relist(entry)
    assert again is not None
    assert (again.path, again.kind, again.size) == (entry.path, EntryKind.FILE, 5)
    with again.origin.open(again) as file:
        assert file.read() == b"newer"


def test_what_vanished_after_listing_is_no_failure(tmp_path: Path) -> None:
    write_tree(tmp_path, {"a": b"", "b/c": b"", "d": b""})
    listing = walk(tmp_path)
    next(listing)
    for path in ("b/c", "d"):
        (tmp_path / path).unlink()
    (tmp_path / "b").rmdir()
    left = list(listing)
    assert [(os.path.basename(item.path), item.vanished) for item in left if isinstance(item, Unread)] == [
        (b"b", True),
        (b"d", True),
    ]


@pytest.fixture
def deep(tmp_path: Path) -> Iterator[Path]:
    """A chain of 300 directories with long names, far beyond what one path can hold, with a file at either end."""
    start = os.open(tmp_path, os.O_RDONLY)
    here = os.dup(start)
    for _ in range(300):
        os.mkdir("d" * 100, dir_fd=here)
        below = os.open("d" * 100, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("file", os.O_WRONLY | os.O_CREAT, dir_fd=here))
    os.write(bottom := os.open("file", os.O_WRONLY, dir_fd=here), b"deep")
    os.setxattr(bottom, "user.note", b"deep")
    (tmp_path / "last").touch()
    yield tmp_path
    for descriptor in (bottom, here, start):
        os.close(descriptor)


def test_a_tree_deeper_than_a_path_or_the_open_files_is_walked_and_read(deep: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (150, hard))
    try:
        *_directories, file, last = walk(deep)
        assert isinstance(file, Entry)
        assert last.path == os.fsencode(deep / "last")
        with file.origin.open(file) as content:
            assert content.read() == b"deep"
        assert file.origin.xattrs(file) == ((b"user.note", b"deep"),)
        assert file.origin.relist(file) == file
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_an_abandoned_walk_leaves_no_descriptor_open(tmp_path: Path) -> None:
    write_tree(tmp_path, {"a/b/c": b""})
    before = len(os.listdir("/proc/self/fd"))
    listing = walk(tmp_path)
    for _ in range(3):
        next(listing)
    del listing
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.requires("root")
def test_attributes_of_a_link_are_its_own(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    os.setxattr(tmp_path / "link", "trusted.note", b"x", follow_symlinks=False)
    (entry,) = walk(tmp_path)
    assert isinstance(entry, Entry)
    assert entry.origin.xattrs(entry) == ((b"trusted.note", b"x"),)
