"""Running what is due here: asked for, told of, and ended with the UI."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from tui_backup.model.schedule import Trigger
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.services.programs.requirements import unmet
from tui_backup.services.schedule.due import Due, next_moments
from tui_backup.services.unattended.scheduling import to_do
from tui_backup.services.words import what_word
from tui_backup.services.workspace import Workspace
from tui_backup.tui.dialogs.confirm import Confirm, Question
from tui_backup.tui.messages import DueSwitched
from tui_backup.tui.words import coming_day_and_time, day_and_time

if TYPE_CHECKING:
    from tui_backup.tui.page import Page

_MOST_NAMED: Final = 6
"""How many things that are due are named before somebody agrees."""


def switch_running_due(page: "Page") -> None:
    """Stop running what is due here; or say what would run now, and begin once somebody has agreed."""
    desk = page.desk
    if desk.runs_due:
        desk.stop_running_due()
        page.post_message(DueSwitched())
        page.notify(_("What is due is not run here any more; what has begun goes on"))
        return
    workspace, now = desk.workspace, desk.now()
    page.ask("due", lambda _watch: _coming_of(workspace, now), lambda coming: _ask(page, coming, now))


@dataclass(frozen=True, kw_only=True)
class _Coming:
    """What would run by itself."""

    due: Sequence[Due]
    """Now."""
    waiting: Mapping[str, str | None]
    """Job -> why it would have to wait."""
    jobs: Sequence[str]
    """Those with a schedule."""
    next: tuple[datetime, Trigger] | None
    """Later, at first; None: no job has a schedule."""


def _coming_of(workspace: Workspace, now: datetime) -> _Coming:
    found = to_do(workspace, now)
    later = [(moment, each.trigger) for each in next_moments(workspace.config, now, 1) for moment in each.moments]
    return _Coming(
        due=found,
        waiting={each.job: unmet(workspace.config.jobs[each.job]) for each in found},
        jobs=list(dict.fromkeys(trigger.job for _moment, trigger in later)),
        next=min(later, key=lambda each: each[0], default=None),
    )


def _ask(page: "Page", coming: _Coming, now: datetime) -> None:
    if coming.next is None:
        page.notify(_("No job has a schedule"))
        return
    question = Question(
        title=_("Run what is due here?"),
        host=page.desk.workspace.host,
        target=", ".join(coming.jobs),
        facts=[
            *_facts(coming, now),
            _("From now on whatever comes due is run, until you switch that off or leave."),
            _("Cron or the daemon may do so too: each moment is run once."),
        ],
        action=_("Run what is due"),
    )
    page.app.push_screen(Confirm(question), lambda agreed: _start(page) if agreed else None)


def _facts(coming: _Coming, now: datetime) -> Iterator[str]:
    """Yield what would run at once, and where nothing would, what comes next."""
    for each in coming.due[:_MOST_NAMED]:
        since = day_and_time(each.moment, now, each.trigger.zone)
        reason = coming.waiting[each.job]
        text = _("{job}: {what}, waits: {reason}") if reason else _("{job}: {what}, due since {time}, begins now")
        yield text.format(job=each.job, what=what_word(each.trigger), time=since, reason=reason)
    more = len(coming.due) - _MOST_NAMED
    if more > 0:
        yield ngettext("and {count} more", "and {count} more", more).format(count=more)
    if not coming.due and coming.next is not None:
        moment, trigger = coming.next
        text = _("Nothing is due now. Next: {job}, {what}, {time}")
        time = coming_day_and_time(moment, now, trigger.zone)
        yield text.format(job=trigger.job, what=what_word(trigger), time=time)


def _start(page: "Page") -> None:
    page.desk.start_running_due()
    page.post_message(DueSwitched())
    page.notify(_("What is due is run here from now on"))
