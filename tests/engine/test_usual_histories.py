"""Sixty days of plausible jobs, judged day by day: what is told of live ones, and of what ransomware does to them."""

import random
from collections.abc import Callable, Sequence

import pytest

from tui_backup.engine.usual import LOOKED_AT, Measure, unusual

MIB = 2**20
DAYS = 60
VOUCHED_DAYS = 21

Day = Callable[[int, random.Random, Measure], Measure]
"""What a backup finds on a day, by what the last one found."""


def day(last: Measure, files: int, unmodified: int, size: float, added: float) -> Measure:
    return Measure(size=int(size), files=files, files_before=last.files, unmodified=unmodified, added=int(added))


def files_of(last: Measure) -> int:
    return last.files or 0


def web_server(_at: int, chance: random.Random, last: Measure) -> Measure:
    files = files_of(last) + chance.randrange(30)
    changed = chance.randrange(20, 90)
    return day(last, files, files_of(last) - changed, files * 0.1 * MIB, changed * 0.1 * MIB)


def growing_logs(at: int, chance: random.Random, last: Measure) -> Measure:
    """Two hundred logs that grow, and are compressed each week, all of them."""
    is_rotated = at % 7 == 0
    size = (40 if is_rotated else 40 + 15 * (at % 7)) * MIB
    return day(last, 200, 20 if is_rotated else 195, size, (30 if is_rotated else 14 + chance.random()) * MIB)


def filled_and_emptied(at: int, _chance: random.Random, last: Measure) -> Measure:
    files = 0 if at % 2 else 500
    return day(last, files, 0, files * MIB, files * 0.4 * MIB)


def daily_dumps(at: int, chance: random.Random, last: Measure) -> Measure:
    """A dump a day under a new name, of which seven are kept."""
    files = min(at + 1, 7)
    return day(last, files, min(files_of(last), 6), files * 300 * MIB, (40 + chance.random()) * MIB)


def weekly_dumps(at: int, _chance: random.Random, last: Measure) -> Measure:
    """Sixty tables that are written anew each Sunday."""
    is_sunday = at % 7 == 6
    return day(last, 60, 0 if is_sunday else 60, 600 * MIB, (300 if is_sunday else 0) * MIB)


def ten_files(_at: int, chance: random.Random, last: Measure) -> Measure:
    changed = chance.randrange(6)
    return day(last, 10, 10 - changed, 5 * MIB, changed * 0.5 * MIB)


def virtual_disks(_at: int, chance: random.Random, last: Measure) -> Measure:
    return day(last, 6, 0, 600_000 * MIB, chance.randrange(3_000, 30_000) * MIB)


def mail(at: int, chance: random.Random, last: Measure) -> Measure:
    files = files_of(last) + chance.randrange(200)
    moved = chance.randrange(500, 3000) if at % 7 < 5 else chance.randrange(100)
    return day(last, files, files_of(last) - moved, files * 0.05 * MIB, chance.randrange(1, 20) * MIB)


def photographs(at: int, _chance: random.Random, last: Measure) -> Measure:
    """A library to which a thousand pictures come in one day each month."""
    new = 1000 if at % 30 == 20 else 0
    return day(last, files_of(last) + new, files_of(last), (files_of(last) + new) * 4.0 * MIB, new * 4.0 * MIB)


def two_schedules(at: int, chance: random.Random, last: Measure) -> Measure:
    """Backed up daily, and on Sundays by another schedule an hour later, when nothing has changed."""
    changed = 0 if at % 8 == 7 else chance.randrange(50, 100)
    return day(last, 5000, 5000 - changed, 900 * MIB, changed * 0.2 * MIB)


def rewritten_each_time(_at: int, chance: random.Random, last: Measure) -> Measure:
    return day(last, 800, chance.randrange(20), 800 * MIB, chance.randrange(400, 700) * MIB)


LIVE: dict[str, tuple[Day, Measure, int]] = {
    "web server": (web_server, Measure(files=20_000), 0),
    "growing logs": (growing_logs, Measure(files=200), 0),
    "filled and emptied": (filled_and_emptied, Measure(files=500), 0),
    "daily dumps": (daily_dumps, Measure(files=0), 0),
    "weekly dumps": (weekly_dumps, Measure(files=60), 1),
    "ten files": (ten_files, Measure(files=10), 0),
    "virtual disks": (virtual_disks, Measure(files=6), 0),
    "mail": (mail, Measure(files=30_000), 0),
    "photographs": (photographs, Measure(files=8_000), 0),
    "two schedules": (two_schedules, Measure(files=5000), 0),
    "rewritten each time": (rewritten_each_time, Measure(files=800), 0),
}
"""What happens each day, what there is before, and on how many days of sixty somebody has to look."""

CAUGHT = ("web server", "growing logs", "weekly dumps", "mail", "photographs", "two schedules")
"""Those of whose files at least sixty do not change all the time."""


def lived(name: str) -> tuple[list[Measure], list[int]]:
    """Return what was found day by day, and the days on which somebody was told; who is told acknowledges."""
    each, last, _told = LIVE[name]
    chance, found, told = random.Random(name), list[Measure](), list[int]()
    since, vouched = 0, None
    for at in range(DAYS):
        last = each(at, chance, last)
        known = found[max(since, len(found) - LOOKED_AT) :]
        found.append(last)
        if unusual(last, known[::-1], vouched if told and at - told[-1] <= VOUCHED_DAYS else None):
            told.append(at)
            since, vouched = len(found), last
    return found, told


@pytest.mark.parametrize("name", LIVE)
def test_of_live_jobs_hardly_anything_is_told(name: str) -> None:
    assert len(lived(name)[1]) == LIVE[name][2]


def attacks(last: Measure) -> Sequence[Measure]:
    """Return what a backup finds after everything was encrypted: in place, under other names, with a note in each."""
    files, size = files_of(last), last.size or 0
    return (
        Measure(size=size, files=files, files_before=files, unmodified=0, added=size),
        Measure(size=size, files=files + 1, files_before=files, unmodified=0, added=size),
        Measure(size=size, files=files + files // 20, files_before=files, unmodified=files // 50, added=size),
    )


@pytest.mark.parametrize("name", CAUGHT)
def test_ransomware_is_told_of_every_job_whose_files_stay_as_they_are(name: str) -> None:
    found, told = lived(name)
    quiet = [at for at in range(DAYS - 1) if not told or at < told[0]]
    for attack in attacks(found[quiet[-1]]):
        assert unusual(attack, found[max(0, quiet[-1] - LOOKED_AT + 1) : quiet[-1] + 1][::-1])


def test_ransomware_is_told_of_a_job_with_few_files() -> None:
    known = [Measure(size=30 * MIB, files=30, files_before=30, unmodified=29, added=MIB // 2) for _day in range(9)]
    for attack in attacks(known[-1]):
        assert unusual(attack, known)


def test_what_was_acknowledged_stands_for_the_same_and_for_no_more() -> None:
    known = [Measure(size=100 * MIB, files=100, files_before=100, unmodified=99, added=MIB) for _day in range(9)]
    again = Measure(size=100 * MIB, files=100, files_before=100, unmodified=0, added=40 * MIB)
    assert unusual(again, known)
    assert unusual(again, known, again) == []
    assert unusual(Measure(size=100 * MIB, files=100, files_before=100, unmodified=0, added=90 * MIB), known, again)
