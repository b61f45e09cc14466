"""Restoring: what is wished for becomes a request, a plan, and, once somebody agreed, a run."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from tui_backup.config.settings import UNDO_KEEP_S
from tui_backup.engine.rereading import reread
from tui_backup.engine.restore import RestoreResult, execute
from tui_backup.engine.restore_plan import RestorePlan, plan_restore
from tui_backup.engine.restore_request import Overwrite, RestoreRequest
from tui_backup.engine.safekeeping import Safekeeping
from tui_backup.engine.safety_record import SafetyRecord
from tui_backup.errors import BackupError, NotFound, RestoreRefused
from tui_backup.formats.base import Brief, Repository
from tui_backup.model.event import Restored
from tui_backup.model.run import RunStatus, Verb
from tui_backup.model.snapshot import SAFETY, Snapshot, short
from tui_backup.model.watch import Watch
from tui_backup.primitives.clock import in_zone, now
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.identity import identity
from tui_backup.primitives.patterns import meant
from tui_backup.primitives.reasons import reason_of
from tui_backup.primitives.text import number
from tui_backup.services.restore.unfinished import noted
from tui_backup.services.runs import undo_homes
from tui_backup.services.runs.run_scope import RunScope, run_scope
from tui_backup.services.runs.undo_homes import alone, new_home
from tui_backup.services.storage.safety_copies import forget_over
from tui_backup.services.storage.snapshots import Found

if TYPE_CHECKING:
    from tui_backup.services.browsing.directories import Copy
    from tui_backup.services.workspace import Workspace

_NAMED = 3
"""How many paths are named where there are more."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to have restored, and where."""

    target: str | None
    """Directory below which paths are recreated; None: in place."""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    overwrite: Overwrite | None = None
    """None: never below a target, always in place."""
    delete: bool = False
    trust: bool = False
    """Whether a repository that the configuration does not trust is trusted this time."""


class Conduct(msgspec.Struct, frozen=True, kw_only=True):
    """How a restore is carried out."""

    verify: bool = False
    """Whether everything written is read back and compared with the snapshot."""
    heeding_signals: bool = False
    """Whether SIGINT and SIGTERM cancel cleanly; only in the main thread of a program that is ours."""


def plan(workspace: "Workspace", found: Found, wish: Wish, watch: Watch) -> RestorePlan:
    """Decide what becomes of every path; writes nothing.

    Raises:
        RestoreRefused: the wish cannot be carried out.
        BackupError: the snapshot cannot be read, or does not hold a path asked for.
    """
    request = request_of(workspace, found, wish)
    if wish.target is None:
        _check_places(workspace, found)
    else:
        _check_target(workspace, request.target)
    try:
        return plan_restore(found.shelf.repository, found.snapshot, request, watch)
    except OSError as error:
        raise _refused(request, error) from error


def request_of(workspace: "Workspace", found: Found, wish: Wish) -> RestoreRequest:
    """Return what is asked of the engine: a wish with what the configuration says about trust and deletions."""
    job = workspace.config.jobs.get(found.snapshot.job or "")
    sources = job.sources if job else ()
    trusted = workspace.config.repositories[found.shelf.name].trusted
    default = Overwrite.ALWAYS if wish.target is None else Overwrite.NEVER
    return RestoreRequest(
        target=b"/" if wish.target is None else os.fsencode(os.path.abspath(wish.target)),
        include=wish.include,
        exclude=wish.exclude,
        overwrite=wish.overwrite or default,
        delete=wish.delete,
        trusted=trusted or wish.trust,
        protected=_protected(workspace),
        spared=tuple(pattern for source in sources for pattern in source.patterns()),
        rules=tuple(rules for source in sources for rules in source.rules()),
        undo_keep=(job.undo_keep if job else UNDO_KEEP_S) if wish.target is None else None,
    )


