"""Page: what every screen of the UI has: a line at the top that says where one is, a body, the keys at the bottom."""

from collections.abc import Callable, Sequence
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.events import Resize

from tui_backup.errors import BackupError
from tui_backup.model.event import Event
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _
from tui_backup.services.questions import Question
from tui_backup.tui.asking import Answered, Asker
from tui_backup.tui.command_line import as_typed
from tui_backup.tui.desk import Desk
from tui_backup.tui.dialogs.dialog import said
from tui_backup.tui.places import Go, Place, Quit
from tui_backup.tui.topmost import Topmost
from tui_backup.tui.widgets.filter_line import FilterLine
from tui_backup.tui.widgets.keys_line import KeysLine
from tui_backup.tui.widgets.masthead import Masthead

T = TypeVar("T")

LEAST_COLUMNS, LEAST_ROWS = 60, 15
"""Below that nothing is shown but a sentence."""

_TOO_SMALL = _("This terminal is too small: {columns} columns and {rows} lines are needed.")


class Page(Topmost[None]):
    """A screen of the UI. It is given the desk and the place that it shows, and never asks the app."""

    AUTO_FOCUS = "Listing"
    HELP: ClassVar[str] = ""
    """What one can do here, in a few sentences; its keys are listed below that by themselves."""

    BINDINGS = [
        Binding("escape,q", "leave", _("Back"), key_display="q", id="page.leave", tooltip=_("Go back where you were")),
        Binding("question_mark", "help", _("Help"), id="page.help", tooltip=_("Explain this page and its keys")),
        Binding("f1", "help", _("Help"), show=False, id="page.help-while-typing",
                tooltip=_("Explain this page and its keys, while you type too")),
        Binding("colon", "app.command_palette", _("Command"), key_display=":", id="page.palette",
                tooltip=_("Find any action by its name")),
        Binding("ctrl+p", "app.command_palette", _("Command"), show=False, id="page.palette-while-typing",
                tooltip=_("Find any action by its name, while you type too")),
        Binding("c", "command_line", _("Command line"), show=False, id="page.command-line",
                tooltip=_("Show and copy the command that does the same")),
        Binding("y", "yank", _("Copy"), show=False, id="page.yank", tooltip=_("Copy what is selected")),
    ]  # fmt: skip

    def __init__(self, desk: Desk, place: Place) -> None:
        super().__init__()
        self.desk = desk
        self.place = place
        self._asker = Asker(desk.questions, self)
        self._is_going = False

    def compose(self) -> ComposeResult:
        yield Masthead(self.desk, self.heading())
        with Vertical(id="body"):
            yield from self.body()
        yield said(_TOO_SMALL.format(columns=LEAST_COLUMNS, rows=LEAST_ROWS), "too-small")
        yield KeysLine()

    def heading(self) -> str:
        """Return where one is, for the line at the top."""
        return ""

    def body(self) -> ComposeResult:
        """Yield what lies between the first line and the last."""
        yield from ()

    def heard(self, event: Event) -> None:
        """Take in what a run said; called for every page that is open, whether it is seen or not."""

    def record_changed(self) -> None:
        """Look again: a run has ended, or something else was recorded."""

    def due_switched(self) -> None:
        """Say whether what is due is run here: from now on it is, or is not any more."""
        self.query_one(Masthead).refresh()

    def command_line(self) -> Sequence[str] | None:
        """Return the command that does what is at hand, without the program's name; None where there is none."""
        return None

    def lacks_command_line(self) -> str:
        """Return what is said where there is no such command."""
        return _("Nothing here has a command line of its own")

    def yanked(self) -> str | None:
        """Return the text to copy; None where nothing is selected."""
        return None

    def ask_before_quitting(self, quit_: Callable[[], None]) -> bool:
        """Ask what becomes of what would be lost, and call `quit_` if somebody wants to; False: nothing would be."""
        return False

    # what pages do

    def go(self, place: Place, *, instead: bool = False) -> None:
        """Go to another place; Escape there leads back here, unless it is gone to `instead`.

        Whoever asks twice before it is there goes once.
        """
        if not self._is_going:
            self._is_going = self.post_message(Go(place, instead=instead))

    def ask(
        self,
        name: str,
        work: Callable[[Watch], T],
        answered: Callable[[T], None],
        failed: Callable[[BackupError], None] | None = None,
        *,
        about: str | None = None,
    ) -> Question[T]:
        """Have something looked up aside. Of several questions under one name only the newest is answered.

        `work` runs on another thread, and must not touch widgets; `answered`, or `failed` (default: a notice), is
        called in the thread of the UI. `about` names the repository that the work needs, or is `questions.SEVERAL`.
        """
        return self._asker.ask(name, work, answered, failed or self.complain, about)

    def complain(self, error: BackupError) -> None:
        """Tell of an error that nobody has to act on."""
        self.notify(f"{error.message}\n{error.hint}" if error.hint else error.message, severity="error", markup=False)

    def retitle(self) -> None:
        """Show another heading."""
        self.query_one(Masthead).heading = self.heading()

    def on_answered(self, message: Answered) -> None:
        """Hand over an answer."""
        message.stop()
        if not self.is_left:
            message.deliver()

    def on_resize(self, event: Resize) -> None:
        """Show nothing but a sentence where there is no room for more."""
        self.set_class(event.size.width < LEAST_COLUMNS or event.size.height < LEAST_ROWS, "-too-small")

    def on_screen_resume(self) -> None:
        """Be on top again."""
        self._is_going = False

    def on_unmount(self) -> None:
        """Stop what nobody waits for any more."""
        self._asker.drop_all()

    def take_filter_back(self) -> bool:
        """Take away a filter that is in force in what is seen; return whether there was one."""
        for line in self.query(FilterLine):
            if line.is_open and all(node.display for node in line.ancestors_with_self):
                line.clear()
                return True
        return False

    def action_leave(self) -> None:
        """Take a filter back; else go back, from the last page out of the UI, which asks about what goes on."""
        if self.take_filter_back():
            return
        pages = [screen for screen in self.app.screen_stack if isinstance(screen, Page)]
        if len(pages) > 1:
            self.dismiss()
        else:
            self.post_message(Quit())

    def action_help(self) -> None:
        """Explain this page."""
        from tui_backup.tui.dialogs.help import HelpDialog

        self.app.push_screen(HelpDialog(self))

    def action_command_line(self) -> None:
        """Show the command that does the same, and copy it."""
        from tui_backup.tui.dialogs.command_line import CommandLineDialog

        words = self.command_line()
        if words is None:
            self.notify(self.lacks_command_line(), markup=False)
        else:
            self.app.push_screen(CommandLineDialog(as_typed(words, self.desk.given)))

    def action_yank(self) -> None:
        """Copy what is selected."""
        text = self.yanked()
        if text:
            self.app.copy_to_clipboard(text)
            self.notify(_("Copied: {text}").format(text=text if len(text) < 60 else text[:59] + "…"), markup=False)
