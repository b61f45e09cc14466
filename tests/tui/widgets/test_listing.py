from collections.abc import Sequence
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot

from tui_backup.tui.widgets.columns import Column
from tui_backup.tui.widgets.listing import Listing, Remark


class Shown(App[None]):
    """A listing of words."""

    CSS: ClassVar[str] = "$quiet: #888888;"

    def __init__(self, words: Sequence[str]) -> None:
        super().__init__()
        self.words = words
        self.told: list[Message] = []

    def compose(self) -> ComposeResult:
        columns = [
            Column[str](id="word", title="Word", cell=lambda word: word, grows=True, sort=lambda word: word),
            Column[str](id="size", title="Size", cell=lambda word: str(len(word)), width=6, right=True, sort=len),
        ]
        yield Listing[str](columns, key=lambda word: word, empty=Remark("No words"), markable=True)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return {"quiet": "#888888"}

    def on_mount(self) -> None:
        self.listing.show(self.words)

    @property
    def listing(self) -> Listing[str]:
        return self.query_one(Listing)

    def on_listing_chosen(self, message: Listing.Chosen) -> None:
        self.told.append(message)

    def line(self, y: int) -> str:
        return self.listing.render_line(y).text.rstrip()


WORDS = ["pear", "apple", "fig", "[@click=app.bell]kiwi", "orange \x1b[31m"]


def app_and(words: Sequence[str] = WORDS) -> Shown:
    return Shown(words)


async def press(pilot: Pilot[None], *keys: str) -> None:
    await pilot.press(*keys)
    await pilot.pause()


async def test_rows_stand_under_their_titles_and_are_harmless() -> None:
    app = app_and()
    async with app.run_test(size=(40, 8)):
        assert app.line(0).split() == ["Word", "Size"]
        assert app.line(1).split() == ["pear", "4"]
        assert app.line(4).split() == ["[@click=app.bell]kiwi", "21"]
        assert app.line(5).split() == ["orange", "\\x1b[31m", "12"]


async def test_the_cursor_moves_and_stays_within() -> None:
    app = app_and()
    async with app.run_test(size=(40, 8)) as pilot:
        app.listing.focus()
        await press(pilot, "down", "j", "j", "j", "j", "j")
        assert app.listing.row == WORDS[-1]
        await press(pilot, "g", "up")
        assert app.listing.row == "pear"


async def test_only_what_is_on_the_screen_is_drawn_of_a_hundred_thousand_rows() -> None:
    app = app_and([f"{number:06}" for number in range(100_000)])
    async with app.run_test(size=(40, 8)) as pilot:
        app.listing.focus()
        await press(pilot, "end")
        assert app.listing.row == "099999"
        assert app.line(7).split()[0] == "099999"
        await press(pilot, "pageup")
        assert app.listing.row == "099993"


async def test_the_cursor_stays_with_its_row_when_rows_come_and_go() -> None:
    app = app_and()
    async with app.run_test(size=(40, 8)) as pilot:
        app.listing.focus()
        await press(pilot, "down", "down")
        app.listing.show(["new", *WORDS])
        assert app.listing.row == "fig"
        app.listing.show(["new"])
        assert app.listing.row == "new"


async def test_sorting_by_key_and_by_a_click_on_the_title() -> None:
    app = app_and()
    async with app.run_test(size=(40, 8)) as pilot:
        app.listing.focus()
        await press(pilot, "o")
        assert app.listing.rows[:2] == ["[@click=app.bell]kiwi", "apple"]
        await press(pilot, "O")
        assert app.listing.rows[0] == "pear"
        await pilot.click(Listing, offset=(36, 0))
        assert app.listing.rows[0] == "fig"


async def test_a_needle_leaves_what_holds_it_and_says_when_nothing_does() -> None:
    app = app_and()
    async with app.run_test(size=(40, 8)) as pilot:
        app.listing.needle = "P"
        await pilot.pause()
        assert app.listing.rows == ["pear", "apple", "[@click=app.bell]kiwi"]
        app.listing.needle = "zzz"
        await pilot.pause()
        assert "zzz" in app.line(1)


async def test_marks_stay_with_their_rows() -> None:
    app = app_and()
    async with app.run_test(size=(40, 8)) as pilot:
        app.listing.focus()
        await press(pilot, "space", "space")
        assert app.listing.marked == ["pear", "apple"]
        app.listing.show(["apple", "plum"])
        assert app.listing.marked == ["apple"]
        await press(pilot, "asterisk")
        assert app.listing.marked == ["plum"]


async def test_enter_and_two_clicks_choose() -> None:
    app = app_and()
    async with app.run_test(size=(40, 8)) as pilot:
        app.listing.focus()
        await press(pilot, "down", "enter")
        await pilot.click(Listing, offset=(3, 3), times=2)
        await pilot.pause()
        assert [message.row for message in app.told if isinstance(message, Listing.Chosen)] == ["apple", "fig"]


async def test_it_says_that_there_is_nothing_and_what_went_wrong() -> None:
    app = app_and([])
    async with app.run_test(size=(40, 8)) as pilot:
        assert app.line(1).strip() == "No words"
        app.listing.say("cannot be read", "look at it", failed=True)
        await pilot.pause()
        assert app.line(1).strip() == "cannot be read"
        assert app.line(2).strip() == "look at it"


async def test_what_is_said_in_place_of_rows_is_said_to_the_end_where_there_is_little_room() -> None:
    app = app_and()
    async with app.run_test(size=(40, 8)) as pilot:
        app.listing.say(
            "the repository has no keys", "archives are sealed with encryption_key; another needs [b]another one"
        )
        await pilot.pause()
        said = [app.line(y).strip() for y in range(1, 5)]
        assert said[0] == "the repository has no keys"
        assert " ".join(said[1:]).strip().endswith("another needs [b]another one")
