"""Extraction: the files of a snapshot, handed to a landing in batches that several workers take at once."""

from collections.abc import Iterable, Iterator

from tui_backup.errors import Corrupted
from tui_backup.formats.base import Landing
from tui_backup.formats.restic.browse import NodeOrigin
from tui_backup.formats.restic.crypto import OVERHEAD, Keys
from tui_backup.formats.restic.index import Index
from tui_backup.formats.restic.opening.opener import FileToLand, Land, Landed, PlacedBlob, Proved, file_to_land
from tui_backup.formats.restic.opening.work import OpeningWork
from tui_backup.formats.restic.pack import BlobType
from tui_backup.formats.restic.team import Team
from tui_backup.model.entry import Entry
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _
from tui_backup.stores.base import Store

_BATCH_FILES = 128
_BATCH_BYTES = 8 << 20


class Extraction:
    """Hands files to a landing; for one thread."""

    def __init__(self, store: Store, keys: Keys, index: Index, landing: Landing, watch: Watch) -> None:
        self._store = store
        self._index = index
        self._watch = watch
        self._team = Team(OpeningWork((store, keys), landing, self._on_answer, watch), watch)

    def run(self, files: Iterable[Entry]) -> None:
        """Hand over every file; what goes wrong with one is warned about."""
        try:
            self._team.carry_out(self._orders(files), self._store)
            self._team.finish()
        finally:
            self._team.close()

    def _orders(self, files: Iterable[Entry]) -> Iterator[Land]:
        batch: list[FileToLand] = []
        size = 0
        for entry in files:
            try:
                blobs = self._blobs(entry)
            except Corrupted as error:
                self._watch.warn(entry.path, error.message)
                continue
            self._watch.current = entry.path
            batch.append(file_to_land(entry, blobs))
            size += entry.size
            if len(batch) >= _BATCH_FILES or size >= _BATCH_BYTES:
                yield Land(batch)
                batch, size = [], 0
        if batch:
            yield Land(batch)

    def _blobs(self, entry: Entry) -> list[PlacedBlob]:
        origin = entry.origin
        assert isinstance(origin, NodeOrigin)
        blobs: list[PlacedBlob] = []
        size = 0
        if not origin.node.has_content():
            raise Corrupted(_("a file without content"))
        for id_ in origin.node.blobs():
            try:
                raw = bytes.fromhex(id_)
            except ValueError as error:
                raise Corrupted(_("{id!r} is no id of a blob").format(id=id_)) from error
            places = self._index.places(BlobType.DATA, raw)
            if not places:
                raise Corrupted(_("the blob {id} is in no index").format(id=id_))
            blobs.append(PlacedBlob(raw, places))
            size += places[0].size or places[0].length - OVERHEAD
        if size != entry.size:
            message = _("its size is said to be {said}, its content has {size} bytes")
            raise Corrupted(message.format(said=entry.size, size=size))
        return blobs

    def _on_answer(self, answer: Landed | Proved) -> None:
        assert isinstance(answer, Landed)
        for path, reason in answer.troubles:
            self._watch.warn(path, reason)
        self._watch.files_done += answer.files
