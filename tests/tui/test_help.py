"""Help: what a page is for and every key that works there, by where else it works."""

from textual.app import App
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.dom import DOMNode
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Button, Checkbox, Input, Static, TextArea

from tests.tui.conftest import Look, at, settled
from tui_backup.tui.app import BackupApp
from tui_backup.tui.dialogs.help import HelpDialog
from tui_backup.tui.inherited_words import KNOWN
from tui_backup.tui.places import History
from tui_backup.tui.records.history import HistoryPage


def told(pilot: Pilot[None]) -> list[str]:
    assert isinstance(pilot.app.screen, HelpDialog)
    return [str(each.content) for each in pilot.app.screen.query(Static)]


async def test_every_key_of_a_page_is_explained_once(app: BackupApp) -> None:
    async with app.run_test() as pilot:
        await at(pilot, History())
        await pilot.press("question_mark")
        await settled(pilot)
        lines = told(pilot)
        assert lines[0] == HistoryPage.HELP
        assert lines.index("On this page") < lines.index("In lists") < lines.index("Everywhere")
        for words in ("Show only rows with a text", "Sort by the next column", "Copy what is selected"):
            assert lines.count(words) == 1, words
        assert lines[lines.index("Sort by the next column") - 1] == "o"


async def test_it_scrolls_in_a_small_terminal_and_any_of_its_keys_closes_it(app: BackupApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await at(pilot, History())
        for key in ("q", "question_mark", "escape"):
            await pilot.press("question_mark")
            await settled(pilot)
            box = app.screen.query_one(VerticalScroll)
            await pilot.press("end")
            await pilot.pause()
            assert box.scroll_target_y == box.max_scroll_y > 0
            await pilot.press(key)
            await settled(pilot)
            assert isinstance(app.screen, HistoryPage)


def test_what_keys_of_textuals_own_widgets_do_can_be_said_in_any_language() -> None:
    used: tuple[type[DOMNode], ...] = (App, Screen, VerticalScroll, Button, Checkbox, Input, TextArea)
    bindings = [each for widget in used for base in widget.__mro__ for each in vars(base).get("BINDINGS", ())]
    words = {words for each in bindings if isinstance(each, Binding) for words in (each.description, each.tooltip)}
    assert len(words) > 40
    assert words - {"", None} <= {*KNOWN}


def test_look_help(look: Look) -> None:
    async def open_it(pilot: Pilot[None]) -> None:
        await pilot.press("question_mark")

    look(History(), open_it)
