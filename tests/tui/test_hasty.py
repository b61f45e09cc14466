"""Pressing twice what was meant once: a double click, a key that repeats, a line that delivers late."""

import asyncio

import pytest
from textual.widgets import Button

from tests.tui.conftest import at, settled
from tui_backup.tui.app import BackupApp
from tui_backup.tui.dialogs.confirm import Confirm, Question
from tui_backup.tui.places import Configuration, Place, Problems, Prune, Restore
from tui_backup.tui.widgets.listing import Listing


@pytest.mark.parametrize("answer", ["yes", "no"])
async def test_a_button_that_is_pressed_twice_leaves_only_its_dialog(app: BackupApp, answer: str) -> None:
    answers: list[bool | None] = []
    async with app.run_test() as pilot:
        await at(pilot, Problems())
        page = app.screen
        app.push_screen(Confirm(Question(title="Go?", host="web1", target="/srv", action="Go")), answers.append)
        await settled(pilot)
        button = app.screen.query_one(f"#{answer}", Button)
        button.press()
        button.press()
        await settled(pilot)
        assert answers == [answer == "yes"]
        assert app.screen is page


async def test_what_is_chosen_twice_is_gone_to_once(app: BackupApp) -> None:
    async with app.run_test() as pilot:
        await settled(pilot)
        dashboard = app.screen
        for listing in dashboard.query(Listing).results():
            if listing.has_focus:
                listing.action_choose()
                listing.action_choose()
        await settled(pilot)
        await pilot.press("escape")
        await settled(pilot)
        assert app.screen is dashboard
        await pilot.press("enter")
        await settled(pilot)
        assert app.screen is not dashboard


@pytest.mark.parametrize("pause_s", [0, 0.01, 0.03])
@pytest.mark.parametrize("place", [Restore(job="site"), Prune(), Configuration(job="site")])
async def test_a_page_can_be_left_before_it_is_there(app: BackupApp, place: Place, pause_s: float) -> None:
    async with app.run_test() as pilot:
        await settled(pilot)
        dashboard = app.screen
        for _again in range(3):
            app.visit(place)
            app.on_record_changed()
            await asyncio.sleep(pause_s)
            app.screen.dismiss()
            await settled(pilot)
            assert app.screen is dashboard
    assert app.failure is None
