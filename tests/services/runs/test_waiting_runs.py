"""A run that waits is there to be seen and cancelled; it has done nothing, and keeps nobody from the job."""

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from tests.support.running import RunDesk, desk
from tests.support.servers.daemons import until
from tui_backup.errors import Cancelled, JobRunning
from tui_backup.model.event import Finished, Started, Waiting
from tui_backup.model.run import RunStatus, Verb
from tui_backup.services.runs.current import attach, cancel, list_runs
from tui_backup.services.runs.run_scope import RunScope, run_scope


@pytest.fixture
def here(tmp_path: Path) -> Iterator[RunDesk]:
    with desk(tmp_path) as here:
        yield here


def backup(here: RunDesk, *, waits: bool = True) -> RunScope:
    scope = run_scope(here, verb=Verb.BACKUP, job="site", repository="local", kind="scheduled")
    scope.is_waiting = waits
    return scope


def tell(scope: RunScope) -> None:
    assert scope.watch.on_wait is not None
    scope.watch.on_wait("begins at noon")


def finish(scope: RunScope) -> None:
    scope.finish(Finished(run=scope.run_id, job="site", repository="local", status="ok"))


def statuses(here: RunDesk) -> list[RunStatus]:
    return [run.status for run in here.history.runs()]


def test_it_is_seen_and_begins_once_it_is_admitted(here: RunDesk) -> None:
    with backup(here) as scope:
        tell(scope)
        (running,) = list_runs(here.state_dir)
        assert (running.run, running.waiting, running.job) == (scope.run_id, "begins at noon", "site")
        assert statuses(here) == []
        scope.admit()
        (row,) = here.history.runs()
        assert (row.status, row.started > running.started) == (RunStatus.RUNNING, True)
        finish(scope)
    assert statuses(here) == [RunStatus.OK]
    told = [type(event) for event in attach(here.state_dir, scope.run_id)]
    assert told == [Started, Waiting, Finished]


def test_somebody_else_may_run_the_job_meanwhile(here: RunDesk) -> None:
    with backup(here) as scope:
        with backup(here, waits=False) as other:
            with pytest.raises(JobRunning):
                scope.admit()
            finish(other)
        scope.admit()
        finish(scope)
    assert statuses(here) == [RunStatus.OK, RunStatus.OK]


def test_where_somebody_runs_the_job_it_does_not_even_wait(here: RunDesk) -> None:
    with backup(here, waits=False) as other:
        with pytest.raises(JobRunning), backup(here):
            pass
        finish(other)
    assert len(list((here.state_dir / "runs").iterdir())) == 1


def test_what_is_refused_in_the_end_leaves_nothing_in_the_record(here: RunDesk) -> None:
    waiting = backup(here)

    def refused() -> None:
        with waiting, backup(here, waits=False) as other:
            finish(other)
            waiting.admit()

    with pytest.raises(JobRunning):
        refused()
    assert statuses(here) == [RunStatus.OK]
    *_told, last = attach(here.state_dir, waiting.run_id)
    assert isinstance(last, Finished)
    assert last.status == "cancelled"


def test_who_cancels_it_finds_that_in_the_record(here: RunDesk) -> None:
    def work() -> None:
        with backup(here) as scope:
            tell(scope)
            scope.rest(3600)

    def cancelled() -> None:
        with pytest.raises(Cancelled):
            work()

    thread = Thread(target=cancelled)
    thread.start()
    until(lambda: any(run.waiting for run in list_runs(here.state_dir)), lambda: "nobody waits")
    (running,) = list_runs(here.state_dir)
    assert cancel(here.state_dir, running.run) == running.run
    thread.join()
    assert statuses(here) == [RunStatus.CANCELLED]
    assert list_runs(here.state_dir) == []


def test_what_ends_with_its_process_leaves_nothing_in_the_record(here: RunDesk) -> None:
    def work() -> None:
        with backup(here) as scope:
            here.cancel.cancel()
            scope.rest(3600)

    with pytest.raises(Cancelled):
        work()
    assert statuses(here) == []
    assert list_runs(here.state_dir) == []


def test_hundreds_of_them_do_not_use_up_what_a_process_may_open(here: RunDesk) -> None:
    def opened() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = opened()
    with backup(here) as first, backup(here) as second:
        assert opened() - before <= 4
        first.admit()
        finish(first)
        finish(second)
