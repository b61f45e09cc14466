from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest

from tui_backup.primitives.i18n import use
from tui_backup.primitives.text import age, duration, number, printable, replaced, size


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
    assert age(present + timedelta(hours=3), present) == "3 hours from now"


def test_numbers_and_ages_follow_the_language() -> None:
    present = datetime(2026, 1, 1, tzinfo=UTC)
    assert [number(1_234_567), number(0.25, 1), number(-1_000)] == ["1,234,567", "0.2", "-1,000"]
    use("pt_BR")
    assert [number(1_234_567), number(0.25, 1), number(-1_000)] == ["1.234.567", "0,2", "-1.000"]
    assert [size(1), size(12), size(1_234_000_000), size(None)] == ["1 byte", "12 bytes", "1,2 GB", "-"]
    assert [duration(0.2), duration(7500), duration(3_600_000)] == ["0,2 s", "2 h 5 min", "1.000 h 0 min"]
    assert age(present - timedelta(hours=3), present) == "há 3 horas"
    assert age(present + timedelta(hours=3), present) == "daqui a 3 horas"


def test_ages_follow_the_language_on_every_thread() -> None:
    present = datetime(2026, 1, 1, tzinfo=UTC)
    use("pt_BR")
    heard = list[str]()
    thread = Thread(target=lambda: heard.append(age(present - timedelta(hours=3), present)))
    thread.start()
    thread.join()
    use("en")
    assert [*heard, age(present - timedelta(hours=3), present)] == ["há 3 horas", "3 hours ago"]
