"""What a backup stops runs again afterwards; what did not run before does not."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from tests.services.programs.test_hooks import Hooked
from tests.support.estate import Ran, build_estate, run_in
from tests.support.mounts import read_only
from tests.support.processes import ended_pid
from tests.support.services import Services, build_services
from tui_backup.errors import Cancelled, HookFailed
from tui_backup.model.event import Output, Started, Warned
from tui_backup.model.hook import Stoppable
from tui_backup.model.trouble import TroubleKind
from tui_backup.primitives.cancel import CancelToken
from tui_backup.primitives.clock import now
from tui_backup.primitives.processes import this_process
from tui_backup.services.alerts.acknowledging import acknowledge
from tui_backup.services.programs import left_stopped, standstill
from tui_backup.services.programs.beside import Beside
from tui_backup.services.programs.standstill import Record, Stopped, records
from tui_backup.services.status.overview import report
from tui_backup.sources.files import FilesSource

APP = "systemd:app.service"


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    made = build_services(tmp_path / "machine")
    monkeypatch.setenv("PATH", made.path)
    made.unit("app.service", "active")
    made.unit("other.service", "active")
    made.container("db", "running")
    return made


@pytest.fixture
def estate(tmp_path: Path) -> Hooked:
    return Hooked(*build_estate(tmp_path / "estate", ["local"]))


def note(services: Services, estate: Hooked) -> list[str]:
    """Return a program that notes, when it is called, what runs."""
    states = f"cat {services.directory}/units/app.service {services.directory}/containers/db"
    return ["sh", "-c", f"{states} | xargs >> {estate.directory}/noted"]


def noted(estate: Hooked) -> list[str]:
    return (estate.directory / "noted").read_text().splitlines()


def state(estate: Hooked) -> Path:
    return estate.directory / "state"


def problems(estate: Hooked) -> list[str]:
    with estate.open() as workspace:
        status = report(workspace.config, workspace.history, workspace.state_dir, now())
    return [each.message for each in status.problems if each.kind is TroubleKind.STOPPED]


def leave(estate: Hooked, *stopped: Stopped, run: str = "20260101T000000Z-0badcafe") -> None:
    """Leave what a run that died has stopped."""
    owner = msgspec.structs.replace(this_process(), pid=ended_pid())
    (state(estate) / "standstill").mkdir(parents=True, exist_ok=True)
    (state(estate) / "standstill" / f"{run}.json").write_bytes(
        msgspec.json.encode(Record(run=run, job="site", since=now(), owner=owner, stopped=stopped))
    )


def unit(name: str = "app.service") -> Stoppable:
    return Stoppable(kind="systemd", name=name)


def test_it_stands_still_while_it_is_read_and_runs_before_copies_are_made(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    estate = Hooked(*build_estate(tmp_path / "estate", ["local", "offsite"]))
    estate.give(stop=[APP, "docker:db"], before=[note(services, estate)], after=[note(services, estate)])
    seen = dict[str, str]()

    def look(event: object) -> None:
        if isinstance(event, Started):
            seen[event.repository or ""] = services.unit("app.service")

    with estate.open() as workspace:
        workspace.bus.subscribe(look)
        ran = run_in(workspace)
    assert ran.errors == []
    assert seen == {"local": "active", "offsite": "active"}
    assert noted(estate) == ["active running", "active running"]
    assert services.calls == [
        "systemctl stop app.service",
        "docker stop db",
        "docker start db",
        "systemctl start app.service",
    ]
    assert records(state(estate)) == []


def test_it_stands_still_when_the_first_byte_is_read(services: Services, estate: Hooked) -> None:
    estate.give(stop=[APP])
    during = list[str]()

    def look() -> None:
        during.append(services.unit("app.service"))

    with reading(estate, look):
        assert estate.run().errors == []
    assert set(during) == {"inactive"}


@contextmanager
def reading(estate: Hooked, look: Callable[[], None]) -> Iterator[None]:
    """Have a look before the first entry of a source is there, and after the last."""
    entries = FilesSource.entries

    def spied(self: FilesSource, *arguments: object) -> Iterator[object]:
        look()
        yield from entries(self, *arguments)  # type: ignore[arg-type]  # passed on as they came
        look()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FilesSource, "entries", spied)
        yield


def test_what_stood_still_before_stays_so(services: Services, estate: Hooked) -> None:
    services.unit("app.service", "inactive")
    services.container("db", "paused")
    (services.directory / "app-runs").unlink()
    app = {name: [services.app, name] for name in ("stop", "start", "status")}
    estate.give(stop=[APP, "docker:db", app, "systemd:other.service"])
    assert estate.run().errors == []
    assert services.calls == ["systemctl stop other.service", "systemctl start other.service"]
    assert (services.unit("app.service"), services.container("db"), services.app_runs) == ("inactive", "paused", False)


@pytest.mark.parametrize("asked", [True, False])
def test_commands_stop_and_start(services: Services, estate: Hooked, asked: bool) -> None:
    words = ("stop", "start", *(("status",) if asked else ()))
    estate.give(stop=[{name: [services.app, name] for name in words}])
    assert estate.run().errors == []
    assert services.calls == ["app stop", "app start"]
    assert services.app_runs


@pytest.mark.parametrize("name", ["systemd:typo.service", "docker:typo"])
def test_what_is_not_there_fails_the_run_before_anything_is_stopped(
    services: Services, estate: Hooked, name: str
) -> None:
    estate.give(stop=[APP, name])
    ran = estate.run()
    assert ran.errors == [HookFailed]
    assert "typo" in str(ran.outcome.error)
    assert services.calls == []
    assert estate.held("local") == []


def test_what_cannot_be_stopped_fails_the_run_and_all_runs_again(services: Services, estate: Hooked) -> None:
    services.refuse("docker stop db")
    estate.give(stop=[APP, "docker:db", "systemd:other.service"])
    ran = estate.run()
    assert ran.errors == [HookFailed]
    assert "docker:db could not be stopped: its command ended with exit code 1: Error response from daemon" in str(
        ran.outcome.error
    )
    assert services.unit("app.service") == services.unit("other.service") == "active"
    assert "systemctl stop other.service" not in services.calls
    assert "systemctl start other.service" not in services.calls
    assert records(state(estate)) == []
    assert estate.held("local") == []


def test_what_hangs_is_given_up(services: Services, estate: Hooked) -> None:
    script = {"stop": ["sleep", "300"], "start": [services.app, "start"], "timeout": "1s"}
    estate.give(stop=[script])
    assert "took longer than 1 seconds" in str(estate.run().outcome.error)


def test_a_failing_backup_starts_everything_again(services: Services, estate: Hooked) -> None:
    estate.give(stop=[APP])
    os.rename(estate.source, estate.directory / "elsewhere")
    assert estate.run().errors != []
    assert services.unit("app.service") == "active"


def test_cancelling_starts_everything_again(services: Services, estate: Hooked) -> None:
    estate.give(stop=[APP])
    with estate.open() as workspace, reading(estate, workspace.cancel.cancel):
        ran = run_in(workspace)
    assert ran.errors == [Cancelled]
    assert services.calls == ["systemctl stop app.service", "systemctl start app.service"]


def test_a_start_that_fails_is_told_and_stays_among_the_troubles_until_it_runs(
    services: Services, estate: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.refuse("systemctl start app.service")
    estate.give(stop=[APP, "docker:db"], after=[estate.hook()])
    ran = estate.run()
    assert ran.errors == [HookFailed]
    assert ran.statuses == [("local", "ok"), (None, "failed")]
    assert services.container("db") == "running"
    assert estate.told == [], "after is for when everything runs again"
    (problem,) = problems(estate)
    assert "systemd:app.service, stopped for job site, could not be started again" in problem
    services.forget_calls()
    estate.run()
    assert services.calls.count("systemctl start app.service") == 1, "its own run tries, nobody else so soon"
    monkeypatch.setattr(standstill, "_AGAIN", timedelta(0))
    services.refuse()
    said = list[str]()
    with estate.open() as workspace:
        workspace.on_warning = said.append
        run_in(workspace)
    assert "systemd:app.service could not be started after a backup; it runs again" in said
    assert services.unit("app.service") == "active"
    assert problems(estate) == []


def test_somebody_takes_care_of_it(services: Services, estate: Hooked) -> None:
    services.refuse("systemctl start app.service")
    estate.give(stop=[APP])
    estate.run()
    assert standstill.give_up(state(estate), "another") == 0
    with estate.open() as workspace:
        assert acknowledge(workspace, "site").stopped == (APP,)
        assert acknowledge(workspace, "site").stopped == ()
    assert problems(estate) == []
    services.forget_calls()
    estate.run()
    assert services.calls == [], "what somebody stopped for good stays so"


def test_what_a_dead_run_left_is_named_and_started_by_the_next_run(services: Services, estate: Hooked) -> None:
    services.unit("app.service", "inactive")
    leave(estate, Stopped(what=unit()), Stopped(what=unit("other.service")))
    assert len(problems(estate)) == 2
    said = list[str]()
    with estate.open() as workspace:
        workspace.on_warning = said.append
        assert run_in(workspace).errors == []
    assert services.calls == ["systemctl start app.service"], "the other one runs"
    assert problems(estate) == []
    assert len(said) == 2
    assert "systemd:app.service was left stopped by a run that died; it runs again" in said


def test_what_a_living_run_has_stopped_is_no_trouble(services: Services, estate: Hooked) -> None:
    estate.run()
    record = Record(run="r", job="site", since=now(), owner=this_process(), stopped=(Stopped(what=unit()),))
    (state(estate) / "standstill").mkdir()
    (state(estate) / "standstill" / "r.json").write_bytes(msgspec.json.encode(record))
    assert problems(estate) == []
    with estate.open() as workspace:
        left_stopped.start_what_is_left(workspace)
    assert services.calls == []


def test_two_jobs_that_stop_the_same(services: Services, estate: Hooked) -> None:
    """The second neither takes it for stopped before, nor does the first start it under the second's hands."""
    path = estate.directory / "config.toml"
    job = path.read_text()[path.read_text().index("[jobs.site]") :].replace("[jobs.site]", "[jobs.second]")
    path.write_text(path.read_text() + job.replace("[[jobs.site", "[[jobs.second"))
    path.write_text(path.read_text().replace('repositories = ["local"]', f'repositories = ["local"]\nstop = ["{APP}"]'))
    during = list[str]()

    def run_second() -> None:
        if not during:
            during.append("begun")
            assert estate.run("second").errors == []
            during.append(services.unit("app.service"))

    with reading(estate, run_second):
        assert estate.run("site").errors == []
    assert during == ["begun", "inactive"]
    assert services.unit("app.service") == "active"
    assert services.calls == ["systemctl stop app.service", "systemctl start app.service"]


