"""Quitting while something goes on here: stay, cancel it, or leave and follow it on the command line."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Static

from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import printable
from tui_backup.services.launches import Launch
from tui_backup.services.runs.pace import facts
from tui_backup.tui.desk import Desk
from tui_backup.tui.dialogs.dialog import Dialog, said
from tui_backup.tui.messages import DueSwitched

LOOK_S = 0.5
"""How often it is looked how far things are."""


class QuitDialog(Dialog[bool]):
    """Asks what becomes of what goes on here; answers True once the UI may be left."""

    CSS = """
    QuitDialog #dialog > .quiet { margin-top: 1; }
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._asked = desk.launches.going_on
        self._lines = [Static(classes="large", markup=False) for _launch in self._asked]
        self._waits = False

    def compose(self) -> ComposeResult:
        count = len(self._asked)
        with Vertical(id="dialog") as box:
            title = ngettext("Something still goes on", "{count} things still go on", count)
            box.border_title = Content(title.format(count=count))
            yield from self._lines
            yield said(
                _("Stay, cancel it and leave once it has ended, or leave now and follow it on the command line."),
                "quiet",
            )
            with Horizontal(id="buttons"):
                yield Button(_("Stay"), id="stay", compact=True)
                yield Button(_("Leave and follow"), id="follow", compact=True)
                yield Button(_("Cancel it"), id="cancel", variant="error", compact=True)

    def on_mount(self) -> None:
        """Put the focus where nothing happens."""
        self.query_one("#stay").focus()
        self._look()
        self.set_interval(LOOK_S, self._look)

    @on(Button.Pressed, "#stay")
    def _stay(self) -> None:
        self.dismiss(False)

    @on(Button.Pressed, "#follow")
    def _follow(self) -> None:
        self.dismiss(True)

    @on(Button.Pressed, "#cancel")
    def _cancel(self, event: Button.Pressed) -> None:
        self._waits = True
        event.button.disabled = True
        self.query_one("#stay").focus()
        self._desk.stop_running_due()
        self.app.post_message(DueSwitched())
        for launch in self._asked:
            launch.cancel()
        self._look()

    def _look(self) -> None:
        """Show how far everything is; leave once all that was cancelled has ended."""
        for launch, line in zip(self._asked, self._lines, strict=True):
            line.update(Content(printable(self._line(launch))))
        if self._waits and all(launch.ended.is_set() for launch in self._asked):
            self.dismiss(True)

    def _line(self, launch: Launch) -> str:
        return f"{launch.title}: {self._state(launch)}"

    def _state(self, launch: Launch) -> str:
        view = self._desk.board.run(launch.runs[-1]) if launch.runs else None
        if launch.ended.is_set():
            return _("has ended")
        if launch.is_cancelled:
            return _("is being cancelled")
        if view is None or view.progress is None:
            return _("has begun")
        return ", ".join(facts(view.progress, view.pace))
