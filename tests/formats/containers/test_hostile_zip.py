"""Zips that lie: sizes, places, names and kinds are looked at before they are believed."""

import stat
import struct
import warnings
import zipfile
import zlib
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.packing import container, file, member, packed, unpacked
from tui_backup.errors import Corrupted
from tui_backup.formats.containers import zip_records as records
from tui_backup.formats.containers.base import MemberReader
from tui_backup.formats.containers.zip_directory import records_in


def zipped(*members: tuple[zipfile.ZipInfo, bytes]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings(action="ignore"):
        for each, content in members:
            archive.writestr(each, content)
    return out.getvalue()


def info(name: str, mode: int = stat.S_IFREG | 0o644, **facts: int) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo("placeholder")
    made.filename, made.external_attr, made.create_system = name, mode << 16, 3
    made.compress_type = zipfile.ZIP_DEFLATED
    for fact, value in facts.items():
        setattr(made, fact, value)
    return made


def reader(archive: bytes) -> MemberReader:
    return container("zip").reader(BytesIO(archive), lambda name, reason: None)


@pytest.mark.parametrize("name", ["../up", "a/../../up", "..", "/../etc/passwd"])
def test_names_that_lead_out_are_refused(name: str) -> None:
    found = unpacked("zip", zipped((info(name), b""), (info("good"), b"")))
    assert ([*found.members], len(found.refused)) == ([b"/good"], 1)


def test_names_are_taken_inside_the_archive() -> None:
    found = unpacked("zip", zipped((info("/etc/passwd"), b""), (info("./a//b"), b"")))
    assert [*found.members] == [b"/etc/passwd", b"/a/b"]


@pytest.mark.parametrize(("name", "path"), [("a\\b", b"/a/b"), ("..\\up", None)])
def test_separators_of_windows_are_separators_there(name: str, path: bytes | None) -> None:
    found = unpacked("zip", zipped((info(name, create_system=0), b"")))
    assert [*found.members] == ([path] if path else [])


@pytest.mark.parametrize("above", [(info("a", stat.S_IFLNK | 0o777), b"/etc"), (info("a"), b"file")])
def test_nothing_lies_below_what_is_no_directory(above: tuple[zipfile.ZipInfo, bytes]) -> None:
    found = unpacked("zip", zipped(above, (info("a/passwd"), b"x"), (info("a"), b"again")))
    assert ([*found.members], len(found.refused)) == ([b"/a"], 2)


@pytest.mark.parametrize("kind", [stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK, 0o030000])
def test_devices_and_the_like_are_refused(kind: int) -> None:
    assert not unpacked("zip", zipped((info("a", kind | 0o666), b""))).members


@pytest.mark.parametrize("target", [b"", b"a\0b", b"x" * 70_000])
def test_links_that_point_nowhere_are_refused(target: bytes) -> None:
    assert not unpacked("zip", zipped((info("a", stat.S_IFLNK | 0o777), target))).members


@pytest.mark.parametrize("method", [1, 9, 12, 14, 93, 95, 99])
def test_unknown_methods_are_refused(method: int) -> None:
    archive = zipped((info("a"), b"x" * 100))
    found = unpacked("zip", archive.replace(b"\x08\0\0\0!\0", struct.pack("<H", method) + b"\0\0!\0"))
    assert "method" in found.refused[0][1]


@pytest.mark.parametrize("said", [0, 10, 999, 1001, 0xFFFFFFF0])
def test_sizes_that_lie_are_told(said: int) -> None:
    archive = packed("zip", file(b"/a", b"x" * 1000))
    lying = archive[: archive.rindex(b"PK\1\2")] + archive[archive.rindex(b"PK\1\2") :].replace(
        struct.pack("<I", 1000), struct.pack("<I", said), 1
    )
    with reader(lying).opened(b"/a") as content, pytest.raises(Corrupted):
        [*iter(lambda: content.read(100), b"")]


def test_a_bomb_yields_no_more_than_it_said() -> None:
    bomb = zipped((info("a"), bytes(50_000_000)))
    lying = bomb.replace(struct.pack("<I", 50_000_000), struct.pack("<I", 1000))
    pieces: list[bytes] = []
    with reader(lying).opened(b"/a") as content, pytest.raises(Corrupted):
        pieces.extend(iter(lambda: content.read(100), b""))
    assert sum(map(len, pieces)) <= 1000


def test_a_wrong_checksum_is_told() -> None:
    archive = packed("zip", file(b"/a", b"x" * 1000))
    crc = struct.pack("<I", zlib.crc32(b"x" * 1000))
    with pytest.raises(Corrupted):
        unpacked("zip", archive.replace(crc, b"\0\0\0\0"))


@pytest.mark.parametrize("offset", [1, 30, 0x7FFFFFFF])
def test_contents_elsewhere_are_told(offset: int) -> None:
    archive = bytearray(packed("zip", file(b"/a"), file(b"/b")))
    at = archive.index(b"PK\1\2") + 42
    archive[at : at + 4] = struct.pack("<I", offset)
    with pytest.raises(Corrupted), reader(bytes(archive)).opened(b"/a") as content:
        content.read()


def test_two_members_may_not_share_one_content() -> None:
    archive = bytearray(packed("zip", file(b"/a"), file(b"/b")))
    at = archive.rindex(b"PK\1\2") + 42
    archive[at : at + 4] = bytes(4)
    with pytest.raises(Corrupted), reader(bytes(archive)).opened(b"/b") as content:
        content.read()


def test_no_part_of_an_archive_is_taken_for_the_whole() -> None:
    archive = packed("zip", file(b"/a", b"x" * 3000), file(b"/b"), about=b"{}")
    for length in range(len(archive)):
        with pytest.raises(Corrupted):
            unpacked("zip", archive[:length])


@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_damage_is_told_or_harmless_never_a_crash(data: st.DataObject) -> None:
    archive = bytearray(packed("zip", file(b"/a", b"x" * 600), file(b"/" + b"long" * 40), about=b"{}"))
    for _ in range(data.draw(st.integers(1, 4))):
        archive[data.draw(st.integers(0, len(archive) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = unpacked("zip", bytes(archive))
    except Corrupted:
        return
    assert found.contents.get(b"/a") in (None, b"x" * 600)


@given(content=st.binary(max_size=3000))
@settings(max_examples=40, deadline=None)
def test_noise_is_no_archive(content: bytes) -> None:
    with pytest.raises(Corrupted):
        unpacked("zip", content)
    with pytest.raises(Corrupted):
        unpacked("zip", packed("zip", file(b"/a"))[:-22] + content)


def test_more_than_four_gigabytes_take_sizes_of_64_bits() -> None:
    """As far as the numbers go: the directory says them, and it is read back."""
    size = 5 << 30
    stored = records.Stored(records.STORED, 1, size, size, size + 9)
    record = records.central_record(member(b"/big", size=size), stored)
    directory = BytesIO(record + records.end_records(70_000, len(record), 0))
    assert [found.stored for found in records_in(directory)] == [stored]
