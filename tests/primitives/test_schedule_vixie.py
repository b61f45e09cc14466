"""Schedules come when Vixie cron would run them."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import takewhile

import pytest

from tests.support.vixie_cron import simulate
from tui_backup.primitives.schedule import count, latest, moments

LINES = [
    "*/15 * * * *", "7-59/15 * * * *", "0 2 * * *", "30 2 * * *", "30 1 * * *", "0 0 * * *", "15 0 * * *",
    "45 23 * * *", "0 3 * * 0", "30 2 * * sun", "0 2 1 * *", "0 0 31 * *", "0 5 29 2 *", "0 */6 * * *",
    "*/20 2 * * *", "*/30 0-2 * * *", "0-59/20 1,2 * * *", "0 0 13 * fri", "0 1 */2 * mon", "59 1-3 4,11 3,11 *",
]  # fmt: skip
YEARS = [
    ("America/Sao_Paulo", 2018),
    ("America/Sao_Paulo", 2026),
    ("America/New_York", 2026),
    ("Australia/Lord_Howe", 2026),
    ("Asia/Kolkata", 2026),
    ("UTC", 2026),
]
ODD_DAYS = [
    ("Africa/Casablanca", "2026-02-15"),
    ("Africa/Casablanca", "2026-03-22"),
    ("America/Caracas", "2016-05-01"),
    ("America/Havana", "2026-03-08"),
    ("America/Havana", "2026-11-01"),
    ("America/Nuuk", "2024-03-31"),
    ("America/Scoresbysund", "2024-03-31"),
    ("America/St_Johns", "2006-04-02"),
    ("America/St_Johns", "2006-10-29"),
    ("Antarctica/Troll", "2026-03-29"),
    ("Antarctica/Troll", "2026-10-25"),
    ("Asia/Baku", "2015-03-29"),
    ("Asia/Baku", "2015-10-25"),
    ("Asia/Beirut", "2026-03-29"),
    ("Asia/Pyongyang", "2015-08-15"),
    ("Asia/Pyongyang", "2018-05-05"),
    ("Pacific/Apia", "2011-12-30"),
    ("Pacific/Chatham", "2026-04-05"),
]
DAY = timedelta(days=1)


@pytest.mark.parametrize(("zone", "day"), ODD_DAYS)
def test_lines_of_all_kinds_around_odd_days(zone: str, day: str) -> None:
    middle = datetime.fromisoformat(day).replace(tzinfo=UTC)
    lines = {*LINES, *random_lines(random.Random(f"{zone} {day}"), 80)}

    for line, expected in simulate(lines, zone, middle - 2 * DAY, middle + 2 * DAY).items():
        assert between(line, zone, middle - 2 * DAY, middle + 2 * DAY) == expected, line


@pytest.mark.parametrize(("zone", "year"), YEARS)
def test_the_latest_moments_and_their_number_are_those_of_all(zone: str, year: int) -> None:
    start, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    chance = random.Random(f"{zone} {year}")
    for line in LINES:
        found = between(line, zone, start, end)
        assert found == sorted(set(found))
        for _time in range(8):
            after, until = sorted(start + DAY * 365 * chance.random() for _end in range(2))
            within = [each for each in found if after < each <= until]
            assert latest(line, zone, after, until) == (within[-1] if within else None)
            assert count(line, zone, after, until) == len(within)
        for each in found[:: len(found) // 5 + 1]:
            assert latest(line, zone, each - DAY, each) == each
            assert count(line, zone, each, each) == 0


def between(line: str, zone: str, start: datetime, end: datetime) -> list[datetime]:
    return list(takewhile(lambda moment: moment < end, moments(line, zone, start - timedelta(microseconds=1))))


def random_lines(chance: random.Random, how_many: int) -> Iterator[str]:
    for _line in range(how_many):
        yield " ".join(
            [
                random_field(chance, 0, 59, 0.2),
                random_field(chance, 0, 5, 0.3) if chance.random() < 0.7 else random_field(chance, 20, 23, 0.3),
                random_field(chance, 1, 31, 0.8),
                random_field(chance, 1, 12, 0.9),
                random_field(chance, 0, 6, 0.8),
            ]
        )


def random_field(chance: random.Random, low: int, high: int, stars: float) -> str:
    if chance.random() < stars:
        return chance.choice(["*", "*", f"*/{chance.randint(1, high)}"])
    first, last = sorted(chance.sample(range(low, high + 1), 2))
    return chance.choice([str(first), f"{first},{last}", f"{first}-{last}", f"{first}-{last}/{chance.randint(1, 9)}"])
