"""Entry lists: what an archive holds, told beside it, so that browsing and checking do not read the archive.

`NAME.EXT.entries.jsonl.zst`, sealed like the archive where that is sealed: JSON, an object a line. The first tells of
the archive: its name, its time, the SHA-256 of the file as stored, and its facts; each other one is a member, in the
order in which they lie there. The first line is a zstd frame of its own; the others are in frames of whole lines.
"""

import io
import shutil
from collections.abc import Iterator
from typing import Annotated, Any, BinaryIO, Final

import msgspec

from tui_backup.errors import Corrupted
from tui_backup.formats.archive.facts import Facts, fields_of, moment, read_facts
from tui_backup.formats.archive.frames import compressed, frames
from tui_backup.formats.archive.spool import new_spool, spooling
from tui_backup.formats.containers.base import Member
from tui_backup.model.entry import EntryKind
from tui_backup.primitives.clock import rfc3339
from tui_backup.primitives.i18n import _
from tui_backup.stores.base import Sink

ENDING: Final = ".entries.jsonl.zst"

_FRAME_BYTES = 256 << 10
_LARGEST_ID = (1 << 32) - 2
_LARGEST_TIME = 1 << 62
_LARGEST_DEVICE = (1 << 64) - 1
_CHUNK = 1 << 20
_MARK = "tui-backup-entries"


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What the first line tells of the archive."""

    name: str
    """The archive's full name."""
    size: int
    """Bytes of the archive as stored."""
    sha256: str
    """Of the archive as stored, 64 hex digits."""
    facts: Facts


class Line(msgspec.Struct, omit_defaults=True, gc=False):
    """One member, as JSON has it; what is not UTF-8 has U+FFFD in the text and the bytes in base64 beside it."""

    path: str
    type: EntryKind
    size: Annotated[int, msgspec.Meta(ge=0, le=1 << 62)] = 0
    sha256: str = ""
    mode: int = 0
    uid: int = 0
    gid: int = 0
    user: str = ""
    group: str = ""
    mtime_ns: int = 0
    device: int = 0
    linktarget: str = ""
    """Of a symlink."""
    link: str = ""
    """Path of the file of which this is a further name."""
    xattrs: tuple[tuple[bytes, bytes], ...] = ()
    """Names and values, base64."""
    path_b64: bytes | None = None
    linktarget_b64: bytes | None = None
    link_b64: bytes | None = None


_DECODER: Final = msgspec.json.Decoder(Line)
_ENCODER: Final = msgspec.json.Encoder()


class EntryListWriter:
    """Takes the members of an archive that is being written, and writes the list when the archive is whole."""

    def __init__(self) -> None:
        self.count = 0
        """Members so far."""
        self._spool = new_spool()
        self._lines = bytearray()

    def add(self, member: Member) -> None:
        """Take a member as it was written."""
        self.count += 1
        self._lines += _encoded(line_of(member))
        if len(self._lines) >= _FRAME_BYTES:
            self._flush()

    def write(self, head: Head, out: Sink) -> None:
        """Write the whole list."""
        self._flush()
        out.write(encode_head(head))
        self._spool.seek(0)
        while chunk := self._spool.read(_CHUNK):
            out.write(chunk)

    def file(self) -> BinaryIO:
        """Return what was taken so far as a list without a head, for whoever browses it; it closes with the writer."""
        self._flush()
        self._spool.seek(0)
        return self._spool

    def close(self) -> None:
        """Forget everything."""
        self._spool.close()

    def _flush(self) -> None:
        if self._lines:
            with spooling():
                self._spool.write(compressed(bytes(self._lines)))
            self._lines.clear()


def encode_head(head: Head) -> bytes:
    """Return the first line, as a frame."""
    told = {"list": _MARK, "name": head.name, "timestamp": rfc3339(head.facts.time)}
    stored = {"size": head.size, "sha256": head.sha256}
    return compressed(_ENCODER.encode(told | stored | fields_of(head.facts)) + b"\n")


