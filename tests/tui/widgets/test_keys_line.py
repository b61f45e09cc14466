"""The keys line: what is in it, in which order, and what goes where there is no room."""

from pathlib import Path

import pytest

from tests.tui.conftest import desk_of, settled
from tui_backup.tui.app import BackupApp
from tui_backup.tui.dialogs.help import HelpDialog
from tui_backup.tui.widgets.keys_line import KeysLine


def line_of(app: BackupApp) -> str:
    return app.screen.query_one(KeysLine).render_line(0).text.strip()


@pytest.mark.parametrize("width", [60, 80, 160])
async def test_a_page_s_own_keys_go_before_those_that_every_page_has(site: Path, width: int) -> None:
    app = BackupApp(desk_of(site))
    async with app.run_test(size=(width, 30)) as pilot:
        await settled(pilot)
        line = line_of(app)
        assert line.startswith("enter Browse  B Back up")
        assert line.endswith(": Command  ? Help  q Quit")
        assert len(line) <= width - 2
        assert ("/ Filter" in line) is (width == 160)


async def test_keys_follow_the_focus(app: BackupApp) -> None:
    async with app.run_test() as pilot:
        await settled(pilot)
        await pilot.press("slash")
        await settled(pilot)
        assert line_of(app) == "esc No filter"


async def test_a_click_presses_the_key(app: BackupApp) -> None:
    async with app.run_test() as pilot:
        await settled(pilot)
        at = app.screen.query_one(KeysLine).render_line(0).text.index("? Help")
        await pilot.click(KeysLine, offset=(at + 2, 0))
        await settled(pilot)
        assert isinstance(app.screen, HelpDialog)
