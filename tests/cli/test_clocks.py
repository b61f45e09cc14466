"""`--run-scheduled` and the daemon as processes under clocks that are set, against Vixie cron minute by minute."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.estate import Estate, build_estate, job_text
from tests.support.faketime import Clock, at
from tests.support.programs import ended
from tests.support.servers.daemons import until
from tests.support.vixie_cron import simulate

pytestmark = pytest.mark.requires("faketime")

MISSED = timedelta(minutes=65)


class Line(NamedTuple):
    """A schedule."""

    at: str
    catch_up: bool = True


class Scene(NamedTuple):
    """A zone, what is scheduled in it, and when somebody looks, in UTC: `MM-DD HH:MM`."""

    zone: str
    year: int
    lines: list[Line]
    looks: list[str]

    @property
    def moments(self) -> list[datetime]:
        """When somebody looks: some seconds after a minute has begun."""
        return [datetime.fromisoformat(f"{self.year}-{look}:10+00:00") for look in self.looks]


WILD = Line("15 * * * *")
SCENES = {
    "the-midnight-that-does-not-exist": Scene(
        "America/Sao_Paulo",
        2018,
        [Line("0 0 * * *"), Line("30 0 * * *"), Line("0 1 * * *"), WILD, Line("*/20 0 * * *")],
        ["11-04 02:50", "11-04 03:01", "11-04 03:16", "11-04 04:02", "11-05 02:31"],
    ),
    "the-hour-before-midnight-exists-twice": Scene(
        "America/Sao_Paulo",
        2018,
        [Line("30 23 * * *"), Line("0 0 * * *"), WILD, Line("30 23 * * sat", catch_up=False)],
        ["02-18 01:10", "02-18 01:31", "02-18 02:20", "02-18 02:31", "02-18 03:05", "02-19 02:20"],
    ),
    "off-while-the-clock-goes-forward": Scene(
        "America/New_York",
        2026,
        [Line("30 2 * * *"), Line("30 2 * * *", catch_up=False), Line("0 3 * * *"), WILD, Line("30 2 8 3 *")],
        ["03-08 06:40", "03-08 09:20", "03-09 06:31", "03-12 12:00"],
    ),
    "looked-at-while-the-clock-goes-forward": Scene(
        "America/New_York",
        2026,
        [Line("30 2 * * *"), Line("59 1 * * *"), Line("0 3 * * *"), WILD],
        ["03-08 06:40", "03-08 07:00", "03-08 07:31", "03-09 06:20", "03-09 06:31"],
    ),
    "the-clock-goes-back": Scene(
        "America/New_York",
        2026,
        [Line("30 1 * * *"), Line("0 2 * * *"), WILD, Line("*/30 1 * * *")],
        ["11-01 05:10", "11-01 05:31", "11-01 06:10", "11-01 06:31", "11-01 07:01", "11-02 06:31"],
    ),
    "half-an-hour-forward": Scene(
        "Australia/Lord_Howe",
        2026,
        [Line("15 2 * * *"), Line("45 2 * * *"), WILD, Line("15 2 * * *", catch_up=False)],
        ["10-03 15:20", "10-03 15:31", "10-03 15:46", "10-03 16:16", "10-04 15:16"],
    ),
    "half-an-hour-back": Scene(
        "Australia/Lord_Howe",
        2026,
        [Line("45 1 * * *"), Line("0 2 * * *"), Line("*/15 1 * * *"), WILD],
        ["04-04 14:40", "04-04 14:46", "04-04 15:01", "04-04 15:16", "04-04 15:31", "04-05 15:16"],
    ),
    "off-for-days-at-half-past": Scene(
        "Asia/Kolkata",
        2026,
        [Line("30 5 * * *"), Line("0 0 * * *", catch_up=False), WILD, Line("0 9 1 * *")],
        ["06-29 23:50", "06-30 00:01", "07-04 18:40", "07-04 18:45", "07-09 21:00"],
    ),
    "off-for-days": Scene(
        "UTC",
        2026,
        [Line("0 2 * * *"), Line("0 3 * * 0", catch_up=False), Line("*/15 * * * *", catch_up=False)],
        ["02-27 23:00", "02-28 02:01", "03-08 04:06", "03-15 04:04", "03-15 04:15"],
    ),
}


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
def test_what_is_run_is_what_the_rules_say(scene: Scene, tmp_path: Path) -> None:
    estate = scheduled(tmp_path / "estate", scene)
    for moment in scene.moments:
        with estate.installation.start("--run-scheduled", environment=at(moment)) as process:
            assert ended(process) == (0, "", "")
    assert runs(estate, scene.moments) == expected(scene)


def scheduled(directory: Path, scene: Scene) -> Estate:
    """Make an estate with a job for each line of a scene: `job0`, `job1` ..."""
    estate = build_estate(directory, ["local"])
    config = estate.directory / "config.toml"
    text = f'timezone = "{scene.zone}"\n' + config.read_text().partition("[jobs.")[0]
    for number, line in enumerate(scene.lines):
        text += f'{job_text(f"job{number}", ["local"])}schedule = "{line.at}"\ncatch_up = {json.dumps(line.catch_up)}\n'
    config.write_text(text)
    return estate


def runs(estate: Estate, looks: list[datetime]) -> dict[str, list[str]]:
    """Return at which looks each job was run."""
    found: dict[str, list[str]] = {}
    for snapshot in estate.held("local"):
        assert (snapshot.kind, snapshot.job is not None) == ("scheduled", True)
        look = max(look for look in looks if look <= snapshot.time)
        found.setdefault(snapshot.job or "", []).append(f"{look:%m-%d %H:%M}")
    return found


def expected(scene: Scene) -> dict[str, list[str]]:
    """Return when each job has to be run: once, at the first look after moments of Vixie cron's."""
    start = scene.moments[0].replace(second=0)
    all_moments = simulate({line.at for line in scene.lines}, scene.zone, start, scene.moments[-1])
    found: dict[str, list[str]] = {}
    for number, line in enumerate(scene.lines):
        since = scene.moments[0]
        for look in scene.moments:
            came = [moment for moment in all_moments[line.at] if since < moment <= look]
            if not came:
                continue
            since = came[-1]
            if line.catch_up or look - since <= MISSED:
                found.setdefault(f"job{number}", []).append(f"{look:%m-%d %H:%M}")
    return found


