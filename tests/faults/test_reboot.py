"""What a run left stopped when its machine, its container or it alone went down; who is dead, and who only looks so."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.faults.test_killed_standstill import assert_as_before, with_services
from tests.support.estate import build_estate
from tests.support.killing import Moment
from tests.support.programs import Installation, ended
from tests.support.servers.daemons import until
from tests.support.services import Services, build_services
from tests.support.victims import Doom, slay, victim

SCHEDULED = '[jobs.site]\nschedule = "0 0 1 1 *"\n'
HELD = """
stop = ["systemd:app.service", { stop = ["sh", "-c", "touch held; cat hold"], start = ["true"] }]
"""

Owner = dict[str, Any]


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    monkeypatch.setenv("PATH", build_services(tmp_path / "programs", "machine").path)
    made = build_estate(tmp_path / "estate", ["local"]).installation
    config = made.directory / "config.toml"
    config.write_text(config.read_text().replace("[jobs.site]\n", SCHEDULED))
    return made


def another_boot(owner: Owner, innocent: int) -> None:
    owner.update(boot="01234567-89ab-cdef-0123-456789abcdef", pid=innocent, started=started(innocent))


def a_reused_pid(owner: Owner, innocent: int) -> None:
    owner.update(pid=innocent)


def a_reused_pid_in_another_container(owner: Owner, innocent: int) -> None:
    owner.update(pid=innocent, started=started(innocent), space=owner["space"] + 1)


@pytest.mark.parametrize("happened", [another_boot, a_reused_pid, a_reused_pid_in_another_container])
def test_what_a_run_left_is_started_whoever_has_its_pid_now(
    installation: Installation, happened: Callable[[Owner, int], None]
) -> None:
    services = with_services(installation)
    assert slay(installation, Doom(Moment.STILLED, 4), "run", "site").was_killed
    assert services.unit("app.service") == "inactive"
    with innocent() as pid:
        for path in owned(installation):
            content = json.loads(path.read_text())
            happened(content["owner"], pid)
            path.write_text(json.dumps(content))
        assert installation.call("runs", "--json").out.strip() == "[]"
        said = installation.call("--run-scheduled")
        assert (said.code, said.err.count("it runs again")) == (0, 3), said
        assert_as_before(services, installation)
        os.kill(pid, 0)


def owned(installation: Installation) -> Iterator[Path]:
    """Yield the files in which a run that was killed says whose it is."""
    (record,) = (installation.state / "standstill").glob("*.json")
    yield record
    yield installation.state / "runs" / record.stem / "heartbeat"


@contextmanager
def innocent() -> Iterator[int]:
    """Somebody who has nothing to do with it."""
    with subprocess.Popen(["sleep", "1000"]) as process:
        try:
            yield process.pid
        finally:
            process.kill()


def started(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])


def test_nothing_is_started_under_the_hands_of_a_run_that_lives(installation: Installation) -> None:
    services = with_services(installation)
    with victim(installation, Doom(Moment.STILLED, 4, whom="nobody"), "run", "site") as run:
        run.await_pause()
        assert installation.call("--run-scheduled") == (0, "", "")
        assert (services.unit("app.service"), services.app_runs) == ("inactive", False)
        run.resume()
        assert run.end().code == 0
    assert_as_before(services, installation)


@pytest.mark.requires("root")
def test_a_run_in_a_container_lives_until_the_container_does_not(installation: Installation) -> None:
    """Seen from outside its pid says nothing: it lives as long as it holds its directory."""
    services = held(installation)
    with contained(installation, "run", "site") as run:
        until((installation.directory / "held").exists, lambda: "nothing is stopped")
        assert services.unit("app.service") == "inactive"
        assert installation.call("--run-scheduled") == (0, "", "")
        assert services.unit("app.service") == "inactive"
        run.kill()
        run.communicate()
    said = installation.call("--run-scheduled")
    assert (said.code, said.err.count("it runs again")) == (0, 2), said
    assert services.unit("app.service") == "active"
    assert list((installation.state / "standstill").glob("*.json")) == []


@pytest.mark.requires("root")
def test_a_container_that_starts_anew_starts_what_its_former_self_left(installation: Installation) -> None:
    """Both are pid 1 of their own."""
    services = held(installation)
    with contained(installation, "run", "site") as run:
        until((installation.directory / "held").exists, lambda: "nothing is stopped")
        run.kill()
        run.communicate()
    assert services.unit("app.service") == "inactive"
    with contained(installation, "--run-scheduled") as again:
        assert ended(again).code == 0
    assert services.unit("app.service") == "active"


def held(installation: Installation) -> Services:
    """Have a job stop a unit, and then something that takes for ever to stop."""
    path = installation.directory / "config.toml"
    path.write_text(path.read_text().replace("[jobs.site]\n", f"[jobs.site]\n{HELD}"))
    os.mkfifo(installation.directory / "hold")
    services = build_services(installation.directory / "machine")
    services.unit("app.service", "active")
    return services


@contextmanager
def contained(installation: Installation, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """Run the program as the first process of a pid name space of its own, which ends with the block."""
    apart = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    program = [sys.executable, "-m", "tui_backup", "-c", str(installation.directory / "config.toml"), *arguments]
    with subprocess.Popen(
        [*apart, *program],
        cwd=installation.directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()
