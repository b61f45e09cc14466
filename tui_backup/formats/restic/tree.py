"""Trees: one directory's nodes, in restic's exact JSON, so that equal directories have equal ids.

Source: restic's design document ("Trees and Data") and Go's `encoding/json`, whose escapes are kept: `<`, `>`, `&`,
U+2028 and U+2029 are written as `\\u003c` and so on.
"""

from functools import lru_cache

import msgspec

from tui_backup.errors import Corrupted
from tui_backup.formats.restic.names import unquote
from tui_backup.formats.restic.times import local_time, parse_time
from tui_backup.model.entry import Entry, EntryKind, Origin, Xattrs
from tui_backup.primitives.i18n import _

_SETUID, _SETGID, _STICKY = 1 << 23, 1 << 22, 1 << 20
_TYPE_BITS = {
    EntryKind.FILE: 0,
    EntryKind.DIR: 1 << 31,
    EntryKind.SYMLINK: 1 << 27,
    EntryKind.BLOCK: 1 << 26,
    EntryKind.CHAR: 1 << 26 | 1 << 21,
    EntryKind.FIFO: 1 << 25,
    EntryKind.SOCKET: 1 << 24,
}
_KINDS = {kind.value: kind for kind in EntryKind}
_LINKED = {EntryKind.FILE, EntryKind.SYMLINK, EntryKind.BLOCK, EntryKind.CHAR}


class Xattr(msgspec.Struct, gc=False):
    """One extended attribute of a node."""

    name: str
    value: bytes | None = b""


class Node(msgspec.Struct, gc=False, omit_defaults=True):
    """What a directory says of one name; fields in Go's order."""

    name: str
    """Quoted, see `names`."""
    type: str
    mode: int = 0
    """Go's FileMode."""
    mtime: str | None = None
    atime: str | None = None
    ctime: str | None = None
    uid: int | None = None
    gid: int | None = None
    user: str = ""
    group: str = ""
    inode: int = 0
    device_id: int = 0
    size: int = 0
    links: int = 0
    linktarget: str = ""
    linktarget_raw: bytes | None = None
    extended_attributes: list[Xattr] | None = None
    generic_attributes: dict[str, msgspec.Raw] | None = None
    device: int = 0
    content: list[str] | msgspec.UnsetType | None = msgspec.UNSET
    subtree: str | None = None
    error: str = ""

    def has_content(self) -> bool:
        """Whether it says what its content is, be it nothing; every FILE has to."""
        return isinstance(self.content, list)

    def blobs(self) -> list[str]:
        """Return the ids of the content, none for what is no file."""
        return self.content if isinstance(self.content, list) else []


class _Tree(msgspec.Struct):
    nodes: list[Node] | None


class _RawTree(msgspec.Struct):
    nodes: list[msgspec.Raw] | None


_LARGE = 1 << 20
"""Bytes of a tree from which on its nodes are decoded one by one, so that other threads have their turns meanwhile."""

_decoder = msgspec.json.Decoder(_Tree)
_raw_decoder = msgspec.json.Decoder(_RawTree)
_node_decoder = msgspec.json.Decoder(Node)
_encoder = msgspec.json.Encoder()


def decode_tree(plaintext: bytes) -> list[Node]:
    """Return the nodes of a tree blob.

    Raises:
        Corrupted: it is not the JSON of a tree.
    """
    try:
        if len(plaintext) < _LARGE:
            return _decoder.decode(plaintext).nodes or []
        return [_node_decoder.decode(node) for node in _raw_decoder.decode(plaintext).nodes or []]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Corrupted(_("a tree cannot be read: {reason}").format(reason=error)) from error


class Wants(msgspec.Struct, gc=False):
    """What a node needs beside its tree: blobs of data, or another tree."""

    type: str = ""
    content: list[str] | None = None
    subtree: str | None = None


class _WantingTree(msgspec.Struct):
    nodes: list[Wants] | None


_wants_decoder = msgspec.json.Decoder(_WantingTree)


def decode_wants(plaintext: bytes) -> list[Wants]:
    """Return what the nodes of a tree blob need, and nothing else of them; faster than `decode_tree`.

    Raises:
        Corrupted: it is not the JSON of a tree.
    """
    try:
        return _wants_decoder.decode(plaintext).nodes or []
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Corrupted(_("a tree cannot be read: {reason}").format(reason=error)) from error


def encode_tree(nodes: list[Node]) -> bytes:
    """Return the tree blob of nodes that are sorted by their raw names."""
    text = _encoder.encode(nodes)
    for raw, escaped in ((b"<", b"\\u003c"), (b">", b"\\u003e"), (b"&", b"\\u0026")):
        if raw in text:
            text = text.replace(raw, escaped)
    if b"\xe2\x80" in text:
        text = text.replace(b"\xe2\x80\xa8", b"\\u2028").replace(b"\xe2\x80\xa9", b"\\u2029")
    return b'{"nodes":' + text + b"}\n"


def go_mode(kind: EntryKind, mode: int) -> int:
    """Return Go's FileMode of permission bits (with suid, sgid, sticky)."""
    bits = _TYPE_BITS[kind] | (mode & 0o777)
    if mode & 0o7000:
        bits |= (
            (_SETUID if mode & 0o4000 else 0) | (_SETGID if mode & 0o2000 else 0) | (_STICKY if mode & 0o1000 else 0)
        )
    return bits


