"""Reading zip: members are found in the directory at its end, and opened one by one."""

import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import BinaryIO, ClassVar, cast

from tui_backup.errors import Corrupted
from tui_backup.formats.containers import zip_records as records
from tui_backup.formats.containers.base import Member, Refuse
from tui_backup.formats.containers.deflate import Inflating, inflating
from tui_backup.formats.containers.paths import Claims, path_of
from tui_backup.formats.containers.zip_directory import Record, records_in
from tui_backup.formats.containers.zip_records import DEFLATED, STORED
from tui_backup.formats.containers.zip_writer import ABOUT
from tui_backup.model.entry import EntryKind
from tui_backup.primitives.i18n import _
from tui_backup.primitives.raw_file import RawFile

_STEP = 256 << 10
_EXTRA = 64
"""Bytes that the extra fields of a local header have as a rule."""
_LARGEST_ABOUT = 1 << 20
_LONGEST_TARGET = 1 << 16


class ZipReader:
    """A zip that is being read; see `MemberReader`. `opened` may be called from several threads at once."""

    opens_any: ClassVar[bool] = True

    def __init__(self, file: BinaryIO, refuse: Refuse) -> None:
        self._file = file
        self._refuse = refuse
        self._turn = threading.RLock()
        self._places: dict[bytes, Record] | None = None
        """The FILEs by path."""
        self._about: Record | None = None

    def members(self) -> Generator[tuple[Member, BinaryIO | None]]:
        """Yield all members in the order of the directory."""
        for record, member in self._listed(self._refuse):
            yield member, self._content(record) if member.kind is EntryKind.FILE else None

    def about(self) -> bytes | None:
        """Return the `backup_info.json` that ends the archive, else the one at its top."""
        listed = self._found().get(ABOUT)
        record = self._about or listed
        if record is None:
            return None
        content = self._content(record).read(_LARGEST_ABOUT + 1)
        if len(content) > _LARGEST_ABOUT:
            raise Corrupted(_("{name} in the archive is too large").format(name="backup_info.json"))
        return content

    def has_passed(self, path: bytes) -> bool:
        """Nothing is ever out of reach."""
        return False

    @contextmanager
    def opened(self, path: bytes) -> Iterator[BinaryIO]:
        """Give the content of a FILE; raises Corrupted where the archive has none of that path."""
        record = self._found().get(path)
        if record is None:
            raise Corrupted(_("the archive has no such member"))
        yield self._content(record)

    def read_at(self, start: int, length: int) -> bytes:
        """Return bytes of the file; fewer where it ends."""
        with self._turn:
            self._file.seek(start)
            return self._file.read(length)

    def _found(self) -> dict[bytes, Record]:
        with self._turn:
            if self._places is None:
                listed = self._listed(lambda _name, _reason: None)
                self._places = {member.path: record for record, member in listed if member.kind is EntryKind.FILE}
            return self._places

    def _listed(self, refuse: Refuse) -> Iterator[tuple[Record, Member]]:
        """Yield what there is nothing against; what tells of the backup itself, at the very end, is no member."""
        claims = Claims()
        held: Record | None = None
        for record in records_in(self._file):
            if held is not None:
                yield from self._admitted(held, claims, refuse)
            held = record
        if held is not None and held.name == ABOUT[1:]:
            self._about = held
        elif held is not None:
            yield from self._admitted(held, claims, refuse)

    def _admitted(self, record: Record, claims: Claims, refuse: Refuse) -> Iterator[tuple[Record, Member]]:
        try:
            member = self._described(record)
            is_first = claims.take(member.path, member.kind)
        except Corrupted as error:
            refuse(record.name, error.message)
            return
        if is_first:
            yield record, member

    def _described(self, record: Record) -> Member:
        """Return the member that a record is about; raises Corrupted where it must not be used."""
        stored, kind = record.stored, record.kind
        if kind is None:
            raise Corrupted(_("it is neither a file, a directory nor a link"))
        if record.flags & records.ENCRYPTED:
            raise Corrupted(_("it was encrypted by another program"))
        if stored.method not in {STORED, DEFLATED}:
            message = _("it is compressed in a way that is not known here (method {number})")
            raise Corrupted(message.format(number=stored.method))
        return Member(
            path=path_of(record.name),
            kind=kind,
            mode=record.mode,
            uid=record.uid,
            gid=record.gid,
            size=stored.size if kind is EntryKind.FILE else 0,
            mtime_ns=record.mtime_ns,
            target=self._target(record) if kind is EntryKind.SYMLINK else b"",
        )

    def _target(self, record: Record) -> bytes:
        if not 0 < record.stored.size <= _LONGEST_TARGET:
            raise Corrupted(_("a link that points nowhere"))
        target = self._content(record).read(_LONGEST_TARGET)
        if b"\0" in target:
            raise Corrupted(_("a link that points nowhere"))
        return target

    def _content(self, record: Record) -> BinaryIO:
        return cast(BinaryIO, _Content(self, record))


class _Content(RawFile):
    """What one member holds: never more than was said, and in the end exactly that, with the right checksum."""

    def __init__(self, reader: ZipReader, record: Record) -> None:
        super().__init__()
        self._reader = reader
        self._record = record
        self._at = -1
        """Where the stored bytes go on that are not in `_input`."""
        self._left = record.stored.compressed
        """Stored bytes from there on."""
        self._input = b""
        self._inflating: Inflating | None = None
        self._produced = 0
        self._crc = 0

    def take(self, most: int) -> bytes | memoryview:
        from zlib_ng.zlib_ng import crc32

        if self._at < 0:
            self._begin()
        piece = self._next(most)
        self._produced += len(piece)
        self._crc = crc32(piece, self._crc)
        stored = self._record.stored
        is_short = not piece and (self._produced != stored.size or self._crc != stored.crc)
        if is_short or self._produced > stored.size:
            raise Corrupted(_("its content is damaged"))
        return piece

    def _begin(self) -> None:
        """Pass the local header, which must be that of this member."""
        stored, name = self._record.stored, self._record.raw_name
        fixed = records.LOCAL.size + len(name)
        raw = self._reader.read_at(stored.offset, fixed + _EXTRA + min(stored.compressed, _STEP))
        if len(raw) < fixed or not raw.startswith(records.LOCAL_MARK):
            raise Corrupted(_("its content is not where the archive says"))
        *_rest, name_length, extra_length = records.LOCAL.unpack_from(raw)
        if raw[records.LOCAL.size : fixed] != name or name_length != len(name):
            raise Corrupted(_("its content is not where the archive says"))
        self._input = raw[fixed + extra_length :][: stored.compressed]
        self._left -= len(self._input)
        self._at = stored.offset + fixed + extra_length + len(self._input)
        self._inflating = inflating(-15) if stored.method == DEFLATED else None

    def _next(self, most: int) -> bytes:
        if self._inflating is None:
            taken = self._input or self._take(most)
            self._input = taken[most:]
            return taken[:most]
        from zlib_ng import zlib_ng

        while not self._inflating.eof:
            taken = self._input or self._take(_STEP)
            if not taken:
                break
            try:
                piece = self._inflating.decompress(taken, most)
            except zlib_ng.error as error:  # type: ignore[misc]  # the stubs call the class an instance
                raise Corrupted(_("its content is damaged")) from error
            self._input = self._inflating.unconsumed_tail
            if piece:
                return piece
        return b""

    def _take(self, most: int) -> bytes:
        """Return the next stored bytes."""
        piece = self._reader.read_at(self._at, min(most, self._left)) if self._left else b""
        self._at += len(piece)
        self._left -= len(piece)
        return piece
