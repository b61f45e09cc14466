"""What tests of the pages of upkeep share: an app over an estate, lists as text, and ends that are waited for."""

from typing import Any

from textual.pilot import Pilot
from textual.widgets import Input

from tests.support.estate import Estate
from tests.tui.conftest import desk_of, settled
from tui_backup.tui.app import BackupApp
from tui_backup.tui.dialogs.confirm import Confirm
from tui_backup.tui.widgets.listing import Listing


def app_of(estate: Estate) -> BackupApp:
    """Return the UI of an estate."""
    return BackupApp(desk_of(estate.directory / "config.toml"))


def listing(pilot: Pilot[None], name: str) -> Listing[Any]:
    """Return a listing of the page at hand."""
    return pilot.app.screen.query_one(name, Listing)


def lines(pilot: Pilot[None], name: str) -> list[str]:
    """Return the rows of a listing as text."""
    found = listing(pilot, name)
    return [found.text_of(row) for row in found.rows]


async def ended(pilot: Pilot[None]) -> None:
    """Wait until nothing goes on that was started, and everything is drawn."""
    app = pilot.app
    assert isinstance(app, BackupApp)
    await pilot.pause()
    while app.desk.launches.going_on:
        await pilot.pause(0.01)
    await settled(pilot)


async def agree(pilot: Pilot[None], word: str | None = None) -> None:
    """Agree to what is asked, by keys; with a word where one is wanted."""
    await pilot.pause()
    assert isinstance(pilot.app.screen, Confirm)
    if word is not None:
        pilot.app.screen.query_one("#typed", Input).value = word
        await pilot.pause()
        await pilot.press("enter", "enter")
    else:
        await pilot.press("right", "enter")
    await ended(pilot)


def asked(pilot: Pilot[None]) -> str:
    """Return what the dialog at hand says."""
    dialog = pilot.app.screen.query_one("#dialog")
    return "\n".join(str(getattr(child, "content", "")) for child in dialog.query("Static"))


def notices(pilot: Pilot[None]) -> list[str]:
    """Return what was said in passing."""
    return [each.message for each in pilot.app._notifications]
