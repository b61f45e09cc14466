"""The configuration editor: a form for each object, the text beside them, and the way into the file."""

from collections.abc import Callable, Sequence

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static, TextArea

from tui_backup.config.document import Fault
from tui_backup.config.editing import Draft
from tui_backup.config.lines import Key, dotted
from tui_backup.errors import BackupError, ConfigError
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.services.setup.configuring import Examined, FileOnDisk, file_of
from tui_backup.tui.configuration.aside import Aside
from tui_backup.tui.configuration.draft_board import DraftBoard
from tui_backup.tui.configuration.form import Form
from tui_backup.tui.configuration.objects import Kind, Objects, Thing, things
from tui_backup.tui.configuration.remaking import Remaking
from tui_backup.tui.configuration.rows import KindRow, Row
from tui_backup.tui.configuration.saving import Saving
from tui_backup.tui.configuration.secret_rows import SecretRow
from tui_backup.tui.configuration.source_text import SourceText
from tui_backup.tui.desk import Desk
from tui_backup.tui.page import Page
from tui_backup.tui.places import Configuration, Place
from tui_backup.tui.widgets.listing import Listing

PATIENCE_S = 0.25
"""How long nobody types before what was typed is judged."""


class ConfigurationPage(Page):
    """Jobs, repositories and notifiers as forms, or the file as text; both show the same draft."""

    CSS_PATH = "configuration.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-normal"), (100, "-wide")]
    HELP = _(
        "Everything that the configuration file says, as forms. Nothing is written before S has shown what would"
        " change; comments and order of the file stay. What is wrong is said beside its field and never saved."
        " In a form, Tab goes to the next field and Esc back to the list. F2 shows the file itself."
    )

    BINDINGS = [
        Binding("ctrl+s", "save", _("Save"), show=False, key_display="^s", id="configuration.save",
                tooltip=_("Show what changes in the file, then save it")),
        Binding("f2", "turn", _("Text"), id="configuration.turn",
                tooltip=_("Show the file itself, or the forms again")),
    ]  # fmt: skip

    def __init__(self, desk: Desk, place: Place) -> None:
        super().__init__(desk, place)
        assert isinstance(place, Configuration)
        self.board: DraftBoard | None = None
        """None until the file was read."""
        self.form = Form(desk.glyphs)
        self.objects = Objects(desk.glyphs)
        self.text = SourceText()
        self.aside = Aside(self)
        self.saving = Saving(self)
        self.remaking = Remaking(self)
        self._wanted = place
        self._shown: Thing | None = None
        self._secrets: Draft | None = None
        """Whose masks stand in the text, while that is shown."""
        self._timer: Timer | None = None

    def heading(self) -> str:
        """Return where one is."""
        name = self.path.rpartition("/")[2]
        return _("Settings {dot} {name}").format(dot=self.desk.glyphs.dot, name=name)

    def body(self) -> ComposeResult:
        with Vertical(id="left", classes="pane") as left:
            left.border_title = _("Configuration")
            yield self.objects
        with Vertical(id="right", classes="pane"):
            yield self.form
            yield self.text
            yield Static("", id="trouble", markup=False)

    def on_mount(self) -> None:
        """Read the file."""
        self.ask("read", lambda _watch: DraftBoard(file_of(self.desk.workspace.config)), self._opened, self._unreadable)

    def command_line(self) -> Sequence[str]:
        return ("config", "edit")

    def yanked(self) -> str | None:
        if self.is_text:
            return self.text.selected_text or None
        return self.path if self.thing is None else dotted(self.thing.key) or self.path

    @property
    def path(self) -> str:
        """The file."""
        return self.desk.workspace.config.path

    @property
    def path_shown(self) -> str:
        """The file as somebody named it."""
        return self.desk.given or self.path

    @property
    def is_text(self) -> bool:
        """Whether the text is shown, not the forms."""
        return self._secrets is not None

    @property
    def thing(self) -> Thing | None:
        """The object that is shown."""
        return self._shown

    @property
    def is_changed(self) -> bool:
        """Whether anything would be lost by leaving."""
        if self.board is None:
            return False
        return self.board.is_changed or (self.is_text and self.text.text != self.board.text())

    # what others of this room tell

    def begin(self, file: FileOnDisk, draft: Draft | None = None) -> None:
        """Go on from a file as it is on disk, with what has become of it here."""
        self.board = DraftBoard(file)
        self.board.go_on_from(draft or self.board.saved)
        if not self.is_text:
            self.objects.focus()
        self.redraw(self._shown)

    def redraw(self, thing: Thing | None = None) -> None:
        """Show everything anew, of the objects the given one."""
        assert self.board is not None
        self.objects.show(list(things(self.board.draft.tables)))
        if thing is not None:
            self.objects.go_to(thing)
        self._shown = None
        if self.is_text:
            self._show_text()
        self._show(self.objects.row)
        self.touched()

    def touched(self) -> None:
        """Have the draft judged as soon as nobody types."""
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(PATIENCE_S, self._judge)
        self._mark()

    def show_fault(self, fault: Fault) -> None:
        """Go to where something is wrong."""
        if self.is_text:
            self.text.move_cursor(((fault.line or 1) - 1, 0), center=True)
            self.text.focus()
            return
        board = self.board
        wrong = board.wrong() if board else set()
        if self._shown not in wrong and wrong:
            self.objects.go_to(next(thing for thing in self.objects.rows if thing in wrong))
        self.call_later(self.enter_form, fault.key)

    def enter_form(self, key: Key) -> None:
        """Go to the row of a key, or the first one, unless somebody has turned to the text meanwhile."""
        if not self.is_text:
            self.form.go_to(key)

    def take_text(self) -> Fault | None:
        """Take what stands in the text into the draft; return why that is not possible."""
        if self.board is None or self._secrets is None:
            return None
        try:
            self.board.take_text(self.text.text, self._secrets)
        except Fault as fault:
            self.board.examined = Examined(None, [fault])
            self._told()
            return fault
        return None

    # reading and judging

    def _opened(self, board: DraftBoard) -> None:
        self.board = board
        place = self._wanted
        thing = Thing("general")
        named: tuple[tuple[Kind, str | None], ...] = (
            ("jobs", place.job), ("repositories", place.repository), ("notifiers", place.notifier)
        )  # fmt: skip
        for kind, name in named:
            thing = Thing(kind, name) if name is not None else thing
        self.redraw(thing)
        if place.as_text:
            self.action_turn()
        elif place.new_job:
            self.remaking.add("jobs")
        elif thing.name is not None:
            self.form.call_later(self.enter_form, ())

    def _unreadable(self, error: BackupError) -> None:
        self.objects.say(printable(error.message), error.hint or "", failed=True)

    def _judge(self) -> None:
        board = self.board
        if board is None or self.take_text() is not None:
            return
        self.ask("judge", lambda _watch: board.judge(), self._judged)

    def _judged(self, examined: Examined) -> None:
        if self.board is not None:
            self.board.examined = examined
            self._told()
            self._look()

    def _told(self) -> None:
        """Show what is wrong."""
        if self.board is None:
            return
        faults = self.board.faults
        self.form.complain(
            [fault for fault in faults if self._shown and fault.key[: len(self._shown.key)] == self._shown.key]
        )
        self.text.mark({fault.line for fault in faults if fault.line})
        if self.is_text:
            trouble = self.query_one("#trouble", Static)
            trouble.set_class(not faults, "-sound")
            lines = [_line(fault) for fault in faults] or [_("nothing is wrong")]
            trouble.update(Content("\n".join(printable(line) for line in lines)))
        self._mark()

    def _mark(self) -> None:
        board = self.board
        if board is None:
            return
        self.objects.judge(board.wrong(), board.changed())
        self.query_one("#right").border_subtitle = _("not saved") if self.is_changed else ""

    def _show(self, thing: Thing | None) -> None:
        if thing is None or thing == self._shown or self.board is None:
            return
        self._shown = thing
        self.aside.forget()
        right = self.query_one("#right")
        right.border_title = Content(printable(self.path_shown if self.is_text else thing.title))
        self.form.show(thing, self.board.draft)
        self.form.call_later(self._told)
        self.form.call_later(self._look)

    def _look(self) -> None:
        """Look up what the object that is shown comes to."""
        if self.board is not None:
            self.aside.look(self._shown, self.board.config)
            self.aside.look_ahead(self._shown, self.board.draft)

    def _show_text(self) -> None:
        assert self.board is not None
        self._secrets = self.board.draft
        self.text.load_text(self.board.text())

    # what somebody does

    @on(Listing.Moved, "#objects")
    def _moved(self) -> None:
        self._show(self.objects.row)

    @on(Listing.Chosen, "#objects")
    def _chosen(self) -> None:
        self.form.go_to(())

    @on(Row.Edited)
    def _edited(self, event: Row.Edited) -> None:
        if self.board is None or self.is_text:
            return
        try:
            if isinstance(event.row, KindRow):
                self._choose(self.board, event.row, event.value)
            else:
                self.board.give(event.row.key, event.value)
        except ConfigError as error:
            event.row.complain(error.message)
            return
        if isinstance(event.row, KindRow):
            self.redraw(self._shown)
            self.form.call_later(self.form.go_to, event.row.key)
        self.touched()

    def _choose(self, board: DraftBoard, row: KindRow, kind: str) -> None:
        if row.shape == "format":
            board.choose_format(row.key[:-1], kind)
        else:
            board.choose(row.key[:-1], row.shape, kind)

    @on(TextArea.Changed, "#text")
    def _typed(self) -> None:
        if self.is_text:
            self.touched()

    @on(SecretRow.KeyFileWanted)
    def _key_file_wanted(self, event: SecretRow.KeyFileWanted) -> None:
        self.aside.make_key_file(event.row, self.board.config if self.board else None)

    @on(Form.SourceAdded)
    def _source_added(self) -> None:
        self.remaking.add_source()

    @on(Form.SourceTaken)
    def _source_taken(self, event: Form.SourceTaken) -> None:
        self.remaking.take_source(event.place)

    def action_save(self) -> None:
        """Show what changes, then save it."""
        self.saving.save()

    def action_test(self) -> None:
        """Try whether what is shown works here."""
        if self._shown is not None and self.board is not None:
            self.aside.test(self._shown, self.board.config)

    def action_new_job(self) -> None:
        """Add a job."""
        self.remaking.add("jobs")

    def action_new_repository(self) -> None:
        """Add a repository."""
        self.remaking.add("repositories")

    def action_new_notifier(self) -> None:
        """Add a notifier."""
        self.remaking.add("notifiers")

    def action_add_source(self) -> None:
        """Add a source to the job."""
        self.remaking.add_source()

    def action_remove(self) -> None:
        """Take the object out."""
        self.remaking.remove()

    def action_rename(self) -> None:
        """Give the object another name."""
        self.remaking.rename()

    def action_turn(self) -> None:
        """Show the text, or the forms."""
        if self.board is None:
            return
        if not self.is_text:
            self._show_text()
            self.text.focus()
        elif (fault := self.take_text()) is not None:
            self.show_fault(fault)
            return
        else:
            self._secrets = None
            self.objects.focus()
        self.set_class(self.is_text, "-text")
        self.redraw(self._shown)

    def ask_before_quitting(self, quit_: Callable[[], None]) -> bool:
        """Ask what becomes of changes that are not saved."""
        if self.is_changed:
            self.saving.ask_to_leave(quit_)
        return self.is_changed

    def action_leave(self) -> None:
        """Go from a form to the list, from there back; what is not saved is asked about."""
        if not self.is_text and self.focused is not self.objects:
            self.objects.focus()
        elif self.is_changed:
            self.saving.ask_to_leave(super().action_leave)
        else:
            super().action_leave()


def _line(fault: Fault) -> str:
    place = _("line {number}").format(number=fault.line) if fault.line else ""
    return ": ".join(filter(None, (place, dotted(fault.key), fault.reason, fault.hint)))
