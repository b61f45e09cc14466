"""Starting and cancelling runs, and what is told of those that were started here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from tui_backup.errors import Cancelled
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import printable
from tui_backup.services.launches import Launch
from tui_backup.services.runs.endings import sentence, where
from tui_backup.services.workspace import Workspace
from tui_backup.tui.desk import Desk
from tui_backup.tui.dialogs.confirm import Confirm, Question

if TYPE_CHECKING:
    from tui_backup.services.unattended.ended import Ended
    from tui_backup.tui.page import Page

Severity = Literal["information", "warning", "error"]

_MOST_TOLD: Final = 3
"""Of how many things that were due it is told in passing that they went wrong."""


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What is told of an operation that has ended."""

    title: str
    text: str
    severity: Severity


def start_backup(desk: Desk, job: str) -> Launch:
    """Back a job up now. It is told if that fails, even before its run began, and how it ended."""

    def operation(workspace: Workspace) -> None:
        from tui_backup.services.backup.backups import back_up

        back_up(workspace, job)

    return desk.launch(_("Backup of {job}").format(job=job), operation)


def cancel_run(page: "Page", run: str, job: str | None = None, repository: str | None = None) -> None:
    """Ask whether a run is to stop, whoever started it, and have it stop."""
    desk = page.desk

    def answered(agreed: bool | None) -> None:
        if not agreed:
            return
        launch = desk.launches.of_run(run)
        if launch is not None and not launch.is_shared:
            launch.cancel()
        else:
            page.ask("cancel", lambda _watch: _cancel_elsewhere(desk, run), _tell)

    def _tell(full: str) -> None:
        page.notify(_("asked {run} to stop").format(run=full), markup=False)

    page.app.push_screen(Confirm(_cancel_question(desk, where(job, repository) or run)), answered)


def cancel_launch(page: "Page", launch: Launch) -> None:
    """Ask whether something that was started here is to stop, and have it stop."""
    question = _cancel_question(page.desk, launch.title)
    page.app.push_screen(Confirm(question), lambda agreed: launch.cancel() if agreed else None)


def notice_of(launch: Launch) -> Notice | None:
    """Return what to tell of an operation that has ended; None: nothing, as what is due went well."""
    if launch.is_shared:
        return _notice_of_due(launch)
    error = launch.error
    told = [sentence(ending) for ending in launch.endings] or ([printable(error.message)] if error else [])
    hint = [printable(line) for line in (error.hint or "").splitlines()] if error else []
    return Notice(title=launch.title, text="\n".join([*told, *hint]), severity=_severity(launch))


def _cancel_question(desk: Desk, target: str) -> Question:
    return Question(
        title=_("Cancel this run?"),
        host=desk.workspace.host,
        target=target,
        facts=[_("It stops as soon as it can, and ends as cancelled.")],
        undo=_("What it has done so far stays; the next run goes on from there."),
        action=_("Cancel the run"),
    )


def _notice_of_due(launch: Launch) -> Notice | None:
    """Return what went wrong with what was due; what kept all of it from being done is told by who starts it."""
    ended: Sequence[Ended] = launch.result if isinstance(launch.result, list) else ()
    told = [
        f"{where(each.trigger.job, trouble.name or None)}: {printable(trouble.error.message)}"
        for each in ended
        for trouble in each.troubles
        if not isinstance(trouble.error, Cancelled)
    ]
    if not told:
        return None
    more = len(told) - _MOST_TOLD
    told = told[:_MOST_TOLD]
    if more > 0:
        told.append(ngettext("and {count} more", "and {count} more", more).format(count=more))
    return Notice(title=launch.title, text="\n".join(told), severity="error")


def _severity(launch: Launch) -> Severity:
    if launch.error is not None:
        return "warning" if isinstance(launch.error, Cancelled) else "error"
    return "information" if all(ending.status == "ok" for ending in launch.endings) else "warning"


def _cancel_elsewhere(desk: Desk, run: str) -> str:
    from tui_backup.services.runs.current import cancel

    return cancel(desk.workspace.state_dir, run)