def test_the_first_ends_while_the_second_needs_it_still(services: Services, estate: Hooked) -> None:
    def stand(run: str) -> standstill.Standstill:
        return standstill.Standstill(state(estate), run, "site", [unit()], beside)

    with estate.open() as workspace:
        state(estate).mkdir(exist_ok=True)
        beside = Beside(workspace.config, lambda program, line: None, lambda message: None)
        first, second = stand("a"), stand("b")
        first.begin(CancelToken())
        second.begin(CancelToken())
        assert first.end() == []
        assert services.unit("app.service") == "inactive"
        assert second.end() == []
        assert services.unit("app.service") == "active"
        assert records(state(estate)) == []


def test_the_first_dies_while_the_second_needs_it_still(services: Services, estate: Hooked) -> None:
    with estate.open() as workspace:
        beside = Beside(workspace.config, lambda program, line: None, lambda message: None)
        services.unit("app.service", "inactive")
        leave(estate, Stopped(what=unit()))
        second = standstill.Standstill(state(estate), "b", "site", [unit()], beside)
        second.begin(CancelToken())
        left_stopped.start_what_is_left(workspace)
        assert services.unit("app.service") == "inactive"
        assert second.end() == []
    assert services.calls == ["systemctl start app.service"]
    assert records(state(estate)) == []


