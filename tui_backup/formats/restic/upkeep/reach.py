"""Reach: every blob that some snapshots need; each tree is read once, in about the order in which they lie."""

from collections.abc import Container, Iterable, Iterator

from tui_backup.errors import Corrupted, NotFound
from tui_backup.formats.restic.blob import BlobReader
from tui_backup.formats.restic.contents import Contents
from tui_backup.formats.restic.index import PACKED, Place
from tui_backup.formats.restic.pack import BlobType
from tui_backup.formats.restic.spans import Spans
from tui_backup.formats.restic.tree import Wants, decode_wants
from tui_backup.formats.restic.upkeep.marks import Marks
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _

_BATCH = 1024
"""Trees that are read together at most."""


class Reach:
    """Marks what root trees need, in an index that does not change meanwhile; for one thread."""

    def __init__(self, contents: Contents, watch: Watch) -> None:
        self._contents = contents
        self._watch = watch
        self._reader = BlobReader(contents.cipher)
        self._trouble: Corrupted | None = None
        self.lacking: dict[tuple[BlobType, bytes], None] = {}
        """What is needed and in no index."""
        self.unreadable: dict[bytes, str] = {}
        """Trees that are needed and cannot be read, with the reason."""
        self.marks = {type_: Marks(table) for type_, table in contents.index.tables.items()}

    def add(self, root: str) -> None:
        """Mark everything below a root tree, itself included; what cannot be found is told when the rest is marked.

        Raises:
            Corrupted: a tree cannot be read, or something that is needed is in no index.
        """
        waiting: list[bytes] = []
        self._trouble = None
        self._want_tree(root, waiting)
        self._follow(waiting)
        if self._trouble is not None:
            raise self._trouble

    def add_nodes(self, nodes: Iterable[Wants]) -> None:
        """Mark everything that nodes of a tree need which is not here; otherwise as `add`."""
        waiting: list[bytes] = []
        self._trouble = None
        for node in nodes:
            self._want(node, waiting)
        self._follow(waiting)
        if self._trouble is not None:
            raise self._trouble

    def records(self, wanted: Container[int]) -> dict[int, bytearray]:
        """Return for each pack wanted, by number, the blobs marked in it as `PACKED` has them, in any order."""
        packs: dict[int, bytearray] = {}
        for type_, marks in self.marks.items():
            for id_, pack, offset, length, size in marks:
                if pack in wanted:
                    packs.setdefault(pack, bytearray()).extend(PACKED.pack(type_, id_, offset, length, size))
        return packs

    def twins(self, gone: Container[int]) -> dict[int, bytearray]:
        """Return the marked blobs of which a copy that does not count lies in a pack that goes; else as `records`."""
        packs: dict[int, dict[bytes, None]] = {}
        for type_, table in self._contents.index.tables.items():
            place_of = self.marks[type_].place
            for id_, number, _offset, _length, _size in table:
                if number in gone:
                    place = place_of(id_)
                    if place is not None and place[0] not in gone:
                        packs.setdefault(place[0], {})[PACKED.pack(type_, id_, *place[1:])] = None
        return {number: bytearray().join(records) for number, records in packs.items()}

    def _follow(self, waiting: list[bytes]) -> None:
        while waiting:
            self._watch.check()
            batch = waiting[-_BATCH:]
            del waiting[-_BATCH:]
            for node in self._nodes(batch):
                self._want(node, waiting)

    def _want(self, node: Wants, waiting: list[bytes]) -> None:
        if node.subtree is not None and node.type == "dir":
            self._want_tree(node.subtree, waiting)
        elif node.content:
            self._want_data(node.content)

    def _want_tree(self, tree: str, waiting: list[bytes]) -> None:
        id_ = _raw(tree)
        is_new = self.marks[BlobType.TREE].add(id_)
        if is_new is None:
            self._lack(BlobType.TREE, tree)
        if is_new:
            waiting.append(id_)

    def _want_data(self, content: list[str]) -> None:
        add = self.marks[BlobType.DATA].add
        for id_ in content:
            if add(_raw(id_)) is None:
                self._lack(BlobType.DATA, id_)

    def _lack(self, type_: BlobType, id_: str) -> None:
        self.lacking[type_, _raw(id_)] = None
        message = _("the {type} blob {id}, which snapshots need, is in no index").format(type=type_.word, id=id_)
        self._note(
            Corrupted(message, hint=_("`tui-backup verify` tells what it touches, `tui-backup repair packs` mends"))
        )

    def _note(self, trouble: Corrupted) -> None:
        self._trouble = self._trouble or trouble

    def _nodes(self, trees: list[bytes]) -> Iterator[Wants]:
        """Yield what the nodes of some trees need, in the order in which these lie in packs."""
        index = self._contents.index
        found = [(places[0], id_) for id_ in trees if (places := index.places(BlobType.TREE, id_))]
        found.sort(key=lambda each: (each[0].pack, each[0].offset))
        spans = Spans(self._contents.store, [place for place, _id in found])
        for place, id_ in found:
            try:
                yield from decode_wants(self._plaintext(spans, place, id_))
            except Corrupted as error:
                self.unreadable[id_] = error.message
                self._note(error)

    def _plaintext(self, spans: Spans, place: Place, id_: bytes) -> bytes:
        try:
            return self._reader.read(spans.get(place), id_, place.size)
        except (Corrupted, NotFound):
            return self._contents.blob(BlobType.TREE, id_)


def _raw(id_: str) -> bytes:
    try:
        return bytes.fromhex(id_)
    except ValueError:
        return b""
