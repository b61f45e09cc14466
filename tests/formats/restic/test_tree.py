"""Trees and nodes: what an entry becomes in JSON, and what comes back of it."""

import itertools
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.support.given import given as entry_given
from tui_backup.errors import Corrupted
from tui_backup.formats.restic import times, tree
from tui_backup.formats.restic.names import quote
from tui_backup.formats.restic.times import local_time, parse_time
from tui_backup.formats.restic.tree import (
    Node,
    decode_tree,
    encode_tree,
    entry_of,
    go_mode,
    is_same,
    is_unchanged,
    name_of,
    node_of,
    time_of,
    unix_mode,
    xattrs_of,
)
from tui_backup.model.entry import Entry, EntryKind

TIME = 1_700_000_000_123_456_789
KINDS = some.sampled_from(EntryKind)
TIMES = some.integers(-62_167_219_200 * 10**9 + 10**14, 253_402_300_799 * 10**9 - 10**14)
FIELDS = some.fixed_dictionaries(
    {
        "mode": some.integers(0, 0o7777),
        "uid": some.integers(0, 2**32 - 1),
        "gid": some.integers(0, 2**32 - 1),
        "user": some.text(max_size=5),
        "group": some.text(max_size=5),
        "mtime_ns": TIMES,
        "ctime_ns": TIMES,
        "inode": some.integers(1, 2**64 - 1),
        "device_id": some.integers(1, 2**64 - 1),
    }
)


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Sets the zone of the local clock."""

    def to(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()
        times._local_second.cache_clear()

    yield to
    monkeypatch.undo()
    time.tzset()
    times._local_second.cache_clear()


def entry(kind: EntryKind = EntryKind.FILE, **fields: Any) -> Entry:
    times = {"mtime_ns": TIME, "ctime_ns": TIME, "inode": 7, "device_id": 1}
    return entry_given(b"/directory/name", kind, **{**times, **fields})


def through_json(node: Node) -> Node:
    (back,) = decode_tree(encode_tree([node]))
    return back


def kept(what: Entry) -> Node:
    """Return the node of an entry as another process reads it."""
    return through_json(node_of(what, quote(what.name), what.origin.xattrs(what)))


@given(kind=KINDS, fields=FIELDS, target=some.binary(min_size=1).filter(lambda raw: 0 not in raw))
def test_every_entry_comes_back(kind: EntryKind, fields: dict[str, Any], target: bytes) -> None:
    if kind is EntryKind.SYMLINK:
        fields["target"] = target
    if kind in {EntryKind.BLOCK, EntryKind.CHAR}:
        fields["device"] = 0x801
    before = entry(kind, links=3 if kind in {EntryKind.FILE, EntryKind.SYMLINK} else 1, size=0, **fields)
    before.atime_ns = before.mtime_ns
    after = entry_of(kept(before), before.path, before.origin)
    assert after == before


@given(permissions=some.integers(0, 0o7777), kind=KINDS)
def test_every_mode_comes_back(permissions: int, kind: EntryKind) -> None:
    assert unix_mode(go_mode(kind, permissions)) == permissions


@pytest.mark.parametrize(
    ("kind", "permissions", "mode"),
    [
        (EntryKind.DIR, 0o755, 2147484141),
        (EntryKind.DIR, 0o2750, 2151678440),
        (EntryKind.SYMLINK, 0o777, 134218239),
        (EntryKind.BLOCK, 0o640, 67109280),
        (EntryKind.CHAR, 0o640, 69206432),
        (EntryKind.FIFO, 0o600, 33554816),
        (EntryKind.FILE, 0o4755, 8389101),
        (EntryKind.FILE, 0o2755, 4194797),
        (EntryKind.FILE, 0o1644, 1048996),
        (EntryKind.FILE, 0, 0),
    ],
)
def test_suid_sgid_and_sticky_are_the_bits_of_go_and_not_those_of_unix(
    kind: EntryKind, permissions: int, mode: int
) -> None:
    assert kept(entry(kind, mode=permissions)).mode == mode


@given(ns=TIMES)
def test_times_are_kept_to_the_nanosecond(ns: int) -> None:
    assert time_of(local_time(ns)) == ns


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Pacific/Chatham"])
@pytest.mark.parametrize("ns", [0, TIME, -1, 10**9, 1_679_792_400 * 10**9 - 1, 4_000_000_000 * 10**9])
def test_the_zone_of_the_machine_does_not_change_the_instant(zone: Any, name: str, ns: int) -> None:
    zone(name)
    assert time_of(local_time(ns)) == parse_time(local_time(ns)).ns == ns


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1, "1970-01-01T00:00:00.000000001Z"),
        (120_000_000, "1970-01-01T00:00:00.12Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (10**30, "9999-12-31T23:59:59Z"),
        (-(10**30), "0000-01-01T00:00:00Z"),
    ],
)
def test_times_are_written_as_go_writes_them(zone: Any, ns: int, text: str) -> None:
    zone("UTC")
    assert local_time(ns) == text


@pytest.mark.parametrize("cut", [0, 1, 3, 6, 9])
def test_a_fraction_of_any_length_is_read(cut: int) -> None:
    fraction = "." + "123456789"[:cut] if cut else ""
    expected = 1_700_000_000 * 10**9 + int("123456789"[:cut].ljust(9, "0"))
    assert time_of(f"2023-11-14T22:13:20{fraction}Z") == expected
    assert time_of(f"2023-11-15T00:13:20{fraction}+02:00") == expected


@pytest.mark.parametrize(
    "text",
    ["", "Z", "now", "2023-11-14", "2023-11-14 22:13:20Z", "2023-11-14T22:13:20", "2023-11-14T22:13:20.Z",
     "2023-11-14T22:13:20.1x3Z", "2023-11-14T22:13:20,5Z", "2023-02-30T00:00:00Z", "2023-11-14T22:13:20.5+1:00",
     "2023-11-14T22:13:20.5 Z"],
)  # fmt: skip
def test_what_is_no_time_is_corrupted(text: str) -> None:
    with pytest.raises(Corrupted, match="bad time"):
        time_of(text)


@pytest.mark.parametrize("target", [b"../plain", "ünïcode".encode(), b'<&>"\\\n\t', "\ufffd".encode()])
def test_a_target_that_is_text_needs_no_raw_form(target: bytes) -> None:
    node = kept(entry(EntryKind.SYMLINK, target=target))
    assert (node.linktarget.encode(), node.linktarget_raw) == (target, None)
    assert entry_of(node, b"/name", entry().origin).target == target


def test_a_target_that_is_no_text_is_kept_raw_beside_one_that_can_be_shown() -> None:
    node = kept(entry(EntryKind.SYMLINK, target=b"\xff/caf\xe9"))
    assert node.linktarget == "\ufffd/caf\ufffd"
    assert entry_of(node, b"/name", entry().origin).target == b"\xff/caf\xe9"


def test_the_raw_target_wins() -> None:
    node = Node(name="a", type="symlink", linktarget="shown", linktarget_raw=b"\xff")
    assert entry_of(node, b"/a", entry().origin).target == b"\xff"


def test_attributes_come_back_with_any_value_in_their_order() -> None:
    attributes = ((b"user.b", b""), (b"user.a", bytes(range(256))), ("user.\u00e9".encode(), b"\xff"))
    node = kept(entry(xattrs=attributes))
    assert xattrs_of(node) == attributes


@pytest.mark.parametrize("listed", [None, []])
def test_no_attributes_may_be_said_in_several_ways(listed: list[tree.Xattr] | None) -> None:
    assert xattrs_of(through_json(Node(name="a", type="file", extended_attributes=listed))) == ()


def test_an_attribute_without_a_value_is_an_empty_one() -> None:
    text = b'{"nodes":[{"name":"a","type":"file","extended_attributes":[{"name":"user.a","value":null}]}]}'
    assert xattrs_of(decode_tree(text)[0]) == ((b"user.a", b""),)


@pytest.mark.parametrize(
    ("kind", "links", "written"),
    [(EntryKind.FILE, 2, True), (EntryKind.SYMLINK, 1, True), (EntryKind.CHAR, 1, True), (EntryKind.DIR, 3, False),
     (EntryKind.FIFO, 1, False), (EntryKind.SOCKET, 1, False)],
)  # fmt: skip
def test_links_are_written_where_restic_writes_them(kind: EntryKind, links: int, written: bool) -> None:
    assert (b'"links"' in encode_tree([node_of(entry(kind, links=links), "a", ())])) == written


def test_what_hard_links_are_known_by_is_always_written() -> None:
    fields = msgspec.json.decode(encode_tree([node_of(entry(size=5, links=2), "a", ())]))["nodes"][0]
    assert (fields["inode"], fields["device_id"], fields["links"], fields["size"]) == (7, 1, 2, 5)


def test_fields_come_in_the_order_of_restic() -> None:
    fields: dict[str, Any] = {"user": "root", "group": "root", "size": 1, "xattrs": ((b"user.a", b"x"),)}
    node = kept(entry(**fields))
    node.content = ["ab" * 32]
    order = msgspec.json.decode(encode_tree([node]))["nodes"][0]
    assert list(order) == [
        "name", "type", "mode", "mtime", "atime", "ctime", "uid", "gid", "user", "group", "inode", "device_id",
        "size", "links", "extended_attributes", "content",
    ]  # fmt: skip


def test_owner_zero_is_written_and_empty_names_are_not() -> None:
    text = encode_tree([node_of(entry(uid=0, gid=0), "a", ())])
    assert b'"uid":0,"gid":0,"inode"' in text


@pytest.mark.parametrize("text", [b'{"nodes":null}', b'{"nodes":null,"odd":[1]}\n', b'{"nodes":[]}'])
def test_a_tree_of_nothing_may_be_null(text: bytes) -> None:
    assert decode_tree(text) == []


@pytest.mark.parametrize(
    "text",
    [b"", b"{}", b"[]", b'{"nodes":{}}', b'{"nodes":[{"name":"a"}]}', b'{"nodes":[{"name":1,"type":"file"}]}',
     b'{"nodes":[{"name":"a","type":"file","size":-1.5}]}', b'{"nodes":[', b'{"nodes":[]}x', b"\xff",
     b'{"nodes":[{"name":"raw\nnewline","type":"file"}]}'],
)  # fmt: skip
def test_what_is_no_tree_is_corrupted(text: bytes) -> None:
    with pytest.raises(Corrupted, match="tree"):
        decode_tree(text)


def test_fields_that_nobody_knows_are_read_over() -> None:
    (node,) = decode_tree(b'{"nodes":[{"name":"a","type":"file","odd":{"a":[1]}}]}')
    assert name_of(node) == b"a"


def test_attributes_of_windows_are_written_again_as_they_were() -> None:
    windows = b'"generic_attributes":{"windows.creation_time":"AAAA","windows.file_attributes":32}'
    text = b'{"nodes":[{"name":"a","type":"file",' + windows + b"}]}\n"
    assert encode_tree(decode_tree(text)) == text


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/", r"a\x2fb", r"\x00", r"a\u0000b", r"\x2e\x2e", r"\s", "\\"])
def test_names_that_must_not_be_used_are_corrupted(name: str) -> None:
    with pytest.raises(Corrupted, match="bad name"):
        name_of(Node(name=name, type="file"))


@pytest.mark.parametrize("name", ["\x01", "\x1b[2J", "\x7f", "zero\u200bwidth", r"\xff", "...", " ", "-rf"])
def test_odd_names_are_names(name: str) -> None:
    assert name_of(Node(name=name, type="file"))


@pytest.mark.parametrize("type_", ["", "irregular", "File", "door"])
def test_an_unknown_type_is_corrupted(type_: str) -> None:
    with pytest.raises(Corrupted, match="unknown type"):
        entry_of(Node(name="a", type=type_), b"/a", entry().origin)


def test_a_node_that_says_nothing_is_an_entry_with_nothing() -> None:
    found = entry_of(Node(name="a", type="file"), b"/a", entry().origin)
    assert (found.size, found.mtime_ns, found.links, found.uid, found.mode) == (0, 0, 1, 0, 0)


@pytest.mark.parametrize("field", ["size", "mtime_ns", "ctime_ns", "inode"])
def test_size_both_times_and_inode_tell_that_a_file_has_changed(field: str) -> None:
    before = entry(size=5)
    node = kept(before)
    assert is_unchanged(node, before)
    setattr(before, field, getattr(before, field) + 1)
    assert not is_unchanged(node, before)


@pytest.mark.parametrize(
    ("field", "value"),
    [("mode", 0o600), ("uid", 5), ("gid", 5), ("links", 2), ("user", "x"), ("group", "x"), ("device_id", 5)],
)
def test_other_metadata_tells_that_a_node_has_changed_and_not_its_content(field: str, value: Any) -> None:
    before = entry(size=5)
    node = kept(before)
    assert is_same(node, before)
    setattr(before, field, value)
    assert is_unchanged(node, before)
    assert not is_same(node, before)


def test_the_zone_in_which_a_time_was_written_changes_nothing(zone: Any) -> None:
    zone("Europe/Berlin")
    node = kept(entry(size=5))
    zone("UTC")
    assert is_unchanged(node, entry(size=5))


@pytest.mark.parametrize("fields", [{"mtime": None}, {"ctime": None}, {"mtime": "nonsense"}, {"ctime": "2023-99-99"}])
def test_without_a_time_that_can_be_read_a_file_counts_as_changed(fields: dict[str, Any]) -> None:
    assert not is_unchanged(msgspec.structs.replace(kept(entry(size=5)), **fields), entry(size=5))


def test_times_cut_to_microseconds_count_as_changed() -> None:
    node = msgspec.structs.replace(kept(entry(size=5)), mtime=local_time(TIME // 1000 * 1000))
    assert not is_unchanged(node, entry(size=5))


def test_characters_that_html_fears_are_escaped_as_go_does() -> None:
    text = encode_tree([Node(name="<&>\u2028", type="symlink", linktarget="<\u2029>")])
    assert rb"\u003c\u0026\u003e" in text
    assert rb"\u003c\u2029\u003e" in text
    assert not any(raw in text for raw in (b"<", b">", b"&", "\u2028".encode(), "\u2029".encode()))


@given(names=some.lists(some.binary(min_size=1, max_size=3), min_size=2, max_size=6))
def test_quoted_names_come_back_in_the_order_of_raw_bytes(names: list[bytes]) -> None:
    raw = sorted({name for name in names if not {0, 47} & set(name) and name not in (b".", b"..")})
    nodes = decode_tree(encode_tree([Node(name=quote(name), type="fifo") for name in raw]))
    found = [name_of(node) for node in nodes]
    assert found == raw
    assert all(before < after for before, after in itertools.pairwise(found))
