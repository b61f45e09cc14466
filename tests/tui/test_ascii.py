"""Where a terminal draws ASCII alone, nothing else is sent to it but what data has in it."""

from pathlib import Path

import pytest
from rich.segment import Segment
from textual.color import Color
from textual.pilot import Pilot

from tests.tui.conftest import at, desk_of, settled
from tui_backup.tui.app import BackupApp
from tui_backup.tui.ascii_only import AsciiOnly
from tui_backup.tui.commands import places
from tui_backup.tui.glyphs import ASCII
from tui_backup.tui.places import is_built

PLACES = [place for place, _name, _explanation in places() if is_built(type(place))]


@pytest.fixture
def app(site: Path) -> BackupApp:
    return BackupApp(desk_of(site, glyphs=ASCII))


def strange(pilot: Pilot[None]) -> list[str]:
    """Return the lines of the screen that hold anything but ASCII."""
    lines = [strip.text.rstrip() for strip in pilot.app.screen._compositor.render_strips()]
    return [line for line in lines if not line.isascii()]


async def test_every_page_is_drawn_in_ascii(app: BackupApp) -> None:
    found: dict[str, list[str]] = {}
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        found["dashboard"] = strange(pilot)
        for place in PLACES:
            await at(pilot, place)
            found[repr(place)] = strange(pilot)
    assert {place: lines for place, lines in found.items() if lines} == {}


async def test_every_dialog_is_drawn_in_ascii(app: BackupApp) -> None:
    found: dict[str, list[str]] = {}
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        for key in ("question_mark", "colon", "c"):
            await pilot.press(key)
            await settled(pilot)
            found[key] = strange(pilot)
            await pilot.press("escape")
        app.notify("said", severity="error")
        await settled(pilot)
        found["notice"] = strange(pilot)
    assert {key: lines for key, lines in found.items() if lines} == {}


def test_letters_of_any_language_stay_and_nothing_moves() -> None:
    (segment,) = AsciiOnly().apply([Segment("│ ações … “日本” ▇█ ╭─╮ │")], Color(0, 0, 0))
    assert segment.text == '| ações ~ "日本"  # +-+ |'
