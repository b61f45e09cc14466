"""Snapshots over all repositories of a configuration: reached, listed, found by name."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from tui_backup.config.settings import RepositoryConfig
from tui_backup.errors import BackupError, SnapshotUnknown
from tui_backup.formats.base import Repository
from tui_backup.formats.registry import ARCHIVES
from tui_backup.model.snapshot import SAFETY, Snapshot, SnapshotStatus
from tui_backup.model.standing import Integrity, Standing
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import moment, printable

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace

SHORTEST = 8
"""Hex digits that a snapshot's name has at least."""

CANDIDATES = 10
"""How many snapshots a hint lists."""

_KINDS = frozenset({*ARCHIVES, "tar", "tgz", "tzst"})
_HEX = re.compile(r"[0-9a-f]+")


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """A repository that was reached, and its snapshots, oldest first."""

    name: str
    config: RepositoryConfig
    repository: Repository
    snapshots: tuple[Snapshot, ...]
    damaged: frozenset[str] = frozenset()
    """Ids of those that are known to be damaged."""

    @property
    def format(self) -> str:
        """How it keeps them."""
        return self.config.format


class Trouble(msgspec.Struct, frozen=True):
    """A repository that could not be used, and why."""

    name: str
    error: BackupError


class Reach(msgspec.Struct, frozen=True):
    """All repositories that were asked for."""

    shelves: tuple[Shelf, ...]
    troubles: tuple[Trouble, ...]
    orders: Mapping[str, tuple[str, ...]] = {}
    """Job -> its repositories, the preferred one first."""

    def preferred(self, copies: Iterable["Found"]) -> "Found":
        """Return one of the copies of a snapshot: one not known to be damaged, in the job's first repository if any."""
        return min(copies, key=self._place)

    def _place(self, found: "Found") -> tuple[bool, int]:
        order = self.orders.get(found.snapshot.job or "", ())
        name = found.shelf.name
        return found.is_damaged, order.index(name) if name in order else len(order)


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot, where it lies, and what whoever named it should know."""

    snapshot: Snapshot
    shelf: Shelf
    warnings: tuple[str, ...] = ()

    @property
    def is_damaged(self) -> bool:
        """Whether the snapshot is known to be damaged there."""
        return self.snapshot.id in self.shelf.damaged

    @property
    def is_stray(self) -> bool:
        """Whether nothing authenticated tells what it is, among such as have that: anybody can have put it there."""
        return self.snapshot.unproven and not self.snapshot.foreign


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which snapshots to look at; None means all."""

    repository: str | None = None
    job: str | None = None
    host: str | None = None

    def admits(self, snapshot: Snapshot) -> bool:
        """Whether job and host are those asked for."""
        return self.job in {None, snapshot.job} and self.host in {None, snapshot.host}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One snapshot in one repository, as `list` shows it."""

    id: str
    short_id: str
    job: str | None
    repository: str
    format: str
    kind: str | None
    time: datetime
    host: str
    paths: tuple[str, ...]
    tags: tuple[str, ...]
    files: int | None
    size: int | None
    added: int | None
    duration: float | None
    status: SnapshotStatus
    integrity: Integrity
    verified_at: datetime | None
    checked_at: datetime | None
    encrypted: bool
    foreign: bool
    copy_of: str | None
    original: str | None


def reach(workspace: "Workspace", repository: str | None = None, names: Sequence[str] = ()) -> Reach:
    """Open repositories and list their snapshots: one, or all of the configuration.

    `names` are those of the snapshots that are looked for: archives that are named by their path are reached as well,
    and nothing else where all of them are.

    Raises:
        BackupError: the only repository that was asked for cannot be reached.
    """
    known = workspace.config.repositories
    files = [path for path in dict.fromkeys(map(os.path.abspath, names)) if path in known and known[path].is_file]
    places = [repository] if repository else [name for name, each in known.items() if not each.is_file]
    if files and len(files) == len({os.path.abspath(name) for name in names}):
        places = []
    places = [*files, *places]
    shelves: list[Shelf] = []
    troubles: list[Trouble] = []
    for name in places:
        try:
            shelves.append(open_shelf(workspace, name))
        except BackupError as error:
            if len(places) == 1:
                raise
            troubles.append(Trouble(name, error))
    orders = {job.name: job.repositories for job in workspace.config.jobs.values()}
    return Reach(tuple(shelves), tuple(troubles), orders)


def open_shelf(workspace: "Workspace", name: str) -> Shelf:
    """Open a repository, list its snapshots and remember them in the history."""
    repository = workspace.repository(name)
    found = repository.snapshots()
    config = workspace.config.repositories[name]
    if not config.is_file:
        workspace.history.remember_snapshots(name, found)
    known = workspace.history.proofs(name)
    damaged = frozenset(id_ for id_, standing in known.items() if standing.integrity is Integrity.DAMAGED)
    return Shelf(name=name, config=config, repository=repository, snapshots=tuple(found), damaged=damaged)


def rows(workspace: "Workspace", shelves: Iterable[Shelf], only: Filter) -> list[Row]:
    """Return the snapshots of all shelves, oldest first, with what is known of their integrity."""
    shelves = tuple(shelves)
    homes: dict[str, set[str]] = {}
    for shelf in shelves:
        for snapshot in shelf.snapshots:
            homes.setdefault(snapshot.id, set()).add(shelf.name)
    found = [
        _row(shelf, snapshot, standings.get(snapshot.id, Standing()), homes)
        for shelf in shelves
        for standings in [workspace.history.proofs(shelf.name)]
        for snapshot in shelf.snapshots
        if only.admits(snapshot)
    ]
    return sorted(found, key=lambda row: row.time)


def distinct(reached: Reach, only: Filter) -> list[Found]:
    """Return the snapshots that are admitted, oldest first; of several copies of one only the preferred one."""
    return sorted(map(reached.preferred, _copies(reached, only)), key=lambda found: found.snapshot.time)


def resolve(reached: Reach, name: str, only: Filter | None = None) -> Found:
    """Return the snapshot that a name stands for: a prefix of its id, `latest` or `latest:JOB`.

    Raises:
        SnapshotUnknown: none or several match, or the name is too short; the hint lists candidates.
    """
    only = only or Filter()
    for shelf in reached.shelves:
        if shelf.config.is_file and shelf.name == os.path.abspath(name):
            return _archive_of(shelf)
    if name == "latest" or name.startswith("latest:"):
        job = name.partition(":")[2] or only.job
        return _latest(reached, Filter(job=job, host=only.host))
    if named := _archives_called(reached, name, only):
        return _one_of(reached, name, named)
    prefix = name.lower()
    if not _HEX.fullmatch(prefix) or len(prefix) < SHORTEST:
        raise _no_name(reached, prefix, only)
    matching = {
        snapshot.id: Found(snapshot=snapshot, shelf=shelf)
        for snapshot, shelf in reversed(list(_all(reached, only)))
        if snapshot.id.startswith(prefix)
    }
    if matching:
        return _one_of(reached, name, matching.values())
    raise _unknown(reached, name, only)


def _archive_of(shelf: Shelf) -> Found:
    """Return the archive that was named by its path."""
    for snapshot in shelf.snapshots:
        if snapshot.id == os.path.basename(shelf.name):
            return Found(snapshot=snapshot, shelf=shelf)
    raise SnapshotUnknown(_("{path} is no archive").format(path=printable(shelf.name)))


def _archives_called(reached: Reach, name: str, only: Filter) -> list[Found]:
    """Return the archives of a full name, with or without what tells their kind; of copies the preferred one."""
    called = [
        copies
        for copies in _copies(reached, only)
        if any(found.shelf.format in ARCHIVES and _is_called(found.snapshot.id, name) for found in copies)
    ]
    return [reached.preferred([found for found in copies if _is_called(found.snapshot.id, name)]) for copies in called]


def _is_called(id_: str, name: str) -> bool:
    if id_ == name:
        return True
    rest = id_.removeprefix(name) if id_.startswith(f"{name}.") else ""
    return rest.removeprefix(".").removesuffix(".enc") in _KINDS


def _one_of(reached: Reach, name: str, found: Iterable[Found]) -> Found:
    """Return the only snapshot that a name stands for; raises SnapshotUnknown where there are several."""
    several = list(found)
    if len(several) == 1:
        warnings = (*_better(reached, several[0]), *map(_stray, filter(_is_stray, several)))
        return msgspec.structs.replace(several[0], warnings=warnings)
    raise SnapshotUnknown(
        _("{name} stands for {count} snapshots").format(name=name, count=len(several)),
        hint=_candidates(each.snapshot for each in several),
    )


def _latest(reached: Reach, only: Filter) -> Found:
    eligible = [copies for copies in _copies(reached, only) if copies[0].snapshot.kind != SAFETY]
    eligible = [copies for copies in eligible if not all(map(_is_doubtful, copies))] or eligible
    if not eligible:
        raise _unknown(reached, f"latest:{only.job}" if only.job else "latest", only)
    copies = max(eligible, key=lambda each: each[0].snapshot.time)
    found = reached.preferred(copies)
    warnings = [_passed_over(each, found) for each in copies if each.is_damaged and not found.is_damaged]
    warnings += map(_stray, filter(_is_stray, [found]))
    if found.snapshot.status is not SnapshotStatus.OK:
        warnings.append(_incomplete(found.snapshot, [each[0].snapshot for each in eligible]))
    return msgspec.structs.replace(found, warnings=tuple(warnings))


def _copies(reached: Reach, only: Filter) -> list[list[Found]]:
    """Return the snapshots that are admitted, each with all its copies."""
    groups: dict[tuple[str, str], list[Found]] = {}
    for snapshot, shelf in _all(reached, only):
        groups.setdefault(snapshot.kin, []).append(Found(snapshot=snapshot, shelf=shelf))
    return list(groups.values())


def _is_stray(found: Found) -> bool:
    return found.is_stray


def _is_doubtful(found: Found) -> bool:
    return found.is_stray or found.snapshot.foreign


def _stray(found: Found) -> str:
    text = _("{id} is not encrypted, as others in {repository} are: anybody who can write there can have made it")
    if found.snapshot.encrypted:
        text = _("{id} has no list of entries that can be read: it may be an older archive under a new name")
    return text.format(id=found.snapshot.short_id, repository=found.shelf.name)


def _passed_over(damaged: Found, found: Found) -> str:
    text = _("snapshot {id} in {repository} is damaged; this is its copy in {other}")
    return text.format(id=damaged.snapshot.short_id, repository=damaged.shelf.name, other=found.shelf.name)


def _better(reached: Reach, found: Found) -> tuple[str, ...]:
    """Return the warning that names a good copy of a snapshot that is known to be damaged."""
    if not found.is_damaged:
        return ()
    text = _("snapshot {id} in {repository} is damaged; {copy} is its copy in {other}")
    good = [
        text.format(id=found.snapshot.short_id, repository=found.shelf.name, copy=each.short_id, other=shelf.name)
        for each, shelf in _all(reached, Filter())
        if each.kin == found.snapshot.kin and each.id not in shelf.damaged
    ]
    return tuple(good[:1])


def _incomplete(snapshot: Snapshot, eligible: Iterable[Snapshot]) -> str:
    """Return the warning that names the newest good snapshot beside an incomplete one."""
    good = [each for each in eligible if each.status is SnapshotStatus.OK and each.job == snapshot.job]
    if not good:
        text = _("snapshot {id} is incomplete, and {job} has none that is complete")
        return text.format(id=snapshot.short_id, job=snapshot.job or snapshot.host)
    newest = max(good, key=lambda each: each.time)
    return _("snapshot {id} is incomplete; the newest complete one is {good} of {time}").format(
        id=snapshot.short_id, good=newest.short_id, time=moment(newest.time)
    )


def _all(reached: Reach, only: Filter) -> Iterator[tuple[Snapshot, Shelf]]:
    for shelf in reached.shelves:
        for snapshot in shelf.snapshots:
            if only.admits(snapshot):
                yield snapshot, shelf


def _no_name(reached: Reach, name: str, only: Filter) -> SnapshotUnknown:
    """Return the error for what is too short or cannot be the name of a snapshot."""
    rule = _("give at least 8 digits of its id, the name of an archive, `latest` or `latest:JOB`")
    meant = [snapshot for snapshot, _shelf in _all(reached, only) if snapshot.id.startswith(name)]
    message = _("{name!r} does not name a snapshot").format(name=name)
    return SnapshotUnknown(message, hint="\n".join([rule, *_candidates(meant).splitlines()]))


def _unknown(reached: Reach, name: str, only: Filter) -> SnapshotUnknown:
    message = _("there is no snapshot {name}").format(name=name)
    if reached.troubles:
        names = ", ".join(trouble.name for trouble in reached.troubles)
        message += _(" (not reached: {names})").format(names=names)
    near = _candidates(snapshot for snapshot, _shelf in _all(reached, only))
    hint = near or _candidates(snapshot for snapshot, _shelf in _all(reached, Filter()))
    return SnapshotUnknown(message, hint=hint or None)


def _candidates(snapshots: Iterable[Snapshot]) -> str:
    """Return the newest snapshots, a line each."""
    newest = sorted(snapshots, key=lambda each: each.time, reverse=True)[:CANDIDATES]
    return "\n".join(f"{each.short_id}  {moment(each.time)}  {each.job or '-'}  {each.host}" for each in newest)


def _copy_of(shelf: Shelf, snapshot: Snapshot, homes: Mapping[str, set[str]]) -> str | None:
    """Return what a snapshot was copied from; other programs tell only which snapshot was the first of its kind."""
    if snapshot.copy_of is None and homes.get(snapshot.original or "", set()) - {shelf.name}:
        return snapshot.original
    return snapshot.copy_of


def _row(shelf: Shelf, snapshot: Snapshot, standing: Standing, homes: Mapping[str, set[str]]) -> Row:
    return Row(
        id=snapshot.id,
        short_id=snapshot.short_id,
        job=snapshot.job,
        repository=shelf.name,
        format=shelf.format,
        kind=snapshot.kind,
        time=snapshot.time,
        host=snapshot.host,
        paths=snapshot.paths,
        tags=snapshot.tags,
        files=snapshot.files,
        size=snapshot.size,
        added=snapshot.added,
        duration=snapshot.duration,
        status=snapshot.status,
        integrity=standing.integrity,
        verified_at=standing.verified_at,
        checked_at=standing.checked_at,
        encrypted=shelf.repository.encrypted if snapshot.encrypted is None else snapshot.encrypted,
        foreign=snapshot.foreign,
        copy_of=_copy_of(shelf, snapshot, homes),
        original=snapshot.original,
    )
