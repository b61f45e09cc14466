from datetime import UTC, datetime, timedelta

import pytest

from tui_backup.primitives.text import age, duration, printable, replaced, size


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("plain ünïcode 🙂", "plain ünïcode 🙂"),
        ("a\nb\tc\rd", r"a\nb\tc\rd"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\x9b31m\x7f", r"\x9b31m\x7f"),
        ("invoice\u202efdp.exe", r"invoice\u202efdp.exe"),
        (b"caf\xe9", r"caf\xe9"),
        ("caf\udce9", r"caf\xe9"),
        ("\ud800", r"\ud800"),
    ],
)
def test_nothing_in_a_name_reaches_the_terminal_as_control(name: str | bytes, shown: str) -> None:
    assert printable(name) == shown


def test_bytes_that_are_not_text_are_replaced_and_told_of() -> None:
    assert replaced(b"caf\xe9") == ("caf\ufffd", False)
    assert replaced("café".encode()) == ("café", True)


def test_sizes_and_durations_are_for_people() -> None:
    assert [size(12), size(1_234_000_000), size(None)] == ["12 Bytes", "1.2 GB", "-"]
    assert [duration(12.4), duration(200), duration(7500), duration(None)] == ["12 s", "3 min 20 s", "2 h 5 min", "-"]


def test_an_age_is_told_from_now() -> None:
    present = datetime(2026, 1, 1, tzinfo=UTC)
    assert age(present - timedelta(hours=3), present) == "3 hours ago"
    assert age(None, present) == "-"
