"""The app: themes, the bridge from the engine's threads, and the way from page to page. It decides nothing."""

import os
from typing import ClassVar

from textual.app import App
from textual.binding import BindingType

from tui_backup.model.event import Ending, Event
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.tui import themes
from tui_backup.tui.commands import Actions
from tui_backup.tui.desk import Desk, RecordChanged
from tui_backup.tui.messages import EngineSpoke
from tui_backup.tui.page import Page
from tui_backup.tui.places import Dashboard, Go, Place, Welcome, page_of


class BackupApp(App[None]):
    """Shows pages over a desk."""

    CSS_PATH = "app.tcss"
    TITLE = "tui-backup"
    COMMANDS = {Actions}
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, desk: Desk, *, theme: str | None = None) -> None:
        """`theme` is the name of a theme; None: what the configuration says."""
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self.desk = desk
        config = desk.workspace.config if desk.is_configured else None
        self._wanted_theme = theme or (config and config.theme) or themes.DEFAULT
        self._themes = themes.collected(config.path if config else None)
        self._unsubscribe = desk.bus.subscribe(self._hear)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return what our style sheets use and Textual's own themes do not have."""
        return {"quiet": "#888888"}

    def on_mount(self) -> None:
        """Show the first page."""
        self._take_themes()
        self.set_class(self.desk.glyphs.is_ascii, "-ascii")
        self.visit(Dashboard() if self.desk.is_configured else Welcome())

    def visit(self, place: Place) -> None:
        """Go to a place."""
        self.push_screen(page_of(place, self.desk), lambda _nothing: self._page_left())

    def on_go(self, message: Go) -> None:
        """Go where a page wants to go."""
        if message.instead:
            self.switch_screen(page_of(message.place, self.desk))
        else:
            self.visit(message.place)

    def on_engine_spoke(self, message: EngineSpoke) -> None:
        """Hand an event on to every page that is open."""
        event = message.event
        self.desk.board.hear(event)
        for page in self._pages():
            page.heard(event)
        if isinstance(event, Ending):
            self.post_message(RecordChanged())

    def on_record_changed(self) -> None:
        """Have every page that is open look again."""
        if self.desk.is_configured:
            self.desk.renew()
        for page in self._pages():
            page.record_changed()

    def on_unmount(self) -> None:
        """Hear nothing any more."""
        self._unsubscribe()

    def _hear(self, event: Event) -> None:
        """Take an event in; called on the threads of runs, where only `post_message` is safe."""
        self.post_message(EngineSpoke(event))

    def _pages(self) -> list[Page]:
        return [screen for screen in self.screen_stack if isinstance(screen, Page) and screen.is_running]

    def _page_left(self) -> None:
        """End where the last page was left."""
        if not self._pages():
            self.exit()

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
