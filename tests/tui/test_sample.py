"""What is shown of a file beside the list."""

import pytest

from tui_backup.errors import Cancelled
from tui_backup.model.watch import Watch
from tui_backup.tui.browser.highlighting import LONGEST, highlighted
from tui_backup.tui.browser.sample import hex_lines, is_text
from tui_backup.tui.browser.text_pane import TextLine, plain_lines


def joined(lines: list[TextLine]) -> str:
    return "\n".join("".join(piece for piece, _kind in line) for line in lines)


def test_what_a_name_tells_is_coloured_and_nothing_is_lost() -> None:
    text = "def a():\n    # why\n    return 'x'\n"
    lines = highlighted(text, "a.py", Watch())
    assert joined(lines) == text
    assert {kind for line in lines for _piece, kind in line} >= {"keyword", "name", "comment", "string"}


@pytest.mark.parametrize("name", ["a", "[bold].nothing", "..", "\u202e.unknown"])
def test_a_name_that_tells_nothing_leaves_the_text_plain(name: str) -> None:
    assert highlighted("def a(): pass", name, Watch()) == [[("def a(): pass", "plain")]]


def test_lines_that_no_person_wrote_are_not_coloured() -> None:
    lines = highlighted("x" * (LONGEST + 1), "a.py", Watch())
    assert lines == [[("x" * (LONGEST + 1), "plain")]]


@pytest.mark.parametrize("name", ["a.py", "a"])
def test_text_does_nothing_to_the_terminal(name: str) -> None:
    shown = joined(highlighted("'\x1b[31m\u202e[@click=app.bell]'\r\n\ttab", name, Watch()))
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert shown.endswith("    tab")


def test_colouring_is_given_up_when_nobody_waits() -> None:
    watch = Watch()
    watch.cancel.cancel()
    with pytest.raises(Cancelled):
        highlighted("a = 1\n", "a.py", watch)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"text\n\ttab\r\n", True),
        ("língua ✓".encode(), True),
        ("✓".encode()[:2], True),
        (b"a\x00b", False),
        (b"\x7fELF\x02\x01\x01", False),
        (b"latin \xe9 one and more", False),
        (b"", True),
    ],
)
def test_text_is_told_from_other_bytes(content: bytes, expected: bool) -> None:
    assert is_text(content) is expected


@pytest.mark.parametrize(("width", "step"), [(77, 16), (50, 8)])
def test_bytes_are_shown_in_as_many_columns_as_there_are(width: int, step: int) -> None:
    lines = hex_lines(bytes(range(40)), width)
    assert len(lines) == -(-40 // step)
    assert max(len(line) for line in joined(list(lines)).split("\n")) <= max(width, 45)


def test_a_plain_text_keeps_its_lines() -> None:
    assert joined(plain_lines("a\n\nb")) == "a\n\nb"
