"""Tars that lie: nothing leads out of them, nothing takes memory that is not there, and no end is taken for another."""

import io
import os
import tarfile
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.packing import TARS, container, file, member, packed, unpacked
from tui_backup.errors import BackupError, Corrupted
from tui_backup.formats.containers import paths
from tui_backup.formats.containers.tar_header import BLOCK
from tui_backup.model.entry import EntryKind

END = bytes(2 * BLOCK)


def info(name: str, type_: bytes = tarfile.REGTYPE, **facts: object) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type = type_
    for fact, value in facts.items():
        setattr(made, fact, value)
    return made


def tar(*members: tarfile.TarInfo) -> bytes:
    """Return a tar of members, whose contents are as many `x` as they have bytes."""
    out = BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for each in members:
            archive.addfile(each, BytesIO(b"x" * each.size))
    return out.getvalue()


def patched(header: bytes, **fields: bytes) -> bytes:
    """Return a header block with other fields, and the checksum that belongs to them."""
    places = {"size": 124, "type": 156, "name": 0, "link": 157, "uid": 108, "major": 329}
    raw = bytearray(header[:BLOCK])
    for name, value in fields.items():
        raw[places[name] : places[name] + len(value)] = value
    raw[148:156] = b" " * 8
    raw[148:156] = b"%06o\0 " % sum(raw)
    return bytes(raw)


BLANK = patched(tar(info("name")))


@pytest.mark.parametrize("name", ["../up", "a/../../up", "a/..", "..", "/../etc/passwd", "./.."])
def test_names_that_lead_out_are_refused(name: str) -> None:
    found = unpacked("tar", tar(info(name), info("good")))
    assert ([*found.members], len(found.refused)) == ([b"/good"], 1)


@pytest.mark.parametrize(("name", "path"), [("/etc/passwd", b"/etc/passwd"), ("./a//b/./c", b"/a/b/c"), ("//a", b"/a")])
def test_names_are_taken_inside_the_archive(name: str, path: bytes) -> None:
    assert [*unpacked("tar", tar(info(name))).members] == [path]


@pytest.mark.parametrize("name", [".", "./", "/", ""])
def test_the_top_itself_is_no_member(name: str) -> None:
    assert not unpacked("tar", tar(info(name, tarfile.DIRTYPE), info("a"))).members.keys() - {b"/a"}


def test_of_members_with_one_name_the_first_stays() -> None:
    found = unpacked("tar", tar(info("a", size=1), info("./a", size=2), info("a", tarfile.DIRTYPE)))
    assert (found.contents, len(found.refused)) == ({b"/a": b"x"}, 2)


def test_directories_may_come_again_and_late() -> None:
    found = unpacked("tar", tar(info("a/b"), info("a", tarfile.DIRTYPE), info("a", tarfile.DIRTYPE)))
    assert ([*found.members], found.refused) == ([b"/a/b", b"/a"], [])


@pytest.mark.parametrize(
    "above", [info("a", tarfile.SYMTYPE, linkname="/etc"), info("a", size=3), info("a", tarfile.FIFOTYPE)]
)
def test_nothing_lies_below_what_is_no_directory(above: tarfile.TarInfo) -> None:
    found = unpacked("tar", tar(above, info("a/passwd", size=3), info("a/b/c", tarfile.DIRTYPE)))
    assert ([*found.members], len(found.refused)) == ([b"/a"], 2)


@pytest.mark.parametrize("target", ["../../etc/passwd", "/etc/passwd", "later", "directory", "a/.."])
def test_hard_links_name_a_file_that_came_before(target: str) -> None:
    members = info("directory", tarfile.DIRTYPE), info("a", tarfile.LNKTYPE, linkname=target), info("later")
    found = unpacked("tar", tar(*members))
    assert ([*found.members], len(found.refused)) == ([b"/directory", b"/later"], 1)


