"""Processes that carry out what is due are killed at random: during the claim, a hook, a standstill, a copy, a notice.

What is to hold does not depend on the moment. `SEEDS=100-200 pytest` plays other games than the usual.
"""

import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.faults.test_killed_schedule import set_back
from tests.support.estate import Estate, build_estate, job_text
from tests.support.programs import Said, ended
from tests.support.services import Services, build_services

JOBS = ("one", "two", "three", "four")
REPOSITORIES = ("local", "offsite")
UNATTENDED = """
schedule = "0 0 1 1 *"
before = [["sh", "-c", "echo before $TUI_BACKUP_JOB >> told"]]
after = [["sh", "-c", "echo after $TUI_BACKUP_JOB >> told"]]
stop = ["systemd:app.service", "systemd:off.service", "docker:db",
        { stop = ["app", "stop"], start = ["app", "start"], status = ["app", "status"] }]
"""
NOTIFIER = """
[notifiers.log]
kind = "command"
command = ["sh", "-c", "echo notice $TUI_BACKUP_EVENT $TUI_BACKUP_BACKUP_NAME >> told"]
on = ["success", "failure", "recovery"]
"""


def seeds() -> range:
    first, _dash, last = os.environ.get("SEEDS", "1-6").partition("-")
    return range(int(first), int(last) + 1)


class Base(NamedTuple):
    """What every game begins with."""

    estate: Estate
    takes_s: float
    """How long it takes where nobody is killed."""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    """An estate whose jobs are all due."""
    directory = tmp_path_factory.mktemp("killed")
    estate = build_estate(directory / "estate", REPOSITORIES)
    config = estate.directory / "config.toml"
    text = config.read_text().partition("[jobs.")[0]
    jobs = "".join(job_text(job, REPOSITORIES) + UNATTENDED for job in JOBS)
    config.write_text(text + jobs + NOTIFIER)
    services = build_services(estate.directory / "machine", "machine")
    services.unit("app.service", "active")
    services.unit("off.service", "inactive")
    services.container("db", "running")
    assert call(estate) == (0, "", "")
    set_back(estate)
    unharmed = copied(estate, directory / "unharmed")
    began = time.monotonic()
    assert call(unharmed) == (0, "", "")
    takes_s = time.monotonic() - began
    assert_all_is_well(unharmed, deaths=0, given_up=[])
    return Base(estate, takes_s)


@pytest.mark.parametrize("seed", seeds())
def test_whenever_they_are_killed_what_comes_next_makes_it_good(base: Base, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    estate = copied(base.estate, tmp_path / "estate")
    processes = [start(estate) for _each in range(chance.choice([1, 2]))]
    deaths = 0
    for process in processes[: chance.choice([1, 1, 2])]:
        with suppress(subprocess.TimeoutExpired):
            process.wait(chance.uniform(0, base.takes_s))
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        deaths += process.wait() == -signal.SIGKILL
    said = [ended(process) for process in processes]
    assert all(each.code in {0, -signal.SIGKILL} for each in said), said
    last = call(estate)
    given_up = [job for job in JOBS if f"error: {job}: what was due at " in last.err]
    assert last.code == (1 if given_up else 0), last
    assert len(given_up) <= max(0, deaths - 1), last
    assert_all_is_well(estate, deaths, given_up)


def assert_all_is_well(estate: Estate, deaths: int, given_up: list[str]) -> None:
    """Each job was run once, or once more for each death; nothing is stopped, locked, lacking, or to be told.

    What was given up, as two have died over it, was told; its copies come with its next run.
    """
    held = {name: estate.held(name) for name in REPOSITORIES}
    counts = Counter(snapshot.job for snapshot in held["local"])
    assert counts.keys() >= set(JOBS) - set(given_up)
    assert sum(counts.values()) <= len(JOBS) + deaths
    copied = [{each.identity for each in held[name] if each.job not in given_up} for name in REPOSITORIES]
    assert copied[0] == copied[1]
    assert_nothing_is_stopped(estate)
    assert_nobody_is_at_work(estate)
    told = Counter((estate.directory / "told").read_text().splitlines())
    for job in set(JOBS) - set(given_up):
        assert told[f"before {job}"] >= 1
        assert told[f"after {job}"] >= 1
        assert 1 <= told[f"notice backup_completed {job}"] <= 1 + 2 * deaths
    for name in REPOSITORIES:
        estate.restic(name).check()
    assert call(estate) == (0, "", "")
    assert Counter(snapshot.job for snapshot in estate.held("local")) == counts
    assert Counter((estate.directory / "told").read_text().splitlines()) == told


def assert_nothing_is_stopped(estate: Estate) -> None:
    services = Services(estate.directory / "machine")
    assert (services.unit("app.service"), services.container("db"), services.app_runs) == ("active", "running", True)
    assert services.unit("off.service") == "inactive"
    assert list((estate.directory / "state" / "standstill").glob("*.json")) == []


def assert_nobody_is_at_work(estate: Estate) -> None:
    locks = [path for name in REPOSITORIES for path in (estate.directory / name / "locks").iterdir()]
    assert [path for path in locks if "-tmp-" not in path.name] == []
    assert estate.installation.call("runs", "--json").out.strip() == "[]"


def copied(estate: Estate, directory: Path) -> Estate:
    shutil.copytree(estate.directory, directory, ignore=shutil.ignore_patterns("control.sock"))
    return Estate(directory, estate.names)


def start(estate: Estate) -> "subprocess.Popen[str]":
    """Start `--run-scheduled` where the programs of the pretended machine are found."""
    services = Services(estate.directory / "machine")
    return estate.installation.start("--run-scheduled", environment={"PATH": services.path})


def call(estate: Estate) -> Said:
    with start(estate) as process:
        return ended(process)
