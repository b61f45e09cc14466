"""Forgetting: snapshots that somebody names are removed; their space is left to `pruning`."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from tui_backup.errors import BackupError, PlanOutdated, SnapshotUnknown, UsageError
from tui_backup.model.snapshot import PIN, SAFETY, Snapshot, SnapshotStatus
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import moment
from tui_backup.services.storage.lock_memory import load_memory, save_memory
from tui_backup.services.storage.snapshots import SHORTEST, Filter, Found, Reach, Shelf, reach, resolve
from tui_backup.services.upkeep.object_locks import locked_until
from tui_backup.services.upkeep.pruning import noting_forgotten
from tui_backup.stores.append_only import nothing_goes

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace


class ForgetPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What is forgotten, and what whoever named it should know."""

    gone: tuple[Found, ...]
    """Each once."""
    warnings: tuple[str, ...]
    last_good: tuple[Found, ...]
    """Those that are the newest good ones of their jobs in their repositories."""

    @property
    def shelves(self) -> tuple[Shelf, ...]:
        """The repositories that are touched."""
        return tuple({found.shelf.name: found.shelf for found in self.gone}.values())


class Forgotten(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the snapshots of one repository; of `error` None where they are gone."""

    repository: str
    snapshots: tuple[Snapshot, ...]
    error: BackupError | None = None


def plan(reached: Reach, names: Sequence[str], only: Filter) -> ForgetPlan:
    """Return what these names stand for.

    Raises:
        SnapshotUnknown: nothing or several things.
        UsageError: one is pinned.
        AppendOnly: nothing may be removed from where one lies.
    """
    found = list({(each.shelf.name, each.snapshot.id): each for each in _named(reached, names, only)}.values())
    for each in found:
        _refuse_kept(each)
        if PIN in each.snapshot.tags:
            message = _("snapshot {id} in {repository} is pinned; nothing was touched")
            raise UsageError(
                message.format(id=each.snapshot.short_id, repository=each.shelf.name),
                hint=_("`tui-backup tag {id} remove {tag} -r {repository}` unpins it").format(
                    id=each.snapshot.short_id, tag=PIN, repository=each.shelf.name
                ),
            )
    last = tuple(each for each in found if _is_newest_good(each))
    warnings = [*(warning for each in found for warning in each.warnings), *map(_last_good, last)]
    warnings += [_safety(each) for each in found if each.snapshot.kind == SAFETY]
    warnings += [locked.message for each in found if (locked := _locked(each.shelf, each.snapshot)) is not None]
    return ForgetPlan(gone=tuple(found), warnings=tuple(dict.fromkeys(warnings)), last_good=last)


def renewed(workspace: "Workspace", planned: ForgetPlan) -> ForgetPlan:
    """Return the same plan for repositories that another workspace has opened.

    Raises:
        PlanOutdated: a snapshot is gone or has other tags, or another one is the newest good one by now.
    """
    gone: list[Found] = []
    last: list[Found] = []
    for shelf in planned.shelves:
        names = [found.snapshot.id for found in planned.gone if found.shelf.name == shelf.name]
        try:
            again = plan(reach(workspace, shelf.name), names, Filter(repository=shelf.name))
        except (SnapshotUnknown, UsageError) as error:
            raise _outdated(shelf.name) from error
        gone += again.gone
        last += again.last_good
    if _ids(last) != _ids(planned.last_good):
        raise _outdated(planned.last_good[0].shelf.name if planned.last_good else last[0].shelf.name)
    return ForgetPlan(gone=tuple(gone), warnings=planned.warnings, last_good=tuple(last))


def forget(workspace: "Workspace", planned: ForgetPlan) -> list[Forgotten]:
    """Remove the snapshots of a plan, not their data; a repository that fails keeps no other from its turn.

    One that is locked stays, and its lock is not extended any more.
    """
    results: list[Forgotten] = []
    for shelf in planned.shelves:
        gone = [found.snapshot for found in planned.gone if found.shelf.name == shelf.name]
        locked = {one.id: error for one in gone if (error := _locked(shelf, one)) is not None}
        results += [_let_expire(workspace, shelf, one, locked[one.id]) for one in gone if one.id in locked]
        if free := [one for one in gone if one.id not in locked]:
            results.append(_forget(workspace, shelf, free))
    return results


def _refuse_kept(found: Found) -> None:
    """Raise AppendOnly where nothing can be removed, whoever wants it."""
    if found.shelf.config.append_only:
        raise nothing_goes(found.shelf.config.store.describe())


def _locked(shelf: Shelf, snapshot: Snapshot) -> BackupError | None:
    """Return what to say of a snapshot that nobody can remove yet."""
    until = locked_until(shelf.config, shelf.repository, snapshot)
    if until is None:
        return None
    return BackupError(
        _("snapshot {id} in {repository} is locked until {time}").format(
            id=snapshot.short_id, repository=shelf.name, time=moment(until)
        ),
        hint=_("no run of this configuration extends that any more: forget it again then"),
    )


def _named(reached: Reach, names: Sequence[str], only: Filter) -> Iterable[Found]:
    for name in names:
        try:
            yield resolve(reached, name, only)
        except SnapshotUnknown:
            lost = [found for shelf in reached.shelves for found in _unreadable(shelf, name)]
            if len(lost) != 1:
                raise
            yield lost[0]


def _unreadable(shelf: Shelf, name: str) -> Iterable[Found]:
    """Yield the snapshots of which nothing but the id can be read: that is enough to give them up."""
    for id_, reason in shelf.repository.unreadable().items():
        if len(name) >= SHORTEST and id_.startswith(name.lower()):
            snapshot = Snapshot(id=id_, time=datetime.fromtimestamp(0, UTC), host="", paths=())
            warning = _("{reason}; nobody knows what is given up with it").format(reason=reason)
            yield Found(snapshot=snapshot, shelf=shelf, warnings=(warning,))


def _forget(workspace: "Workspace", shelf: Shelf, gone: Sequence[Snapshot]) -> Forgotten:
    what = ", ".join(one.short_id for one in gone)
    try:
        act = workspace.audit.act("forget", f"snapshot {what}, repository {shelf.name}")
        readable = [one for one in gone if one in shelf.snapshots]
        with act, noting_forgotten(workspace, shelf.repository, readable):
            shelf.repository.forget(gone)
    except BackupError as error:
        return Forgotten(repository=shelf.name, snapshots=tuple(gone), error=error)
    return Forgotten(repository=shelf.name, snapshots=tuple(gone))


def _let_expire(workspace: "Workspace", shelf: Shelf, snapshot: Snapshot, locked: BackupError) -> Forgotten:
    """Have no run extend the lock of a snapshot any more."""
    with workspace.audit.act(
        "forget", f"snapshot {snapshot.short_id}, repository {shelf.name}", "locked: not extended"
    ):
        memory = load_memory(workspace.state_dir, shelf.name, shelf.repository.id)
        memory.released = sorted({*memory.released, snapshot.id})
        save_memory(workspace.state_dir, shelf.name, memory)
    return Forgotten(repository=shelf.name, snapshots=(snapshot,), error=locked)


def _ids(found: Iterable[Found]) -> set[tuple[str, str]]:
    return {(each.shelf.name, each.snapshot.id) for each in found}


def _outdated(name: str) -> PlanOutdated:
    message = _("the snapshots of {name} have changed since this was planned").format(name=name)
    return PlanOutdated(message, hint=_("nothing was removed; start again"))


def _is_newest_good(found: Found) -> bool:
    """Whether nothing good of the same job and host in that repository is newer; never for those of other programs."""
    snapshot = found.snapshot
    if snapshot.job is None or not _is_good(snapshot):
        return False
    return not any(
        (other.job, other.host) == (snapshot.job, snapshot.host) and _is_good(other) and other.time > snapshot.time
        for other in found.shelf.snapshots
    )


def _is_good(snapshot: Snapshot) -> bool:
    return snapshot.status is SnapshotStatus.OK and snapshot.kind != SAFETY


def _last_good(found: Found) -> str:
    text = _("snapshot {id} is the newest good one of job {job} in {repository}")
    return text.format(id=found.snapshot.short_id, job=found.snapshot.job, repository=found.shelf.name)


def _safety(found: Found) -> str:
    text = _("snapshot {id} is what an in-place restore replaced; without it that restore cannot be undone")
    return text.format(id=found.snapshot.short_id)
