"""Plan of the undo of a restore: what becomes of every path that the restore changed; nothing is written."""

import os
import stat
from collections.abc import Iterator

import msgspec

from tui_backup.engine.restore_plan import PlanItem, PlanWarning
from tui_backup.engine.safety_places import SafetyPlaces
from tui_backup.engine.safety_record import JOURNAL, SafetyRecord, open_place, unreached
from tui_backup.engine.undo_fate import WORDS, Fate, Finding, Surveyor
from tui_backup.engine.undo_journal import IN_SNAPSHOT, Change, Record, read_journal
from tui_backup.errors import Corrupted, RestoreRefused
from tui_backup.model.watch import Watch
from tui_backup.primitives.descriptors import Directories, is_temporary, names_at, open_root
from tui_backup.primitives.i18n import _

_MOST_WARNINGS = 1000


class UndoPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of every path; the order is that of the journal."""

    home: bytes
    record: SafetyRecord
    records: tuple[Record, ...]
    fates: bytes
    """A `Fate` for each record."""
    new: int = 0
    """Names that come back."""
    overwrite: int = 0
    """Names that what was comes back to, or that get their former metadata."""
    skip: int = 0
    delete: int = 0
    """Names that the restore made."""
    left: int = 0
    """Names that have changed since the restore."""
    bytes: int = 0
    """Size of the files that come back."""
    bytes_to_write: int = 0
    """Of these, what has to be written, because it was kept in a snapshot."""
    free: int = 0
    """Free bytes at the target."""
    warnings: tuple[PlanWarning, ...] = ()
    """Paths that are left as they are, and why; at most a thousand."""

    @property
    def fits(self) -> bool:
        """Whether there is room for what has to be written."""
        return self.bytes_to_write <= self.free

    def items(self) -> Iterator[PlanItem]:
        """Yield what becomes of each path, in their order."""
        pairs = zip(self.records, self.fates, strict=True)
        for record, fate in sorted(pairs, key=lambda pair: pair[0].path.split(b"/")):
            before = record.before or record.after
            if record.path:
                yield PlanItem(record.path, WORDS[Fate(fate)], before.size if before and _is_file(record) else 0)


def plan_undo(home: bytes, record: SafetyRecord, watch: Watch) -> UndoPlan:
    """Compare the target with the journal of a restore.

    Raises:
        RestoreRefused: a file system is not mounted.
        Corrupted: the journal cannot be read.
        Cancelled: somebody asked.
        OSError: the target cannot be opened.
    """
    missing = unreached(record)
    if missing is not None:
        raise RestoreRefused(
            _("what the restore replaced was kept in {path}, which is not there").format(path=os.fsdecode(missing)),
            hint=_("is its file system mounted?"),
        )
    try:
        records = tuple(read_journal(os.path.join(home, JOURNAL)))
    except (OSError, msgspec.DecodeError) as error:
        raise Corrupted(_("the journal of the restore cannot be read: {reason}").format(reason=error)) from error
    with Directories(open_root(record.target)) as directories:
        places = open_places(home, record)
        try:
            return _Planner(records, directories, places, watch).plan(home, record)
        finally:
            places.close()


def open_places(home: bytes, record: SafetyRecord) -> SafetyPlaces:
    """Open the places of a record; one that is not to be had stays closed."""
    places = SafetyPlaces([])
    for place in record.places:
        try:
            places.add(open_place(home, record, place))
        except OSError:
            places.add(-1)
    return places


def by_depth(records: tuple[Record, ...]) -> list[int]:
    """Return the numbers of records, directories before what they hold."""
    return sorted(range(len(records)), key=lambda number: records[number].path.count(b"/"))


class _Planner:
    def __init__(
        self, records: tuple[Record, ...], directories: Directories, places: SafetyPlaces, watch: Watch
    ) -> None:
        self._records, self._directories, self._watch = records, directories, watch
        self._surveyor = Surveyor(directories, places)
        self._findings: list[Finding] = [Finding(Fate.SKIP)] * len(records)
        self._going: set[bytes] = set()
        self._coming: set[bytes] = set()

    def plan(self, home: bytes, record: SafetyRecord) -> UndoPlan:
        order = by_depth(self._records)
        for number in reversed(order):
            self._watch.check()
            self._findings[number] = self._survey(self._records[number])
        for number in order:
            self._findings[number] = self._reach(self._records[number], self._findings[number])
        counts = {fate: sum(finding.fate is fate for finding in self._findings) for fate in Fate}
        back = [each for each, found in zip(self._records, self._findings, strict=True) if _comes_back(found)]
        status = os.fstatvfs(self._directories.root)
        return UndoPlan(
            home=home,
            record=record,
            records=self._records,
            fates=bytes(finding.fate for finding in self._findings),
            new=counts[Fate.MAKE],
            overwrite=counts[Fate.REPLACE] + counts[Fate.DRESS],
            skip=counts[Fate.SKIP],
            delete=counts[Fate.REMOVE],
            left=counts[Fate.LEAVE],
            bytes=sum(_size(each) for each in back),
            bytes_to_write=sum(_size(each) for each in back if each.before and each.before.place == IN_SNAPSHOT),
            free=status.f_bavail * status.f_frsize,
            warnings=tuple(self._warnings()),
        )

    def _survey(self, record: Record) -> Finding:
        finding = self._surveyor.find(record)
        if finding.fate in (Fate.REMOVE, Fate.REPLACE):
            if not self._may_go(record):
                return Finding(Fate.LEAVE, _("holds what the restore did not make"))
            self._going.add(record.path)
        return finding

    def _may_go(self, record: Record) -> bool:
        """Whether all that a directory holds goes with it."""
        if record.after is None or record.after.form != stat.S_IFDIR:
            return True
        try:
            names = names_at(self._directories.open(record.path))
        except OSError:
            return False
        return all(is_temporary(name) or record.path + b"/" + name in self._going for name in names)

    def _reach(self, record: Record, finding: Finding) -> Finding:
        """Leave alone what comes back to a directory that does not."""
        if finding.fate is Fate.MAKE:
            parent = record.path.rpartition(b"/")[0]
            if parent not in self._coming:
                try:
                    self._directories.open(parent)
                except OSError:
                    return Finding(Fate.LEAVE, _("its directory is gone"))
        if _comes_back(finding) and record.before is not None and record.before.form == stat.S_IFDIR:
            self._coming.add(record.path)
        return finding

    def _warnings(self) -> Iterator[PlanWarning]:
        count = 0
        for record, finding in zip(self._records, self._findings, strict=True):
            if finding.fate is Fate.LEAVE:
                yield PlanWarning(record.path, finding.reason)
                count += 1
                if count == _MOST_WARNINGS:
                    return


def _comes_back(finding: Finding) -> bool:
    return finding.fate in (Fate.MAKE, Fate.REPLACE)


def _is_file(record: Record) -> bool:
    form = record.after.form if record.change is Change.NEW and record.after else record.before and record.before.form
    return form == stat.S_IFREG


def _size(record: Record) -> int:
    return record.before.size if record.before is not None and record.before.form == stat.S_IFREG else 0
