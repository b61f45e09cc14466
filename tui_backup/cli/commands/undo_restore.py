"""`undo-restore`: put back what a restore in place has changed."""

from datetime import datetime

import click
import msgspec

from tui_backup.cli import output
from tui_backup.cli.agreement import agree, can_ask
from tui_backup.cli.codes import OF_STATUS
from tui_backup.cli.following import following
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.cli.options import retry_lock_option
from tui_backup.cli.restore_plan_view import show_counts, show_items, show_warnings
from tui_backup.engine.restore_plan import PlanItem, PlanWarning
from tui_backup.engine.undo_plan import UndoPlan
from tui_backup.errors import RestoreRefused
from tui_backup.model.snapshot import short
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import moment, printable, size
from tui_backup.services.restore import undo
from tui_backup.services.restore.plan_shares import of_undo
from tui_backup.services.restore.restores import some_of

Raw = bytes


class UndoDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The plan as scripts see it."""

    restore: str
    snapshot: str
    target: Raw
    new: int
    overwrite: int
    skip: int
    delete: int
    left: int
    bytes: int
    free: int
    fits: bool
    undo_until: datetime
    warnings: tuple[PlanWarning, ...]
    items: tuple[PlanItem, ...]


@click.command(
    short_help=_("Undo a restore in place."),
    help=_(
        "Put back what RESTORE replaced, changed and deleted; without it, what the newest one did.\n\n"
        "Shows a plan, asks, and does exactly what the plan says. What has changed since the restore is left "
        "as it is."
    ),
)
@click.argument("restore", required=False)
@click.option("-n", "--dry-run", is_flag=True, help=_("Show the plan only."))
@click.option("-y", "--yes", is_flag=True, help=_("Answer every question with yes."))
@retry_lock_option
@pass_invocation
def command(invocation: Invocation, restore: str | None, dry_run: bool, yes: bool) -> int:
    home = undo.find(invocation.state_workspace, restore)
    plan = undo.plan(home, Watch())
    if dry_run:
        if invocation.json:
            output.write_document(document(plan))
        else:
            show(plan, items=True)
        return 0
    if not plan.fits:
        raise RestoreRefused(_("not enough space at the target"))
    if not invocation.json and not (invocation.quiet and (yes or not can_ask(invocation))):
        show(plan, items=invocation.verbose)
        output.flush()
    refusal = _("this would put back {back} and remove {delete}; nothing was touched")
    agree(
        invocation,
        _("Undo the restore on {host}?").format(host=printable(invocation.state_workspace.host)),
        refusal.format(back=plan.new + plan.overwrite, delete=plan.delete),
        yes=yes,
    )
    with following(invocation, invocation.state_workspace.bus):
        undone = undo.undo(invocation.state_workspace, home, plan, heeding_signals=True)
    return OF_STATUS.get(undone.status, 1)


def document(plan: UndoPlan) -> UndoDocument:
    """Return the plan with what becomes of each path."""
    return UndoDocument(
        restore=plan.record.restore,
        snapshot=plan.record.snapshot,
        target=plan.record.target,
        new=plan.new,
        overwrite=plan.overwrite,
        skip=plan.skip,
        delete=plan.delete,
        left=plan.left,
        bytes=plan.bytes,
        free=plan.free,
        fits=plan.fits,
        undo_until=plan.record.expires,
        warnings=plan.warnings,
        items=tuple(plan.items()),
    )


def show(plan: UndoPlan, *, items: bool) -> None:
    """Write the plan; with `items`, each path that is not left as it is."""
    if items:
        show_items(plan.items())
    record = plan.record
    output.write_text(
        _("Undo the restore {restore} of {time} ({job}, snapshot {snapshot}) below {target}").format(
            restore=record.restore,
            time=moment(record.started),
            job=printable(record.job or record.repository),
            snapshot=short(record.snapshot),
            target=printable(record.target),
        )
    )
    if record.paths:
        output.write_text(_("  of {paths}").format(paths=printable(some_of(record.paths))))
    show_counts(of_undo(plan))
    output.write_text(
        _("  {bytes} come back, {written} of it to write, {free} free").format(
            bytes=size(plan.bytes), written=size(plan.bytes_to_write), free=size(plan.free)
        )
    )
    show_warnings(plan.warnings)