@pytest.mark.requires("tmpfs")
def test_a_state_that_cannot_be_written_stops_nothing(services: Services, estate: Hooked) -> None:
    estate.run()
    estate.give(stop=[APP])
    with read_only(state(estate)):
        ran = estate.run()
    assert HookFailed in ran.errors
    assert services.calls == []


@pytest.mark.requires("tmpfs")
def test_a_state_that_cannot_be_written_any_more_keeps_nothing_stopped(services: Services, estate: Hooked) -> None:
    estate.give(stop=[APP])
    with estate.open() as workspace:
        state(estate).mkdir(exist_ok=True)
        stands = standstill.Standstill(
            state(estate),
            "a",
            "site",
            [unit()],
            Beside(workspace.config, lambda program, line: None, lambda message: None),
        )
        stands.begin(CancelToken())
        with read_only(state(estate)):
            assert stands.end() == []
    assert services.unit("app.service") == "active"


def test_what_they_write_is_in_the_log_of_the_run(services: Services, estate: Hooked) -> None:
    estate.give(stop=["docker:db"])
    ran: Ran = estate.run()
    assert [(event.program, event.line) for event in ran.events if isinstance(event, Output)] == [
        ("docker stop db", "db"),
        ("docker start db", "db"),
    ]


def test_who_is_not_root_asks_their_own_systemd(
    services: Services, estate: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    estate.give(stop=[APP])
    assert estate.run().errors == []
    told = (services.directory / "calls").read_text().splitlines()
    assert all(line.startswith("systemctl --user ") for line in told)


def test_podman_where_there_is_no_docker(services: Services, estate: Hooked, monkeypatch: pytest.MonkeyPatch) -> None:
    os.rename(services.programs / "docker", services.programs / "podman")
    tools = services.directory / "tools"
    tools.mkdir()
    for name in ("sh", "cat", "grep"):
        (tools / name).symlink_to(shutil.which(name) or name)
    monkeypatch.setenv("PATH", f"{services.programs}:{tools}")
    estate.give(stop=["docker:db"])
    ran = estate.run()
    assert [event.program for event in ran.events if isinstance(event, Output)] == ["podman stop db", "podman start db"]


def test_what_is_left_running_without_an_output_of_its_own_is_warned_of(services: Services, estate: Hooked) -> None:
    pid = estate.directory / "pid"
    estate.give(stop=[{"stop": ["true"], "start": ["sh", "-c", f"sleep 60 & echo $! > {pid}"]}])
    ran = estate.run()
    (warning,) = [event.message for event in ran.events if isinstance(event, Warned)]
    assert warning.endswith("has left running ends with the next line that it writes: send its output elsewhere")
    os.kill(int(pid.read_text()), 9)


def test_a_run_whose_directory_nobody_holds_is_dead_whatever_its_pid(services: Services, estate: Hooked) -> None:
    """As after a container was killed and started anew: its pids say nothing."""
    run = estate.run().ended[0].run
    (state(estate) / "standstill").mkdir()
    record = Record(run=run, job="site", since=now(), owner=this_process(), stopped=(Stopped(what=unit()),))
    (state(estate) / "standstill" / f"{run}.json").write_bytes(msgspec.json.encode(record))
    services.unit("app.service", "inactive")
    assert len(problems(estate)) == 1
    estate.run()
    assert services.unit("app.service") == "active"
