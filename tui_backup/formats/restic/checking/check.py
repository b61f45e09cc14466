"""Checking: every claim that a repository makes is held against what is there.

Snapshots are listed before the index is read, packs that are younger than the index do not count. Trees are walked
once, however many snapshots share them.
"""

import random
from collections.abc import Iterator, Sequence

import msgspec

from tui_backup.errors import Corrupted, NotFound
from tui_backup.formats.base import Proof, Subset
from tui_backup.formats.restic.checking.affected import Search, find_affected, suspects_of
from tui_backup.formats.restic.checking.needs import Needs
from tui_backup.formats.restic.contents import Contents
from tui_backup.formats.restic.crypto import Cipher, Keys
from tui_backup.formats.restic.envelope import load_all
from tui_backup.formats.restic.index import PENDING, Index
from tui_backup.formats.restic.keys import damaged_keys
from tui_backup.formats.restic.layout import FileKind, key_of, listing, names
from tui_backup.formats.restic.opening.opener import Landed, Prove, Proved
from tui_backup.formats.restic.opening.work import OpeningWork
from tui_backup.formats.restic.pack import EMPTY, LARGEST, record_size
from tui_backup.formats.restic.team import Team
from tui_backup.model.problem import Problem, ProblemKind
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.watch import Watch
from tui_backup.primitives.clock import now
from tui_backup.primitives.i18n import _
from tui_backup.stores.base import Store


class Examined(msgspec.Struct, frozen=True):
    """The repository that is checked."""

    store: Store
    keys: Keys
    version: int
    count: int
    """Snapshots that can be read."""
    damaged: dict[str, str]
    """Id of each snapshot that cannot be read, and why."""


