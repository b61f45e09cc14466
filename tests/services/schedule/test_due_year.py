"""A year of schedules on a machine that is off at times gives exactly the runs that the rules say."""

import random
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path

import pytest

from tests.support.vixie_cron import simulate
from tui_backup.config.settings import Config, JobConfig
from tui_backup.history.history import History
from tui_backup.model.schedule import Schedule, Timing
from tui_backup.primitives.schedule import moments
from tui_backup.services.schedule.due import due

LINES = {
    "quarters": "*/15 * * * *",
    "odd-quarters": "7-59/15 * * * *",
    "daily": "0 2 * * *",
    "in-the-gap": "30 2 * * *",
    "in-the-fold": "30 1 * * *",
    "midnight": "0 0 * * *",
    "late": "45 23 * * *",
    "weekly": "0 3 * * 0",
    "sundays": "30 2 * * sun",
    "monthly": "15 0 1 * *",
    "long-months": "0 0 31 * *",
    "six-hourly": "0 */6 * * *",
    "starred": "*/20 2 * * *",
    "several": "0-59/20 1,2 * * *",
    "thirteenth-or-friday": "0 0 13 * fri",
    "odd-mondays": "0 1 */2 * mon",
    "seldom": "59 1-3 4,11 3,11 *",
}
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("zone", "year"),
    [
        ("America/Sao_Paulo", 2018),
        ("America/Sao_Paulo", 2026),
        ("America/New_York", 2026),
        ("Australia/Lord_Howe", 2026),
        ("Asia/Kolkata", 2026),
        ("UTC", 2026),
    ],
)
def test_a_year(zone: str, year: int, tmp_path: Path) -> None:
    start, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    all_moments = simulate(LINES.values(), zone, start, end)
    for line, expected in all_moments.items():
        assert list(takewhile(lambda moment: moment < end, moments(line, zone, start - MINUTE))) == expected, line

    chance = random.Random(f"{zone} {year}")
    jobs = {each.job.name: each for each in timeline(all_moments, zone, start)}
    config = configuration([each.job for each in jobs.values()])
    with History.open(tmp_path) as history:
        due(config, history, start)
        for now in takewhile(lambda now: now < end, looks(chance, start)):
            found = due(config, history, now)
            assert {each.job: (each.moment, each.missed) for each in found} == {
                name: wanted for name, each in jobs.items() if (wanted := each.due_at(now)) is not None
            }
            for each in found:
                if chance.random() < 0.95:
                    history.note_moment(each.trigger, each.moment)
                    jobs[each.job].handle(each.moment)


class Course:
    """What should become of the moments of a job."""

    def __init__(self, job: JobConfig, coming: list[datetime]) -> None:
        self.job = job
        self._coming = deque(coming)

    def due_at(self, now: datetime) -> tuple[datetime, int] | None:
        """Return the last of the moments that have come, and how many before it nobody has handled."""
        came = list(takewhile(lambda moment: moment <= now, self._coming))
        if not came:
            return None
        if not self.job.timing.catch_up and now - came[-1] > HOUR + 5 * MINUTE:
            self.handle(came[-1])
            return None
        return came[-1], len(came) - 1

    def handle(self, moment: datetime) -> None:
        """Forget a moment and those before it."""
        while self._coming and self._coming[0] <= moment:
            self._coming.popleft()


def timeline(all_moments: dict[str, list[datetime]], zone: str, start: datetime) -> Iterator[Course]:
    """Yield for every line a job that catches up, and one that does not."""
    for name, line in LINES.items():
        for catch_up in (True, False):
            timing = Timing(schedules=(Schedule(at=line),), catch_up=catch_up)
            job = JobConfig(name=f"{name}-{catch_up}", repositories=(), sources=(), timezone=zone, timing=timing)
            yield Course(job, [moment for moment in all_moments[line] if moment > start])


def configuration(jobs: list[JobConfig]) -> Config:
    named = {job.name: job for job in jobs}
    return Config(path="/nowhere", timezone=None, state_dir="/", log_level="info", repositories={}, jobs=named)


def looks(chance: random.Random, start: datetime) -> Iterator[datetime]:
    """Yield when cron looks: every minute or every hour, in between the machine is off for minutes or weeks."""
    now = start
    while True:
        every = chance.choice([MINUTE, HOUR])
        for _look in range(chance.randint(1, 5)):
            yield now + chance.random() * timedelta(seconds=20)
            now += every
        now += chance.choice([20 * MINUTE, 3 * HOUR, 30 * HOUR, 400 * HOUR]) * chance.random()
