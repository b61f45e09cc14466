"""Many things due at once, in several processes, of which some are killed: each job runs exactly once more."""

import os
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.estate import Estate, build_estate, job_text
from tests.support.killing import Moment
from tests.support.programs import ended
from tests.support.servers.daemons import until
from tests.support.victims import Doom, slay
from tui_backup.history.history import History
from tui_backup.model.run import RunStatus
from tui_backup.services.runs.current import list_runs

ROOT = Path(__file__).parent.parent.parent
EVERY_YEAR = 'schedule = "0 0 1 1 *"\n'
MANY = 50
FEW = 2


def scheduled(directory: Path, jobs: int) -> Estate:
    """Make an estate with so many jobs, each of which is due."""
    estate = build_estate(directory)
    config = estate.directory / "config.toml"
    text = config.read_text().partition("[jobs.")[0]
    names = [f"job{number:02}" for number in range(jobs)]
    config.write_text(text + "".join(job_text(name, ("local",)) + EVERY_YEAR for name in names))
    said = estate.installation.call("--run-scheduled")
    assert (said.code, said.out, said.err) == (0, "", "")
    set_back(estate)
    return estate


def set_back(estate: Estate) -> None:
    """Have every job be configured since two years ago, by the record."""
    with closing(sqlite3.connect(estate.directory / "state" / "history.db", isolation_level=None)) as connection:
        connection.execute("UPDATE triggers SET first_seen = '2024-06-01T00:00:00.000000+00:00'")


def snapshots(estate: Estate) -> Counter[str | None]:
    """Return how many snapshots there are of each job."""
    return Counter(snapshot.job for snapshot in estate.held("local"))


def test_fifty_jobs_and_two_processes_in_the_same_second(tmp_path: Path) -> None:
    estate = scheduled(tmp_path / "estate", MANY)
    both = [estate.installation.start("-v", "--run-scheduled") for _process in range(2)]
    said = [ended(process) for process in both]
    assert [each.code for each in said] == [0, 0]
    assert any("already in hand elsewhere: job" in each.err for each in said)
    assert set(snapshots(estate).values()) == {1}
    assert len(snapshots(estate)) == MANY
    assert estate.installation.call("--run-scheduled").err == ""
    assert sum(snapshots(estate).values()) == MANY


STEPS = [
    ("tui_backup.services.unattended.claims", "Claim.take", "after", 2),
    ("tui_backup.services.unattended.claims", "Claim.note", "before", 1),
    ("tui_backup.services.unattended.claims", "Claim.note", "after", 1),
    ("tui_backup.services.unattended.errands", "run_jobs", "before", 2),
    ("tui_backup.services.unattended.errands", "run_jobs", "after", 2),
    ("tui_backup.history.history", "History.note_moment", "before", 2),
    ("tui_backup.history.history", "History.note_moment", "after", 2),
    ("tui_backup.services.unattended.claims", "Claim.note", "after", 4),
]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: "-".join(map(str, step[1:])))
def test_whoever_comes_next_goes_on_where_one_was_killed(tmp_path: Path, step: tuple[str, str, str, int]) -> None:
    estate = scheduled(tmp_path / "estate", FEW)
    before, killed = snapshots(estate), _killed(estate, *step)
    assert killed == -9
    during = snapshots(estate) - before
    said = estate.installation.call("--run-scheduled")
    assert (said.code, said.out, said.err) == (0, "", "")
    total = snapshots(estate)
    assert set(total) == {f"job{number:02}" for number in range(FEW)}
    repeated = {job: total[job] - during[job] for job in total}
    assert all(count in {0, 1} for count in repeated.values())
    assert sum(total.values()) <= FEW + 1
    assert estate.installation.call("--run-scheduled").err == ""
    assert snapshots(estate) == total
    assert estate.installation.locks() == []


def test_one_of_two_is_killed_and_the_other_goes_on(tmp_path: Path) -> None:
    estate = scheduled(tmp_path / "estate", 2 * FEW)
    other = estate.installation.start("--run-scheduled")
    _killed(estate, "tui_backup.services.unattended.errands", "run_jobs", "before", 1)
    assert ended(other) == (0, "", "")
    assert estate.installation.call("--run-scheduled") == (0, "", "")
    assert snapshots(estate) == dict.fromkeys((f"job{number:02}" for number in range(2 * FEW)), 1)
    assert estate.installation.call("--run-scheduled") == (0, "", "")
    assert set(snapshots(estate).values()) == {1}


