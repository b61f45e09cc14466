"""A clock that is set is seen by one that nobody can set."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tui_backup.config.settings import Config
from tui_backup.history.history import History
from tui_backup.history.lookout import Reading
from tui_backup.model.trouble import TroubleKind
from tui_backup.primitives.uptime import Uptime, uptime
from tui_backup.services.alerts.clocks import clock_troubles, heed_clock, leap_between

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
UP_S = 100_000.0


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    with History.open(tmp_path) as history:
        yield history


def configured(tmp_path: Path) -> Config:
    return Config(
        path=str(tmp_path / "config.toml"), timezone=None, state_dir=str(tmp_path), log_level="info",
        repositories={}, jobs={},
    )  # fmt: skip


def reading(after: timedelta = timedelta(), up_s: float = UP_S, boot: str = "one") -> Reading:
    return Reading(time=NOON + after, boot=boot, uptime=up_s)


@pytest.mark.parametrize(
    ("before", "after", "hours"),
    [
        (reading(), reading(HOUR, UP_S + 3600), None),
        (reading(), reading(2 * DAY, UP_S + 60), 48),
        (reading(2 * DAY), reading(timedelta(), UP_S + 60), -48),
        (reading(), reading(2 * DAY, UP_S + 2 * 86_400), None),
        (reading(), reading(2 * HOUR, UP_S), None),
        (reading(), reading(2 * DAY, 60, "two"), None),
        (reading(up_s=300), reading(2 * DAY, 400), None),
        (None, reading(), None),
    ],
    ids=["goes on", "ahead", "back", "slept", "a little", "started anew", "before others were asked", "first"],
)
def test_a_clock_that_goes_on_by_more_or_less_than_time_was_set(
    before: Reading | None, after: Reading, hours: int | None
) -> None:
    leap = leap_between(before, after)
    assert (leap and round(leap.seconds / 3600)) == hours


def test_it_is_told_for_a_day_that_the_clock_was_set(tmp_path: Path, history: History) -> None:
    config = configured(tmp_path)
    heed_clock(history, NOON, Uptime("one", UP_S))
    assert list(clock_troubles(config, history, NOON)) == []
    heed_clock(history, NOON + 2 * DAY, Uptime("one", UP_S + 60))
    (trouble,) = clock_troubles(config, history, NOON + 2 * DAY)
    assert trouble.kind is TroubleKind.CLOCK
    assert trouble.message.startswith("the clock of this machine was set ahead by 47 h 59 min")
    heed_clock(history, NOON, Uptime("one", UP_S + 120))
    (trouble,) = clock_troubles(config, history, NOON)
    assert trouble.message.startswith("the clock of this machine was set back by ")
    heed_clock(history, NOON + DAY, Uptime("one", UP_S + 86_520))
    assert list(clock_troubles(config, history, NOON + DAY)) == []


def test_what_the_clocks_say_is_not_noted_each_minute(history: History) -> None:
    for minute in range(12):
        heed_clock(history, NOON + minute * HOUR / 60, Uptime("one", UP_S + 60 * minute))
    known = history.lookout.sightings().clock
    assert known is not None
    assert known.time == NOON + HOUR / 6


def test_a_look_at_the_schedules_that_has_not_come_yet_shows_a_clock_that_was_wrong(
    tmp_path: Path, history: History
) -> None:
    history.lookout.note_schedules(NOON + 2 * DAY)
    (trouble,) = clock_troubles(configured(tmp_path), history, NOON)
    assert "which has not come yet" in trouble.message


def test_this_machine_says_how_long_it_has_been_up() -> None:
    first, second = uptime(), uptime()
    assert first is not None
    assert second is not None
    assert (first.boot, first.seconds <= second.seconds) == (second.boot, True)
