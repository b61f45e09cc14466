"""Runs are seen, followed and stopped from other processes, and outlived."""

import os
import signal
import subprocess
import time
from pathlib import Path
from threading import Barrier, Thread

import pytest

from tests.support.running import backup_elsewhere, desk
from tui_backup.errors import BackupError, Locked
from tui_backup.model.event import Event, Finished, Progressed, Started, Warned
from tui_backup.model.run import RunStatus, Verb
from tui_backup.services.runs import current as runs
from tui_backup.services.runs import run_directory
from tui_backup.services.runs.event_log import EventLog, endings
from tui_backup.services.runs.reaper import reap
from tui_backup.services.runs.run_scope import run_scope


def ended(run: str, status: str = "ok") -> Finished:
    return Finished(run=run, job="site", repository="local", status=status)


def wait(process: "subprocess.Popen[str]") -> int:
    return process.wait(timeout=5)


def test_a_run_of_another_process_is_listed(tmp_path: Path) -> None:
    with backup_elsewhere(tmp_path) as (process, run):
        (found,) = runs.list_runs(tmp_path)
        assert (found.run, found.job, found.repository, found.pid) == (run, "site", "local", process.pid)


def test_a_job_runs_once_at_a_time(tmp_path: Path) -> None:
    with backup_elsewhere(tmp_path) as (process, run), desk(tmp_path) as here:
        with pytest.raises(Locked, match=rf"job site is already running \(pid {process.pid}, since ") as caught:
            run_scope(here, verb=Verb.BACKUP, job="site").__enter__()
        assert caught.value.hint is not None
        assert run in caught.value.hint
        with run_scope(here, verb=Verb.BACKUP, job="mail", repository="local") as other:
            other.finish(ended(other.run_id))


def test_of_two_processes_that_race_for_a_job_one_wins(tmp_path: Path) -> None:
    with backup_elsewhere(tmp_path) as (one, first), backup_elsewhere(tmp_path) as (two, second):
        assert sorted(map(bool, (first, second))) == [False, True]
        assert wait(two if first else one) == 1


def test_a_killed_run_is_failed_and_its_job_is_free(tmp_path: Path) -> None:
    with backup_elsewhere(tmp_path) as (process, run), desk(tmp_path) as here:
        process.kill()
        wait(process)
        assert runs.list_runs(tmp_path) == []
        reap(tmp_path, here.history, here.log)
        (row,) = here.history.runs()
        assert (row.id, row.status, row.message) == (run, RunStatus.FAILED, "the process ended without a result")
        assert row.warnings == 1
        assert (
            f'run={run} verb=run job=site repository=local result=failed reason="the process'
            in here.log.path.read_text()
        )
        with run_scope(here, verb=Verb.BACKUP, job="site", repository="local") as scope:
            scope.finish(ended(scope.run_id))
        assert here.history.last_success("site") is not None


def test_a_result_that_the_history_missed_is_taken_from_the_log(tmp_path: Path) -> None:
    with backup_elsewhere(tmp_path) as (process, run), desk(tmp_path) as here:
        process.kill()
        wait(process)
        EventLog(tmp_path / "runs" / run / "events.jsonl").append(ended(run))
        reap(tmp_path, here.history, here.log)
        assert here.history.runs()[0].status is RunStatus.OK


def test_of_several_who_find_a_run_dead_one_says_so(tmp_path: Path) -> None:
    with backup_elsewhere(tmp_path) as (process, run), desk(tmp_path) as here:
        process.kill()
        wait(process)
        together = Barrier(4)

        def look() -> None:
            with desk(tmp_path) as other:
                together.wait()
                reap(tmp_path, other.history, other.log)

        threads = [Thread(target=look) for _each in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert here.log.path.read_text().count("result=failed") == 1
        assert len(endings(tmp_path / "runs" / run / "events.jsonl")) == 1


@pytest.mark.parametrize("way", ["socket", "SIGINT", "SIGTERM"])
def test_a_run_ends_within_a_second_of_being_cancelled(tmp_path: Path, way: str) -> None:
    with backup_elsewhere(tmp_path) as (process, run), desk(tmp_path) as here:
        begun = time.monotonic()
        if way == "socket":
            assert runs.cancel(tmp_path, run[:-2]) == run
        else:
            os.kill(process.pid, signal.Signals[way])
        wait(process)
        assert time.monotonic() - begun < 1
        assert here.history.runs()[0].status is RunStatus.CANCELLED


def test_attach_sees_every_event_of_another_process(tmp_path: Path) -> None:
    with backup_elsewhere(tmp_path) as (_process, run):
        seen: list[Event] = []
        for event in runs.attach(tmp_path, run):
            if isinstance(event, Progressed) and not any(isinstance(each, Progressed) for each in seen):
                runs.cancel(tmp_path, run)
            seen.append(event)
        assert isinstance(seen[0], Started)
        assert seen[1] == Warned(run=run, path="/srv/\ufffd", message="denied", path_b64="L3Nydi//")
        assert isinstance(seen[-1], Finished)
        assert seen[-1].status == "cancelled"
        assert list(runs.attach(tmp_path, run)) == seen


def test_attach_ends_when_the_owner_is_killed(tmp_path: Path) -> None:
    with backup_elsewhere(tmp_path) as (process, run):
        following = runs.attach(tmp_path, run)
        next(following)
        process.kill()
        wait(process)
        *_rest, last = following
        assert isinstance(last, Finished)
        assert (last.status, last.message) == ("failed", "the process ended without a result")


def test_a_socket_works_in_a_long_path(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a-directory-with-a-long-name"] * 8)
    with backup_elsewhere(deep) as (process, run):
        runs.cancel(deep, run)
        assert wait(process) == 1


def test_a_run_that_ended_cannot_be_cancelled(tmp_path: Path) -> None:
    with desk(tmp_path) as here:
        with run_scope(here, verb=Verb.VERIFY, repository="local") as scope:
            pass
        with pytest.raises(BackupError, match="has already ended"):
            runs.cancel(tmp_path, scope.run_id)
    with pytest.raises(BackupError, match="there is no run 2025"):
        runs.cancel(tmp_path, "2025")


def test_a_prefix_that_fits_several_runs_names_them(tmp_path: Path) -> None:
    with desk(tmp_path) as here:
        for _time in range(2):
            with run_scope(here, verb=Verb.VERIFY, repository="local") as scope:
                pass
    with pytest.raises(BackupError, match="several runs begin with 20") as caught:
        runs.attach(tmp_path, "20")
    assert scope.run_id in (caught.value.hint or "")


def test_old_directories_go_and_the_newest_stay(tmp_path: Path) -> None:
    for number in range(60):
        (tmp_path / "runs" / f"20250101T0000{number:02}Z-00000000").mkdir(parents=True)
    run_directory.tidy(tmp_path)
    kept = run_directory.directories(tmp_path)
    assert (len(kept), kept[0].name[13:15]) == (run_directory.KEPT, "10")


def test_a_directory_and_its_files_are_private(tmp_path: Path) -> None:
    with backup_elsewhere(tmp_path) as (_process, run):
        directory = tmp_path / "runs" / run
        assert directory.stat().st_mode & 0o777 == 0o700
        assert {path.name: path.stat().st_mode & 0o777 for path in directory.iterdir()} == {
            "control.sock": 0o600,
            "events.jsonl": 0o600,
            "heartbeat": 0o600,
        }