def test_a_hard_link_to_a_link_is_a_link() -> None:
    found = unpacked("tar", tar(info("a", tarfile.SYMTYPE, linkname="x"), info("b", tarfile.LNKTYPE, linkname="a")))
    assert found.members[b"/b"].target == b"x"


@pytest.mark.parametrize("type_", [b"M", b"V", b"N", b"Q", b"\xff"])
def test_unknown_types_are_refused_and_their_content_passed(type_: bytes) -> None:
    archive = patched(BLANK, type=type_, size=b"%011o\0" % 700) + bytes(1024) + tar(info("good"))
    found = unpacked("tar", archive)
    assert ([*found.members], len(found.refused)) == ([b"/good"], 1)


@pytest.mark.parametrize(
    "size", [b"\x80" + b"\x7f" * 11, b"\xff" * 12, b"\xff" + bytes(11), b"99999999999\0", b"abc\0"]
)
def test_sizes_that_are_none_end_it(size: bytes) -> None:
    with pytest.raises(Corrupted):
        unpacked("tar", patched(BLANK, size=size) + END)


@pytest.mark.parametrize("type_", [b"x", b"g", b"L", b"K"])
def test_headers_are_no_larger_than_they_need_be(type_: bytes) -> None:
    with pytest.raises(Corrupted, match="has 1073741824 bytes"):
        unpacked("tar", patched(BLANK, type=type_, size=b"%011o\0" % (1 << 30)) + END)


@pytest.mark.parametrize(
    "records",
    [b"6 a=b", b"0 a=b\n", b"99 a=b\n", b"-6 a=b\n", b"x a=b\n", b"5 =b\n", b"12 size=-1\xff\n", b"9" * 30 + b" a=b\n"],
)
def test_records_that_are_none_end_it(records: bytes) -> None:
    header = patched(BLANK, type=b"x", size=b"%011o\0" % len(records))
    with pytest.raises(Corrupted):
        unpacked("tar", header + records.ljust(BLOCK, b"\0") + tar(info("a")))


@pytest.mark.parametrize("key", ["size", "uid", "GNU.sparse.realsize"])
@pytest.mark.parametrize("value", ["-1", "1e9", "9" * 25, "", "0x10", "\u0663"])
def test_numbers_that_are_none_are_not_believed(key: str, value: str) -> None:
    archive = tar(info("a", size=3, pax_headers={key: value}), info("b"))
    try:
        found = unpacked("tar", archive)
    except Corrupted:
        return
    assert (key, b"/a" in found.members) != ("size", True) or value == ""


def test_the_times_of_an_archive_fit_into_64_bits() -> None:
    found = unpacked(
        "tar", tar(info("a", pax_headers={"mtime": "9" * 19}), info("b", pax_headers={"mtime": "-" + "9" * 19}))
    )
    assert [each.mtime_ns for each in found.members.values()] == [(1 << 63) - 1, -(1 << 63) + 1]


def test_owners_that_are_none_are_nobody() -> None:
    archive = patched(BLANK, uid=b"\xff" * 8) + END
    assert unpacked("tar", archive).members[b"/name"].uid == 65534


def test_devices_without_a_number_are_refused() -> None:
    archive = patched(BLANK, type=b"4", major=b"\x80" + b"\x7f" * 7) + END
    assert not unpacked("tar", archive).members


def sparse(map_: str, size: int, stored: int = 0) -> bytes:
    headers = {
        "GNU.sparse.major": "0",
        "GNU.sparse.minor": "1",
        "GNU.sparse.map": map_,
        "GNU.sparse.realsize": str(size),
    }
    return tar(info("a", size=stored, pax_headers=headers), info("good"))


@pytest.mark.parametrize(
    ("map_", "size", "stored"),
    [
        ("0,10", 5, 10),
        ("0,10", 20, 5),
        ("10,5,0,5", 20, 10),
        ("0,10,5,5", 20, 15),
        ("0", 10, 0),
        ("0,-1", 10, 0),
        ("", 1 << 50, 0),
    ],
)
def test_maps_of_sparse_files_that_lie_are_refused(map_: str, size: int, stored: int) -> None:
    found = unpacked("tar", sparse(map_, size, stored))
    assert ([*found.members], len(found.refused)) == ([b"/good"], 1)


