"""Cron lines in words, and no word about those that are odd."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import pytest

from tui_backup.primitives.cron_words import in_words
from tui_backup.primitives.i18n import only
from tui_backup.primitives.schedule import moments


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("0 2 * * *", "every day at 02:00"),
        ("@daily", "every day at 00:00"),
        ("@hourly", "every hour"),
        ("* * * * *", "every minute"),
        ("*/15 * * * *", "every 15 minutes"),
        ("0,15,30,45 * * * *", "every 15 minutes"),
        ("7-59/15 * * * *", "every 15 minutes from 00:07"),
        ("17 * * * *", "every hour from 00:17"),
        ("0 */6 * * *", "every 6 hours"),
        ("15 */6 * * *", "every 6 hours from 00:15"),
        ("0 0,6,12,18 * * *", "every day at 00:00, 06:00, 12:00 and 18:00"),
        ("30 2,14 * * *", "every day at 02:30 and 14:30"),
        ("*/20 8-17 * * 1-5", "Mondays to Fridays, every 20 minutes from 08:00 to 17:40"),
        ("0 8-17 * * *", "every hour from 08:00 to 17:00"),
        ("0 5 * * 0", "Sundays at 05:00"),
        ("0 5 * * sun", "Sundays at 05:00"),
        ("0 5 * * 7", "Sundays at 05:00"),
        ("@weekly", "Sundays at 00:00"),
        ("0 5 * * 6,0", "Saturdays and Sundays at 05:00"),
        ("0 5 * * 1,3,5", "Mondays, Wednesdays and Fridays at 05:00"),
        ("30 0 1 * *", "on the 1st of each month at 00:30"),
        ("30 0 1,15 * *", "on the 1st and 15th of each month at 00:30"),
        ("0 0 2,3,22,23 * *", "on the 2nd, 3rd, 22nd and 23rd of each month at 00:00"),
        ("0 0 11,12,13,21 * *", "on the 11th, 12th, 13th and 21st of each month at 00:00"),
        ("0 */5 * * *", "every 5 hours from 00:00 to 20:00"),
        ("*/30 2 * * *", "every 30 minutes from 02:00 to 02:30"),
        ("0 */4 1 * *", "on the 1st of each month, every 4 hours"),
    ],
)
def test_what_people_write_is_said_as_people_say_it(line: str, words: str) -> None:
    assert in_words(line) == words


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("0 2 * * *", "todos os dias às 02:00"),
        ("*/15 * * * *", "a cada 15 minutos"),
        ("0 8-17 * * 1-5", "de segunda a sexta, a cada hora das 08:00 às 17:00"),
        ("0 5 * * 6,0", "aos sábados e aos domingos às 05:00"),
        ("30 0 1 * *", "no dia 1º de cada mês às 00:30"),
        ("30 0 1,15 * *", "nos dias 1º e 15 de cada mês às 00:30"),
    ],
)
def test_it_is_said_in_portuguese_too(line: str, words: str) -> None:
    with only("pt_BR"):
        assert in_words(line) == words


@pytest.mark.parametrize(
    "line",
    [
        "", "0 2 * *", "0 2 30 2 *", "@reboot", "0 0 1 1 *", "0 0 1 * 1", "0 0 31 * *", "0 0 */2 * *", "0 0 */2 * 1",
        "*/7 * * * *", "1,2,5 * * * *", "0,30 1,5,7 * * *", "0 2 * 1-6 *",
    ],
)  # fmt: skip
def test_nothing_is_said_of_what_is_wrong_or_odd(line: str) -> None:
    assert in_words(line) == ""


@pytest.mark.parametrize(
    ("line", "step"), [("*/15 * * * *", 15), ("7-59/15 * * * *", 15), ("17 * * * *", 60), ("15 */6 * * *", 360)]
)
def test_what_comes_every_so_often_does_so_past_midnight(line: str, step: int) -> None:
    now = datetime(2026, 11, 21, 22, tzinfo=UTC)
    coming = list(islice(moments(line, "UTC", now), 100))
    assert in_words(line).startswith("every")
    assert {later - earlier for earlier, later in pairwise(coming)} == {timedelta(minutes=step)}
