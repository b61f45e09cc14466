"""The log of one run, from its directory or from the record."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.estate import Estate, build_estate
from tests.support.running import backup_elsewhere
from tests.support.tmux import until
from tui_backup.errors import BackupError
from tui_backup.model.event import Ending, Event, Finished, Started, Warned
from tui_backup.model.run import Verb
from tui_backup.services.runs.current import cancel
from tui_backup.services.runs.endings import sentence
from tui_backup.services.runs.run_logs import open_log
from tui_backup.services.runs.run_scope import run_scope
from tui_backup.services.workspace import Workspace


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    return build_estate(tmp_path / "e", ["local", "offsite"])


@pytest.fixture
def workspace(estate: Estate) -> Iterator[Workspace]:
    with estate.open() as workspace:
        yield workspace


def shape(events: list[Event]) -> list[tuple[type[Event], str | None]]:
    return [
        (type(event), getattr(event, "repository", None)) for event in events if isinstance(event, Started | Ending)
    ]


def test_what_the_record_keeps_reads_as_the_log_did(workspace: Workspace, estate: Estate) -> None:
    first, *_others = estate.run().events
    log = open_log(workspace, first.run)
    told = log.news()
    assert log.is_over
    assert log.news() == []
    shutil.rmtree(workspace.state_dir / "runs" / first.run)
    kept = open_log(workspace, first.run)
    assert kept.facts == log.facts
    recorded = kept.news()
    assert sorted(shape(recorded), key=str) == sorted(shape(told), key=str)
    endings = [[sentence(event) for event in events if isinstance(event, Ending)] for events in (told, recorded)]
    assert set(endings[0]) == set(endings[1])
    assert kept.is_over


def test_warnings_are_kept_with_their_paths(workspace: Workspace) -> None:
    with run_scope(workspace, verb=Verb.BACKUP, job="site", repository="local") as scope:
        scope.watch.warn(b"/srv/\xff", "denied")
        scope.finish(Finished(run=scope.run_id, job="site", repository="local", status="ok"))
    shutil.rmtree(workspace.state_dir / "runs" / scope.run_id)
    (warned,) = [event for event in open_log(workspace, scope.run_id).news() if isinstance(event, Warned)]
    assert (warned.path, warned.message) == ("/srv/�", "denied")


def test_a_run_that_goes_on_is_read_as_it_grows(workspace: Workspace) -> None:
    with backup_elsewhere(workspace.state_dir) as (_process, run):
        log = open_log(workspace, run)
        assert isinstance(log.news()[0], Started)
        assert not log.is_over
        cancel(workspace.state_dir, run)
        said: list[Event] = []

        def is_over() -> bool:
            said.extend(log.news())
            return log.is_over

        until(is_over, lambda: f"it goes on: {said}")
        assert [event.status for event in said if isinstance(event, Finished)] == ["cancelled"]


def test_a_run_that_nobody_knows(workspace: Workspace) -> None:
    with pytest.raises(BackupError, match="there is no run nothing"):
        open_log(workspace, "nothing")
