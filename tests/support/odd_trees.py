"""A tree with everything that an archive may have to carry."""

import os
import socket
import stat
from pathlib import Path

LONG = "long-" + "x" * 200
SPARSE = 8 << 20
"""Bytes of the sparse file; two of its blocks have data."""


def make_odd_tree(root: Path) -> Path:
    """Fill `root` with odd names, links, times and kinds; as root also with devices, owners and attributes."""
    root.mkdir()
    (root / "plain.txt").write_bytes(b"plain\n" * 1000)
    (root / "empty").write_bytes(b"")
    (root / "caf\u00e9 \u2603.txt").write_text("snow\n", encoding="utf-8")
    (root / "new\nline").write_bytes(b"n")
    (root / os.fsdecode(b"latin-\xe9")).write_bytes(b"not UTF-8")
    deep = root / LONG / LONG
    deep.mkdir(parents=True)
    (deep / "deep").write_bytes(os.urandom(70_000))
    (deep / os.fsdecode(b"\xff" * 120)).write_bytes(b"long and not UTF-8")
    os.link(root / "plain.txt", root / "second name")
    os.symlink("plain.txt", root / "link")
    os.symlink(b"gone/" + b"\xfe" * 150, os.fsencode(root) + b"/odd link")
    os.mkfifo(root / "fifo")
    (root / "secret").mkdir(mode=0o700)
    (root / "empty directory").mkdir()
    with (root / "sparse").open("wb") as file:
        file.seek(1 << 20)
        file.write(b"middle" * 1000)
        file.truncate(SPARSE)
    os.chmod(root / "plain.txt", 0o4750)
    _make_attributes(root / "plain.txt")
    if os.geteuid() == 0:
        os.mknod(root / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
        os.mknod(root / "disk", stat.S_IFBLK | 0o600, os.makedev(8, 17))
        os.chown(root / "empty", 3_000_000, 4_000_000)
    for number, name in enumerate(sorted(os.listdir(root))):
        os.utime(root / name, ns=(0, 1_700_000_000_123_456_789 + number), follow_symlinks=False)
    os.utime(root / "empty", ns=(0, -1_500_000_000))
    return root


def _make_attributes(path: Path) -> None:
    os.setxattr(path, "user.note", b"\xff\0\n=x")
    os.setxattr(path, "user.per%cent=sign", b"value")


def make_socket(path: Path) -> None:
    """Make what no archive can carry."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
