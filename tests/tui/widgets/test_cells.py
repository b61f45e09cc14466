import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui_backup.tui.widgets.cells import Crop, fitted, pieces_of, shortened, width_of


@given(st.text(max_size=40), st.integers(2, 30), st.booleans(), st.sampled_from(["end", "start", "middle"]))
def test_a_cell_takes_exactly_the_room_that_it_is_given(text: str, width: int, right: bool, crop: Crop) -> None:
    pieces = fitted(text, width, right=right, crop=crop)
    assert sum(cell_len(text) for text, _role in pieces) == width


def test_nothing_in_a_cell_moves_the_cursor_or_turns_the_text_round() -> None:
    assert pieces_of("a\x1b[31mb\u202ec\n") == [("a\\x1b[31mb\\u202ec\\n", "plain")]


def test_markup_in_a_cell_is_text() -> None:
    assert pieces_of("[@click=app.bell]x[/]") == [("[@click=app.bell]x[/]", "plain")]


def test_pieces_keep_their_roles_when_they_are_cut() -> None:
    assert fitted([("failed", "error"), (" 5 h ago", "dim")], 9) == [("failed", "error"), (" 5…", "dim")]


def test_a_number_stands_at_the_right() -> None:
    assert "".join(text for text, _role in fitted("12 MB", 8, right=True)) == "   12 MB"


@pytest.mark.parametrize(("crop", "expected"), [("end", "abcd…"), ("start", "…ghij"), ("middle", "ab…ij")])
def test_what_is_too_long_loses_its_end_start_or_middle(crop: Crop, expected: str) -> None:
    assert shortened("abcdefghij", 5, crop) == expected


def test_wide_characters_count_as_two() -> None:
    assert width_of("日本") == 4
    assert shortened("日本語", 5) == "日本…"
    assert shortened("日本語", 4) == "日 …"
