import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui_backup.primitives.safety_directory import (
    NAME,
    is_safety_directory,
    make_inside,
    may_hold_safety_directory,
    open_private,
    remove_inside,
)

SAFETY = os.fsdecode(NAME)


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[int]:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def test_it_is_ours_alone_and_leaves_the_times_of_its_directory(parent: int, tmp_path: Path) -> None:
    os.utime(tmp_path, ns=(5, 7))
    os.close(make_inside(parent, b"one"))
    os.close(make_inside(parent, b"two"))
    assert is_safety_directory(parent, NAME)
    assert (tmp_path / SAFETY).stat().st_mode & 0o777 == (tmp_path / SAFETY / "one").stat().st_mode & 0o777 == 0o700
    remove_inside(parent, b"one")
    assert is_safety_directory(parent, NAME)
    remove_inside(parent, b"two")
    assert os.listdir(tmp_path) == []
    assert tmp_path.stat().st_mtime_ns == 7


def test_a_directory_of_that_name_is_no_safety_directory(parent: int, tmp_path: Path) -> None:
    assert not is_safety_directory(parent, NAME)
    (tmp_path / SAFETY).mkdir(0o700)
    (tmp_path / SAFETY / "mine").touch()
    assert not is_safety_directory(parent, NAME)
    with pytest.raises(FileExistsError):
        make_inside(parent, b"one")
    (tmp_path / SAFETY / "CACHEDIR.TAG").write_bytes(b"Signature: 8a477f597d28d172789f06886806bc55\n")
    assert not is_safety_directory(parent, NAME)
    with pytest.raises(FileExistsError):
        make_inside(parent, b"one")


def test_one_that_others_may_enter_or_that_is_a_link_is_not_used(parent: int, tmp_path: Path) -> None:
    (tmp_path / SAFETY).mkdir()
    (tmp_path / SAFETY).chmod(0o755)
    with pytest.raises(PermissionError):
        make_inside(parent, b"one")
    (tmp_path / SAFETY).rmdir()
    (tmp_path / "elsewhere").mkdir(0o700)
    (tmp_path / SAFETY).symlink_to("elsewhere")
    with pytest.raises(NotADirectoryError):
        make_inside(parent, b"one")
    assert not is_safety_directory(parent, NAME)


def test_what_an_interruption_left_is_adopted(parent: int, tmp_path: Path) -> None:
    (tmp_path / SAFETY).mkdir(0o700)
    os.close(make_inside(parent, b"one"))
    (tmp_path / SAFETY / "CACHEDIR.TAG").write_bytes(b"Sig")
    (tmp_path / SAFETY / "one").rmdir()
    os.close(make_inside(parent, b"one"))
    assert is_safety_directory(parent, NAME)


@pytest.mark.parametrize(("mode", "allowed"), [(0o755, True), (0o1777, True), (0o777, False), (0o775, False)])
def test_it_lies_only_where_nobody_else_can_rename_it(tmp_path: Path, mode: int, allowed: bool) -> None:
    tmp_path.chmod(mode)
    assert may_hold_safety_directory(tmp_path.stat()) is allowed


@pytest.mark.requires("root")
def test_that_of_somebody_else_is_not_used_and_known_by_its_name(parent: int, tmp_path: Path) -> None:
    os.close(make_inside(parent, b"one"))
    os.chown(tmp_path / SAFETY, 12_345, 12_345)
    assert not may_hold_safety_directory((tmp_path / SAFETY).stat())
    with pytest.raises(PermissionError):
        open_private(NAME, parent)
    os.chown(tmp_path / SAFETY, 0, 0)
    assert [seen_by(12_345, parent), seen_by(12_345, parent, closed=True)] == [True, False]


def seen_by(user: int, directory: int, *, closed: bool = False) -> bool:
    """Return whether a user who may read a directory, and not enter it where that is closed, knows it for one."""
    os.fchmod(directory, 0o744 if closed else 0o755)
    os.seteuid(user)
    try:
        return is_safety_directory(directory, NAME)
    finally:
        os.seteuid(0)
