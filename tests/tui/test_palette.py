"""The palette: every action of the page and every place, found by name in either language, done as if by its key."""

from textual.pilot import Pilot

from tests.tui.conftest import Look, at, desk_of, settled
from tui_backup.tui.app import BackupApp
from tui_backup.tui.commands import places
from tui_backup.tui.dialogs.palette import Palette
from tui_backup.tui.places import History, is_built
from tui_backup.tui.records.history import HistoryPage
from tui_backup.tui.widgets.listing import Listing


def names(pilot: Pilot[None]) -> list[str]:
    assert isinstance(pilot.app.screen, Palette)
    return [action.name for action in pilot.app.screen.query_one(Listing).rows]


def history(pilot: Pilot[None]) -> HistoryPage:
    assert isinstance(pilot.app.screen, HistoryPage)
    return pilot.app.screen


async def test_it_offers_what_the_page_does_and_where_one_can_go(app: BackupApp) -> None:
    async with app.run_test() as pilot:
        await at(pilot, History())
        await pilot.press("ctrl+p")
        await settled(pilot)
        assert {"Log", "Filter", "Sort", "Command line"} <= set(names(pilot))
        assert {name for place, name, _words in places() if is_built(type(place))} <= set(names(pilot))
        assert "Command" not in names(pilot)


async def test_what_is_chosen_is_done_on_the_page(app: BackupApp) -> None:
    async with app.run_test() as pilot:
        await at(pilot, History())
        page = history(pilot)
        await pilot.press("colon", *"only the next kind")
        await settled(pilot)
        assert names(pilot)[0] == "What"
        await pilot.press("enter")
        await settled(pilot)
        assert app.screen is page
        assert page.sieve.chosen == {"verb": "run"}


async def test_the_cursor_moves_while_one_types_and_escape_does_nothing(app: BackupApp) -> None:
    async with app.run_test() as pilot:
        await at(pilot, History())
        await pilot.press("colon", "down", "down")
        await settled(pilot)
        listing = app.screen.query_one(Listing)
        assert listing.cursor == 2
        await pilot.press("s")
        assert listing.cursor == 0
        await pilot.press("escape")
        await settled(pilot)
        assert history(pilot).sieve.chosen == {}


async def test_before_there_is_a_configuration_only_what_works_is_offered() -> None:
    app = BackupApp(desk_of(None))
    async with app.run_test() as pilot:
        await settled(pilot)
        await pilot.press("ctrl+p")
        await settled(pilot)
        assert {"Themes", "Go on"} <= set(names(pilot))
        assert not {"History", "Restore", "Problems"} & set(names(pilot))


def test_look_palette(look: Look) -> None:
    async def open_it(pilot: Pilot[None]) -> None:
        await pilot.press("colon", "down")

    look(History(), open_it)


def test_look_palette_in_the_other_language(look: Look) -> None:
    async def find(pilot: Pilot[None]) -> None:
        await pilot.press("colon", *"resta")

    look(History(), find)