def unix_mode(go: int) -> int:
    """Return permission bits with suid, sgid and sticky of Go's FileMode."""
    mode = go & 0o777
    if go & (_SETUID | _SETGID | _STICKY):
        mode |= (0o4000 if go & _SETUID else 0) | (0o2000 if go & _SETGID else 0) | (0o1000 if go & _STICKY else 0)
    return mode


def node_of(entry: Entry, name: str, xattrs: Xattrs) -> Node:
    """Return the node of an entry of that quoted name; content and subtree are still to be set."""
    kind = entry.kind
    mtime = local_time(entry.mtime_ns)
    node = Node(
        name=name,
        type=kind.value,
        mode=go_mode(kind, entry.mode),
        mtime=mtime,
        atime=mtime,
        ctime=local_time(entry.ctime_ns),
        uid=entry.uid,
        gid=entry.gid,
        user=entry.user,
        group=entry.group,
        inode=entry.inode,
        device_id=entry.device_id,
        size=entry.size if kind is EntryKind.FILE else 0,
        links=entry.links if kind in _LINKED else 0,
        device=entry.device,
        content=None,
    )
    if kind is EntryKind.SYMLINK:
        _set_target(node, entry.target)
    if xattrs:
        node.extended_attributes = [Xattr(name.decode("utf-8", "replace"), value) for name, value in xattrs]
    return node


def _set_target(node: Node, target: bytes) -> None:
    try:
        node.linktarget = target.decode()
    except UnicodeDecodeError:
        node.linktarget = target.decode("utf-8", "replace")
        node.linktarget_raw = target


def name_of(node: Node) -> bytes:
    """Return the raw name of a node.

    Raises:
        Corrupted: it is no name of a file: empty, `.`, `..`, with `/` or NUL, or with an unknown escape.
    """
    try:
        name = unquote(node.name)
    except (ValueError, UnicodeEncodeError) as error:
        raise Corrupted(_("bad name {name!r}: {reason}").format(name=node.name, reason=error)) from error
    if name in (b"", b".", b"..") or b"/" in name or b"\0" in name:
        raise Corrupted(_("bad name {name!r}").format(name=node.name))
    return name


def entry_of(node: Node, path: bytes, origin: Origin) -> Entry:
    """Return the entry of a node.

    Raises:
        Corrupted: its type or a time is none that we know.
    """
    kind = _KINDS.get(node.type)
    if kind is None:
        raise Corrupted(_("unknown type {type!r}").format(type=node.type))
    mtime = time_of(node.mtime)
    target = b""
    if kind is EntryKind.SYMLINK:
        target = node.linktarget_raw or node.linktarget.encode("utf-8", "replace")
    return Entry(
        path,
        kind,
        origin,
        unix_mode(node.mode),
        node.uid or 0,
        node.gid or 0,
        node.user,
        node.group,
        node.size if kind is EntryKind.FILE else 0,
        mtime,
        mtime if node.atime == node.mtime else time_of(node.atime),
        time_of(node.ctime),
        node.inode,
        node.device_id,
        node.links or 1,
        node.device,
        target,
    )


def time_of(text: str | None) -> int:
    """Return a node's time in ns since 1970; a missing one is 0.

    Raises:
        Corrupted: it is no time.
    """
    if text is None:
        return 0
    end = -1 if text[-1:] == "Z" else -6
    fraction = text[19:end]
    try:
        whole = _whole_second(text[:19] + text[end:])
        if not fraction:
            return whole
        if fraction[0] != "." or not fraction[1:].isdecimal():
            raise ValueError
        return whole + int(fraction[1:10].ljust(9, "0"))
    except ValueError as error:
        raise Corrupted(_("bad time {text!r}").format(text=text)) from error


@lru_cache(maxsize=8192)
def _whole_second(text: str) -> int:
    return parse_time(text).ns


def xattrs_of(node: Node) -> Xattrs:
    """Return the extended attributes of a node."""
    return tuple(
        (attribute.name.encode("utf-8", "surrogateescape"), attribute.value or b"")
        for attribute in node.extended_attributes or ()
    )


def is_unchanged(node: Node, entry: Entry) -> bool:
    """Whether the content of a FILE can be taken from this node of the parent: size, both times and inode agree."""
    return (
        node.inode == entry.inode
        and node.size == entry.size
        and node.type == "file"
        and _same_time(node.ctime, entry.ctime_ns)
        and _same_time(node.mtime, entry.mtime_ns)
    )


def is_same(node: Node, entry: Entry) -> bool:
    """Whether an unchanged file's node can be taken whole; its ctime answers for the extended attributes."""
    mode = entry.mode
    return (
        node.uid == entry.uid
        and node.gid == entry.gid
        and node.device_id == entry.device_id
        and node.links == entry.links
        and node.user == entry.user
        and node.group == entry.group
        and node.mode == (mode if mode < 0o1000 else go_mode(EntryKind.FILE, mode))
    )


def _same_time(text: str | None, time_ns: int) -> bool:
    if text is None:
        return False
    try:
        return text == local_time(time_ns) or time_of(text) == time_ns
    except Corrupted:
        return False
