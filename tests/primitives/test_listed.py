"""Opening exactly what was listed."""

import errno
import os
from pathlib import Path

import pytest

from tui_backup.primitives.listed import beneath, open_listed, open_listed_directory, short, xattrs_listed


def identity(path: Path) -> tuple[int, int]:
    status = path.lstat()
    return status.st_dev, status.st_ino


def test_the_listed_file_is_opened_and_its_access_time_left_alone(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_bytes(b"content")
    os.utime(place, ns=(1, 2))
    descriptor = open_listed(os.fsencode(place), *identity(place))
    assert os.read(descriptor, 10) == b"content"
    os.close(descriptor)
    assert place.stat().st_atime_ns == 1


def test_a_link_is_neither_opened_nor_entered(tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    (tmp_path / "file").touch()
    for target, opens in (("file", open_listed), ("directory", open_listed_directory)):
        link = tmp_path / f"link to {target}"
        link.symlink_to(target)
        with pytest.raises(OSError, match="Stale"):
            opens(os.fsencode(link), *identity(tmp_path / target))


def test_a_fifo_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="Stale") as failure:
        open_listed(os.fsencode(tmp_path / "fifo"), *identity(tmp_path / "file"))
    assert failure.value.errno == errno.ESTALE


def test_attributes_of_another_file_are_not_given(tmp_path: Path) -> None:
    (tmp_path / "listed").touch()
    (tmp_path / "other").touch()
    os.setxattr(tmp_path / "other", "user.secret", b"x")
    with pytest.raises(OSError, match="Stale"):
        xattrs_listed(os.fsencode(tmp_path / "other"), *identity(tmp_path / "listed"))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_file_system_without_attributes_has_none() -> None:
    assert xattrs_listed(b"/proc/self/stat", 0, 0) == ()


def test_the_way_below_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    (tmp_path / "directory/file").touch()
    (tmp_path / "link").symlink_to("directory")
    with beneath(os.fsencode(tmp_path), b"directory/file") as (name, descriptor):
        assert os.stat(name, dir_fd=descriptor).st_ino == (tmp_path / "directory/file").stat().st_ino
    with pytest.raises(NotADirectoryError), beneath(os.fsencode(tmp_path), b"link/file"):
        pass


def test_a_short_path_is_left_as_it_is() -> None:
    with short(b"/srv/file") as way:
        assert way == (b"/srv/file", None)
