"""Archives that other programs made are read as those programs would."""

import os
import subprocess
import tarfile
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from tests.support.odd_trees import make_odd_tree
from tests.support.packing import Unpacked, unpacked
from tests.support.trees import write_tree
from tui_backup.model.entry import EntryKind

LONG = "d" * 90 + "/" + "e" * 90 + "/" + "f" * 90


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = write_tree(tmp_path / "tree", {"a": b"a" * 700, "b/c": b"c", LONG: b"long"})
    os.link(root / "a", root / "b" / "further")
    os.symlink("../" * 40 + "x" * 120, root / "b" / "link")
    return root


def made(*command: str, tree: Path) -> bytes:
    return subprocess.run([*command, "."], cwd=tree, check=True, capture_output=True).stdout


def check(found: Unpacked) -> None:
    assert not found.refused
    assert found.contents == {b"/a": b"a" * 700, b"/b/c": b"c", b"/" + LONG.encode(): b"long"} or (
        found.contents[b"/b/further"] == b"a" * 700
    )
    names = {found.members[name].link or name for name in (b"/a", b"/b/further")}
    assert len(names) == 1
    assert found.members[b"/b"].kind is EntryKind.DIR
    assert found.members[b"/b/link"].target == b"../" * 40 + b"x" * 120


@pytest.mark.parametrize("form", ["gnu", "oldgnu", "posix"])
def test_gnu_tar(tree: Path, form: str) -> None:
    check(unpacked("tar", made("tar", f"--format={form}", "-cf", "-", tree=tree)))


@pytest.mark.requires("bsdtar")
@pytest.mark.parametrize("form", ["gnutar", "pax", "pax -z", "pax --zstd"])
def test_bsdtar(tree: Path, form: str) -> None:
    form, _space, option = form.partition(" ")
    kind = {"": "tar", "-z": "tar.gz", "--zstd": "tar.zst"}[option]
    check(unpacked(kind, made("bsdtar", f"--format={form}", *filter(None, [option]), "-cf", "-", tree=tree)))


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_tarfile(tree: Path, form: int) -> None:
    out = BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", format=form) as archive:
        archive.add(tree, "")
    check(unpacked("tar.gz", out.getvalue()))


@pytest.mark.parametrize("form", ["v7", "ustar"])
def test_the_oldest_formats(tmp_path: Path, form: str) -> None:
    tree = write_tree(tmp_path / "tree", {"x" * 80 + "/a": b"a", "e": b""})
    found = unpacked("tar", made("tar", f"--format={form}", "-cf", "-", tree=tree))
    assert found.contents == {b"/" + b"x" * 80 + b"/a": b"a", b"/e": b""}
    assert found.members[b"/" + b"x" * 80].kind is EntryKind.DIR


@pytest.mark.parametrize(
    "how", ["--format=oldgnu", "--sparse-version=0.0", "--sparse-version=0.1", "--sparse-version=1.0"]
)
def test_sparse_files(tmp_path: Path, how: str) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    with (tree / "sparse").open("wb") as file:
        for number in range(30):
            file.seek(number * 1_000_000)
            file.write(b"%d" % number * 999)
        file.truncate(40_000_000)
    (tree / "then").write_bytes(b"then")
    form = () if how.startswith("--format") else ("--format=posix",)
    archive = made("tar", "--sparse", how, *form, "-cf", "-", tree=tree)
    assert len(archive) < 1_000_000
    assert unpacked("tar", archive).contents == {b"/sparse": (tree / "sparse").read_bytes(), b"/then": b"then"}


@pytest.mark.requires("root")
def test_what_gnu_tar_writes_of_an_odd_tree(tmp_path: Path) -> None:
    tree = make_odd_tree(tmp_path / "tree")
    found = unpacked("tar", made("tar", "--format=posix", "--xattrs", "-cf", "-", tree=tree))
    plain = found.members[b"/plain.txt"] if not found.members[b"/plain.txt"].link else found.members[b"/second name"]
    assert dict(plain.xattrs) == {b"user.note": b"\xff\0\n=x", b"user.per%cent=sign": b"value"}
    assert (plain.mode, plain.mtime_ns % 10**9 > 0) == (0o4750, True)
    assert found.members[b"/null"].device == os.makedev(1, 3)
    assert (found.members[b"/empty"].uid, found.members[b"/empty"].mtime_ns) == (3_000_000, -1_500_000_000)
    assert found.contents[b"/latin-\xe9"] == b"not UTF-8"


def test_several_gzip_members_are_one_stream(tree: Path) -> None:
    archive = made("tar", "-cf", "-", tree=tree)
    pieces = [archive[:1000], archive[1000:]]
    zipped = b"".join(
        subprocess.run(["gzip", "-c"], input=piece, check=True, capture_output=True).stdout for piece in pieces
    )
    check(unpacked("tar.gz", zipped + b"\0" * 512))


def test_zipfile(tree: Path) -> None:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(tree / "a", "static/\u00fc.txt")
        archive.writestr("b/c", b"c")
        archive.writestr("backup_info.json", b'{"id": 1}')
    found = unpacked("zip", out.getvalue())
    assert found.contents == {"/static/\u00fc.txt".encode(): b"a" * 700, b"/b/c": b"c"}
    assert found.members[b"/b/c"].mode == 0o600


def test_a_zip_that_python_wrote_to_a_pipe(tree: Path) -> None:
    class Pipe(BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise OSError

    out = Pipe()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(tree / "a", "a")
    assert unpacked("zip", out.getvalue()).contents == {b"/a": b"a" * 700}


@pytest.mark.requires("7z")
def test_7z_and_what_it_encrypts(tree: Path, tmp_path: Path) -> None:
    for options, name in (((), "plain.zip"), (("-psecret",), "encrypted.zip")):
        subprocess.run(
            ["7z", "a", *options, str(tmp_path / name), "a", "b/c"], cwd=tree, check=True, capture_output=True
        )
    assert unpacked("zip", (tmp_path / "plain.zip").read_bytes()).contents[b"/a"] == b"a" * 700
    found = unpacked("zip", (tmp_path / "encrypted.zip").read_bytes())
    assert not found.contents
    assert {reason for _name, reason in found.refused} == {"it was encrypted by another program"}


def test_a_zip_behind_a_program_and_before_a_comment(tree: Path) -> None:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.comment = b"a comment"
        archive.write(tree / "a", "a")
    assert unpacked("zip", b"#!/bin/sh\nexit\n" + out.getvalue()).contents == {b"/a": b"a" * 700}
