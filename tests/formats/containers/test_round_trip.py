"""Any member comes back as it went in, from every container, as far as that carries it."""

from collections.abc import Iterable
from io import BytesIO

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.packing import KINDS, TARS, container, file, member, packed, unpacked
from tui_backup.formats.containers.base import Member
from tui_backup.model.entry import EntryKind

_names = st.binary(min_size=1, max_size=60).filter(
    lambda name: not set(name) & set(b"/\0") and name not in (b".", b"..", b"backup_info.json")
)
_paths = st.lists(_names, min_size=1, max_size=5).map(lambda names: b"/" + b"/".join(names))
_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
_attributes = st.lists(
    st.tuples(st.binary(min_size=1, max_size=20).filter(lambda name: b"\0" not in name), st.binary(max_size=50)),
    unique_by=lambda pair: pair[0],
    max_size=3,
).map(tuple)


@st.composite
def _members(draw: st.DrawFn) -> tuple[Member, bytes]:
    kind = draw(st.sampled_from([kind for kind in EntryKind if kind is not EntryKind.SOCKET]))
    content = draw(st.binary(max_size=2000)) if kind is EntryKind.FILE else b""
    is_device = kind in {EntryKind.BLOCK, EntryKind.CHAR}
    made = Member(
        path=draw(_paths),
        kind=kind,
        mode=draw(st.integers(0, 0o7777)),
        uid=draw(st.integers(0, (1 << 32) - 2)),
        gid=draw(st.integers(0, (1 << 32) - 2)),
        user=draw(_texts),
        group=draw(_texts),
        size=len(content),
        mtime_ns=draw(st.integers(-(1 << 62), 1 << 62)),
        device=draw(st.sampled_from([0x801, 0x103])) if is_device else 0,
        target=draw(st.binary(min_size=1, max_size=300)).replace(b"\0", b"-") if kind is EntryKind.SYMLINK else b"",
        xattrs=draw(_attributes),
    )
    return made, content


def apart(members: Iterable[tuple[Member, bytes]]) -> list[tuple[Member, bytes]]:
    """Leave out members that are in the way of others: a path twice, or below what is no directory."""
    kept: dict[bytes, tuple[Member, bytes]] = {}
    above: set[bytes] = set()
    for each, content in members:
        parts = each.path.split(b"/")
        parents = {b"/".join(parts[:count]) for count in range(2, len(parts))}
        is_below_file = any(parent in kept and kept[parent][0].kind is not EntryKind.DIR for parent in parents)
        if each.path in kept or each.path in above or is_below_file:
            continue
        above |= parents
        kept[each.path] = each, content
    return [*kept.values()]


@pytest.mark.parametrize("kind", TARS)
@given(st.lists(_members(), max_size=8).map(apart))
@settings(max_examples=25, deadline=None)
def test_tar_carries_everything(kind: str, members: list[tuple[Member, bytes]]) -> None:
    found = unpacked(kind, packed(kind, *members))
    assert not found.refused
    assert [*found.members.values()] == [each for each, _content in members]
    assert found.contents == {each.path: content for each, content in members if each.kind is EntryKind.FILE}


@given(st.lists(_members(), max_size=8).map(apart))
@settings(max_examples=50, deadline=None)
def test_zip_carries_names_contents_modes_and_owners(members: list[tuple[Member, bytes]]) -> None:
    members = [(each, content) for each, content in members if container("zip").holds(each.kind)]
    found = unpacked("zip", packed("zip", *members, about=b"{}"))
    assert not found.refused
    assert {path: (each.kind, each.target, each.uid, each.gid) for path, each in found.members.items()} == {
        each.path: (each.kind, each.target, each.uid, each.gid) for each, _content in members
    }
    assert found.contents == {each.path: content for each, content in members if each.kind is EntryKind.FILE}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, (4 << 20) - 1, 4 << 20, (4 << 20) + 1, 9_000_000])
def test_every_size_comes_back_with_its_checksum(kind: str, size: int) -> None:
    content = bytes(range(251)) * (size // 251 + 1)
    found = unpacked(kind, packed(kind, file(b"/a", content[:size]), file(b"/b")))
    assert found.contents == {b"/a": content[:size], b"/b": b"content"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_content_that_ends_early_leaves_a_sound_archive(kind: str) -> None:
    announced = member(b"/a", size=6_000_000)
    found = unpacked(kind, packed(kind, (announced, b"short"), file(b"/b")))
    assert found.contents[b"/a"].rstrip(b"\0") == b"short"
    assert found.contents[b"/b"] == b"content"


@pytest.mark.parametrize("kind", KINDS)
def test_a_content_that_has_grown_is_cut(kind: str) -> None:
    found = unpacked(kind, packed(kind, (member(b"/a", size=3), b"longer"), file(b"/b")))
    assert found.contents == {b"/a": b"lon", b"/b": b"content"}


def test_further_names_are_links_in_tar_and_files_in_zip() -> None:
    link = msgspec.structs.replace(file(b"/b")[0], link=b"/a"), b"content"
    found = unpacked("tar", packed("tar", file(b"/a"), link))
    assert (found.members[b"/b"].link, found.members[b"/b"].size) == (b"/a", 7)
    assert unpacked("zip", packed("zip", file(b"/a"), link)).contents[b"/b"] == b"content"


def test_what_tells_of_a_zip_is_no_member_and_hides_none() -> None:
    archive = packed("zip", file(b"/backup_info.json", b"a file of the user"), about=b'{"about": "the backup"}')
    assert unpacked("zip", archive).contents == {b"/backup_info.json": b"a file of the user"}
    assert container("zip").reader(BytesIO(archive), lambda name, reason: None).about() == b'{"about": "the backup"}'


def test_members_of_a_zip_are_opened_in_any_order() -> None:
    archive = packed("zip", *(file(b"/%d" % number, b"%d" % number * 1000) for number in range(20)))
    reader = container("zip").reader(BytesIO(archive), lambda name, reason: None)
    for number in (7, 3, 19, 0):
        with reader.opened(b"/%d" % number) as content:
            assert content.read() == b"%d" % number * 1000
