"""What a prune or a forgetting comes to, as text and as JSON."""

from collections.abc import Iterable, Sequence
from typing import Any

from tui_backup.cli import output
from tui_backup.cli.output import Column
from tui_backup.model.retention import Decision
from tui_backup.model.upkeep import LockedObject
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import moment, size
from tui_backup.services.upkeep.pruning import (
    JobPlan,
    PrunePlan,
    fate_words,
    freed_words,
    locked_words,
    reclaiming_words,
)

_NAMED = 10
"""Locked objects that are named to people."""


def document(
    plans: Sequence[PrunePlan], waiting: Sequence[PrunePlan] = (), *, freed: int, repacked: int, dry_run: bool
) -> dict[str, Any]:
    """Return the plans of several repositories as scripts see them, and what is held in those that wait; in bytes."""
    decisions = [(plan.repository, each) for plan in plans for part in plan.jobs for each in part.decisions]
    held = [
        {"job": part.job, "repository": plan.repository, "reason": part.held}
        for plan in (*plans, *waiting)
        for part in plan.held
    ]
    return {
        "keep": [item(name, each) for name, each in decisions if each.keep],
        "remove": [item(name, each) for name, each in decisions if not each.keep],
        "freed": freed,
        "repacked": repacked,
        "dry_run": dry_run,
        "held": held,
        "locked": [_locked(plan.repository, each) for plan in plans if plan.reclaim for each in plan.reclaim.locked],
    }


def item(repository: str, decision: Decision) -> dict[str, Any]:
    """Return one snapshot as scripts see it."""
    snapshot = decision.snapshot
    return {
        "id": snapshot.id,
        "reasons": decision.reasons,
        "repository": repository,
        "job": snapshot.job,
        "size": snapshot.size,
    }


def _locked(repository: str, locked: LockedObject) -> dict[str, Any]:
    return {"object": locked.key, "repository": repository, "size": locked.size, "until": locked.until}


def expected(plans: Iterable[PrunePlan]) -> tuple[int, int]:
    """Return the bytes that plans free and that they rewrite for it."""
    plans = tuple(plans)
    repacked = sum(plan.reclaim.repacked_bytes for plan in plans if plan.reclaim is not None)
    return sum(plan.freed_bytes for plan in plans), repacked


def show(plan: PrunePlan) -> None:
    """Write what becomes of every snapshot, why, and what is freed."""
    for part in plan.jobs:
        _show_job(plan.repository, part)
    if plan.reclaim is None and plan.gone:
        output.write_text(f"{plan.repository}: {freed_words(plan)}")
    if plan.reclaim is not None:
        output.write_text(f"{plan.repository}: {reclaiming_words(plan.reclaim)}")
        if words := locked_words(plan.reclaim):
            output.write_text(f"{plan.repository}: {words}")
        for locked in plan.reclaim.locked[:_NAMED]:
            output.write_text(f"  {locked.key}  {size(locked.size)}  {moment(locked.until)}")
        if len(plan.reclaim.locked) > _NAMED:
            output.write_text(_("  ... --json names all of them"))


def _show_job(repository: str, part: JobPlan) -> None:
    output.write_text(f"{part.job} → {repository}: {fate_words(part.decisions)}")
    if part.decisions:
        output.write_table(_columns(), map(_row, part.decisions))
    if part.held is not None:
        output.write_text(_("held: {reason}").format(reason=part.held))


def _columns() -> tuple[Column, ...]:
    return (
        Column(_("snapshot")),
        Column(_("time")),
        Column(""),
        Column(_("size"), right=True, spare=1),
        Column(_("why it stays")),
    )


def _row(decision: Decision) -> tuple[str, ...]:
    snapshot = decision.snapshot
    fate = _("stays") if decision.keep else _("goes")
    return snapshot.short_id, moment(snapshot.time), fate, size(snapshot.size), ", ".join(decision.reasons)
