"""Checking: an archive is held against what lies beside it, and read to its last byte.

The file is hashed on the same way on which its seal is opened and its members are read, so that it is fetched once.
"""

import io
import os
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from hashlib import sha256
from itertools import chain
from typing import BinaryIO

from tui_backup.errors import BackupError, Corrupted, NotFound, StoreError, WrongPassword
from tui_backup.formats.archive.access import Access
from tui_backup.formats.archive.catalog import Archive, Encryption
from tui_backup.formats.archive.entry_list import read_list
from tui_backup.formats.base import Proof, Subset
from tui_backup.formats.containers.base import Member
from tui_backup.formats.containers.registry import CONTAINERS
from tui_backup.model.problem import Problem, ProblemKind
from tui_backup.model.watch import Watch
from tui_backup.primitives.clock import now
from tui_backup.primitives.i18n import _
from tui_backup.primitives.raw_file import RawFile

_MOST_PATHS = 100
_MOST_REASONS = 100
_MOST_SKIPPED = 10_000
"""How many lines of a list are looked through for that of a member."""
_STEP = 1 << 20
_WITHOUT_CHECKSUM = frozenset({"tar"})
"""Containers that have no checksum of their own."""


class Checker:
    """One verification; for one thread."""

    def __init__(self, access: Access, watch: Watch) -> None:
        self._access = access
        self._watch = watch
        self._problems: list[Problem] = []
        self._read: list[str] = []
        self._damaged: list[str] = []
        self._bytes = 0

    def run(self, archives: Sequence[Archive], subset: Subset | None) -> Proof:
        """Check what lies beside archives, and with `subset` read those that it chooses."""
        chosen = [] if subset is None else _selection(archives, subset)
        self._watch.files_total = len(chosen)
        self._watch.bytes_total = sum(archive.stored.size for archive in chosen)
        for archive in archives:
            self._watch.check()
            self._watch.current = archive.key.encode()
            findings = [*self._structure(archive)]
            is_proven = False
            if archive in chosen and not findings:
                findings, is_proven = self._content(archive)
                self._watch.files_done += 1
            self._problems += findings
            if any(not problem.hint for problem in findings):
                self._damaged.append(archive.key)
            elif is_proven:
                self._read.append(archive.key)
        return Proof(
            time=now(),
            snapshots=len(archives),
            packs=len(archives),
            bytes=self._bytes,
            problems=tuple(self._problems),
            read=tuple(self._read),
            damaged=tuple(self._damaged),
            needs=tuple((archive.key, (archive.key,)) for archive in archives),
        )

    def _structure(self, archive: Archive) -> Iterator[Problem]:
        """Yield what is wrong with what lies beside an archive, and with its size and name."""
        try:
            size = self._access.store.info(archive.key).size
        except NotFound:
            yield _problem(archive, ProblemKind.PACK_MISSING, _("the archive is missing"))
            return
        if archive.is_unproven and archive.listed is None and archive.encryption is Encryption.SEALED:
            message = _("its list of entries is missing: it may be an older archive under a new name")
            yield _problem(archive, ProblemKind.INDEX, message)
        told = [(archive.said_size, archive.written_as)]
        try:
            with self._access.entry_list(archive) as file:
                if file is not None:
                    head, members = read_list(file)
                    told.append((head.size, head.name))
                    for _member in members:
                        pass
        except WrongPassword as error:
            yield _problem(archive, ProblemKind.KEY, error.message)
        except Corrupted as error:
            yield _problem(archive, ProblemKind.INDEX, error.message)
        for said, name in told:
            if said is not None and said != size:
                message = _("the archive has {size} bytes, what lies beside it says {expected}")
                yield _problem(archive, ProblemKind.PACK_SIZE, message.format(size=size, expected=said))
                return
            if name is not None and name != archive.key:
                message = _("the archive was written under the name {name}")
                yield _problem(archive, ProblemKind.SNAPSHOT, message.format(name=name))
                return

    def _content(self, archive: Archive) -> tuple[list[Problem], bool]:
        """Read an archive; return what is wrong with it, and whether every byte is known to be good."""
        is_foreign = archive.encryption is Encryption.FOREIGN
        findings: list[Problem] = []
        with closing(self._access.stored(archive)) as file:
            hashed = _Hashed(file, self._progress)
            try:
                if not is_foreign:
                    buffered = io.BufferedReader(hashed, _STEP)
                    findings += self._members(archive, self._unsealed(archive, buffered))
                digest = hashed.finish()
            except WrongPassword as error:
                return [_problem(archive, ProblemKind.KEY, error.message)], False
            except (Corrupted, NotFound) as error:
                return [*findings, _problem(archive, ProblemKind.PACK_DAMAGED, error.message)], False
        self._bytes += archive.stored.size
        if archive.said_sha256 not in (None, digest):
            message = _("its SHA-256 is not the one that lies beside it")
            findings.append(_problem(archive, ProblemKind.PACK_DAMAGED, message))
        is_told = archive.said_sha256 is not None or (not is_foreign and archive.container not in _WITHOUT_CHECKSUM)
        return findings, is_told and not findings

    def _unsealed(self, archive: Archive, file: BinaryIO) -> BinaryIO:
        """Open the seal; one of ours that looks like another program's is damaged."""
        try:
            return self._access.unsealed(archive, file)
        except (Corrupted, StoreError, WrongPassword):
            raise
        except BackupError as error:
            raise Corrupted(error.message) from error

    def _members(self, archive: Archive, file: BinaryIO) -> list[Problem]:
        """Read every member, and hold them against the list; return what is wrong."""
        refused: dict[str, tuple[bytes, ...]] = {}
        reader = CONTAINERS.load(archive.container)().reader(file, partial(_find, refused))
        with self._access.entry_list(archive) as listed:
            expected = _Expected(read_list(listed)[1] if listed is not None else iter(()))
            reason = _("it is in the list and not in the archive")
            damage: str | None = None
            try:
                for member, content in reader.members():
                    expected.compare(member, content, goes_on=reader.opens_any)
            except Corrupted as error:
                damage = reason = error.message
            expected.finish(reason)
        findings = [
            _problem(archive, ProblemKind.BLOB_DAMAGED, reason, paths) for reason, paths in expected.findings.items()
        ]
        if damage is not None and damage not in expected.findings:
            findings.append(_problem(archive, ProblemKind.PACK_DAMAGED, damage))
        findings += [_problem(archive, ProblemKind.TREE, reason, paths) for reason, paths in refused.items()]
        return findings

    def _progress(self, count: int) -> None:
        self._watch.bytes_done += count
        self._watch.check()