class Told(NamedTuple):
    """A daemon whose clock a test holds."""

    estate: Estate
    clock: Clock
    signs: socket.socket

    def look(self) -> None:
        """Wait until it has slept and looked at the clock again, some times."""
        self.signs.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                self.signs.recv(4096)
        self.signs.settimeout(60)
        for _sign in range(4):
            self.signs.recv(4096)

    def until_run(self, counts: dict[str, int]) -> None:
        """Set the clock to nothing else; wait until jobs have been run so often in all, and no more often."""
        until(lambda: counted(self.estate) == counts, lambda: f"{counted(self.estate)}, not {counts}", 60)
        self.look()
        assert counted(self.estate) == counts


def counted(estate: Estate) -> dict[str, int]:
    return {job: len(times) for job, times in times_of(estate).items()}


def times_of(estate: Estate) -> dict[str, list[datetime]]:
    """Return when the snapshots of each job were begun."""
    found: dict[str, list[datetime]] = {}
    for snapshot in estate.held("local"):
        found.setdefault(snapshot.job or "", []).append(snapshot.time)
    return found


@contextmanager
def daemon(estate: Estate, start: datetime) -> Iterator[Told]:
    """Run a daemon that sleeps for a third of a second at most; it must end well."""
    clock = Clock(estate.directory / "clock")
    clock.set(start)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as signs:
        signs.bind(str(estate.directory / "signs"))
        signs.settimeout(60)
        waking = {"NOTIFY_SOCKET": str(estate.directory / "signs"), "WATCHDOG_USEC": "1000000"}
        with estate.installation.start("daemon", environment={**clock.variables, **waking}) as process:
            try:
                yield Told(estate, clock, signs)
                process.terminate()
                assert ended(process) == (0, "", "")
            finally:
                process.kill()


def test_a_daemon_whose_clock_is_set(tmp_path: Path) -> None:
    """Over the hour that does not exist, two days ahead, back again, and on: each moment is run once."""
    scene = SCENES["looked-at-while-the-clock-goes-forward"]
    night = datetime(2026, 3, 8, 6, 40, 10, tzinfo=UTC)
    estate = scheduled(tmp_path / "estate", scene._replace(lines=[Line("30 2 * * *"), Line("0 12 * * *")]))
    with daemon(estate, night) as told:
        told.look()
        told.clock.set(night.replace(hour=7, minute=0))
        told.until_run({"job0": 1})
        told.clock.set(night.replace(hour=7, minute=31))
        told.until_run({"job0": 1})
        told.clock.set(night + timedelta(days=2))
        told.until_run({"job0": 2, "job1": 1})
        told.clock.set(night.replace(hour=8))
        told.until_run({"job0": 2, "job1": 1})
        told.clock.set(night.replace(hour=16, minute=1))
        told.until_run({"job0": 2, "job1": 2})
