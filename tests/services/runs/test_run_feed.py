"""What runs of other processes say arrives on the bus of this one."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.estate import Estate, build_estate
from tests.support.running import backup_elsewhere, desk
from tests.support.tmux import until
from tui_backup.model.event import Ending, Event, Finished, Progressed, Started, Warned
from tui_backup.model.run import RunStatus, Verb
from tui_backup.services.bus import EventBus
from tui_backup.services.runs.current import cancel
from tui_backup.services.runs.run_feed import LINES, RunFeed
from tui_backup.services.runs.run_scope import run_scope
from tui_backup.services.workspace import Workspace


class Listener:
    """A feed that looks when it is told to, and all that it has told."""

    def __init__(self, workspace: Workspace) -> None:
        bus = EventBus()
        self.events: list[Event] = []
        bus.subscribe(self.events.append)
        self.feed = RunFeed(lambda: workspace, bus)
        self.workspace, self.state = workspace, workspace.state_dir

    def heard(self) -> list[Event]:
        """Look; return what was told by that."""
        before = len(self.events)
        self.feed.look()
        return self.events[before:]

    def until_ended(self) -> Finished:
        """Look until something has ended."""
        until(lambda: any(isinstance(event, Ending) for event in self.heard()), lambda: f"nothing ended: {self.events}")
        ending = next(event for event in self.events if isinstance(event, Finished))
        assert isinstance(ending, Finished)
        return ending


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    return build_estate(tmp_path / "e", ["local"])


@pytest.fixture
def listener(estate: Estate) -> Iterator[Listener]:
    with estate.open() as workspace:
        yield Listener(workspace)


def test_a_run_that_begins_is_told_from_its_beginning_to_its_end(listener: Listener) -> None:
    assert listener.heard() == []
    with backup_elsewhere(listener.state) as (_process, run):
        first, *others = listener.heard()
        assert first == Started(run=run, job="site", repository="local")
        assert any(isinstance(event, Warned) for event in others)
        cancel(listener.state, run)
        assert listener.until_ended().status == "cancelled"
    assert listener.heard() == []


def test_a_run_that_was_there_before_is_told_with_how_far_it_is(listener: Listener) -> None:
    with backup_elsewhere(listener.state) as (_process, run):
        log = listener.state / "runs" / run / "events.jsonl"
        until(lambda: b'"progress"' in log.read_bytes(), lambda: "no progress")
        heard = listener.heard()
    assert isinstance(heard[0], Started)
    assert sum(isinstance(event, Progressed) for event in heard) == 1


def test_of_a_long_log_the_last_is_told(listener: Listener) -> None:
    with backup_elsewhere(listener.state) as (_process, run):
        log = listener.state / "runs" / run / "events.jsonl"
        with open(log, "ab") as file:
            file.writelines(
                b'{"type":"warning","run":"%b","path":null,"message":"%d"}\n' % (run.encode(), number)
                for number in range(LINES * 3)
            )
        warned = [event.message for event in listener.heard() if isinstance(event, Warned)]
    assert len(warned) <= LINES * 2
    assert warned[-1] == str(LINES * 3 - 1)
    assert "0" not in warned


def test_a_run_whose_process_dies_ends_as_failed_and_is_recorded_so(listener: Listener) -> None:
    with backup_elsewhere(listener.state) as (process, run):
        listener.heard()
        with desk(listener.state) as elsewhere:
            assert elsewhere.history.runs()[0].status is RunStatus.RUNNING
        process.kill()
        process.wait()
        assert listener.until_ended().status == "failed"
    (row,) = listener.workspace.history.runs()
    assert (row.id, row.status) == (run, RunStatus.FAILED)


def test_a_run_whose_log_is_gone_silences_no_other(listener: Listener) -> None:
    listener.heard()
    with backup_elsewhere(listener.state) as (_process, gone):
        listener.heard()
        (listener.state / "runs" / gone / "events.jsonl").unlink()
        with backup_elsewhere(listener.state, "other") as (_another, run):
            cancel(listener.state, run)
            assert listener.until_ended().run == run


def test_what_ends_between_two_looks_is_told(listener: Listener, estate: Estate) -> None:
    listener.heard()
    assert estate.installation.call("run", "site").code == 0
    assert [event.status for event in listener.heard() if isinstance(event, Finished)] == ["ok"]


def test_what_ended_before_the_first_look_is_not_told(listener: Listener, estate: Estate) -> None:
    assert estate.installation.call("run", "site").code == 0
    assert listener.heard() == []


def test_runs_of_this_process_are_not_told_twice(listener: Listener) -> None:
    listener.heard()
    with desk(listener.state) as here, run_scope(here, verb=Verb.BACKUP, job="site", repository="local") as scope:
        assert listener.heard() == []
        scope.finish(Finished(run=scope.run_id, job="site", repository="local", status="ok"))
    assert listener.heard() == []


def test_it_goes_on_where_a_log_cannot_be_read(listener: Listener) -> None:
    with backup_elsewhere(listener.state) as (_process, run):
        os.rename(listener.state / "runs" / run / "events.jsonl", listener.state / "runs" / run / "elsewhere")
        assert listener.heard() == []
        with backup_elsewhere(listener.state, "mail"):
            assert isinstance(listener.heard()[0], Started)
