"""What the UI left going on is told to its end."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event as Signal

import pytest

from tests.support.estate import build_estate
from tests.support.tmux import until
from tui_backup.cli.invocation import Invocation
from tui_backup.cli.seeing_off import see_off
from tui_backup.config.load import load_config
from tui_backup.errors import BackupError
from tui_backup.model.event import Event, Finished
from tui_backup.model.run import Verb
from tui_backup.services.bus import EventBus
from tui_backup.services.launches import Launch, Launches
from tui_backup.services.runs.run_scope import RunScope, run_scope
from tui_backup.services.workspace import Workspace

Work = Callable[[RunScope], None]


class Left:
    """What goes on as the UI is left: each does some work once `go_on` is set."""

    def __init__(self, directory: Path) -> None:
        self.config = load_config(str(build_estate(directory, ["local"]).directory / "config.toml"))
        self.bus = EventBus()
        self.events: list[Event] = []
        self.bus.subscribe(self.events.append)
        self.launches = Launches(self.bus)
        self.go_on = Signal()

    def start(self, job: str, work: Work) -> Launch:
        def operation(workspace: Workspace) -> None:
            with run_scope(workspace, verb=Verb.BACKUP, job=job, repository="local") as scope:
                self.go_on.wait(10)
                work(scope)

        launch = self.launches.start(self.config, f"Backup of {job}", operation)
        until(lambda: bool(launch.runs), lambda: "no run")
        return launch

    def see_off(self) -> list[int]:
        launches = self.launches.going_on
        self.go_on.set()
        return see_off(Invocation(), launches, self.bus, self.so_far)

    def so_far(self, run: str) -> list[Event]:
        return [event for event in self.events if event.run == run]


@pytest.fixture
def left(tmp_path: Path) -> Iterator[Left]:
    left = Left(tmp_path / "e")
    yield left
    left.go_on.set()
    left.launches.wait()


def ends(status: str, message: str | None = None) -> Work:
    def work(scope: RunScope) -> None:
        job = scope._header.job
        scope.finish(Finished(run=scope.run_id, job=job, repository="local", status=status, message=message))

    return work


def test_each_of_several_is_told_once(left: Left, capsys: pytest.CaptureFixture[str]) -> None:
    left.start("site", ends("ok"))
    left.start("mail", ends("incomplete"))
    assert sorted(left.see_off()) == [0, 3]
    lines = capsys.readouterr().err.splitlines()
    assert sorted(lines) == ["mail → local: incomplete", "site → local: ok"]


def test_what_ended_in_the_ui_is_not_told_again(left: Left, capsys: pytest.CaptureFixture[str]) -> None:
    waiting = Signal()

    def work(scope: RunScope) -> None:
        ends("ok")(scope)
        waiting.wait(10)
        scope.start("offsite")
        scope.finish(Finished(run=scope.run_id, job="site", repository="offsite", status="failed", message="full"))

    left.start("site", work)
    left.go_on.set()
    until(lambda: any(isinstance(event, Finished) for event in left.events), lambda: "nothing ended")

    def so_far(run: str) -> list[Event]:
        known = left.so_far(run)
        waiting.set()
        return known

    assert sorted(see_off(Invocation(), left.launches.going_on, left.bus, so_far)) == [0, 1]
    assert capsys.readouterr().err.splitlines() == ["site → offsite: failed: full"]


def test_warnings_are_told_and_errors_with_their_hint(left: Left, capsys: pytest.CaptureFixture[str]) -> None:
    def work(scope: RunScope) -> None:
        scope.watch.warn(b"/srv/a", "denied")
        raise BackupError("it does not open", hint="try another key")

    left.start("site", work)
    assert left.see_off() == [1, 1]
    assert capsys.readouterr().err.splitlines() == [
        "tui-backup: warning: /srv/a: denied",
        "site → local: failed: it does not open",
        "tui-backup: error: Backup of site: it does not open",
        "hint: try another key",
    ]


def test_runs_of_others_are_not_told(left: Left, capsys: pytest.CaptureFixture[str]) -> None:
    def work(scope: RunScope) -> None:
        left.bus.publish(Finished(run="another", job="mail", repository="local", status="failed"))
        ends("ok")(scope)

    left.start("site", work)
    assert left.see_off() == [0]
    assert "mail" not in capsys.readouterr().err


def test_nothing_that_goes_on_is_nothing_told(left: Left, capsys: pytest.CaptureFixture[str]) -> None:
    assert left.see_off() == []
    assert capsys.readouterr().err == ""


def test_that_something_takes_long_to_be_cancelled_is_told(left: Left, capsys: pytest.CaptureFixture[str]) -> None:
    told: list[str] = []

    def work(scope: RunScope) -> None:
        until(lambda: "is being cancelled" in "".join(told), lambda: "nothing is told", 10)
        scope.watch.check()

    class Listener(Invocation):
        def say(self, line: str) -> None:
            told.append(line)

    launch = left.start("site", work)
    launch.cancel()
    left.go_on.set()
    assert see_off(Listener(), (launch,), left.bus, left.so_far) == [130, 130]
    assert told == ["Backup of site: is being cancelled"]
    assert capsys.readouterr().err.splitlines() == ["site → local: cancelled"]
