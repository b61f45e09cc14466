"""Style sheets: once a page was seen its rules hold in the whole program, so they have to name it."""

from pathlib import Path

import pytest
from textual.css.model import SelectorType
from textual.css.stylesheet import Stylesheet

import tui_backup.tui
from tests.tui.conftest import at, settled
from tui_backup.tui.app import BackupApp
from tui_backup.tui.places import Browser, Locks, Place, Problems, Restore
from tui_backup.tui.widgets.listing import Listing

ROOMS = Path(tui_backup.tui.__file__).parent


@pytest.mark.parametrize("sheet", sorted(ROOMS.glob("*/*.tcss")), ids=lambda sheet: sheet.stem)
def test_every_rule_of_a_page_names_a_page_or_a_widget(sheet: Path, app: BackupApp) -> None:
    rules = Stylesheet(variables=app.get_css_variables())
    rules.read(sheet)
    for rule in rules.rules:
        for selectors in rule.selector_set:
            kinds = {selector.type for selector in selectors.selectors}
            assert SelectorType.TYPE in kinds, f"{rule.selectors} would hold on every page"


@pytest.mark.parametrize(
    "place",
    [Browser(snapshot="a" * 64, repository="local"), Problems(), Restore(), Locks()],
    ids=lambda place: type(place).__name__,
)
async def test_the_dashboard_looks_the_same_after_another_page_was_seen(app: BackupApp, place: Place) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        before = [listing.region for listing in app.screen.query(Listing).results()]
        await at(pilot, place)
        await pilot.press("escape")
        await settled(pilot)
        assert [listing.region for listing in app.screen.query(Listing).results()] == before
