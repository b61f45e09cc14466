"""What the pages of upkeep share: which repository, changes carried out aside, and what came of them."""

from collections.abc import Callable, Sequence
from functools import partial
from time import monotonic
from typing import Any, ClassVar

from rich.cells import cell_len
from textual import on
from textual.binding import Binding
from textual.message import Message
from textual.timer import Timer

from tui_backup.errors import BackupError
from tui_backup.model.event import Event, Started
from tui_backup.primitives.i18n import _
from tui_backup.services.launches import Launch, Operation
from tui_backup.services.questions import SEVERAL
from tui_backup.services.workspace import Workspace
from tui_backup.tui.desk import Desk, RecordChanged
from tui_backup.tui.dialogs.confirm import Confirm, Question
from tui_backup.tui.page import Page
from tui_backup.tui.places import Place
from tui_backup.tui.running.starting import cancel_launch
from tui_backup.tui.upkeep.run_line import RunLine
from tui_backup.tui.widgets.choice import Choice
from tui_backup.tui.widgets.listing import Listing
from tui_backup.tui.words import brief_duration

LABEL = max(cell_len(label) for label in (_("Repository"), _("Snapshots"), _("How")))
"""Columns of the labels above the lists."""


class Ended(Message):
    """A change that this page has started is over."""

    bubble = False

    def __init__(self, launch: Launch, done: Callable[[Launch], None]) -> None:
        super().__init__()
        self.launch = launch
        self.done = done


class UpkeepPage(Page):
    """A page about one repository, or about all of them where `WITH_ALL` says so."""

    WITH_ALL: ClassVar[bool] = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (20, "-tall")]

    BINDINGS = [
        Binding("left_square_bracket", "turn(-1)", _("Previous repository"), show=False, id="upkeep.previous",
                tooltip=_("Look at the previous repository")),
        Binding("right_square_bracket", "turn(1)", _("Repository"), key_display="[ ]", id="upkeep.next",
                tooltip=_("Look at the next repository")),
        Binding("x", "cancel", _("Cancel run"), id="upkeep.cancel",
                tooltip=_("Ask the run to stop; it does so cleanly, a moment later")),
        Binding("r,f5", "look_again", _("Refresh"), show=False, key_display="r", id="upkeep.refresh",
                tooltip=_("Look again")),
    ]  # fmt: skip

    def __init__(self, desk: Desk, place: Place) -> None:
        super().__init__(desk, place)
        self.names: Sequence[str] = self.eligible()
        """The repositories that can be chosen."""
        self.doing: Launch | None = None
        """What this page has started and goes on."""
        self._wait: Timer | None = None
        asked = getattr(place, "repository", None)
        self._first = self.names.index(asked) + (1 if self.WITH_ALL else 0) if asked in self.names else 0

    def eligible(self) -> Sequence[str]:
        """Return the repositories that this page can be about."""
        return tuple(self.desk.workspace.config.repositories)

    @property
    def repository(self) -> str | None:
        """The repository that is looked at; None: all of them, or there is none."""
        choices = self.query("#repository").results(Choice)
        number = next((choice.chosen for choice in choices), self._first) - (1 if self.WITH_ALL else 0)
        return self.names[number] if 0 <= number < len(self.names) else None

    @property
    def chosen(self) -> tuple[str, ...]:
        """The repositories that are looked at."""
        return tuple(self.names) if self.repository is None else (self.repository,)

    @property
    def reads_from(self) -> str:
        """The repository that is read here, or that there are several, for questions."""
        return self.repository or SEVERAL

    def repository_choice(self) -> Choice:
        """Return the line that says which repository is looked at."""
        options = [*([_("all")] if self.WITH_ALL else []), *self.names]
        return Choice(_("Repository"), options, self.desk.glyphs, chosen=self._first, width=LABEL, id="repository")

    def look(self) -> None:
        """Ask for what is shown, for the repository that is chosen."""

    def on_mount(self) -> None:
        """Look."""
        self.query_one("#repository").display = len(self.names) > 1
        self.look()

    def record_changed(self) -> None:
        """Look again; what another page like this has started may be over."""
        if self.doing is not None and self.doing.ended.is_set():
            self.doing = None
        self.look()

    def carry_out(self, title: str, operation: Operation, done: Callable[[Any], None]) -> Launch:
        """Have something done that outlives this page; `done` hears the result, `failed_to` why there is none."""

        def over(launch: Launch) -> None:
            if launch.error is not None:
                self.failed_to(launch.error)
            else:
                done(launch.result)

        return self.launched(title, operation, over)

    def launched(self, title: str, operation: Operation, over: Callable[[Launch], None]) -> Launch:
        """Have something done that outlives this page; `over` hears of its end, in the thread of the UI."""
        app = self.app

        def ended(launch: Launch) -> None:
            if not (self.is_running and self.post_message(Ended(launch, over))):
                self.desk.on_ended(launch)
            app.post_message(RecordChanged())

        self.doing = self.desk.launch(title, operation, ended)
        self.refresh_bindings()
        return self.doing

    def heard(self, event: Event) -> None:
        """Show how far a run of this page is."""
        if self.doing is not None and event.run in self.doing.runs:
            self.follow(event.run)
            if isinstance(event, Started):
                self.refresh_bindings()

    def follow(self, run: str) -> None:
        """Show how far a run is."""
        view = self.desk.board.run(run)
        for line in self.query(RunLine):
            if view is not None:
                line.follow(view)

    def failed_to(self, error: BackupError) -> None:
        """Tell why a change was not made."""
        self.complain(error)

    def agreed(self, question: Question, do: Callable[[], None]) -> None:
        """Ask, and do it where the answer is yes."""
        self.app.push_screen(Confirm(question), partial(_when_agreed, do))

    def wait_in(self, listing: Listing[Any], text: str) -> None:
        """Say in place of rows what is waited for, and, once that takes a while, for how long."""
        if self._wait is not None:
            self._wait.stop()
        listing.say(text)
        since = monotonic()

        def tick() -> None:
            if listing.remark is not None and listing.remark.text.startswith(text):
                listing.say(f"{text} {brief_duration(round(monotonic() - since))}")
            else:
                wait.stop()

        wait = self._wait = self.set_interval(1.0, tick)

    def tell(self, text: str) -> None:
        """Say in passing what was done; text from data may be given as it is."""
        self.notify(text, markup=False)

    def apart(self) -> Workspace:
        """Return a workspace of one's own, for what looks long and deep into a repository; only inside questions."""
        return Workspace(self.desk.workspace.config, self.desk.bus)

    @on(Choice.Chosen, "#repository")
    def _turned(self) -> None:
        self.retitle()
        self.look()

    def on_ended(self, message: Ended) -> None:
        """Take in what became of a change."""
        message.stop()
        if self.doing is message.launch:
            self.doing = None
        message.done(message.launch)
        self.refresh_bindings()

    def action_turn(self, by: int) -> None:
        """Look at a neighbour."""
        self.query_one("#repository", Choice).chosen += by

    def action_look_again(self) -> None:
        """Look again, past what was opened before."""
        self.desk.renew()
        self.look()

    def action_cancel(self) -> None:
        """Ask whether what goes on is to stop."""
        if self.doing is not None:
            cancel_launch(self, self.doing)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer no other repository where there is none, and nothing to cancel where nothing goes on."""
        if action == "cancel":
            return self.doing is not None and bool(self.doing.runs)
        return len(self.names) > 1 if action == "turn" else True


def _when_agreed(do: Callable[[], None], answer: bool | None) -> None:
    if answer:
        do()
