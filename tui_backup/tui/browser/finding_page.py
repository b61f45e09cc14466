"""FindingPage: a page whose list grows while something is read, and stays where that ends early."""

from abc import abstractmethod
from typing import Generic, TypeVar

from tui_backup.errors import BackupError
from tui_backup.primitives.i18n import _
from tui_backup.tui.browser.reading_page import ReadingPage
from tui_backup.tui.desk import Desk
from tui_backup.tui.places import Place
from tui_backup.tui.widgets.listing import Listing

T = TypeVar("T")


class FindingPage(ReadingPage, Generic[T]):
    """A page that reads, and shows in its one list what it has found so far."""

    def __init__(self, desk: Desk, place: Place) -> None:
        super().__init__(desk, place)
        self.found: list[T] = []

    @abstractmethod
    def conclude(self, trouble: str) -> None:
        """Say what came of it, and what kept more from it; empty where nothing did."""

    def ended(self, _nothing: None) -> None:
        """Show all of it."""
        self.beat()
        self.conclude("")

    def failed(self, error: BackupError) -> None:
        """Show what was found before something went wrong, or what that was."""
        self.beat()
        if self.found:
            self.conclude(error.message)
        else:
            self.query_one(Listing).say(error.message, error.hint or "", failed=True)

    def stopped(self) -> None:
        """Show what was found until then."""
        self.beat()
        self.conclude(_("stopped; there may be more"))
