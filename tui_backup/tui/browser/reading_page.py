"""ReadingPage: a page that says what it waits for where that takes long, with numbers; Escape stops it."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from textual.timer import Timer

from tui_backup.errors import BackupError
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _
from tui_backup.services.questions import SEVERAL
from tui_backup.tui.browser.line import Line
from tui_backup.tui.desk import Desk
from tui_backup.tui.page import Page
from tui_backup.tui.places import Place
from tui_backup.tui.widgets.listing import Listing

T = TypeVar("T")

PATIENCE_S = 0.1
"""How long nothing is said of waiting."""

BEAT_S = 0.25
"""How often numbers are renewed while somebody waits."""


class Feed(Generic[T]):
    """What a question has found so far; added to on its thread, taken in that of the UI."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: list[T] = []

    def add(self, found: T) -> None:
        """Take something in."""
        with self._lock:
            self._found.append(found)

    def taken(self) -> list[T]:
        """Return what was added since the last time."""
        with self._lock:
            found, self._found = self._found, []
            return found


class ReadingPage(Page):
    """A page that reads one thing at a time; its list is greyed meanwhile, and its line `#progress` tells of it."""

    def __init__(self, desk: Desk, place: Place) -> None:
        super().__init__(desk, place)
        self._watch: Watch | None = None
        self._ticking: list[Timer] = []
        self._telling: Callable[[Watch], str] = lambda _watch: ""
        self._waits: tuple[str, str] | None = None

    @property
    def is_reading(self) -> bool:
        """Whether something is waited for."""
        return self._watch is not None

    @property
    def reads_from(self) -> str | None:
        """The repository that is read here; None where it may be several."""
        return getattr(self.place, "repository", None)

    def read(
        self,
        work: Callable[[Watch], T],
        answered: Callable[[T], None],
        failed: Callable[[BackupError], None] | None = None,
        *,
        telling: Callable[[Watch], str],
    ) -> None:
        """Have something read aside, in place of what is read now.

        `telling` says what goes on; where that takes longer than a moment it is shown, and asked again and again.
        """

        def done(result: T) -> None:
            self.be_done()
            answered(result)

        def gone_wrong(error: BackupError) -> None:
            self.be_done()
            (failed or self.complain)(error)

        self.be_done()
        self._telling, self._waits = telling, None
        self._watch = self.ask("read", work, done, gone_wrong, about=self.reads_from or SEVERAL).watch
        self._watch.on_wait = self._note_wait
        self._ticking = [self.set_timer(PATIENCE_S, self._become_impatient)]

    def be_done(self) -> None:
        """Wait for nothing any more."""
        self._watch = None
        for timer in self._ticking:
            timer.stop()
        self._ticking.clear()
        for listing in self.query(Listing):
            listing.remove_class("-waiting")
        self.query_one("#progress").display = False

    def stop(self) -> bool:
        """Stop what is read; return whether there was anything."""
        if self._watch is None:
            return False
        self._asker.drop("read")
        self.be_done()
        self.stopped()
        return True

    def stopped(self) -> None:
        """Tell that somebody has stopped what was read."""

    def beat(self) -> None:
        """Show what has come of it so far; called now and then while something is read."""

    def action_leave(self) -> None:
        """Stop what is read; go back where nothing is."""
        if not self.stop():
            super().action_leave()

    def progress_line(self) -> Line:
        """Return the line that tells of what is read."""
        line = Line(id="progress", classes="-careful")
        line.display = False
        line.right = _("Esc stops")
        return line

    def _become_impatient(self) -> None:
        if self._watch is not None:
            for listing in self.query(Listing):
                listing.add_class("-waiting")
            self._ticking.append(self.set_interval(BEAT_S, self._tell))
            self._tell()

    def _note_wait(self, message: str) -> None:
        """Note for whom the work waits, until it has something else to tell; called on its thread."""
        if self._watch is not None:
            self._waits = message, self._telling(self._watch)

    def _tell(self) -> None:
        if self._watch is not None:
            text = self._telling(self._watch)
            waits = self._waits
            line = self.query_one("#progress", Line)
            line.left = waits[0] if waits is not None and waits[1] == text else text
            line.display = True
            self.beat()
