"""What stands still in a real Docker engine, and runs again."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.estate import build_estate
from tests.support.killing import Moment
from tests.support.programs import Installation, Said, ended
from tests.support.servers.daemons import until
from tests.support.servers.docker import Docker
from tests.support.victims import Doom, slay, victim

pytestmark = pytest.mark.requires("docker")

STUBBORN = ("/bin/sh", "-c", "trap : TERM; while :; do /bin/busybox sleep 1; done")
"""A program that does not end when it is told to: the engine kills it once its patience is over."""


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return build_estate(tmp_path / "estate", ["local"]).installation


def stop(installation: Installation, *names: str, more: str = "") -> None:
    """Have the job stop some containers."""
    path = installation.directory / "config.toml"
    wished = ", ".join(f'"docker:{name}"' for name in names)
    path.write_text(path.read_text().replace("[jobs.site]\n", f"[jobs.site]\nstop = [{wished}]\n{more}"))


def back_up(installation: Installation) -> Said:
    return installation.call("run", "site")


def assert_nothing_noted(installation: Installation) -> None:
    assert list((installation.state / "standstill").glob("*.json")) == []


def test_it_stands_still_while_files_are_read_and_what_stood_still_before_stays_so(
    docker: Docker, installation: Installation
) -> None:
    for name in ("db", "off", "frozen"):
        docker.run(name)
    docker.run("eager", "--restart=always")
    docker.call("stop", "off")
    docker.call("pause", "frozen")
    stop(installation, "db", "off", "frozen", "eager")
    doom = Doom(Moment.BEFORE, whom="nobody", what="owner put data")
    with victim(installation, doom, "run", "site") as run:
        run.await_pause()
        during = {name: docker.state(name) for name in ("db", "off", "frozen", "eager")}
        run.resume()
        said = run.end()
    assert said.code == 0, said
    assert during == {"db": "exited", "off": "exited", "frozen": "paused", "eager": "exited"}
    after = {name: docker.state(name) for name in during}
    assert after == {"db": "running", "off": "exited", "frozen": "paused", "eager": "running"}
    assert_nothing_noted(installation)


@pytest.mark.parametrize("steps", [2, 3, 4])
def test_the_next_scheduled_run_starts_what_a_killed_one_has_stopped(
    docker: Docker, installation: Installation, steps: int
) -> None:
    docker.run("db")
    docker.run("eager", "--restart=unless-stopped")
    stop(installation, "db", "eager", more='schedule = "0 0 1 1 *"\n')
    assert slay(installation, Doom(Moment.STILLED, steps), "run", "site").was_killed
    assert "exited" in {docker.state("db"), docker.state("eager")}
    said = installation.call("--run-scheduled")
    assert said.code == 0
    assert "it runs again" in said.err
    assert (docker.state("db"), docker.state("eager")) == ("running", "running")
    assert_nothing_noted(installation)


def test_who_dies_while_a_container_takes_its_time_to_stop(docker: Docker, installation: Installation) -> None:
    """The engine goes on stopping it; whoever comes next waits for that instead of taking it for running."""
    docker.run("db", "--stop-timeout=3", command=STUBBORN)
    stop(installation, "db", more='schedule = "0 0 1 1 *"\n')
    with installation.start("run", "site") as process:
        until(lambda: is_stopping(docker), lambda: "nobody stops it")
        process.kill()
    assert is_stopping(docker)
    assert docker.state("db") == "running"
    said = installation.call("--run-scheduled")
    assert said.code == 0, said
    assert "docker:db was left stopped by a run that died; it runs again" in said.err
    assert not is_stopping(docker)
    assert docker.state("db") == "running"
    assert_nothing_noted(installation)


def end_run(_docker: Docker, installation: Installation) -> None:
    """Cancel the run that goes on."""
    (run,) = json.loads(installation.call("runs", "--json").out)
    assert installation.call("cancel", run["run"]).code in {0, 130}


def end_client(docker: Docker, _installation: Installation) -> None:
    """End the client."""
    for pid in clients(docker):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("end", [end_run, end_client])
def test_a_container_whose_stop_is_given_up_halfway_runs_in_the_end(
    docker: Docker, installation: Installation, end: Callable[[Docker, Installation], None]
) -> None:
    """The engine goes on stopping it though nobody asks any more."""
    docker.run("db", "--stop-timeout=6", command=STUBBORN)
    stop(installation, "db")
    with installation.start("run", "site") as process:
        until(lambda: is_stopping(docker), lambda: "nobody stops it")
        end(docker, installation)
        said = ended(process)
    assert said.code in {1, 130}, said
    pid = docker.call("inspect", "--format={{.State.Pid}} {{.State.Status}}", "db")
    assert pid.endswith(" running")
    docker.call("exec", "db", "/bin/busybox", "sleep", "7")
    assert docker.call("inspect", "--format={{.State.Pid}} {{.State.Status}}", "db") == pid
    assert_nothing_noted(installation)


def is_stopping(docker: Docker) -> bool:
    """Whether a client of an engine waits until a container has stopped."""
    return any(clients(docker))


def clients(docker: Docker) -> Iterator[int]:
    """Yield the pids of clients that wait for that."""
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            is_stop = (path / "cmdline").read_bytes().endswith(b"docker\0stop\0db\0")
            if is_stop and docker.host.encode() in (path / "environ").read_bytes():
                yield int(path.name)


def test_a_container_that_would_be_deleted_is_not_stopped(docker: Docker, installation: Installation) -> None:
    docker.run("db")
    docker.run("once", "--rm")
    stop(installation, "db", "once")
    said = back_up(installation)
    assert said.code == 1
    assert "docker:once was started with --rm" in said.err
    assert docker.names() == {"db", "once"}
    assert docker.state("db") == "running"


def test_a_container_that_is_not_there_fails_the_run(docker: Docker, installation: Installation) -> None:
    docker.run("db")
    stop(installation, "db", "gone")
    said = back_up(installation)
    assert said.code == 1
    assert "there is no container docker:gone" in said.err
    assert docker.state("db") == "running"


def test_a_container_that_somebody_removes_meanwhile_is_told_of(docker: Docker, installation: Installation) -> None:
    docker.run("db")
    stop(installation, "db")
    with victim(installation, Doom(Moment.STILLED, 2, whom="nobody"), "run", "site") as run:
        run.await_pause()
        docker.call("rm", "--force", "db")
        run.resume()
        said = run.end()
    assert said.code == 1
    assert "docker:db could not be started again" in said.err
    assert installation.call("status", "--check").code == 1
    assert installation.call("acknowledge", "site").code == 0
    assert installation.call("--run-scheduled").code == 0


def test_an_engine_that_does_not_answer_fails_the_run(
    docker: Docker, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{installation.directory}/nobody.sock")
    stop(installation, "db")
    said = back_up(installation)
    assert said.code == 1
    assert "cannot know whether docker:db runs" in said.err
    assert "nobody.sock" in said.err
    assert installation.snapshots() == []