def test_a_sparse_file_takes_no_memory_for_its_holes() -> None:
    refused: list[tuple[bytes, str]] = []
    reader = container("tar").reader(BytesIO(sparse("", 1 << 40)), lambda name, reason: refused.append((name, reason)))
    for each, content in reader.members():
        if each.path == b"/a":
            assert content is not None
            assert content.read(1000) == bytes(1000)


@pytest.mark.parametrize("kind", TARS)
def test_no_part_of_an_archive_is_taken_for_the_whole(kind: str) -> None:
    archive = packed(kind, file(b"/a", os.urandom(3000)), file(b"/b"))
    lengths = range(len(archive)) if kind != "tar" else range(0, 5120, 128)
    for length in lengths:
        with pytest.raises(Corrupted):
            unpacked(kind, archive[:length])


@pytest.mark.parametrize("kind", TARS)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_damage_is_told_or_harmless_never_a_crash(kind: str, data: st.DataObject) -> None:
    archive = bytearray(
        packed(kind, file(b"/a", b"x" * 600), file(b"/" + b"long" * 40), (member(b"/directory", EntryKind.DIR), b""))
    )
    for _ in range(data.draw(st.integers(1, 4))):
        archive[data.draw(st.integers(0, len(archive) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = unpacked(kind, bytes(archive))
    except Corrupted:
        return
    assert kind == "tar" or found.contents.get(b"/a") in (None, b"x" * 600)


@pytest.mark.parametrize("kind", TARS)
@given(content=st.binary(max_size=3000))
@settings(max_examples=40, deadline=None)
def test_noise_is_no_archive(kind: str, content: bytes) -> None:
    if content[:BLOCK] == bytes(BLOCK):
        return
    with pytest.raises(Corrupted):
        unpacked(kind, content)


def test_what_goes_on_behind_the_end_is_not_read_for_ever() -> None:
    class Endless(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(size) or bytes(size or 1)

    reader = container("tar").reader(Endless(tar(info("a"))), lambda name, reason: None)
    with pytest.raises(Corrupted, match="goes on behind its end"):
        list(reader.members())


def test_names_without_end_take_no_memory_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "_MOST_BYTES", 1 << 20)
    deep = "/".join(["d"] * 500)
    members = [info(f"{number}/{deep}") for number in range(5)]
    with pytest.raises(BackupError, match="more names than memory can hold"):
        unpacked("tar", tar(*members))


def test_names_are_counted_with_the_room_that_each_takes_and_so_are_the_ends_of_links(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(paths, "_MOST_BYTES", 1 << 20)
    assert len(unpacked("tar", tar(*(info(f"{number}") for number in range(4000)))).members) == 4000
    for many in (
        [info(f"{number}") for number in range(6000)],
        [info(f"{number}", tarfile.SYMTYPE, linkname="x" * 5000) for number in range(300)],
    ):
        with pytest.raises(BackupError, match="more names than memory can hold"):
            unpacked("tar", tar(*many))


def test_names_that_are_too_deep_are_refused() -> None:
    found = unpacked("tar", tar(info("/".join(["d"] * 5000)), info("x" * 65_000), info("x" * 66_000)))
    assert (len(found.members), len(found.refused)) == (1, 2)


def test_records_that_hold_for_all_do_not_pile_up() -> None:
    body = b"%d %s=" % (8 << 20, b"%08d") + b"x" * ((8 << 20) - 18) + b"\n"
    blocks = [patched(BLANK, type=b"g", size=b"%011o\0" % (8 << 20)) + body % number for number in range(3)]
    with pytest.raises(Corrupted, match="extended header"):
        unpacked("tar", b"".join(blocks) + END)
