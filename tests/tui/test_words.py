from datetime import UTC, datetime, timedelta

import pytest

from tui_backup.model.run import RunStatus
from tui_backup.model.standing import Integrity, Standing
from tui_backup.primitives.i18n import use
from tui_backup.services.words import status_word
from tui_backup.tui import words
from tui_backup.tui.glyphs import ASCII, Glyphs

NOW = datetime(2026, 11, 21, 22, 58, 1, tzinfo=UTC)
PLACE = "America/Sao_Paulo"


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, "-"),
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.00 kB"),
        (1234, "1.23 kB"),
        (9_994, "9.99 kB"),
        (9_995_000, "10.0 MB"),
        (12_345_678, "12.3 MB"),
        (99_960_000, "100 MB"),
        (999_400_000, "999 MB"),
        (999_500_000, "1.00 GB"),
        (1_230_000_000, "1.23 GB"),
        (10**18, "1.00 EB"),
        (5 * 10**21, "5,000 EB"),
    ],
)
def test_sizes_have_three_significant_digits(count: int | None, text: str) -> None:
    assert words.brief_size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (0.2, "0.2 s"),
        (9.96, "10 s"),
        (200, "3 min 20 s"),
        (7500, "2 h 5 min"),
        (86_400 * 3 + 3600 * 4, "3 d 4 h"),
    ],
)
def test_durations_have_two_units(seconds: float | None, text: str) -> None:
    assert words.brief_duration(seconds) == text


@pytest.mark.parametrize(
    ("past", "text"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1 min ago"),
        (timedelta(hours=21, minutes=59), "21 h ago"),
        (timedelta(hours=47), "47 h ago"),
        (timedelta(hours=48), "2 d ago"),
        (timedelta(days=59), "59 d ago"),
        (timedelta(days=61), "2 mo ago"),
        (timedelta(days=800), "2 y ago"),
        (timedelta(hours=-3), "in 3 h"),
    ],
)
def test_ages_have_one_unit(past: timedelta, text: str) -> None:
    assert words.ago(NOW - past, NOW) == text


def test_an_age_that_nobody_knows_is_a_dash() -> None:
    assert words.ago(None, NOW) == "-"


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (datetime(2026, 11, 21, 5, 0, tzinfo=UTC), "today 02:00"),
        (datetime(2026, 11, 21, 2, 59, tzinfo=UTC), "yesterday 23:59"),
        (datetime(2026, 11, 18, 5, 0, tzinfo=UTC), "Wed 02:00"),
        (datetime(2026, 11, 15, 5, 0, tzinfo=UTC), "Sun 02:00"),
        (datetime(2026, 11, 14, 5, 0, tzinfo=UTC), "2026-11-14 02:00"),
        (datetime(2026, 11, 23, 5, 0, tzinfo=UTC), "2026-11-23 02:00"),
    ],
)
def test_days_are_those_of_the_configured_zone(time: datetime, text: str) -> None:
    assert words.day_and_time(time, NOW, PLACE) == text


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (datetime(2026, 11, 22, 2, 59, tzinfo=UTC), "today 23:59"),
        (datetime(2026, 11, 22, 5, 0, tzinfo=UTC), "tomorrow 02:00"),
        (datetime(2026, 11, 27, 5, 0, tzinfo=UTC), "Fri 02:00"),
        (datetime(2026, 11, 28, 5, 0, tzinfo=UTC), "2026-11-28 02:00"),
    ],
)
def test_so_are_those_to_come(time: datetime, text: str) -> None:
    assert words.coming_day_and_time(time, NOW, PLACE) == text


def test_an_exact_time_names_its_zone() -> None:
    assert words.exact(NOW, PLACE) == "2026-11-21 19:58:01 -03"
    assert words.exact(NOW, "Europe/Berlin") == "2026-11-21 23:58:01 CET"


@pytest.mark.parametrize(
    ("standing", "text"),
    [
        (Standing(), "unverified"),
        (Standing(Integrity.DAMAGED, checked_at=NOW), "damaged"),
        (Standing(Integrity.OK, NOW - timedelta(days=2), NOW), "proven 2 d"),
        (Standing(checked_at=NOW - timedelta(days=9)), "checked 9 d"),
        (Standing(Integrity.OK, NOW + timedelta(hours=1)), "proven 0 min"),
    ],
)
def test_integrity_is_told_with_the_age_of_its_proof(standing: Standing, text: str) -> None:
    assert words.integrity_words(standing, NOW) == text


def test_digits_are_written_as_the_language_does() -> None:
    use("pt_BR")
    assert words.brief_size(1_230_000) == "1,23 MB"
    assert words.brief_size(5 * 10**21) == "5.000 EB"


@pytest.mark.parametrize("glyphs", [Glyphs(), ASCII])
def test_every_status_has_a_sign_of_its_own_and_a_word(glyphs: Glyphs) -> None:
    signs = {words.status_piece(status, glyphs)[0].split(" ", 1)[0] for status in RunStatus}
    told = {status_word(status) for status in RunStatus}
    assert len(signs) == len(told) == len(RunStatus)
