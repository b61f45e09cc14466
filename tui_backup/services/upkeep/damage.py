"""Damage: what is known to be wrong in a repository, and the ways to mend it, in the order in which to try them."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from tui_backup.history.problems import KnownProblem
from tui_backup.model.problem import Problem, ProblemKind
from tui_backup.model.snapshot import SAFETY, SnapshotStatus, short
from tui_backup.model.standing import Integrity
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.services.upkeep.repairs import RepairKind

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace

_OF_PACKS = {
    ProblemKind.PACK_MISSING, ProblemKind.PACK_SIZE, ProblemKind.PACK_DAMAGED, ProblemKind.BLOB_MISSING,
    ProblemKind.BLOB_DAMAGED, ProblemKind.TREE,
}  # fmt: skip


class CureKind(StrEnum):
    """What can be done about damage."""

    PACKS = "packs"
    INDEX = "index"
    SNAPSHOTS = "snapshots"
    COPY = "copy"
    FORGET = "forget"
    PRUNE = "prune"
    VERIFY = "verify"


class Cure(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that can be done."""

    kind: CureKind
    repository: str
    """The one that is damaged."""
    other: str | None = None
    """Another one that helps."""
    snapshots: tuple[str, ...] = ()
    """Full ids of those that it is about."""

    @property
    def command(self) -> tuple[str, ...]:
        """The same as words of the command line."""
        name, helping = self.repository, ("--from", self.other) if self.other else ()
        match self.kind:
            case CureKind.PACKS | CureKind.INDEX | CureKind.SNAPSHOTS:
                return ("repair", self.kind, "-r", name, *helping)
            case CureKind.COPY:
                return ("copy", *_short(self.snapshots), "-r", self.other or "", "--to", name)
            case CureKind.FORGET:
                return ("forget", *_short(self.snapshots), "-r", name)
            case CureKind.PRUNE:
                return ("prune", "-r", name)
            case CureKind.VERIFY:
                return ("verify", "-r", name, "--read-data")

    @property
    def words(self) -> str:
        """What it does, in one line for people."""
        count = len(self.snapshots)
        match self.kind:
            case CureKind.PACKS if self.other:
                return _("fetches what is lost from {name}").format(name=self.other)
            case CureKind.PACKS:
                return _("heals from other packs and the live files")
            case CureKind.INDEX:
                return _("lists anew what the packs hold")
            case CureKind.SNAPSHOTS:
                return _("keeps what can be read of damaged snapshots")
            case CureKind.COPY:
                words = ngettext(
                    "brings {count} snapshot that {name} still has",
                    "brings {count} snapshots that {name} still has",
                    count,
                )
                return words.format(count=count, name=self.other)
            case CureKind.FORGET:
                words = ngettext("gives up {count} damaged snapshot", "gives up {count} damaged snapshots", count)
                return words.format(count=count)
            case CureKind.PRUNE:
                return _("tidies up what nothing needs")
            case CureKind.VERIFY:
                return _("reads all again, and proves what is there")


def found(workspace: "Workspace", name: str) -> list[KnownProblem]:
    """Return what is known to be wrong in a repository, gravest first; not what touched only snapshots that are gone.

    Raises:
        UsageError: there is no such repository.
    """
    present = {snapshot.id for snapshot in workspace.history.snapshots(name)}
    known = [
        each
        for each in workspace.history.problems(name)
        if not each.problem.snapshots or not present.isdisjoint(each.problem.snapshots)
    ]
    return sorted(known, key=lambda each: (each.problem.hint, -each.snapshots))


def mending(problems: Iterable[Problem]) -> RepairKind | None:
    """Return the first repair to try; None where none would help."""
    kinds = {problem.kind for problem in problems if not problem.hint}
    if kinds & _OF_PACKS:
        return RepairKind.PACKS
    return RepairKind.INDEX if ProblemKind.INDEX in kinds else None


def cures(workspace: "Workspace", name: str, problems: Iterable[Problem]) -> list[Cure]:
    """Return what can be done about problems of a repository, what helps most and costs least first."""
    problems = tuple(problems)
    return list(_cures(workspace, name, problems)) if problems else []


def _cures(workspace: "Workspace", name: str, problems: tuple[Problem, ...]) -> Iterator[Cure]:
    is_archives = workspace.config.repositories[name].holds_archives
    kind = None if is_archives else mending(problems)
    if kind is RepairKind.PACKS:
        for other in workspace.kin(name):
            yield Cure(kind=CureKind.PACKS, repository=name, other=other)
        yield Cure(kind=CureKind.PACKS, repository=name)
    elif kind is RepairKind.INDEX:
        yield Cure(kind=CureKind.INDEX, repository=name)
    damaged = _damaged(workspace, name, problems)
    if damaged and kind is RepairKind.PACKS:
        yield Cure(kind=CureKind.SNAPSHOTS, repository=name)
    if is_archives and damaged:
        yield Cure(kind=CureKind.FORGET, repository=name, snapshots=damaged)
    for other in workspace.kin(name):
        if lacking := _lacking(workspace, name, other):
            yield Cure(kind=CureKind.COPY, repository=name, other=other, snapshots=lacking)
    if damaged and not is_archives:
        yield Cure(kind=CureKind.FORGET, repository=name, snapshots=damaged)
    if any(problem.hint for problem in problems):
        yield Cure(kind=CureKind.PRUNE, repository=name)
    yield Cure(kind=CureKind.VERIFY, repository=name)


def _damaged(workspace: "Workspace", name: str, problems: Iterable[Problem]) -> tuple[str, ...]:
    """Return the ids of the snapshots that are damaged, or cannot even be read."""
    standings = workspace.history.proofs(name)
    known = workspace.history.snapshots(name)
    bad = {id_ for id_, standing in standings.items() if standing.integrity is Integrity.DAMAGED}
    unreadable = (problem.object.rpartition("/")[2] for problem in problems if problem.kind is ProblemKind.SNAPSHOT)
    return tuple(dict.fromkeys([*(each.id for each in known if each.id in bad), *unreadable]))


def _lacking(workspace: "Workspace", name: str, other: str) -> tuple[str, ...]:
    """Return the good snapshots of another repository that belong here too, by the record, and are not here.

    An archive cannot be mended: one that is damaged here is taken as not here; once it is forgotten, it can be copied.
    """
    history = workspace.history
    jobs = {job.name for job in workspace.config.jobs.values() if {name, other} <= set(job.repositories)}
    passed = {snapshot.identity for snapshot in history.snapshots(name)} | history.forgotten(name)
    if workspace.config.repositories[name].holds_archives:
        ill = {id_ for id_, standing in history.proofs(name).items() if standing.integrity is Integrity.DAMAGED}
        passed -= {snapshot.identity for snapshot in history.snapshots(name) if snapshot.id in ill}
    bad = {id_ for id_, standing in history.proofs(other).items() if standing.integrity is Integrity.DAMAGED}
    return tuple(
        each.id
        for each in history.snapshots(other)
        if each.job in jobs
        and each.kind != SAFETY
        and each.status is SnapshotStatus.OK
        and each.identity not in passed
        and each.id not in bad
    )


def _short(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(short(id_, 12) for id_ in ids)