def _killed(estate: Estate, module: str, name: str, when: str, number: int) -> int:
    arguments = [module, name, when, str(number), "-c", str(estate.directory / "config.toml"), "--run-scheduled"]
    command = [sys.executable, "-m", "tests.support.deadly", *arguments]
    return subprocess.run(command, cwd=ROOT, env=dict(os.environ), start_new_session=True, check=False).returncode


@pytest.mark.parametrize("what", ["put data", "put snapshots", "delete locks"])
def test_a_death_in_the_midst_of_a_backup_is_made_good_for_once(tmp_path: Path, what: str) -> None:
    estate = scheduled(tmp_path / "estate", FEW)
    doom = Doom(Moment.BEFORE, 1, what=f"owner {what}")
    assert slay(estate.installation, doom, "--run-scheduled").was_killed
    assert estate.installation.call("--run-scheduled").code == 0
    assert set(snapshots(estate)) == {f"job{number:02}" for number in range(FEW)}
    total = sum(snapshots(estate).values())
    assert total in {FEW, FEW + 1}
    assert estate.installation.call("--run-scheduled").code == 0
    assert sum(snapshots(estate).values()) == total
    assert estate.installation.locks() == []


def test_what_dies_each_time_is_tried_twice_and_then_told(tmp_path: Path) -> None:
    estate = scheduled(tmp_path / "estate", 1)
    for _attempt in range(2):
        assert _killed(estate, "tui_backup.services.runs.run_scope", "RunScope.admit", "after", 1) == -9
    said = estate.installation.call("--run-scheduled")
    assert said.code == 1
    assert said.err.startswith("tui-backup: error: job00: what was due at ")
    assert estate.installation.call("--run-scheduled").err == ""
    assert snapshots(estate) == Counter()


def test_a_death_before_its_time_or_turn_has_come_is_no_failure(tmp_path: Path) -> None:
    estate = scheduled(tmp_path / "estate", 1)
    config = estate.directory / "config.toml"
    config.write_text(config.read_text().replace(EVERY_YEAR, f'{EVERY_YEAR}delay = "300d"\n'))
    process = estate.installation.start("--run-scheduled")
    until(lambda: any(run.waiting for run in list_runs(estate.directory / "state")), lambda: "nobody waits")
    process.kill()
    process.communicate()
    config.write_text(config.read_text().replace("300d", "1s"))
    assert estate.installation.call("--run-scheduled") == (0, "", "")
    assert snapshots(estate) == {"job00": 1}
    with History.open(estate.directory / "state") as history:
        assert [run.status for run in history.runs()] == [RunStatus.OK]


def test_a_daemon_that_is_killed_in_the_midst_of_a_backup_leaves_it_to_the_next(tmp_path: Path) -> None:
    estate = scheduled(tmp_path / "estate", 1)
    stopped, config = tmp_path / "stopped", estate.directory / "config.toml"
    stop = f'stop = [{{ stop = ["touch", "{stopped}"], start = ["rm", "{stopped}"] }}]\n'
    config.write_text(config.read_text().replace(EVERY_YEAR, EVERY_YEAR + stop))
    large = estate.source / "large"
    with large.open("wb") as file:
        file.truncate(3 << 30)
    killed = estate.installation.start("daemon")
    until(stopped.exists, lambda: "nothing is stopped")
    killed.kill()
    killed.communicate()
    assert (stopped.exists(), snapshots(estate)) == (True, Counter())
    os.truncate(large, 0)
    again = estate.installation.start("daemon")
    until(lambda: snapshots(estate) == {"job00": 1}, lambda: str(snapshots(estate)))
    again.terminate()
    said = ended(again)
    assert (said.code, stopped.exists(), estate.installation.locks()) == (0, False, [])
    assert "was left stopped by a run that died; it runs again" in said.err
    assert snapshots(estate) == {"job00": 1}
    with History.open(estate.directory / "state") as history:
        assert [run.status for run in history.runs()] == [RunStatus.OK, RunStatus.FAILED]
