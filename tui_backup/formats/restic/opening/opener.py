"""Opening: stored blobs in, files or findings out; in a worker process or in the owner's own.

`Land` is answered by `Landed` when its files are placed, by `Moved` meanwhile; `Prove` by `Proved`. What is wrong with
one file or one pack is part of the answer; a target without room ends the work with `Failed`.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from importlib import import_module

import msgspec

from tui_backup.errors import BackupError, Corrupted, NotFound, RestoreRefused, StoreError, Unreadable
from tui_backup.formats.base import Landing
from tui_backup.formats.restic.blob import BlobReader
from tui_backup.formats.restic.crypto import Cipher, Keys
from tui_backup.formats.restic.failure import Failed
from tui_backup.formats.restic.index import Place, unpack_blobs
from tui_backup.formats.restic.layout import FileKind, key_of
from tui_backup.formats.restic.pack import PackedBlob, read_header
from tui_backup.formats.restic.spans import Spans, span_of
from tui_backup.formats.restic.supply import Rations, Used
from tui_backup.model.entry import Entry, EntryKind, Xattrs
from tui_backup.primitives.crew import Channel
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of
from tui_backup.stores.base import Store
from tui_backup.stores.recipes import opened

_REPORT = 8 << 20


class Setup(msgspec.Struct, frozen=True, array_like=True):
    """What a worker needs: recipes of store and landing, and the keys."""

    store: tuple[str, bytes]
    keys: Keys
    landing: tuple[str, bytes] | None
    has_rations: bool = False
    """Whether what orders read comes along with them."""


class PlacedBlob(msgspec.Struct, array_like=True, gc=False):
    """A blob of a file, with every place that should have it."""

    id: bytes
    places: list[Place]


class FileToLand(msgspec.Struct, array_like=True, gc=False):
    """A file to be placed."""

    path: bytes
    metadata: bytes
    """The fields of its entry in their order, as JSON: times may need more than 64 bits."""
    xattrs: Xattrs
    blobs: list[PlacedBlob]


class Land(msgspec.Struct, tag=True, array_like=True):
    """Place these files."""

    files: list[FileToLand]


class Prove(msgspec.Struct, tag=True, array_like=True):
    """Read a pack and authenticate every byte; `records` are its blobs as the index has them."""

    number: int
    pack: str
    records: bytes
    size: int
    """Bytes of the pack, as a listing says."""


class Moved(msgspec.Struct, tag=True, array_like=True):
    """So many bytes more are done."""

    size: int


class Landed(msgspec.Struct, tag=True, array_like=True):
    """The files of a `Land` are placed, but for those in trouble: (path, reason)."""

    files: int
    size: int
    troubles: list[tuple[bytes, str]]


class Proved(msgspec.Struct, tag=True, array_like=True):
    """A pack was read; `findings` are (id of the blob, or empty for the pack, what is wrong)."""

    number: int
    size: int
    findings: list[tuple[bytes, str]]
    is_unreadable: bool = False
    """Whether the disk does not give back all of it."""


Order = Land | Prove
Answer = Moved | Landed | Proved | Used | Failed

encoder = msgspec.msgpack.Encoder()
order_decoder = msgspec.msgpack.Decoder(Order)
answer_decoder = msgspec.msgpack.Decoder(Answer)
_metadata = msgspec.json.Decoder(tuple[int, int, int, str, str, int, int, int, int, int, int, int])


class _Given:
    """The origin of an entry whose extended attributes came along."""

    __slots__ = ("_xattrs",)

    def __init__(self, xattrs: Xattrs) -> None:
        self._xattrs = xattrs

    def open(self, entry: Entry) -> None:
        """Content is handed over, never opened."""
        raise ValueError(f"{entry.path!r} is not opened here")

    def xattrs(self, entry: Entry) -> Xattrs:
        """Return the extended attributes."""
        return self._xattrs

    def fingerprint(self, entry: Entry) -> None:
        """There is none."""

    def local_path(self, entry: Entry) -> None:
        """There is none."""

    def relist(self, entry: Entry) -> Entry:
        """Return the entry as it is."""
        return entry


class Opener:
    """Places files and proves packs; for one thread."""

    def __init__(
        self,
        store: Store,
        keys: Keys,
        landing: Landing | None,
        moved: Callable[[int], None],
        rations: Rations | None = None,
    ) -> None:
        """`rations` hold what orders read; without them, and where they lack something, the store is asked."""
        self._store = store
        self._rations = rations
        self._landing = landing
        self._moved = moved
        self._cipher = Cipher(keys)
        self._reader = BlobReader(self._cipher)

    def land(self, files: list[FileToLand]) -> Landed:
        """Place files from their blobs.

        Raises:
            RestoreRefused: the target has no room left, or is another than planned.
            StoreError: the store cannot be read.
        """
        assert self._landing is not None
        spans = Spans(self._store, [] if self._rations else first_places(files))
        troubles: list[tuple[bytes, str]] = []
        done = number = 0
        for file in files:
            entry = _entry(file)
            content = self._content(file, number, spans)
            number += len(file.blobs)
            try:
                self._landing.place(entry, content)
            except OSError as error:
                troubles.append((file.path, reason_of(error)))
            except NotFound as error:
                troubles.append((file.path, error.message))
            except (RestoreRefused, StoreError):
                raise
            except BackupError as error:
                troubles.append((file.path, error.message))
            else:
                done += entry.size
        if self._rations is not None:
            self._rations.finish(number)
        return Landed(len(files) - len(troubles), done, troubles)

    def _content(self, file: FileToLand, first: int, spans: Spans) -> Iterator[bytes]:
        """Yield the blobs of a file, of which the first has that number in the order."""
        unreported = 0
        for number, blob in enumerate(file.blobs, first):
            content = self._blob(blob, number, spans)
            yield content
            unreported += len(content)
            if unreported >= _REPORT:
                self._moved(unreported)
                unreported = 0

    def _blob(self, blob: PlacedBlob, number: int, spans: Spans) -> bytes:
        given = self._rations.get(number) if self._rations is not None else None
        if given is not None:
            with suppress(Corrupted):
                return self._reader.read(given, blob.id, blob.places[0].size)
        trouble: BackupError | None = None
        for place in blob.places:
            try:
                return self._read(place, blob.id, spans)
            except (Corrupted, NotFound) as error:
                message = _("the blob {id} is damaged: {reason}")
                trouble = Corrupted(message.format(id=blob.id.hex(), reason=error.message))
        raise trouble or Corrupted(_("the blob {id} is in no index").format(id=blob.id.hex()))

    def _read(self, place: Place, id_: bytes, spans: Spans) -> bytes:
        """Return a blob; what is damaged is read once more, alone: that may have happened on its way here."""
        sealed = spans.get(place)
        with suppress(Corrupted):
            return self._reader.read(sealed, id_, place.size)
        return self._reader.read(span_of(place).fetch(self._store), id_, place.size)

    def prove(self, order: Prove) -> Proved:
        """Read a pack and hold every byte against its name, its header and the index.

        It is read once more before anything bad is believed of it: that may have happened on its way here.
        """
        try:
            proved = self._prove(order, self._rations.get(0) if self._rations is not None else None)
            return self._prove(order, None) if proved.findings and not proved.is_unreadable else proved
        finally:
            if self._rations is not None:
                self._rations.finish(1)

    def _prove(self, order: Prove, given: memoryview | None) -> Proved:
        try:
            pack = memoryview(self._store.get(key_of(FileKind.DATA, order.pack))) if given is None else given
        except Unreadable as error:
            return self._prove_in_parts(order, error.message)
        except (NotFound, Corrupted) as error:
            return Proved(order.number, 0, [(b"", error.message)])
        blobs = unpack_blobs(order.records)
        findings = [*self._whole(order.pack, pack, blobs)]
        for blob in blobs:
            try:
                self._reader.read(pack[blob.offset : blob.offset + blob.length], blob.id, blob.size)
            except Corrupted as error:
                findings.append((blob.id, error.message))
        return Proved(order.number, len(pack), findings)

    def _prove_in_parts(self, order: Prove, reason: str) -> Proved:
        """Read each blob by itself, as the disk does not give back the pack as a whole."""
        key = key_of(FileKind.DATA, order.pack)
        findings = [(b"", reason)]
        size = 0
        for blob in unpack_blobs(order.records):
            try:
                self._reader.read(self._store.get(key, blob.offset, blob.length), blob.id, blob.size)
                size += blob.length
            except (NotFound, Corrupted) as error:
                findings.append((blob.id, error.message))
        return Proved(order.number, size, findings, is_unreadable=True)

    def _whole(self, name: str, pack: memoryview, blobs: list[PackedBlob]) -> Iterator[tuple[bytes, str]]:
        if sha256(pack).hexdigest() != name:
            yield b"", _("the content does not match the name")
        try:
            listed = read_header(pack, self._cipher)
        except Corrupted as error:
            yield b"", error.message
            return
        if listed != blobs:
            yield b"", _("the pack's header and the index do not agree")


class OpeningHand:
    """A worker that places files and proves packs."""

    def __init__(self, setup: bytes, channel: Channel) -> None:
        wanted = msgspec.msgpack.decode(setup, type=Setup)
        landing: Landing | None = None
        if wanted.landing is not None:
            module, _colon, name = wanted.landing[0].partition(":")
            landing = getattr(import_module(module), name).from_recipe(wanted.landing[1])
        self._channel = channel
        rations = Rations(channel) if wanted.has_rations else None
        store = opened(wanted.store)
        self._opener = Opener(store, wanted.keys, landing, lambda count: self._send(Moved(count)), rations)

    def work(self) -> None:
        """Answer one order after the other until the owner is gone."""
        try:
            while self._channel.inbox or self._channel.fill():
                while self._channel.inbox:
                    order = order_decoder.decode(self._channel.inbox.popleft())
                    self._send(self._opener.land(order.files) if isinstance(order, Land) else self._opener.prove(order))
        except BackupError as error:
            self._send(Failed.of(error))

    def _send(self, answer: Answer) -> None:
        self._channel.send(encoder.encode(answer))


def first_places(files: list[FileToLand]) -> list[Place]:
    """Return where the blobs of some files are read, one after the other."""
    return [blob.places[0] for file in files for blob in file.blobs]


def file_to_land(entry: Entry, blobs: list[PlacedBlob]) -> FileToLand:
    """Return what another process needs of a FILE to place it."""
    metadata = (
        entry.mode, entry.uid, entry.gid, entry.user, entry.group, entry.size,
        entry.mtime_ns, entry.atime_ns, entry.ctime_ns, entry.inode, entry.device_id, entry.links,
    )  # fmt: skip
    return FileToLand(entry.path, msgspec.json.encode(metadata), entry.origin.xattrs(entry), blobs)


def _entry(file: FileToLand) -> Entry:
    metadata = _metadata.decode(file.metadata)
    return Entry(file.path, EntryKind.FILE, _Given(file.xattrs), *metadata)  # type: ignore[arg-type]  # never opened
