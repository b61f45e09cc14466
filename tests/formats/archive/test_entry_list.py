"""Entry lists and their index: what is told of an archive comes back, and hostile lists do no harm."""

import io
import json

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.archives import Bytes, brief
from tui_backup.errors import Corrupted
from tui_backup.formats.archive import frames
from tui_backup.formats.archive.entry_list import EntryListWriter, Head, encode_head, head_in, read_list, rewrite
from tui_backup.formats.archive.facts import facts_of
from tui_backup.formats.archive.index import Index
from tui_backup.formats.containers.base import Member
from tui_backup.model.entry import EntryKind

HEAD = Head(name="backup.tar.gz", size=123, sha256="ab" * 32, facts=facts_of(brief(), "root"))
NAME = st.binary(min_size=1, max_size=12).filter(lambda name: name not in (b".", b"..") and not set(name) & set(b"/\0"))


def listed(members: list[Member], head: Head | None = HEAD) -> io.BytesIO:
    writer, out = EntryListWriter(), Bytes()
    for member in members:
        writer.add(member)
    assert writer.count == len(members)
    if head is None:
        return io.BytesIO(writer.file().read())
    writer.write(head, out)
    writer.close()
    return io.BytesIO(bytes(out))


def lines(*texts: str) -> io.BytesIO:
    content = "".join(f"{text}\n" for text in texts).encode()
    return io.BytesIO(encode_head(HEAD) + (frames.compressed(content) if content else b""))


def file(path: str, **more: object) -> str:
    return json.dumps({"path": path, "type": "file", **more})


def directory(path: str) -> str:
    return json.dumps({"path": path, "type": "dir"})


def index(*texts: str) -> Index:
    return Index(lines(*texts), has_head=True)


def paths(found: Index, path: bytes = b"/") -> list[bytes] | None:
    children = found.children(path)
    return None if children is None else [each.path for each in children]


EVERYTHING = [
    Member(path=b"/srv", kind=EntryKind.DIR, mode=0o755, mtime_ns=-5),
    Member(
        path=b"/srv/caf\xc3\xa9",
        kind=EntryKind.FILE,
        mode=0o4755,
        uid=1,
        gid=2,
        user="ana",
        group="www",
        size=1 << 50,
        mtime_ns=1_700_000_000_123_456_789,
        xattrs=((b"user.a", b"\0\xff"),),
        sha256="cd" * 32,
    ),
    Member(path=b"/srv/dev", kind=EntryKind.CHAR, device=259),
    Member(path=b"/srv/more", kind=EntryKind.FILE, link=b"/srv/caf\xc3\xa9"),
    Member(path=b"/srv/not\xff\n", kind=EntryKind.SYMLINK, target=b"to\xfe"),
]


def test_a_list_comes_back_as_it_was_written() -> None:
    head, members = read_list(listed(EVERYTHING))
    assert head == HEAD
    assert list(members) == EVERYTHING


def test_any_program_can_read_it() -> None:
    whole = zstandard.ZstdDecompressor().stream_reader(listed(EVERYTHING), read_across_frames=True).read()
    first, *others = (json.loads(line) for line in whole.splitlines())
    assert (first["name"], first["size"], first["sha256"]) == ("backup.tar.gz", 123, "ab" * 32)
    assert first["timestamp"] == "2025-08-29T05:00:00.000Z"
    assert [each["path"] for each in others] == ["/srv", "/srv/café", "/srv/dev", "/srv/more", "/srv/not\ufffd\n"]
    assert "path_b64" not in others[1]
    assert others[4]["path_b64"] == "L3Nydi9ub3T/Cg=="


@given(st.lists(NAME, unique=True, max_size=30))
@settings(max_examples=50)
def test_any_name_comes_back(names: list[bytes]) -> None:
    members = [Member(path=b"/" + name, kind=EntryKind.FILE) for name in names]
    assert list(read_list(listed(members))[1]) == members
    assert paths(Index(listed(members), has_head=True)) == sorted(b"/" + name for name in names)


def test_names_of_owners_that_are_not_utf_8_are_kept_as_text() -> None:
    (member,) = read_list(listed([Member(path=b"/a", kind=EntryKind.FILE, user="an\udcffa")]))[1]
    assert member.user == "an?a"


def test_the_head_is_in_the_first_bytes() -> None:
    whole = listed([Member(path=b"/file-%d" % number, kind=EntryKind.FILE) for number in range(5000)]).getvalue()
    assert head_in(whole[:2000]) == HEAD
    assert head_in(whole[:50]) is None


def test_another_head_changes_nothing_else() -> None:
    out = Bytes()
    other = Head(name="other", size=1, sha256="", facts=HEAD.facts)
    rewrite(listed(EVERYTHING), other, out)
    head, members = read_list(io.BytesIO(bytes(out)))
    assert head == other
    assert list(members) == EVERYTHING


def test_many_entries_are_found_where_they_are() -> None:
    members = [Member(path=b"/d", kind=EntryKind.DIR)]
    members += [Member(path=b"/d/%05d" % number, kind=EntryKind.FILE, size=number) for number in range(20_000)]
    members += [Member(path=b"/e", kind=EntryKind.DIR), Member(path=b"/e/last", kind=EntryKind.FILE)]
    found = Index(listed(members), has_head=True)
    assert found.is_walk
    assert len(found.children(b"/d") or ()) == 20_000
    wanted = found.find(b"/d/12345")
    assert wanted is not None
    assert wanted.line is not None
    assert wanted.line.size == 12345
    assert paths(found, b"/e") == [b"/e/last"]
    assert paths(found) == [b"/d", b"/e"]
    assert [each.path for each in found.walk(b"/")] == [member.path for member in members]
    assert [each.path for each in found.walk(b"/e")] == [b"/e/last"]