def restore(workspace: "Workspace", found: Found, plan: RestorePlan, conduct: Conduct) -> Restored:
    """Carry out exactly what a plan says, in a run of its own.

    Raises:
        RestoreRefused: the plan does not hold any more, or what it replaces cannot be kept.
        Locked: another restore in place is going on.
        Cancelled: somebody asked; what was written whole stays.
        BackupError: the snapshot cannot be read.
    """
    scope = run_scope(
        workspace,
        verb=Verb.RESTORE,
        job=found.snapshot.job,
        repository=found.shelf.name,
        about=_about(found, plan),
    )
    with scope.heeding_signals() if conduct.heeding_signals else nullcontext(), scope:
        try:
            with (
                noted(workspace, scope.run_id, found.shelf.name, plan, verify=conduct.verify),
                _safekeeping(workspace, found, plan, scope.run_id) as safekeeping,
            ):
                restored = _restore(found, plan, conduct, scope, safekeeping)
        except BackupError as error:
            if error.hint is None and scope.run_id in undo_homes.undo_until(workspace.state_dir):
                error.hint = _("what was changed can be undone: {command}").format(command=undo_command(scope.run_id))
            raise
        until = undo_homes.undo_until(workspace.state_dir).get(scope.run_id) if safekeeping else None
        restored = msgspec.structs.replace(restored, undo_until=until)
        scope.finish(restored)
    if safekeeping:
        forget_over(workspace, found.shelf.repository)
    return restored


def undo_until(plan: RestorePlan) -> datetime | None:
    """Return until when a restore could be undone if it were made at once; None where nothing is kept."""
    return None if plan.request.undo_keep is None else now() + timedelta(seconds=plan.request.undo_keep)


def wanted(plan: RestorePlan) -> tuple[bytes, ...]:
    """Return what of a snapshot is restored: paths, and patterns as they were given."""
    if plan.request.include:
        return tuple(meant(line) or os.fsencode(line) for line in plan.request.include)
    return tuple(map(os.fsencode, plan.snapshot.paths))


def some_of(paths: Sequence[bytes]) -> str:
    """Return the first of some paths in a line, and how many there are more."""
    named = ", ".join(map(os.fsdecode, paths[:_NAMED]))
    more = len(paths) - _NAMED
    if more <= 0:
        return named
    text = ngettext("{paths} and {count} more", "{paths} and {count} more", more)
    return text.format(paths=named, count=number(more))


def words_of(copy: "Copy", wish: Wish, conduct: Conduct) -> tuple[str, ...]:
    """Return the same restore as words of the command line."""
    place = ("--in-place",) if wish.target is None else ("--target", wish.target)
    return (
        "restore",
        short(copy.snapshot.id, 12),
        *("-r", copy.repository),
        *place,
        *(word for path in wish.include for word in ("--include", path)),
        *(word for path in wish.exclude for word in ("--exclude", path)),
        *(("--overwrite", wish.overwrite.value) if wish.overwrite else ()),
        *(("--delete",) if wish.delete else ()),
        *(("--verify",) if conduct.verify else ()),
        *(("--trust",) if wish.trust else ()),
    )


def undo_command(restore: str) -> str:
    """Return the command that undoes a restore."""
    return f"tui-backup undo-restore {restore}"


def fresh_directory(job: str | None, time: datetime) -> str:
    """Return a name in the current directory that is free: `site_restored_20261121_140530`."""
    stem = f"{job or 'snapshot'}_restored_{time.astimezone():%Y%m%d_%H%M%S}"
    name, number = stem, 1
    while os.path.lexists(name):
        number += 1
        name = f"{stem}_{number}"
    return os.path.abspath(name)


@contextmanager
def _safekeeping(workspace: "Workspace", found: Found, plan: RestorePlan, run: str) -> Iterator[Safekeeping | None]:
    """Give the place where a restore keeps what it changes; None where it keeps nothing."""
    if plan.request.undo_keep is None:
        yield None
        return
    snapshot, started = found.snapshot, now()
    job = workspace.config.jobs.get(snapshot.job or "")
    record = SafetyRecord(
        restore=run,
        job=snapshot.job,
        repository=found.shelf.name,
        snapshot=snapshot.id,
        target=plan.target,
        paths=wanted(plan),
        started=started,
        expires=started + timedelta(seconds=plan.request.undo_keep),
    )
    brief = Brief(
        job=snapshot.job or found.shelf.name,
        kind=SAFETY,
        time=in_zone(started, (job.timezone if job else None) or workspace.config.timezone),
        host=identity().hostname,
        paths=(),
        tags=(f"restore={run}",),
    )
    with alone(workspace.state_dir), new_home(workspace.state_dir, record) as home:
        yield Safekeeping(home=home, brief=brief)


