"""A path of a snapshot is opened on disk, and nothing that lies elsewhere."""

import os
from pathlib import Path

import pytest

from tests.support.trees import write_tree
from tui_backup.sources.files import FilesSource
from tui_backup.sources.stored import open_below


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    write_tree(tmp_path / "outside", {"secret": b"secret"})
    return write_tree(tmp_path / "tree", {"file": b"content", "deep/er/file": b"deeper"})


def read(source: FilesSource, path: str | bytes) -> bytes | None:
    stream = source.open_stored(os.fsencode(path))
    if stream is None:
        return None
    with stream:
        return stream.read()


def test_a_file_in_place(tree: Path) -> None:
    source = FilesSource(paths=(str(tree),))
    assert read(source, f"{tree}/file") == b"content"
    assert read(source, f"{tree}/deep/er/file") == b"deeper"


def test_a_file_stored_below_a_name(tree: Path) -> None:
    one = FilesSource(paths=(str(tree),), as_="static")
    assert read(one, "/static/deep/er/file") == b"deeper"
    assert read(one, f"{tree}/file") is None
    both = FilesSource(paths=(str(tree), str(tree.parent / "outside")), as_="static")
    assert read(both, "/static/tree/file") == b"content"
    assert read(both, "/static/outside/secret") == b"secret"


def test_a_single_file_below_a_name(tree: Path) -> None:
    assert read(FilesSource(paths=(str(tree / "file"),), as_="static"), "/static/file") == b"content"
    assert read(FilesSource(paths=(str(tree / "file"),), as_="static"), "/static/other") is None
    assert read(FilesSource(paths=(str(tree / "file"),)), str(tree / "file")) == b"content"


def test_the_whole_system() -> None:
    stream = open_below(b"/", b"/", os.fsencode(__file__))
    assert stream is not None
    with stream:
        assert stream.read() == Path(__file__).read_bytes()


@pytest.mark.parametrize(
    "path", ["{tree}/none", "{tree}/deep", "{tree}", "{tree}/../outside/secret", "{tree}-2/file", "{tree}/", "/", ""]
)
def test_what_is_no_file_of_the_source_is_not_opened(path: str, tree: Path) -> None:
    write_tree(tree.with_name("tree-2"), {"file": b"other"})
    assert read(FilesSource(paths=(str(tree),)), path.format(tree=tree)) is None


def test_links_are_not_followed(tree: Path) -> None:
    outside = tree.parent / "outside"
    (tree / "link").symlink_to(outside / "secret")
    (tree / "way").symlink_to(outside)
    (tree.parent / "alias").symlink_to(outside)
    source = FilesSource(paths=(str(tree), str(tree.parent / "alias")))
    assert read(source, f"{tree}/link") is None
    assert read(source, f"{tree}/way/secret") is None
    assert read(source, f"{tree.parent}/alias/secret") is None


def test_a_pipe_is_not_waited_for(tree: Path) -> None:
    os.mkfifo(tree / "pipe")
    assert read(FilesSource(paths=(str(tree),)), f"{tree}/pipe") is None