class _Expected:
    """What the list says of the members, which come in its order; without a list, content is only read.

    Where a member has no line, or a line no member, the next ones are found again among the lines that follow.
    """

    def __init__(self, members: Iterator[Member]) -> None:
        self.findings: dict[str, tuple[bytes, ...]] = {}
        """Reason -> paths, at most a hundred."""
        self._members = members
        self._skipped: dict[bytes, Member] = {}
        """Lines of which no member has come so far."""

    def compare(self, member: Member, content: BinaryIO | None, *, goes_on: bool) -> None:
        """Read a member's content, and hold it against its line.

        Raises:
            Corrupted: the content is damaged, and what lies behind it cannot be read (not where it `goes_on`).
        """
        line = self._line_of(member.path)
        if content is not None:
            try:
                digest = _digest(content)
            except Corrupted as error:
                if not goes_on:
                    self._skipped = ({line.path: line} if line is not None else {}) | self._skipped
                    raise
                _find(self.findings, member.path, error.message)
            else:
                if line is not None and not line.link and line.sha256 not in ("", digest):
                    _find(self.findings, member.path, _("its content is not what was backed up"))

    def _line_of(self, path: bytes) -> Member | None:
        if (line := self._skipped.pop(path, None)) is not None:
            return line
        while len(self._skipped) < _MOST_SKIPPED and (line := next(self._members, None)) is not None:
            if line.path == path:
                return line
            self._skipped[line.path] = line
        return None

    def finish(self, reason: str) -> None:
        """Note the lines of which no member has come, with the reason for that."""
        for line in chain(self._skipped.values(), self._members):
            _find(self.findings, line.path, reason)


def _find(findings: dict[str, tuple[bytes, ...]], path: bytes, reason: str) -> None:
    paths = findings.get(reason, ())
    if len(paths) < _MOST_PATHS and (paths or len(findings) < _MOST_REASONS):
        findings[reason] = (*paths, path)


def _digest(content: BinaryIO) -> str:
    digest = sha256()
    while piece := content.read(_STEP):
        digest.update(piece)
    return digest.hexdigest()


class _Hashed(RawFile):
    """A file that can seek, of which every byte is hashed once, in order, whoever reads it; others may close it."""

    def __init__(self, file: BinaryIO, progress: Callable[[int], None]) -> None:
        super().__init__()
        self._file = file
        self._progress = progress
        self._digest = sha256()
        self._hashed = 0
        self._at = 0

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = self._file.seek(offset, whence)
        return self._at

    def take(self, most: int) -> bytes | memoryview:
        piece = self._file.read(most)
        new = memoryview(piece)[max(0, self._hashed - self._at) :] if self._at <= self._hashed else memoryview(b"")
        self._digest.update(new)
        self._hashed += len(new)
        self._at += len(piece)
        self._progress(len(new))
        return piece

    def finish(self) -> str:
        """Read what nobody has read; return the SHA-256 of all."""
        self.seek(self._hashed)
        while self.read(_STEP):
            pass
        return self._digest.hexdigest()


def _selection(archives: Sequence[Archive], subset: Subset) -> list[Archive]:
    if subset.percent is not None:
        count = max(1, round(len(archives) * subset.percent / 100)) if archives else 0
        return random.sample(archives, min(count, len(archives)))
    return [each for each in archives if sha256(each.key.encode()).digest()[0] % subset.parts == subset.part - 1]


def _problem(
    archive: Archive, kind: ProblemKind, message: str, paths: tuple[bytes, ...] = (), *, hint: bool = False
) -> Problem:
    return Problem(kind=kind, object=archive.key, message=message, snapshots=(archive.key,), paths=paths, hint=hint)
