"""The app: themes, the bridge from the engine's threads, and the way from page to page. It decides nothing."""

from typing import ClassVar

from textual.app import App
from textual.binding import BindingType

from tui_backup.errors import ConfigError
from tui_backup.model.event import Ending, Event
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

    def __init__(self, desk: Desk, *, theme: str = themes.DEFAULT) -> None:
        super().__init__()
        self.desk = desk
        self._wanted_theme = theme
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
        path = self.desk.workspace.config.path if self.desk.is_configured else None
        for name, file in themes.found(path):
            try:
                self.register_theme(themes.load(file).theme(name))
            except ConfigError as error:
                self.notify(error.message, severity="warning", markup=False)
        self.theme = self._wanted_theme if self._wanted_theme in self.available_themes else themes.DEFAULT
