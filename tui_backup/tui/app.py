"""The app: themes, the bridge from the engine's threads, and the way from page to page. It decides nothing."""

import os
from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import App
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.filter import LineFilter
from textual.notifications import SeverityLevel

from tui_backup.model.event import Ending, Event, Progressed
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.services.launches import Launch
from tui_backup.services.runs.run_feed import RunFeed
from tui_backup.tui import themes
from tui_backup.tui.ascii_only import AsciiOnly
from tui_backup.tui.commands import Action, actions
from tui_backup.tui.desk import Desk, RecordChanged
from tui_backup.tui.dialogs.dialog import printable_lines
from tui_backup.tui.key_order import KeyDone, KeyOrder
from tui_backup.tui.messages import Depart, DueSwitched, EngineSpoke, LaunchEnded
from tui_backup.tui.page import Page
from tui_backup.tui.places import Dashboard, Go, Place, Quit, Welcome, page_of

_WORDS_FOR_ALL = {"⏎": "enter", "⌫": "backspace"}
_KEY_WORDS = {**_WORDS_FOR_ALL, "↑": "up", "↓": "down", "←": "left", "→": "right"}
"""What Textual writes as a sign."""


class BackupApp(App[None]):
    """Shows pages over a desk."""

    CSS_PATH = "app.tcss"
    TITLE = "tui-backup"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, desk: Desk, *, theme: str | None = None, driver_class: type[Driver] | None = None) -> None:
        """`theme` is the name of a theme; None: what the configuration says."""
        super().__init__(driver_class=driver_class, ansi_color=True if "NO_COLOR" in os.environ else None)
        self.desk = desk
        config = desk.workspace.config if desk.is_configured else None
        self._wanted_theme = theme or (config and config.theme) or themes.DEFAULT
        self._themes = themes.collected(config.path if config else None)
        self._waiting: dict[str, EngineSpoke] = {}
        self._keys = KeyOrder(self, super().on_event)
        self._plain = [AsciiOnly()] if desk.glyphs.is_ascii else []
        self._unsubscribe = desk.bus.subscribe(self._hear)
        desk.on_ended = self._take_in_end
        desk.on_trouble = self._warn
        self._feed = RunFeed(lambda: desk.workspace if desk.is_configured else None, desk.bus)

    @property
    def failure(self) -> Exception | None:
        """The fault of ours that ended the UI."""
        return self._exception

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return what our style sheets use and Textual's own themes do not have."""
        return {"quiet": "#888888"}

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return what all that is drawn goes through."""
        return [*super().get_line_filters(), *self._plain]

    def get_key_display(self, binding: Binding) -> str:
        """Return a key as it is written: by words where the terminal may have no sign for it."""
        shown = super().get_key_display(binding)
        for sign, word in _KEY_WORDS.items() if self.desk.glyphs.is_ascii else _WORDS_FOR_ALL.items():
            shown = shown.replace(sign, word)
        return shown

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Tell in passing; text from data may be given as it is, and markup in it means nothing. For any thread."""
        text, title = printable_lines(message), printable(title)
        super().notify(text, title=title, severity=severity, timeout=timeout, markup=False)

    def on_mount(self) -> None:
        """Show the first page."""
        self._take_themes()
        self.set_class(self.desk.glyphs.is_ascii, "-ascii")
        self._feed.start()
        self.visit(Dashboard() if self.desk.is_configured else Welcome())

    async def on_event(self, event: events.Event) -> None:
        """Take keys in their order."""
        if isinstance(event, events.Key) and not event.is_forwarded:
            await self._keys.take(event)
        else:
            await super().on_event(event)

    async def on_key_done(self, message: KeyDone) -> None:
        """Take the next key."""
        await self._keys.go_on(message)

    def visit(self, place: Place) -> None:
        """Go to a place."""
        self.push_screen(page_of(place, self.desk), lambda _nothing: self._page_left())

    def on_go(self, message: Go) -> None:
        """Go where a page wants to go."""
        if message.instead:
            self.pop_screen()
        self.visit(message.place)

    def on_engine_spoke(self, message: EngineSpoke) -> None:
        """Hand an event on to every page that is open."""
        if self._waiting.get(message.event.run) is message:
            del self._waiting[message.event.run]
        event = message.event
        self.desk.board.hear(event)
        for page in self._pages():
            page.heard(event)
        if isinstance(event, Ending):
            self.post_message(RecordChanged())

    def on_launch_ended(self, message: LaunchEnded) -> None:
        """Tell what came of something that was started here."""
        from tui_backup.tui.running.starting import notice_of

        notice = notice_of(message.launch)
        if notice is not None:
            self.notify(notice.text, title=notice.title, severity=notice.severity, markup=False)

    def on_due_switched(self, _message: DueSwitched) -> None:
        """Say on every page whether what is due is run here."""
        for page in self._pages():
            page.due_switched()

    def on_record_changed(self) -> None:
        """Have every page that is open look again."""
        if self.desk.is_configured:
            self.desk.renew()
        for page in self._pages():
            page.record_changed()

    def on_unmount(self) -> None:
        """Hear nothing any more, and begin nothing."""
        self.desk.stop_running_due()
        self._feed.stop()
        self._unsubscribe()

    def _hear(self, event: Event) -> None:
        """Take an event in; called on the threads of runs, where only `post_message` is safe.

        A terminal may take nothing for hours. Of how far a run is then only the newest waits to be shown.
        """
        message = EngineSpoke(event)
        if isinstance(event, Progressed):
            waiting = self._waiting.setdefault(event.run, message)
            if waiting is not message:
                waiting.event = event
                return
        self.post_message(message)

    def depart(self) -> None:
        """Leave at once, whatever is shown; may be called from any thread, before the app runs too."""
        self.post_message(Depart())

    def on_depart(self) -> None:
        """Leave."""
        self.exit()

    async def on_quit(self, message: Quit) -> None:
        """Leave where the last page wants to be left."""
        await self.action_quit()

    async def action_quit(self) -> None:
        """Leave, but ask what becomes of what is not saved, and of what goes on here."""
        if not (isinstance(self.screen, Page) and self.screen.ask_before_quitting(self._quit)):
            self._quit()

    def _quit(self) -> None:
        """Leave, but ask what becomes of what goes on here."""
        from tui_backup.tui.running.quitting import QuitDialog

        if not self.desk.launches.going_on:
            self.exit()
        elif not isinstance(self.screen, QuitDialog):
            self.push_screen(QuitDialog(self.desk), lambda leave: self.exit() if leave else None)

    def action_command_palette(self) -> None:
        """Find any action by its name."""
        from tui_backup.tui.dialogs.palette import Palette

        if isinstance(self.screen, Page):
            self.push_screen(Palette(actions(self.screen)), self._do)

    def action_help_quit(self) -> None:
        """Leave: Ctrl+C where there is nothing to copy."""
        self.post_message(Quit())

    def _fatal_error(self) -> None:
        """End after a fault of ours, without a traceback on the screen; `failure` tells of it."""
        self._close_messages_no_wait()

    def _print_error_renderables(self) -> None:
        """Print nothing, as `_fatal_error`."""

    def _take_in_end(self, launch: Launch) -> None:
        """Take in that an operation has ended; called on its thread."""
        self.post_message(LaunchEnded(launch))

    def _warn(self, trouble: str) -> None:
        """Tell of trouble; for any thread."""
        self.notify(trouble, severity="warning")

    def _pages(self) -> list[Page]:
        return [screen for screen in self.screen_stack if isinstance(screen, Page) and screen.is_mounted]

    def _page_left(self) -> None:
        """End where the last page was left."""
        if not any(isinstance(screen, Page) for screen in self.screen_stack):
            self.post_message(Quit())

    def _do(self, action: Action | None) -> None:
        """Do what somebody chose, once the page is there again."""
        if action is not None:
            self.call_later(action.do)

    def _take_themes(self) -> None:
        """Wear the wanted theme; Textual's own are not offered."""
        foreign = list(self.available_themes)
        for name, file in self._themes.themes.items():
            self.register_theme(file.theme(name))
        complaints = list(self._themes.complaints)
        wanted = self._wanted_theme
        if wanted not in self._themes.themes:
            known = ", ".join(self._themes.themes)
            complaints.append(_("there is no theme {name!r}; known: {names}").format(name=wanted, names=known))
            wanted = themes.DEFAULT
        self.theme = wanted
        for name in foreign:
            self.unregister_theme(name)
        for complaint in complaints:
            self.notify(printable(complaint), severity="warning", markup=False)