def _restore(
    found: Found, plan: RestorePlan, conduct: Conduct, scope: RunScope, safekeeping: Safekeeping | None
) -> Restored:
    repository = found.shelf.repository
    different = 0
    try:
        with repository.locked(scope.watch):
            result = execute(plan, repository, scope.watch, safekeeping)
            if conduct.verify:
                different = reread(plan, repository, scope.watch)
    except OSError as error:
        raise _refused(plan.request, error) from error
    return Restored(
        run=scope.run_id,
        restore=scope.run_id,
        status=RunStatus.INCOMPLETE if different else result.status,
        written=result.written,
        skipped=result.skipped,
        deleted=result.deleted,
        bytes=result.bytes_written,
        message=_message(plan, result, different),
    )


def _about(found: Found, plan: RestorePlan) -> str:
    """Return what the audit keeps of a plan."""
    target = os.fsdecode(plan.target)
    return (
        f"snapshot {found.snapshot.short_id} {'in place' if target == '/' else f'to {target}'}: "
        f"{plan.new} new, {plan.overwrite} overwritten, {plan.delete} deleted"
    )


def _message(plan: RestorePlan, result: RestoreResult, different: int) -> str | None:
    parts = []
    if plan.kept:
        text = ngettext("{count} path differs and was kept", "{count} paths differ and were kept", plan.kept)
        parts.append(text.format(count=plan.kept))
    if plan.refused:
        text = ngettext("{count} path was refused", "{count} paths were refused", plan.refused)
        parts.append(text.format(count=plan.refused))
    if different:
        text = ngettext("{count} file is not as in the snapshot", "{count} files are not as in the snapshot", different)
        parts.append(text.format(count=different))
    if not parts and result.status is RunStatus.INCOMPLETE:
        parts.append(_("not everything could be written; the warnings name it"))
    return ", ".join(parts) or None


def _check_places(workspace: "Workspace", found: Found) -> None:
    """Refuse to restore in place what did not lie where its paths in the snapshot say."""
    snapshot, repository = found.snapshot, found.shelf.repository
    job = workspace.config.jobs.get(snapshot.job or "")
    in_place = all(source.is_in_place() for source in job.sources) if job else True
    if in_place and (not snapshot.paths or any(_holds(repository, snapshot, path) for path in snapshot.paths)):
        return
    raise RestoreRefused(
        _("{id} cannot be restored in place: its files are stored below other names").format(id=snapshot.short_id),
        hint=_("restore it beside: --target DIRECTORY"),
    )


def _check_target(workspace: "Workspace", target: bytes) -> None:
    """Refuse to write between what belongs to the backup itself, and where nobody like us can write."""
    real = os.path.realpath(target)
    for place in map(os.path.realpath, workspace.own_places()):
        if real == place or real.startswith(place + b"/"):
            text = _("cannot restore to {path}: {place} belongs to the backup itself")
            raise RestoreRefused(text.format(path=os.fsdecode(target), place=os.fsdecode(place)))
    while not os.path.lexists(real):
        real = os.path.dirname(real)
    if os.path.isdir(real) and not os.access(real, os.W_OK | os.X_OK):
        text = _("cannot restore to {path}: {place} cannot be written")
        raise RestoreRefused(text.format(path=os.fsdecode(target), place=os.fsdecode(real)))


def _holds(repository: Repository, snapshot: Snapshot, path: str) -> bool:
    if path == "/":
        return True
    try:
        repository.entry(snapshot, os.fsencode(path))
    except NotFound:
        return False
    return True


def _protected(workspace: "Workspace") -> tuple[bytes, ...]:
    """Return what a restore never deletes: repositories, state, configuration, files with passwords."""
    return (*workspace.own_places(), os.fsencode(workspace.config.path))


def _refused(request: RestoreRequest, error: OSError) -> RestoreRefused:
    place = os.fsdecode(error.filename) if error.filename else os.fsdecode(request.target)
    return RestoreRefused(_("cannot restore to {path}: {reason}").format(path=place, reason=reason_of(error)))
