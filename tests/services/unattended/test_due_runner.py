"""What is due is run as long as somebody leaves that on; with cron beside it, each thing once."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import SimpleQueue
from threading import Barrier, Thread
from threading import enumerate as enumerate_threads

import pytest

from tests.support.estate import Estate, build_estate
from tests.support.servers.daemons import until
from tui_backup.errors import Cancelled
from tui_backup.model.run import Verb
from tui_backup.services.bus import EventBus
from tui_backup.services.launches import Launch, Launches
from tui_backup.services.runs.current import cancel, list_runs
from tui_backup.services.unattended import scheduling
from tui_backup.services.unattended.due_runner import DueRunner

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
TOMORROW = NOON + timedelta(days=1)

Build = Callable[[str], Estate]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Make an estate whose job says more, and which was seen at noon."""

    def build(keys: str) -> Estate:
        estate = build_estate(tmp_path / "estate", ["local"])
        path = estate.directory / "config.toml"
        path.write_text('timezone = "UTC"\n' + path.read_text() + keys + "\n")
        assert cron(estate, NOON) == 0
        return estate

    return build


def cron(estate: Estate, time: datetime) -> int:
    """Do what a call of `--run-scheduled` does at a time; return how many things it has done."""
    with estate.open() as workspace:
        return len(list(scheduling.run_due(workspace, lambda _jobs: None, lambda: time)))


class Attended:
    """A due runner, and what it told."""

    def __init__(self, estate: Estate, time: datetime) -> None:
        self.launches = Launches(EventBus())
        self.ended = SimpleQueue[Launch]()
        self.troubles: list[str] = []
        with estate.open() as workspace:
            config = workspace.config
        self.looked = False

        def clock() -> datetime:
            self.looked = True
            return time

        self.runner = DueRunner(lambda: config, self.launches, self.ended.put, self.troubles.append, clock)


@contextmanager
def attended(estate: Estate, time: datetime) -> Iterator[Attended]:
    beside = Attended(estate, time)
    beside.runner.start()
    try:
        yield beside
    finally:
        until(lambda: beside.looked, lambda: "nobody has looked at what is due")
        beside.runner.stop()
        for thread in enumerate_threads():
            if thread.name in {"due runner", "tend"}:
                thread.join()
        beside.launches.wait()


def verbs(estate: Estate) -> list[Verb]:
    with estate.open() as workspace:
        return [run.verb for run in workspace.history.runs()]


def test_what_is_due_is_a_launch_and_happens_once(build: Build) -> None:
    estate = build('schedule = "0 2 * * *"\nverify = "0 3 * * *"')
    with attended(estate, TOMORROW) as beside:
        launch = beside.ended.get(timeout=60)
        assert launch.title == "Scheduled run of site"
        assert launch.error is None
        assert [each.status for each in launch.endings] == ["ok", "ok"]
        assert beside.runner.is_on
    assert not beside.runner.is_on
    assert beside.troubles == []
    assert sorted(verbs(estate)) == [Verb.BACKUP, Verb.VERIFY]
    assert cron(estate, TOMORROW) == 0


def test_nothing_is_launched_where_nothing_is_due_or_its_requirements_are_not_met(build: Build, tmp_path: Path) -> None:
    estate = build(f'schedule = "0 2 * * *"\nrequire = ["path:{tmp_path}/usb"]')
    for time in (NOON, TOMORROW):
        with attended(estate, time) as beside:
            pass
        assert beside.ended.empty()
        with estate.open() as workspace:
            assert workspace.history.lookout.sightings().schedules_at == time
    assert verbs(estate) == []


def test_beside_cron_each_moment_is_run_by_one_of_both(build: Build) -> None:
    estate = build('schedule = "*/15 * * * *"')
    done: list[int] = []
    for hour in range(3):
        time, barrier = TOMORROW + timedelta(hours=hour), Barrier(2)

        def call(time: datetime = time, barrier: Barrier = barrier) -> None:
            barrier.wait()
            done.append(cron(estate, time))

        other = Thread(target=call)
        other.start()
        barrier.wait()
        with attended(estate, time):
            other.join()
        assert len(verbs(estate)) == hour + 1
    assert len(done) == 3


def test_one_run_is_cancelled_and_not_tried_again_the_launch_cancelled_and_still_due(build: Build) -> None:
    estate = build('schedule = "0 2 * * *"\ndelay = "2d"')
    with attended(estate, TOMORROW) as beside, estate.open() as workspace:
        until(lambda: bool(list_runs(workspace.state_dir)), lambda: "no run has begun")
        beside.runner.stop()
        (launch,) = beside.launches.going_on
        assert launch.is_shared
        launch.cancel()
        result = beside.ended.get(timeout=60).result
        assert isinstance(result, list)
        assert [type(trouble.error) for ended in result for trouble in ended.troubles] == [Cancelled]
    with attended(estate, TOMORROW) as beside, estate.open() as workspace:
        until(lambda: bool(list_runs(workspace.state_dir)), lambda: "no run has begun")
        cancel(workspace.state_dir, list_runs(workspace.state_dir)[0].run)
        beside.ended.get(timeout=60)
    assert cron(estate, TOMORROW) == 0


def test_a_state_that_cannot_be_used_is_told_once(build: Build) -> None:
    estate = build('schedule = "0 2 * * *"')
    with estate.open() as workspace:
        claims = workspace.state_dir / "schedule"
    shutil.rmtree(claims, ignore_errors=True)
    claims.write_text("no directory")
    with attended(estate, TOMORROW) as beside:
        beside.ended.get(timeout=60)
    assert [trouble.partition(":")[0] for trouble in beside.troubles] == ["nothing that is scheduled can be run"]
