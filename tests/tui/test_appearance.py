"""The page of themes: what the cursor stands on is worn, Enter keeps it in the configuration, Escape forgets it."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.tui.conftest import SIZES, Look, at, desk_of, settled
from tui_backup.config.load import load_config
from tui_backup.tui import themes
from tui_backup.tui.app import BackupApp
from tui_backup.tui.appearance.page import REST_S
from tui_backup.tui.places import History, Themes
from tui_backup.tui.widgets.listing import Listing


def text_of(path: Path) -> str:
    return path.read_text()


def rewrite(path: Path, text: str) -> None:
    path.write_text(text)


async def rested(pilot: Pilot[None]) -> None:
    """Wait until the theme under the cursor is worn."""
    await asyncio.sleep(3 * REST_S)
    await settled(pilot)


async def stand_on(pilot: Pilot[None], name: str) -> None:
    assert pilot.app.screen.query_one("#themes", Listing).go_to(name)
    await rested(pilot)


async def test_the_theme_under_the_cursor_is_worn_and_escape_takes_the_former_one(app: BackupApp, site: Path) -> None:
    before = text_of(site)
    async with app.run_test() as pilot:
        await at(pilot, Themes())
        await stand_on(pilot, "amber")
        assert app.theme == "amber"
        await pilot.press("escape")
        await settled(pilot)
        assert app.theme == "night"
    assert text_of(site) == before


async def test_enter_keeps_a_theme_in_the_configuration_and_nothing_else_changes(app: BackupApp, site: Path) -> None:
    before = text_of(site)
    async with app.run_test() as pilot:
        await at(pilot, Themes())
        await stand_on(pilot, "paper")
        await pilot.press("enter")
        await settled(pilot)
        assert app.theme == "paper"
        assert app.desk.workspace.config.theme == "paper"
    assert load_config(str(site)).theme == "paper"
    assert [line for line in text_of(site).splitlines() if "theme" not in line] == before.splitlines()


async def test_a_configuration_that_cannot_be_changed_keeps_the_theme_for_now(app: BackupApp, site: Path) -> None:
    async with app.run_test() as pilot:
        await at(pilot, Themes())
        rewrite(site, "nonsense")
        await stand_on(pilot, "paper")
        await pilot.press("enter")
        await settled(pilot)
        assert app.theme == "paper"
        assert any("Kept until you leave" in notice.message for notice in app._notifications)
    assert text_of(site) == "nonsense"


async def test_a_theme_made_meanwhile_is_offered(app: BackupApp, site: Path) -> None:
    async with app.run_test() as pilot:
        await settled(pilot)
        os.mkdir(site.parent / "themes")
        rewrite(site.parent / "themes" / "mine.toml", text_of(themes.shipped() / "amber.toml"))
        await at(pilot, Themes())
        await stand_on(pilot, "mine")
        assert app.theme == "mine"


async def test_before_there_is_a_configuration_a_theme_is_kept_for_now() -> None:
    app = BackupApp(desk_of(None))
    async with app.run_test() as pilot:
        await at(pilot, Themes())
        await stand_on(pilot, "paper")
        await pilot.press("enter")
        await settled(pilot)
        assert app.theme == "paper"


# pictures


def test_look_themes(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(themes, "own", lambda _path: Path("/etc/tui-backup/themes"))
    look(Themes(), rested)


@pytest.mark.parametrize("name", sorted(themes.collected(None).themes))
def test_look_of_each(name: str, site: Path, snap_compare: Callable[..., bool]) -> None:
    async def sift(pilot: Pilot[None]) -> None:
        await at(pilot, History())
        await pilot.press("down")

    assert snap_compare(BackupApp(desk_of(site), theme=name), terminal_size=SIZES["80x24"], run_before=sift)


def test_look_without_colours(site: Path, snap_compare: Callable[..., bool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def sift(pilot: Pilot[None]) -> None:
        await at(pilot, History())
        await pilot.press("down")

    assert snap_compare(BackupApp(desk_of(site)), terminal_size=SIZES["80x24"], run_before=sift)
