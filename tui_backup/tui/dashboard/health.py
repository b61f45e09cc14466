"""The health sentence: whether all is well, in the first line of the screen."""

from datetime import datetime

from tui_backup.model.trouble import TroubleKind
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.services.status.dashboard import Overview
from tui_backup.tui.glyphs import Glyphs
from tui_backup.tui.widgets.cells import Piece
from tui_backup.tui.words import until

GRAVE = frozenset(
    {
        TroubleKind.DAMAGED,
        TroubleKind.FAILED,
        TroubleKind.STOPPED,
        TroubleKind.SUDDEN_CHANGE,
        TroubleKind.UNLOCKED,
        TroubleKind.VERIFY_FAILED,
        TroubleKind.SCHEDULER,
    }
)
"""Troubles that are errors; others are warnings."""


def counted_jobs(overview: Overview) -> str:
    """Return how many jobs there are."""
    count = len(overview.jobs)
    return ngettext("{count} job", "{count} jobs", count).format(count=count) if count else _("no job yet")


def health(overview: Overview, glyphs: Glyphs, now: datetime) -> Piece | None:
    """Return whether all is well, and then what comes next; None where there is nothing that could be."""
    if not overview.problems:
        return _healthy(overview, glyphs, now)
    gravest = overview.problems[0]
    count = len(overview.problems)
    sentence = gravest.message
    if count > 1:
        text = ngettext("{count} problem: {gravest}", "{count} problems: {gravest}", count)
        sentence = text.format(count=count, gravest=gravest.message)
    if gravest.kind in GRAVE:
        return f"{glyphs.failed} {sentence}", "error"
    return f"{glyphs.stale} {sentence}", "warning"


def _healthy(overview: Overview, glyphs: Glyphs, now: datetime) -> Piece | None:
    if not overview.jobs:
        return None
    lacking = [job.job for job in overview.jobs if job.last_success is None]
    if not lacking:
        return f" {glyphs.dot} ".join(filter(None, (f"{glyphs.ok} " + _("all healthy"), _next(overview, now)))), "ok"
    if len(lacking) == len(overview.jobs):
        sentence = _("no backup yet")
    else:
        text = ngettext("{job}: no backup yet", "{count} jobs have no backup yet", len(lacking))
        sentence = text.format(job=lacking[0], count=len(lacking))
    return f"{glyphs.never} {sentence}", "plain"


def _next(overview: Overview, now: datetime) -> str:
    """Return which job runs next by itself, and when; nothing where none does."""
    coming = [(job.next_run, job.job) for job in overview.jobs if job.next_run is not None]
    if not coming:
        return ""
    time, job = min(coming)
    return _("next: {job} {time}").format(job=job, time=until(time, now))