def decode_head(content: bytes) -> Head:
    """Return what the first line tells, given the content of its frame.

    Raises:
        Corrupted: it is none.
    """
    try:
        fields: dict[str, Any] = msgspec.json.decode(content, type=dict[str, Any])
        stored = fields["name"], fields["size"], fields["sha256"]
    except (msgspec.DecodeError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(_("it does not tell of what it is")) from error
    name, size, sha256 = stored
    time = moment(fields.get("time"))
    sound = isinstance(name, str) and isinstance(size, int) and isinstance(sha256, str)
    if fields.get("list") != _MARK or not sound or time is None:
        raise _damaged(_("it does not tell of what it is"))
    return Head(name=name, size=size, sha256=sha256, facts=read_facts(fields, time))


def head_in(beginning: bytes) -> Head | None:
    """Return the head in the first bytes of a list; None where more of them are needed. Raises Corrupted."""
    try:
        found = next(frames(io.BytesIO(beginning)), None)
    except Corrupted:
        return None
    return decode_head(found[1]) if found else None


def read_list(file: BinaryIO) -> tuple[Head, Iterator[Member]]:
    """Return what a list tells of the archive, and its members, which are read as they are asked for.

    Raises:
        Corrupted: it is damaged; the members raise that too.
    """
    content = frames(file)
    first = next(content, None)
    if first is None:
        raise _damaged(_("it is empty"))
    return decode_head(first[1]), (member_of(line) for _at, lines in content for line in lines_of(lines))


def rewrite(file: BinaryIO, head: Head, out: Sink) -> None:
    """Write a list anew with another head; raises Corrupted."""
    content = frames(file)
    next(content, None)
    second = next(content, None)
    out.write(encode_head(head))
    if second is not None:
        file.seek(second[0])
        shutil.copyfileobj(file, out, _CHUNK)


def lines_of(content: bytes) -> list[Line]:
    """Return the lines in a frame; raises Corrupted."""
    try:
        return _DECODER.decode_lines(content)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise _damaged(str(error)) from error


def line_of(member: Member) -> Line:
    """Return what the list has of a member."""
    path, path_b64 = _texted(member.path)
    target, target_b64 = _texted(member.target)
    link, link_b64 = _texted(member.link)
    return Line(
        path,
        member.kind,
        member.size,
        member.sha256,
        member.mode,
        member.uid,
        member.gid,
        member.user,
        member.group,
        member.mtime_ns,
        member.device,
        target,
        link,
        member.xattrs,
        path_b64,
        target_b64,
        link_b64,
    )


def member_of(line: Line) -> Member:
    """Return the member that a line tells of; nothing is believed of its names yet."""
    return Member(
        path=path_of(line),
        kind=line.type,
        mode=line.mode & 0o7777,
        uid=_within(line.uid, 0, _LARGEST_ID),
        gid=_within(line.gid, 0, _LARGEST_ID),
        user=line.user,
        group=line.group,
        size=line.size,
        mtime_ns=_within(line.mtime_ns, -_LARGEST_TIME, _LARGEST_TIME),
        device=_within(line.device, 0, _LARGEST_DEVICE),
        target=_raw(line.linktarget, line.linktarget_b64),
        link=link_of(line),
        xattrs=line.xattrs,
        sha256=line.sha256,
    )


def path_of(line: Line) -> bytes:
    """Return the raw path in a line."""
    return _raw(line.path, line.path_b64)


def link_of(line: Line) -> bytes:
    """Return the raw path of the file of which this is a further name; empty where it is none."""
    return _raw(line.link, line.link_b64)


def _within(number: int, least: int, most: int) -> int:
    return number if least <= number <= most else min(max(number, least), most)


def _raw(text: str, encoded: bytes | None) -> bytes:
    return text.encode("utf-8", "replace") if encoded is None else encoded


def _texted(raw: bytes) -> tuple[str, bytes | None]:
    try:
        return raw.decode(), None
    except UnicodeDecodeError:
        return raw.decode("utf-8", "replace"), raw


def _encoded(line: Line) -> bytes:
    try:
        return _ENCODER.encode(line) + b"\n"
    except UnicodeEncodeError:
        line.user, line.group = (name.encode("utf-8", "replace").decode() for name in (line.user, line.group))
        return _ENCODER.encode(line) + b"\n"


def _damaged(reason: str) -> Corrupted:
    return Corrupted(_("the list of entries is damaged: {reason}").format(reason=reason))
