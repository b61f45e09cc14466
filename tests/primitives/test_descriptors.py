import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.trees import write_tree
from tui_backup.primitives.descriptors import (
    Directories,
    check_name,
    create_file,
    is_temporary,
    link_at,
    open_root,
    pinned,
    remove,
    rename_at,
    status_at,
    sync_file_system,
    temporary_name,
)


@pytest.fixture
def directories(tmp_path: Path) -> Iterator[Directories]:
    write_tree(tmp_path, {"a/b/c/file": b"deep", "other/file": b"other"})
    (tmp_path / "link").symlink_to("a")
    with Directories(open_root(os.fsencode(tmp_path)), kept=2) as found:
        yield found


def test_a_directory_is_reached_name_by_name(directories: Directories) -> None:
    assert os.listdir(directories.open(b"/a/b/c")) == ["file"]
    assert directories.open(b"") == directories.root


@pytest.mark.parametrize("path", [b"/link", b"/link/b", b"/a/b/c/file", b"/none", b"/..", b"/a/../a", b"//a", b"/a\0"])
def test_no_link_and_no_trick_leads_on(directories: Directories, path: bytes) -> None:
    with pytest.raises(OSError, match=r"."):
        directories.open(path)


def test_no_more_descriptors_than_wanted_stay_open(directories: Directories) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for path in (b"/a", b"/a/b", b"/a/b/c", b"/other"):
        directories.open(path)
    assert len(os.listdir("/proc/self/fd")) == before + 2


def test_a_directory_that_was_closed_is_opened_again(directories: Directories) -> None:
    for path in (b"/a/b/c", b"/other", b"/a", b"/a/b/c"):
        assert os.listdir(directories.open(path))


def test_a_forgotten_directory_is_looked_up_again(directories: Directories, tmp_path: Path) -> None:
    directories.open(b"/other")
    (tmp_path / "other").rename(tmp_path / "gone")
    directories.forget(b"/other")
    with pytest.raises(FileNotFoundError):
        directories.open(b"/other")


@pytest.mark.parametrize("name", [b"", b".", b"..", b"a/b", b"/", b"a\0"])
def test_what_is_no_name_is_refused(name: bytes) -> None:
    with pytest.raises(OSError, match="not a name"):
        check_name(name)


@pytest.mark.parametrize("name", [b"a", b"n" * 255, b"\xff\n"])
def test_temporary_names_are_new_fit_and_are_known(name: bytes) -> None:
    first, second = temporary_name(name), temporary_name(name)
    assert first != second
    assert len(first) <= 255
    assert is_temporary(first)
    assert not is_temporary(name)


def test_a_rename_takes_no_name_that_is_taken(directories: Directories, tmp_path: Path) -> None:
    os.close(create_file(directories.root, b"new"))
    with pytest.raises(FileExistsError):
        rename_at(directories.root, b"new", b"link", replace=False)
    assert (tmp_path / "link").is_symlink()
    rename_at(directories.root, b"new", b"link", replace=True)
    assert not (tmp_path / "link").is_symlink()


def test_creating_a_file_follows_no_link(directories: Directories, tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to("made")
    with pytest.raises(FileExistsError):
        create_file(directories.root, b"dangling")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("replace", [False, True])
def test_a_file_gets_a_further_name(directories: Directories, tmp_path: Path, replace: bool) -> None:
    if replace:
        (tmp_path / "second").write_text("old")
    link_at((directories.open(b"/other"), b"file"), directories.root, b"second", replace=replace)
    assert (tmp_path / "second").samefile(tmp_path / "other/file")
    assert not [name for name in os.listdir(tmp_path) if is_temporary(os.fsencode(name))]


def test_pinning_a_link_changes_the_link_itself(directories: Directories, tmp_path: Path) -> None:
    with pinned(directories.root, b"link") as place:
        os.utime(place, ns=(1, 2))
    assert (tmp_path / "link").lstat().st_mtime_ns == 2
    assert (tmp_path / "a").stat().st_mtime_ns != 2


def test_removing_takes_a_link_or_an_empty_directory_only(directories: Directories, tmp_path: Path) -> None:
    remove(directories.root, b"link")
    with pytest.raises(OSError, match="not empty"):
        remove(directories.root, b"other")
    assert status_at(directories.root, b"link") is None
    assert (tmp_path / "a").exists()


def test_a_file_system_can_be_synced(directories: Directories) -> None:
    sync_file_system(directories.root)
