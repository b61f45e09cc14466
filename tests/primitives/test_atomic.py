"""Files are written whole or not at all."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tui_backup.primitives.atomic import write_new, write_whole


def test_a_file_is_replaced_and_gets_its_mode_whatever_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old and longer")
    previous = os.umask(0o077)
    try:
        write_whole(str(path), b"new", mode=0o644)
    finally:
        os.umask(previous)
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert os.listdir(tmp_path) == ["file"]


def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    write_new(str(tmp_path / "key"), b"secret")
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


@pytest.mark.parametrize("make", [Path.touch, lambda path: path.symlink_to("nowhere"), Path.mkdir])
def test_a_new_file_never_takes_a_name_that_is_taken(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "key")
    before = os.lstat(tmp_path / "key")
    with pytest.raises(FileExistsError):
        write_new(str(tmp_path / "key"), b"secret")
    assert os.lstat(tmp_path / "key") == before
    assert os.listdir(tmp_path) == ["key"]


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(IsADirectoryError):
        write_whole(str(tmp_path / "taken"), b"content")
    assert os.listdir(tmp_path) == ["taken"]


def test_the_longest_of_names_can_be_written(tmp_path: Path) -> None:
    write_new(str(tmp_path / ("n" * 255)), b"content")
    assert (tmp_path / ("n" * 255)).read_bytes() == b"content"
