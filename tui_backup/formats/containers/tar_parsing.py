"""Parsing headers of tar members: v7, ustar, GNU and PAX, whoever wrote them.

Sources: POSIX.1-2001 `pax`, the manual of GNU tar ("Tar Internals"), libarchive's tar(5). Nothing that a header says is
believed before it is looked at: sizes are bounded before memory is taken.
"""

from typing import NamedTuple

from tui_backup.errors import Corrupted
from tui_backup.formats.containers.tar_header import BLOCK
from tui_backup.primitives.i18n import _

Records = dict[bytes, bytes]
LARGEST_HEADER = 16 << 20
"""Bytes of an extended header that are read."""

_ANNOUNCEMENTS = frozenset((b"x", b"X", b"g", b"L", b"K"))
_MOST_RECORDS = 300_000
_SECOND = 1_000_000_000
_LATEST = (1 << 63) - 1
_NOBODY = 65534
_LARGEST_ID = (1 << 32) - 2
_LARGEST_SIZE = 1 << 60


class Block(NamedTuple):
    """What one header block says, before records change it; of one that only announces records or a name, the size."""

    type: bytes
    size: int
    raw: bytes
    name: bytes = b""
    mode: int = 0
    uid: int = 0
    gid: int = 0
    mtime_ns: int = 0
    target: bytes = b""
    user: bytes = b""
    group: bytes = b""
    major: int = 0
    minor: int = 0


def parse_block(raw: bytes) -> Block:
    """Decode one block.

    Raises:
        Corrupted: its checksum is wrong, or a number is none.
    """
    summed = raw[:148] + b"        " + raw[156:]
    told = number(raw[148:156])
    if told != sum(summed) and told != sum(summed) - 256 * sum(byte > 127 for byte in summed):
        raise Corrupted(_("a header of the tar archive is damaged"))
    type_ = raw[156:157]
    if type_ in _ANNOUNCEMENTS:
        return Block(type=type_, size=size_of(number(raw[124:136])), raw=raw)
    name = _text(raw[:100])
    if raw[345] and raw[257:263] == b"ustar\0":
        name = _text(raw[345:500]) + b"/" + name
    has_owners = raw[257:262] == b"ustar"
    is_device = has_owners and type_ in {b"3", b"4"}
    return Block(
        name=name,
        mode=number(raw[100:108]) & 0o7777,
        uid=identity(number(raw[108:116])),
        gid=identity(number(raw[116:124])),
        size=size_of(number(raw[124:136])),
        mtime_ns=bounded_time(number(raw[136:148]) * _SECOND),
        type=type_,
        target=_text(raw[157:257]),
        user=_text(raw[265:297]) if has_owners else b"",
        group=_text(raw[297:329]) if has_owners else b"",
        major=number(raw[329:337]) if is_device else 0,
        minor=number(raw[337:345]) if is_device else 0,
        raw=raw,
    )


def number(field: bytes) -> int:
    """Decode a number: octal, or base 256 where the first bit is set (GNU).

    Raises:
        Corrupted: it is neither.
    """
    if field[0] & 0x80:
        value = int.from_bytes(field, "big")
        bits = 8 * len(field)
        return value - (1 << bits) if field[0] == 0xFF else value - (1 << (bits - 1))
    digits = field.partition(b"\0")[0].strip(b" ")
    if digits.strip(b"01234567"):
        raise Corrupted(_("a header of the tar archive is damaged"))
    return int(digits or b"0", 8)


def size_of(size: int) -> int:
    """Return a size if it is one; raises Corrupted."""
    if not 0 <= size <= _LARGEST_SIZE:
        raise Corrupted(_("a member of the tar archive is said to have {size} bytes").format(size=size))
    return size


def identity(id_: int) -> int:
    """Return the id of a user or group; what cannot be one is nobody."""
    return id_ if 0 <= id_ <= _LARGEST_ID else _NOBODY


def bounded_time(time_ns: int) -> int:
    """Return a time that fits into 64 bits, the nearest."""
    return max(-_LATEST, min(time_ns, _LATEST))


def time_ns(text: bytes) -> int:
    """Decode the seconds of a record, `-1.25` or `1700000000.123456789`; raises Corrupted."""
    whole, _point, fraction = text.lstrip(b"-").partition(b".")
    seconds = decimal(whole or b"0") * _SECOND
    digits = fraction[:9].ljust(9, b"0")
    value = seconds + decimal(digits)
    return bounded_time(-value if text.startswith(b"-") else value)


def decimal(text: bytes) -> int:
    """Decode a decimal number of at most 20 digits; raises Corrupted."""
    if not text.isdigit() or len(text) > 20:
        raise Corrupted(_("a number in the tar archive is damaged"))
    return int(text)


def parse_records(body: bytes) -> list[tuple[bytes, bytes]]:
    """Decode the records of a PAX header, in order; zeros behind them are passed over.

    Raises:
        Corrupted: they are no such records.
    """
    records: list[tuple[bytes, bytes]] = []
    at = 0
    end = len(body)
    while at < end and body[at]:
        space = body.find(b" ", at, at + 21)
        digits = body[at:space] if space > 0 else b""
        length = int(digits) if digits.isdigit() else 0
        key, equals, value = body[space + 1 : at + length].partition(b"=")
        is_none = not equals or not key or at + length > end or not value.endswith(b"\n")
        if is_none or len(records) == _MOST_RECORDS:
            raise Corrupted(_("an extended header of the tar archive is damaged"))
        records.append((key, value[:-1]))
        at += length
    return records


def parse_old_map(raw: bytes, at: int, count: int) -> list[tuple[int, int]]:
    """Decode (offset, length) of an old GNU sparse header; entries without a number end it."""
    found = []
    for offset in range(at, at + 24 * count, 24):
        if not raw[offset + 12]:
            break
        found.append((number(raw[offset : offset + 12]), number(raw[offset + 12 : offset + 24])))
    return found


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def blocks_of(size: int) -> int:
    """Return the bytes that so many bytes take with their padding."""
    return -(-size // BLOCK) * BLOCK
