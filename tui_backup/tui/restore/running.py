"""Running: restores and undos that a page has started; they go on whatever becomes of the page."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

import msgspec
from textual.binding import Binding
from textual.message import Message

from tui_backup.history.runs import KeptWarning
from tui_backup.model.event import Event, Started
from tui_backup.primitives.i18n import _
from tui_backup.services.launches import Launch, Operation
from tui_backup.services.runs import undo_homes
from tui_backup.tui.desk import Desk
from tui_backup.tui.dialogs.confirm import Confirm, Question
from tui_backup.tui.page import Page
from tui_backup.tui.places import Place, RunLog, is_built
from tui_backup.tui.restore.doing import Doing
from tui_backup.tui.widgets.facts import Fact


class Over(Message):
    """What this page has started has ended."""

    bubble = False

    def __init__(self, launch: Launch) -> None:
        super().__init__()
        self.launch = launch


class Aftermath(msgspec.Struct, frozen=True, kw_only=True):
    """What the record holds of a run that has ended."""

    warnings: Sequence[KeptWarning]
    undo_until: datetime | None


class RunningPage(Page):
    """A page with a `Doing` that shows the one thing that it has started."""

    BINDINGS = [
        Binding("x", "cancel", _("Cancel it"), id="restore.cancel", tooltip=_("Ask what goes on to stop")),
        Binding("l", "log", _("Log"), id="restore.log", tooltip=_("Show the whole log of the run")),
    ]

    def __init__(self, desk: Desk, place: Place) -> None:
        super().__init__(desk, place)
        self.launch: Launch | None = None
        """What was started last, going on or over."""
        self.aftermath: Aftermath | None = None
        self._untold: list[Launch] = []
        """What has ended and nobody has told of."""
        self._is_left = False

    @property
    def is_going_on(self) -> bool:
        """Whether what was started has not ended yet."""
        return self.launch is not None and not self.launch.ended.is_set()

    @property
    def run(self) -> str | None:
        """Id of the run that was started last."""
        return self.launch.runs[-1] if self.launch is not None and self.launch.runs else None

    def start(self, title: str, operation: Operation, facts: Sequence[Fact]) -> None:
        """Start something, and show it."""

        def ended(launch: Launch) -> None:
            self._untold.append(launch)
            if self._is_left or not self.post_message(Over(launch)):
                self._tell_elsewhere()

        self.aftermath = None
        self.query_one(Doing).begin(title, facts)
        self.launch = self.desk.launch(title, operation, ended)
        self.refresh_bindings()

    def ended(self, launch: Launch, aftermath: Aftermath) -> None:
        """Show what came of it."""

    def heard(self, event: Event) -> None:
        if self.launch is not None and event.run in self.launch.runs and self.is_going_on:
            view = self.desk.board.run(event.run)
            if view is not None:
                self.query_one(Doing).follow(view)
            if isinstance(event, Started):
                self.refresh_bindings()

    def on_over(self, message: Over) -> None:
        """Tell how it ended."""
        message.stop()
        self._look_back(message.launch)

    def on_unmount(self) -> None:
        """Have the app tell what this page cannot tell any more."""
        self._is_left = True
        self._tell_elsewhere()

    def record_changed(self) -> None:
        """Look again whether it can still be undone."""
        if self.launch is not None and self.aftermath is not None:
            self._look_back(self.launch)

    def action_cancel(self) -> None:
        """Ask whether it is to stop."""
        launch = self.launch
        if launch is None:
            return

        def answered(agreed: bool | None) -> None:
            if agreed:
                launch.cancel()

        question = Question(
            title=_("Cancel this?"),
            host=self.desk.workspace.host,
            target=launch.title,
            facts=[_("It stops at the next file. What was written whole stays.")],
            undo=_("The same can be started again: what is right already is then skipped."),
            action=_("Cancel it"),
        )
        self.app.push_screen(Confirm(question), answered)

    def action_log(self) -> None:
        """Show the log."""
        if self.run is not None:
            self.go(RunLog(run=self.run))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        match action:
            case "cancel":
                return self.is_going_on
            case "log":
                return self.run is not None and is_built(RunLog)
        return True

    def _tell_elsewhere(self) -> None:
        """Have a notice tell of the end, once; called on any thread."""
        with suppress(IndexError):
            self.desk.on_ended(self._untold.pop())

    def _look_back(self, launch: Launch) -> None:
        """Look at what the record holds of something that has ended, then tell."""
        workspace, run = self.desk.workspace, launch.runs[-1] if launch.runs else ""

        def work(_watch: object) -> Aftermath:
            until = undo_homes.undo_until(workspace.state_dir).get(run)
            return Aftermath(warnings=workspace.history.warnings(run), undo_until=until)

        def told(aftermath: Aftermath) -> None:
            self._untold.clear()
            is_first, self.aftermath = self.aftermath is None, aftermath
            self.ended(launch, aftermath)
            self.query_one(Doing).warn(aftermath.warnings, focused=is_first)
            self.refresh_bindings()

        self.ask("aftermath", work, told)
