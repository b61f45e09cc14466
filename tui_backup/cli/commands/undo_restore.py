"""`undo-restore`: put back what a restore in place has changed."""

from datetime import datetime

import click
import msgspec

from tui_backup.cli import output
from tui_backup.cli.codes import OF_STATUS
from tui_backup.cli.commands.restore import can_ask
from tui_backup.cli.following import following
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.cli.options import retry_lock_option
from tui_backup.cli.restore_plan_view import show_warnings
from tui_backup.engine.restore_plan import PlanItem, PlanWarning
from tui_backup.engine.undo_plan import UndoPlan
from tui_backup.errors import Cancelled, RestoreRefused, UsageError
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import moment, printable, size
from tui_backup.services import undo

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


@click.command(short_help=_("Undo a restore in place."))
@click.argument("restore", required=False)
@click.option("-n", "--dry-run", is_flag=True, help=_("Show the plan only."))
@click.option("-y", "--yes", is_flag=True, help=_("Answer every question with yes."))
@retry_lock_option
@pass_invocation
def command(invocation: Invocation, restore: str | None, dry_run: bool, yes: bool) -> int:
    """Put back what RESTORE replaced, changed and deleted; without it, what the newest one did.

    Shows a plan, asks, and does exactly what the plan says. What has changed since the restore is left as it is.
    """
    home = undo.find(invocation.workspace, restore)
    plan = undo.plan(home, Watch())
    if dry_run:
        if invocation.json:
            output.write_document(document(plan))
        else:
            show(plan, items=True)
        return 0
    if not plan.fits:
        raise RestoreRefused(_("not enough space at the target"))
    agree(invocation, plan, yes=yes)
    with following(invocation, invocation.workspace.bus):
        undone = undo.undo(invocation.workspace, home, plan, heeding_signals=True)
    return OF_STATUS.get(undone.status, 1)


def agree(invocation: Invocation, plan: UndoPlan, *, yes: bool) -> None:
    """Show the plan and have somebody agree to it.

    Raises:
        UsageError: nobody can be asked.
        Cancelled: the answer is no.
    """
    asking = can_ask(invocation, yes=yes)
    if not invocation.json and (asking or not invocation.quiet):
        show(plan, items=invocation.verbose)
        output.flush()
    if asking:
        question = _("Undo the restore on {host}?").format(host=printable(invocation.workspace.host))
        if not click.confirm(question, err=True):
            raise Cancelled(_("nothing was touched"))
    elif not yes:
        message = _("this would put back {back} and remove {delete}; nothing was touched")
        raise UsageError(
            message.format(back=plan.new + plan.overwrite, delete=plan.delete),
            hint=_("look at it with --dry-run, then give --yes"),
        )


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
        for item in plan.items():
            if item.action != "skip":
                output.write_text(f"{item.action:<10} {printable(item.path)}")
    record = plan.record
    output.write_text(
        _("Undo the restore {restore} of {time} ({job}, snapshot {snapshot}) below {target}").format(
            restore=record.restore,
            time=moment(record.started),
            job=printable(record.job or record.repository),
            snapshot=record.snapshot[:8],
            target=printable(record.target),
        )
    )
    for label, count in _counts(plan):
        output.write_text(f"  {label:<16}{count:>10,}")
    output.write_text(
        _("  {bytes} come back, {written} of it to write, {free} free").format(
            bytes=size(plan.bytes), written=size(plan.bytes_to_write), free=size(plan.free)
        )
    )
    show_warnings(plan.warnings)


def _counts(plan: UndoPlan) -> list[tuple[str, int]]:
    return [
        (_("comes back"), plan.new),
        (_("overwrite"), plan.overwrite),
        (_("skip"), plan.skip),
        (_("changed, kept"), plan.left),
        (_("remove"), plan.delete),
    ]
