"""Operations that a face starts: in threads and workspaces of their own, heard on one bus."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from threading import Event as Signal

import pytest

from tests.support.gated import Gated, gated
from tests.support.tmux import until
from tui_backup.config.load import load_config
from tui_backup.config.settings import Config
from tui_backup.errors import BackupError, Cancelled
from tui_backup.model.event import Ending, Event, Finished, Started
from tui_backup.model.run import Verb
from tui_backup.primitives.cancel import CancelToken
from tui_backup.services.backup.backups import back_up
from tui_backup.services.bus import EventBus
from tui_backup.services.launches import Launches
from tui_backup.services.runs.run_scope import run_scope
from tui_backup.services.workspace import Workspace


class Scene:
    """Launches over a job, and everything that their bus has carried."""

    def __init__(self, job: Gated) -> None:
        self.job = job
        self.events: list[Event] = []
        bus = EventBus()
        bus.subscribe(self.events.append)
        self.launches = Launches(bus)

    @property
    def config(self) -> Config:
        return load_config(str(self.job.config))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with gated(tmp_path / "e") as job:
        scene = Scene(job)
        yield scene
        job.release()
        scene.launches.wait()


def test_it_knows_its_runs_and_how_they_ended(scene: Scene) -> None:
    launch = scene.launches.start(scene.config, "back up", lambda workspace: back_up(workspace, "site"))
    until(lambda: bool(launch.runs), lambda: "no run")
    assert scene.launches.of_run(launch.runs[0]) is launch
    assert scene.launches.of_run("another") is None
    scene.job.release()
    assert launch.ended.wait(10)
    assert [ending.status for ending in launch.endings] == ["ok"]
    assert launch.error is None
    assert [event for event in scene.events if isinstance(event, Ending)] == list(launch.endings)
    assert scene.launches.of_run(launch.runs[0]) is None


def test_a_run_is_cancelled_though_the_state_cannot_be_written(scene: Scene) -> None:
    """Where there is no run directory there is no socket to ask on."""
    began = Signal()

    def operation(workspace: Workspace) -> None:
        with run_scope(workspace, verb=Verb.BACKUP, job="site", repository="local") as scope:
            began.set()
            scope.watch.cancel.wait(10)
            scope.watch.check()

    (scene.job.estate.directory / "state").mkdir()
    (scene.job.estate.directory / "state" / "runs").write_text("in the way")
    launch = scene.launches.start(scene.config, "back up", operation)
    assert began.wait(10)
    launch.cancel()
    assert launch.ended.wait(10)
    assert isinstance(launch.error, Cancelled)
    assert [ending.status for ending in launch.endings] == ["cancelled"]


def test_what_is_cancelled_at_once_never_begins_its_work(scene: Scene) -> None:
    launch = scene.launches.start(scene.config, "back up", lambda workspace: back_up(workspace, "site"))
    launch.cancel()
    scene.job.release()
    assert launch.ended.wait(10)
    assert isinstance(launch.error, Cancelled)
    assert scene.job.statuses in (["cancelled"], [])


def test_several_run_at_once_and_are_told_apart(scene: Scene) -> None:
    both = [Signal(), Signal()]

    def operation(number: int, workspace: Workspace) -> None:
        with run_scope(workspace, verb=Verb.VERIFY, repository="local") as scope:
            both[number].set()
            both[1 - number].wait(10)
            scope.finish(Finished(run=scope.run_id, job=None, repository="local", status=["ok", "failed"][number]))

    launches = [scene.launches.start(scene.config, "verify", partial(operation, number)) for number in range(2)]
    assert scene.launches.wait(10)
    assert [[ending.status for ending in launch.endings] for launch in launches] == [["ok"], ["failed"]]
    assert sum(isinstance(event, Started) for event in scene.events) == 2


def test_an_error_before_a_run_is_the_error_of_the_launch(scene: Scene) -> None:
    heard = Signal()
    launch = scene.launches.start(
        scene.config, "back up", lambda workspace: back_up(workspace, "nothing"), lambda _launch: heard.set()
    )
    assert heard.wait(10)
    assert isinstance(launch.error, BackupError)
    assert "there is no job 'nothing'" in launch.error.message
    assert launch.runs == ()


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_in_closing_is_told_like_any_other(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def operation(workspace: Workspace) -> None:
        close = workspace.history.close

        def fail() -> None:
            close()
            raise OSError("gone")

        monkeypatch.setattr(workspace.history, "close", fail)

    launch = scene.launches.start(scene.config, "look", operation)
    assert launch.ended.wait(10)
    assert launch.error is not None
    assert launch.error.message == "unexpected error: OSError: gone"


def test_a_token_follows_another_from_then_on_or_at_once() -> None:
    one, other, late = CancelToken(), CancelToken(), CancelToken()
    other.follow(one)
    one.cancel()
    late.follow(one)
    assert other.cancelled
    assert late.cancelled
    assert other.wait(0)


def test_a_token_does_not_cancel_what_it_follows() -> None:
    one, other = CancelToken(), CancelToken()
    other.follow(one)
    other.cancel()
    assert not one.cancelled