class Checker:
    """One verification; for one thread."""

    def __init__(self, examined: Examined, watch: Watch) -> None:
        self._examined = examined
        self._store = examined.store
        self._watch = watch
        self._cipher = Cipher(examined.keys)
        self._problems: list[Problem] = []
        self._index = Index()
        self._sizes: dict[str, int] = {}
        self._bad_packs: set[str] = set()
        self._proved: list[str] = []
        self._bytes = 0

    def run(self, chosen: Sequence[Snapshot], subset: Subset | None) -> Proof:
        """Check the structure and, with `subset`, read packs; `chosen` are the snapshots to look into."""
        for name, reason in self._examined.damaged.items():
            self._add(ProblemKind.SNAPSHOT, key_of(FileKind.SNAPSHOT, name), reason)
        for name, reason in damaged_keys(self._store).items():
            self._add(ProblemKind.KEY, key_of(FileKind.KEY, name), reason)
        self._load_index()
        self._check_packs()
        needs = Needs(self._index, Contents(self._store, self._index, self._cipher), self._watch)
        needed = {snapshot.id: needs.of(snapshot.root) for snapshot in chosen}
        self._problems += needs.problems
        if subset is not None:
            self._read(self._selection(subset, needed, every=len(chosen) == self._examined.count))
        packs = [pack.hex() for pack in self._index.packs]
        return Proof(
            time=now(),
            snapshots=len(chosen),
            packs=len(self._sizes),
            bytes=self._bytes,
            problems=tuple(self._named(chosen)),
            read=tuple(self._proved),
            damaged=tuple(sorted(self._bad_packs)),
            needs=tuple((id_, tuple(packs[number] for number in numbers)) for id_, numbers in needed.items()),
        )

    def _load_index(self) -> None:
        version = self._examined.version
        sizes, check = names(self._store, FileKind.INDEX), self._watch.check
        for name, take in load_all(self._store, sizes, FileKind.INDEX, version, self._cipher, check):
            try:
                self._index.add_file(take())
            except (Corrupted, NotFound) as error:
                self._add(ProblemKind.INDEX, key_of(FileKind.INDEX, name), error.message)

    def _check_packs(self) -> None:
        found = listing(self._store, FileKind.DATA)
        self._sizes = found.sizes
        for key in found.misplaced:
            self._add(ProblemKind.PACK_DAMAGED, key, _("the pack lies in the wrong directory"))
        expected = self._expected_sizes()
        for number, pack in enumerate(self._index.packs):
            name = pack.hex()
            size = self._sizes.get(name)
            if size is None:
                self._bad(name, ProblemKind.PACK_MISSING, _("the pack is missing"))
            elif size > LARGEST:
                message = _("the pack has {size} bytes, more than any that is read")
                self._bad(name, ProblemKind.PACK_SIZE, message.format(size=size))
            elif size != expected[number]:
                message = _("the pack has {size} bytes, the index says {expected}")
                self._bad(name, ProblemKind.PACK_SIZE, message.format(size=size, expected=expected[number]))
        for pack in self._index.split:
            message = _("two index files describe the pack differently")
            self._add(ProblemKind.INDEX, key_of(FileKind.DATA, pack.hex()), message)
        for name in self._sizes:
            if self._index.number(bytes.fromhex(name)) is None:
                self._add(
                    ProblemKind.PACK_UNLISTED, key_of(FileKind.DATA, name), _("no index lists the pack"), hint=True
                )

    def _expected_sizes(self) -> list[int]:
        sizes = [EMPTY] * len(self._index.packs)
        for table in self._index.tables.values():
            for _id, pack, _offset, length, size in table:
                if pack != PENDING:
                    sizes[pack] += length + record_size(size)
        return sizes

    def _selection(self, subset: Subset, needed: dict[str, tuple[int, ...]], *, every: bool) -> list[int]:
        """Return the numbers of the packs to read."""
        numbers = range(len(self._index.packs)) if every else sorted(set().union(*needed.values()))
        there = [number for number in numbers if self._size(number) is not None]
        if subset.percent is not None:
            count = min(len(there), max(1, round(len(there) * subset.percent / 100))) if there else 0
            return sorted(random.sample(there, count))
        return [number for number in there if self._index.packs[number][0] % subset.parts == subset.part - 1]

    def _size(self, number: int) -> int | None:
        """Return the bytes of a pack; None where it is missing or too large to be read."""
        size = self._sizes.get(self._index.packs[number].hex(), LARGEST + 1)
        return size if size <= LARGEST else None

    def _read(self, numbers: list[int]) -> None:
        sizes, packs = self._sizes, self._index.packs
        self._watch.files_total = len(numbers)
        self._watch.bytes_total = sum(sizes[packs[number].hex()] for number in numbers)
        work = OpeningWork((self._store, self._examined.keys), None, self._on_answer, self._watch)
        team = Team(work, self._watch)
        try:
            team.carry_out(self._orders(numbers), self._store)
            team.finish()
        finally:
            team.close()

    def _orders(self, numbers: list[int]) -> Iterator[Prove]:
        records = self._index.by_pack()
        for number in numbers:
            name = self._index.packs[number].hex()
            self._watch.current = key_of(FileKind.DATA, name).encode()
            yield Prove(number, name, bytes(records[number]), self._sizes[name])
            records[number] = bytearray()

    def _on_answer(self, answer: Landed | Proved) -> None:
        assert isinstance(answer, Proved)
        name = self._index.packs[answer.number].hex()
        self._watch.files_done += 1
        self._watch.bytes_done += answer.size
        self._bytes += answer.size
        for blob, reason in answer.findings:
            if blob:
                self._add(ProblemKind.BLOB_DAMAGED, blob.hex(), reason)
            else:
                self._bad(name, ProblemKind.PACK_DAMAGED, reason)
        if answer.findings:
            self._bad_packs.add(name)
        else:
            self._proved.append(name)

    def _bad(self, pack: str, kind: ProblemKind, message: str) -> None:
        self._bad_packs.add(pack)
        self._add(kind, key_of(FileKind.DATA, pack), message)

    def _add(self, kind: ProblemKind, name: str, message: str, *, hint: bool = False) -> None:
        self._problems.append(Problem(kind=kind, object=name, message=message, hint=hint))

    def _named(self, chosen: Sequence[Snapshot]) -> Iterator[Problem]:
        """Yield the problems with the snapshots and paths that they touch."""
        if all(problem.hint for problem in self._problems):
            yield from self._problems
            return
        contents = Contents(self._store, self._index, self._cipher)
        search = Search(contents, suspects_of(self._problems, self._index, self._bad_packs), self._watch)
        yield from find_affected(self._problems, chosen, search)
