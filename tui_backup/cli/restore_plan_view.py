"""The plan of a restore, shown as text and as JSON."""

import os
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from tui_backup.cli import output
from tui_backup.engine.restore_plan import PlanItem, PlanWarning, RestorePlan
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import moment, number, printable, size
from tui_backup.services.restore.plan_shares import PlanCount, of_restore
from tui_backup.services.restore.restore_cautions import newer_words
from tui_backup.services.restore.restores import undo_until
from tui_backup.services.storage.snapshots import Found
from tui_backup.services.words import action_word

Raw = bytes

WARNINGS_SHOWN = 20


class PlanDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The plan as scripts see it."""

    snapshot: str
    time: datetime
    target: Raw
    new: int
    overwrite: int
    skip: int
    delete: int
    newer: int
    """Files of the target that are newer than what replaces them."""
    bytes: int
    free: int
    fits: bool
    warnings: tuple[PlanWarning, ...]
    items: tuple[PlanItem, ...]
    keeps: int | None
    """Bytes that are kept for an undo; None: nothing is kept."""
    undo_until: datetime | None


def document(found: Found, plan: RestorePlan) -> PlanDocument:
    """Return the plan with what becomes of each path."""
    return PlanDocument(
        snapshot=plan.snapshot.id,
        time=plan.snapshot.time,
        target=plan.target,
        new=plan.new,
        overwrite=plan.overwrite,
        skip=plan.skip,
        delete=plan.delete,
        newer=plan.newer,
        bytes=plan.bytes_to_write,
        free=plan.free,
        fits=plan.fits,
        warnings=(*plan.warnings, *plan.newer_files),
        items=tuple(plan.items(found.shelf.repository)),
        keeps=None if plan.request.undo_keep is None else plan.kept_bytes,
        undo_until=undo_until(plan),
    )


def show(found: Found, plan: RestorePlan, *, items: bool) -> None:
    """Write the plan; with `items`, each path that is not left as it is."""
    if items:
        show_items(plan.items(found.shelf.repository))
    snapshot = plan.snapshot
    output.write_text(
        _("Restore {id} of {time} ({origin}) to {target}").format(
            id=snapshot.short_id,
            time=moment(snapshot.time),
            origin=printable(", ".join(filter(None, (snapshot.job or found.shelf.name, snapshot.host)))),
            target=printable(plan.target),
        )
    )
    show_counts(of_restore(plan))
    output.write_text(
        _("  {bytes} to write, {free} free").format(bytes=size(plan.bytes_to_write), free=size(plan.free))
    )
    until = undo_until(plan)
    if until is not None and (plan.new or plan.overwrite or plan.delete):
        output.write_text(
            _("  keeps {bytes} for undo until {time}").format(bytes=size(plan.kept_bytes), time=moment(until))
        )
    newer = (PlanWarning(None, newer_words(plan.newer)),) if plan.newer else ()
    show_warnings((*newer, *plan.warnings, *plan.newer_files))
    if plan.shortage is not None:
        output.write_text(_("  does not fit: {shortage}").format(shortage=plan.shortage))


def show_items(items: Iterable[PlanItem]) -> None:
    """Write each path that is not left as it is."""
    for item in items:
        if item.action != "skip":
            output.write_text(f"{action_word(item.action):<10} {printable(item.path)}")


def show_counts(counts: Iterable[PlanCount]) -> None:
    """Write how many paths there are of each sort."""
    for each in counts:
        output.write_text(f"  {each.label:<16}{number(each.count):>10}")


def show_warnings(warnings: Sequence[PlanWarning]) -> None:
    """Write the warnings of a plan, the first of them where there are many."""
    for warning in warnings[:WARNINGS_SHOWN]:
        where = f"{printable(os.fsdecode(warning.path))}: " if warning.path is not None else ""
        output.write_text(_("  warning: {message}").format(message=where + printable(warning.message)))
    if len(warnings) > WARNINGS_SHOWN:
        output.write_text(_("  and {count} more warnings").format(count=len(warnings) - WARNINGS_SHOWN))