def test_what_is_no_directory_holds_nothing() -> None:
    found = index(directory("/d"), file("/d/a"))
    assert found.children(b"/d/a") is None
    assert found.children(b"/none") is None
    assert found.find(b"/none/a") is None
    assert paths(index()) == []


def test_a_list_in_another_order_is_the_same_tree() -> None:
    found = index(file("/d/z"), file("/b"), directory("/d"), file("/d/a"), file("/a/deep/down"))
    assert not found.is_walk
    assert paths(found) == [b"/a", b"/b", b"/d"]
    assert paths(found, b"/d") == [b"/d/a", b"/d/z"]
    assert paths(found, b"/a") == [b"/a/deep"]
    assert found.refused == []


@pytest.mark.parametrize(
    "path", ["", "/", "a", "../a", "/../a", "/a/..", "/a/../b", "/./a", "//a", "/a/", "/a//b", "/a\0b", "/a/."]
)
def test_a_path_with_tricks_is_left_out(path: str) -> None:
    found = index(file(path), file("/good"))
    assert paths(found) == [b"/good"]
    assert [refused for refused, _reason in found.refused] == [path.encode()]


@pytest.mark.parametrize(
    ("texts", "kept"),
    [
        ([file("/a"), file("/a")], [b"/a"]),
        ([file("/a"), file("/b"), file("/a")], [b"/a", b"/b"]),
        ([directory("/a"), file("/a")], [b"/a"]),
        ([file("/a"), file("/a/b")], [b"/a"]),
        ([file("/a/b"), file("/a")], [b"/a"]),
        ([file("/z"), file("/a"), file("/a/b")], [b"/a", b"/z"]),
        ([file("/a"), file("/b", link="/none")], [b"/a"]),
        ([file("/a"), file("/b", link="/b")], [b"/a"]),
        ([file("/a", link="/b"), file("/b")], [b"/b"]),
        ([directory("/a"), file("/b", link="/a")], [b"/a"]),
        ([file("/a"), file("/b", link="/a"), file("/c", link="/b")], [b"/a", b"/b"]),
    ],
)
def test_what_contradicts_what_came_before_is_left_out(texts: list[str], kept: list[bytes]) -> None:
    found = index(*texts)
    assert paths(found) == kept
    assert len(found.refused) == 1
    if found.is_walk:
        assert [each.path for each in found.walk(b"/")] == kept


def test_numbers_that_no_system_has_become_some_that_it_has() -> None:
    line = file("/a", uid=-1, gid=1 << 40, mtime_ns=1 << 63, device=-7, mode=-1)
    (member,) = read_list(lines(line))[1]
    assert (member.uid, member.gid, member.device, member.mode) == (0, (1 << 32) - 2, 0, 0o7777)
    assert member.mtime_ns == 1 << 62
    with pytest.raises(Corrupted):
        index(file("/a", size=-1))


def test_names_of_one_file_belong_together() -> None:
    found = index(file("/a", size=3), file("/b", link="/a"), file("/c", link="/a"))
    children = found.children(b"/")
    assert children is not None
    first, second, third = children
    assert [each.links for each in (first, second, third)] == [3, 3, 3]
    assert second.first is not None
    assert third.first is not None
    assert second.first.path == third.first.path == b"/a"


@pytest.mark.parametrize(
    "text", ["7", "[]", "{}", '{"path": 7}', '{"path": "/a"}', '{"path": "/a", "type": "x"}', file("/a", size=-1.5)]
)
def test_a_line_that_is_none_is_damage(text: str) -> None:
    with pytest.raises(Corrupted):
        index(file("/good"), text, file("/z"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no zstd at all, not even nearly",
        frames.compressed(b"{}\n"),
        frames.compressed(b'{"list": "tui-backup-entries", "name": 1, "size": 1, "sha256": "", "time": ""}\n'),
        zstandard.ZstdCompressor().compress(bytes(frames.LARGEST + 1)),
        zstandard.ZstdCompressor(write_content_size=False).compress(b"{}"),
        b"\x50\x2a\x4d\x18\x04\x00\x00\x00skip",
    ],
)
def test_what_is_no_list_is_damage(content: bytes) -> None:
    with pytest.raises(Corrupted):
        read_list(io.BytesIO(content))


def test_a_list_that_was_cut_off_or_changed_is_damage_or_shorter() -> None:
    whole = listed([Member(path=b"/file-%05d" % number, kind=EntryKind.FILE) for number in range(3000)]).getvalue()
    for end in range(1, len(whole), 997):
        with pytest.raises(Corrupted):
            Index(io.BytesIO(whole[:end]), has_head=True)
    for at in range(0, len(whole), 499):
        changed = bytearray(whole)
        changed[at] ^= 0x10
        with pytest.raises(Corrupted):
            Index(io.BytesIO(bytes(changed)), has_head=False)


@given(st.binary(max_size=200))
def test_bytes_of_chance_do_no_harm(content: bytes) -> None:
    with pytest.raises(Corrupted):
        read_list(io.BytesIO(b"\x28\xb5\x2f\xfd" + content))


def test_a_small_frame_that_claims_to_be_large_takes_no_memory() -> None:
    bomb = zstandard.ZstdCompressor(level=1).compress(bytes(1 << 26))
    assert len(bomb) < 1 << 14
    with pytest.raises(Corrupted, match="larger than any of ours"):
        Index(io.BytesIO(bomb), has_head=False)
