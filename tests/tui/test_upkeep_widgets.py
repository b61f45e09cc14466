"""The small widgets of upkeep: they show what fits, and nothing of what is in names happens."""

import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult

from tests.support.sample_estate import HOSTILE
from tui_backup.errors import Cancelled
from tui_backup.primitives.cancel import CancelToken
from tui_backup.tui.glyphs import Glyphs
from tui_backup.tui.upkeep.consent import Consent
from tui_backup.tui.upkeep.tick import Tick
from tui_backup.tui.widgets.choice import Choice
from tui_backup.tui.widgets.facts import Fact, FactLines, Facts

NAMES = [f"repository-{number}" for number in range(20)]


class Bench(App[None]):
    def get_theme_variable_defaults(self) -> dict[str, str]:
        return {"quiet": "#888888"}

    def compose(self) -> ComposeResult:
        yield Choice("Where", NAMES, Glyphs(), chosen=10, id="choice")
        yield Choice("Bad", HOSTILE[:3], Glyphs(), id="bad")
        yield Facts(id="facts")
        yield Tick(HOSTILE[0], value=False, id="tick")


def text_of(choice: Choice) -> str:
    return choice.render().plain


async def test_what_does_not_fit_is_left_out_around_what_is_chosen() -> None:
    async with Bench().run_test(size=(60, 10)) as pilot:
        choice = pilot.app.query_one("#choice", Choice)
        assert "● repository-10" in text_of(choice)
        assert "repository-19" not in text_of(choice)
        assert cell_len(text_of(choice).rstrip()) <= 58
        choice.focus()
        await pilot.press("right")
        assert choice.chosen == 11
        await pilot.press("left", "left")
        assert choice.chosen == 9
        choice.chosen = 20
        assert choice.chosen == 0


async def test_an_option_is_chosen_by_the_mouse() -> None:
    async with Bench().run_test(size=(60, 10)) as pilot:
        choice = pilot.app.query_one("#choice", Choice)
        at = cell_len(text_of(choice).partition("repository-11")[0]) + 3
        await pilot.click("#choice", offset=(at, 0))
        assert choice.chosen == 11


async def test_names_are_shown_and_do_nothing() -> None:
    async with Bench().run_test(size=(80, 12)) as pilot:
        bad = text_of(pilot.app.query_one("#bad", Choice))
        assert "[@click=app.bell]press me" in bad
        assert "\x1b" not in bad
        assert "[@click=app.bell]press me" in pilot.app.query_one("#tick", Tick).render().plain


async def test_a_long_text_goes_on_beside_its_label() -> None:
    async with Bench().run_test(size=(40, 12)) as pilot:
        facts = pilot.app.query_one("#facts", Facts)
        facts.show([Fact("Label", "word " * 20), Fact("", HOSTILE[2], "bad")])
        await pilot.pause()
        lines = facts.query_one(FactLines).render().plain.split("\n")
        assert lines[0].startswith("Label  word")
        assert lines[1].startswith("       word")
        assert "\x1b" not in facts.text
        assert all(cell_len(line) <= 40 for line in lines)


async def test_a_tick_says_by_its_sign_what_it_is() -> None:
    async with Bench().run_test() as pilot:
        tick = pilot.app.query_one("#tick", Tick)
        assert tick.render().plain.startswith("[ ]")
        tick.toggle()
        assert tick.render().plain.startswith("[x]")


def test_consent_is_given_declined_or_cancelled() -> None:
    given = Consent[str](lambda _plan: given.give())
    given.ask("plan", CancelToken())
    declined = Consent[str](lambda _plan: declined.decline())
    with pytest.raises(Cancelled):
        declined.ask("plan", CancelToken())
    stop = CancelToken()
    with pytest.raises(Cancelled):
        Consent[str](lambda _plan: stop.cancel()).ask("plan", stop)
