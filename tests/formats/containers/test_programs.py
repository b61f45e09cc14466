"""GNU tar, bsdtar, unzip, 7z and Python open what we write, and bring back what was there."""

import os
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.support.odd_trees import SPARSE, make_odd_tree
from tests.support.packing import TARS, pack_tree
from tests.support.tars import unpack
from tests.support.trees import Traits, links_of, traits_of

_GNU = ["tar", "--xattrs", "--xattrs-include=*", "-xpf"]
_BSD = ["bsdtar", "-xpf"]
_PYTHON_CAN = ("tar", "tar.gz")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_odd_tree(tmp_path_factory.mktemp("odd") / "tree")


def extracted(command: list[str], archive: Path, into: Path, tree: Path) -> Path:
    """Extract an archive with a program; return where the tree is then."""
    into.mkdir()
    subprocess.run([*command, str(archive), "-C", str(into)], check=True, capture_output=True)
    return into / tree.relative_to("/")


def told(traits: dict[bytes, Traits], *, without: tuple[str, ...] = (), names: tuple[bytes, ...] = ()) -> object:
    """Return traits by path, without some fields, and without the paths that hold one of `names`."""
    return {
        path: [getattr(one, field) for field in one._fields if field not in without]
        for path, one in traits.items()
        if not any(name in path for name in names)
    }


@pytest.mark.requires("root")
@pytest.mark.parametrize("kind", TARS)
def test_gnu_tar_brings_everything_back(tree: Path, tmp_path: Path, kind: str) -> None:
    archive = tmp_path / f"archive.{kind}"
    pack_tree(tree, kind, archive)
    restored = extracted(_GNU, archive, tmp_path / "out", tree)
    assert traits_of(restored) == traits_of(tree)
    assert links_of(restored) == links_of(tree)
    assert os.stat(restored / "sparse").st_blocks * 512 < SPARSE // 2


@pytest.mark.requires("root", "bsdtar")
@pytest.mark.parametrize("kind", TARS)
def test_bsdtar_brings_everything_back(tree: Path, tmp_path: Path, kind: str) -> None:
    """But for names of attributes that GNU tar writes otherwise, and fractions of seconds before 1970."""
    archive = tmp_path / f"archive.{kind}"
    pack_tree(tree, kind, archive)
    restored = extracted(_BSD, archive, tmp_path / "out", tree)
    but = (b"empty", b"plain.txt", b"second name")
    assert told(traits_of(restored), names=but) == told(traits_of(tree), names=but)
    assert links_of(restored) == links_of(tree)
    assert os.stat(restored / "sparse").st_blocks * 512 < SPARSE // 2


@pytest.mark.requires("root")
@pytest.mark.parametrize("kind", _PYTHON_CAN)
def test_tarfile_brings_everything_back(tree: Path, tmp_path: Path, kind: str) -> None:
    """But for attributes, which it does not know, and times, which are floats there."""
    pack_tree(tree, kind, tmp_path / "archive")
    with tarfile.open(tmp_path / "archive", encoding="utf-8", errors="surrogateescape") as archive:
        unpack(archive, tmp_path / "out", with_owners=True)
    restored = tmp_path / "out" / tree.relative_to("/")
    without = ("attributes", "mtime_ns")
    assert told(traits_of(restored), without=without) == told(traits_of(tree), without=without)


NOT_IN_ZIP = (b"fifo", b"null", b"disk")
_LOST = ("mtime_ns", "attributes")


@pytest.mark.requires("root", "bsdtar")
def test_bsdtar_brings_a_zip_back(tree: Path, tmp_path: Path) -> None:
    pack_tree(tree, "zip", tmp_path / "archive.zip")
    restored = extracted(_BSD, tmp_path / "archive.zip", tmp_path / "out", tree)
    assert told(traits_of(restored), without=_LOST) == told(traits_of(tree), without=_LOST, names=NOT_IN_ZIP)


@pytest.mark.requires("unzip")
def test_unzip_brings_a_zip_back(tree: Path, tmp_path: Path) -> None:
    """But for names that it does not write as they are, and suid bits."""
    pack_tree(tree, "zip", tmp_path / "archive.zip")
    odd = (*NOT_IN_ZIP, b"\xff", b"\n", b"newline", b"plain.txt", b"second name")
    command = ["unzip", "-q", "-X", str(tmp_path / "archive.zip"), "-d", str(tmp_path / "out"), "-x", "*long and*"]
    subprocess.run(command, check=False, capture_output=True)
    restored = traits_of(tmp_path / "out" / tree.relative_to("/"))
    assert told(restored, without=_LOST, names=odd) == told(traits_of(tree), without=_LOST, names=odd)
    assert restored[b"second name"].content == b"plain\n" * 1000
    assert restored[b"sparse"].mtime_ns == traits_of(tree)[b"sparse"].mtime_ns // 10**9 * 10**9


@pytest.mark.requires("7z")
@pytest.mark.parametrize("kind", ["tar", "tar.gz", "tar.zst", "zip"])
def test_7z_finds_no_fault(tree: Path, tmp_path: Path, kind: str) -> None:
    pack_tree(tree, kind, tmp_path / f"archive.{kind}")
    if kind != "tar.zst":
        subprocess.run(["7z", "t", str(tmp_path / f"archive.{kind}")], check=True, capture_output=True)


def test_zipfile_reads_every_member(tree: Path, tmp_path: Path) -> None:
    pack_tree(tree, "zip", tmp_path / "archive.zip")
    with zipfile.ZipFile(tmp_path / "archive.zip") as archive:
        assert archive.testzip() is None
        name = str(tree.relative_to("/") / "caf\u00e9 \u2603.txt")
        assert archive.read(name) == b"snow\n"


def test_what_zip_cannot_carry_is_told(tree: Path, tmp_path: Path) -> None:
    notes = " / ".join(pack_tree(tree, "zip", tmp_path / "archive.zip").notes)
    for part in ("left out", "to the second", "extended attributes of 2", "1 hard link", "2 names are not UTF-8"):
        assert part in notes


def test_equal_trees_make_equal_bytes(tree: Path, tmp_path: Path) -> None:
    for number in (1, 2):
        pack_tree(tree, "tar.gz", tmp_path / str(number))
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()
    assert (tmp_path / "1").read_bytes()[:10] == b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
