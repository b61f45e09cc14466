"""Snapshots that somebody names: forgetting and tagging them, as questions and as what is carried out."""

from collections.abc import Iterable, Sequence

from tui_backup.model.snapshot import Snapshot
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.services.storage.snapshots import Filter, reach, resolve
from tui_backup.services.upkeep import forgetting
from tui_backup.services.upkeep.forgetting import ForgetPlan, Forgotten
from tui_backup.services.upkeep.tagging import own_tags, retag, tags_after
from tui_backup.services.workspace import Workspace
from tui_backup.tui.desk import Desk
from tui_backup.tui.dialogs.confirm import Question
from tui_backup.tui.words import exact

NAMED = 5
"""Snapshots that a question names."""


def named(snapshots: Sequence[Snapshot], zone: str | None) -> list[str]:
    """Return a line for each snapshot, up to a few, and one for the rest; times in that zone."""
    lines = [
        _("{id}  of {job}, {time}").format(id=each.short_id, job=each.job or "?", time=exact(each.time, zone))
        for each in snapshots[:NAMED]
    ]
    rest = len(snapshots) - NAMED
    return [*lines, _("and {count} more").format(count=rest)] if rest > 0 else lines


def planned_forget(workspace: Workspace, name: str, ids: Sequence[str]) -> ForgetPlan:
    """Return what forgetting these comes to.

    Raises:
        BackupError: the repository cannot be read, one is gone, or one is pinned.
    """
    return forgetting.plan(reach(workspace, name), ids, Filter(repository=name))


def forget_question(desk: Desk, plan: ForgetPlan) -> Question:
    """Return what is asked before snapshots are forgotten; the last good ones of jobs take their names."""
    count = len(plan.gone)
    return Question(
        title=ngettext("Forget {count} snapshot", "Forget {count} snapshots", count).format(count=count),
        host=desk.workspace.host,
        target=", ".join(shelf.name for shelf in plan.shelves),
        facts=named([found.snapshot for found in plan.gone], desk.zone),
        warnings=plan.warnings,
        undo=_last_words(plan),
        word=to_type(found.snapshot.job or "?" for found in plan.last_good),
        action=_("Forget"),
    )


def _last_words(plan: ForgetPlan) -> str:
    if all(shelf.config.holds_archives for shelf in plan.shelves):
        return _("This cannot be undone; copies in other repositories stay.")
    return _("This cannot be undone; copies in other repositories stay. Pruning frees the space.")


def to_type(jobs: Iterable[str]) -> str | None:
    """Return what is typed to agree to what may hurt these jobs: the name of each one; None where there is none."""
    return " ".join(dict.fromkeys(jobs)) or None


def forget(workspace: Workspace, plan: ForgetPlan) -> list[Forgotten]:
    """Forget what a plan says, and nothing else.

    Raises:
        PlanOutdated: something has changed since.
        BackupError: a repository cannot be written.
    """
    results = forgetting.forget(workspace, forgetting.renewed(workspace, plan))
    for result in results:
        if result.error is not None:
            raise result.error
    return results


def tag(workspace: Workspace, name: str, snapshot: Snapshot, tags: Sequence[str]) -> Snapshot:
    """Give a snapshot other tags; return it under its new id.

    Raises:
        BackupError: the repository cannot be written, or the snapshot was changed or removed meanwhile.
    """
    found = resolve(reach(workspace, name), snapshot.id)
    own = own_tags(found.snapshot)
    add, remove = [tag for tag in tags if tag not in own], [tag for tag in own if tag not in tags]
    return retag(workspace, found, tags_after(found.snapshot, add=add, remove=remove))
