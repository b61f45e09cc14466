"""Confirming: what is asked before a restore or an undo changes anything."""

from collections.abc import Iterator, Sequence

from tui_backup.engine.restore_plan import RestorePlan
from tui_backup.engine.safety_record import SafetyRecord
from tui_backup.engine.undo_plan import UndoPlan
from tui_backup.model.snapshot import short
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import number
from tui_backup.services.restore import restores
from tui_backup.services.restore.plan_shares import DELETE, PlanCount, of_restore, of_undo
from tui_backup.tui.desk import Desk
from tui_backup.tui.dialogs.confirm import Question
from tui_backup.tui.restore.plan_step import Planned
from tui_backup.tui.restore.whereabouts import place_of, place_of_plan
from tui_backup.tui.words import ago, brief_size, exact

_DONE = {"new", "overwrite", DELETE}
"""The sorts of paths that are changed."""


def restore_question(desk: Desk, planned: Planned) -> Question:
    """Return what is asked before a restore begins."""
    plan, host = planned.plan, desk.workspace.host
    in_place = planned.wish.target is None
    loses = not in_place and bool(plan.overwrite or plan.delete)
    return Question(
        title=_("Restore now?"),
        host=host,
        target=place_of_plan(plan),
        facts=[_what(plan)],
        warnings=planned.cautions,
        undo="\n".join(_about_undo(desk, plan, in_place=in_place, loses=loses)),
        word=host if in_place or (loses and plan.delete) else None,
        action=_("Restore"),
    )


def undo_question(desk: Desk, plan: UndoPlan) -> Question:
    """Return what is asked before an undo begins."""
    return Question(
        title=_("Undo this restore?"),
        host=desk.workspace.host,
        target=place_of(plan.record.target, plan.record.paths),
        facts=[
            _restored(desk, plan.record),
            _("{counts}; {size} come back").format(counts=_counted(of_undo(plan)), size=brief_size(plan.bytes)),
        ],
        warnings=_left(plan),
        undo=_("What the restore brought is removed; it is still in the snapshot. An undo cannot be undone."),
        action=_("Undo the restore"),
    )


def _what(plan: RestorePlan) -> str:
    counts = _counted(of_restore(plan))
    if not counts:
        return _("Nothing has to be written or deleted: what is there is left as it is.")
    return _("{counts}; {size} to write").format(counts=counts, size=brief_size(plan.bytes_to_write))


def _left(plan: UndoPlan) -> Sequence[str]:
    if not plan.left:
        return ()
    text = ngettext(
        "{count} path has changed since, and is left as it is",
        "{count} paths have changed since, and are left as they are",
        plan.left,
    )
    return (text.format(count=number(plan.left)),)


def _restored(desk: Desk, record: SafetyRecord) -> str:
    text = _("Restored {ago}, at {time}, from snapshot {id}")
    time = exact(record.started, desk.zone)
    return text.format(id=short(record.snapshot), time=time, ago=ago(record.started, desk.now()))


def _counted(counts: Sequence[PlanCount]) -> str:
    """Return `12 new, 3 overwrite`, of what there is to be done."""
    told = [each for each in counts if each.count and each.sort in _DONE]
    # Translators: how many paths, and what becomes of them: `12 new`
    return ", ".join(_("{count} {what}").format(count=number(each.count), what=each.label) for each in told)


def _about_undo(desk: Desk, plan: RestorePlan, *, in_place: bool, loses: bool) -> Iterator[str]:
    until = restores.undo_until(plan)
    if in_place and until is not None:
        text = _("Can be undone until {time}: what is replaced or deleted is kept for that long.")
        yield text.format(time=exact(until, desk.zone))
    elif loses:
        yield _("What is overwritten or deleted there is gone for good: that cannot be undone.")
    else:
        yield _("Nothing that exists is overwritten or deleted.")
