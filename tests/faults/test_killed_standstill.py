"""SIGKILL at every step between noting what is to be stopped and having started it all again."""

import shutil
from pathlib import Path

import pytest

from tests.faults.conftest import copy_of, few_files
from tests.support.killing import Moment
from tests.support.programs import Installation
from tests.support.services import Services, build_services
from tests.support.victims import Doom, Remains, slay, slay_at_every

STOP = """
stop = ["systemd:app.service", "systemd:off.service", "docker:db",
        { stop = ["app", "stop"], start = ["app", "start"], status = ["app", "status"] }]
"""


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    monkeypatch.setenv("PATH", build_services(tmp_path / "programs", "machine").path)
    return few_files(tmp_path)


def with_services(installation: Installation) -> Services:
    """Have a job stop things of which one stands still before."""
    path = installation.directory / "config.toml"
    path.write_text(path.read_text().replace("[jobs.site]\n", f"[jobs.site]\n{STOP}"))
    services = build_services(installation.directory / "machine")
    services.unit("app.service", "active")
    services.unit("off.service", "inactive")
    services.container("db", "running")
    return services


def assert_as_before(services: Services, installation: Installation) -> None:
    assert (services.unit("app.service"), services.container("db"), services.app_runs) == ("active", "running", True)
    assert services.unit("off.service") == "inactive"
    assert not any("off.service" in call for call in services.calls)
    assert list((installation.state / "standstill").glob("*.json")) == []


def test_the_next_run_starts_what_a_killed_one_has_stopped(base: Installation, tmp_path: Path) -> None:
    def die(doom: Doom) -> Remains:
        installation = copy_of(base, tmp_path / f"death-{doom.number}")
        services = with_services(installation)
        remains = slay(installation, doom, "run", "site")
        said = installation.call("run", "site")
        assert said.code == 0, (remains, said)
        assert_as_before(services, installation)
        return remains

    deaths = slay_at_every(Moment.STILLED, die)
    steps = [remains.log[-1].split()[2] for remains in deaths]
    assert steps == ["save", *["stop"] * 3, *["start", "save"] * 3]


def test_who_is_killed_while_starting_what_is_left_leaves_it_to_the_next(base: Installation, tmp_path: Path) -> None:
    dead = copy_of(base, tmp_path / "dead")
    with_services(dead)
    assert slay(dead, Doom(Moment.STILLED, 4), "run", "site").was_killed

    def die(doom: Doom) -> Remains:
        installation = copy_of(base, tmp_path / f"again-{doom.number}")
        services = with_services(installation)
        for place in ("state", "machine"):
            shutil.rmtree(installation.directory / place)
            shutil.copytree(
                dead.directory / place, installation.directory / place, ignore=shutil.ignore_patterns("control.sock")
            )
        assert services.unit("app.service") == "inactive"
        remains = slay(installation, doom, "run", "site")
        assert installation.call("run", "site").code == 0
        assert_as_before(services, installation)
        return remains

    deaths = [die(Doom(Moment.STILLED, number)) for number in range(1, 7)]
    assert all(remains.was_killed for remains in deaths)


def test_other_commands_start_nothing_and_say_so(base: Installation, tmp_path: Path) -> None:
    installation = copy_of(base, tmp_path / "looked-at")
    services = with_services(installation)
    assert slay(installation, Doom(Moment.STILLED, 4), "run", "site").was_killed
    services.forget_calls()
    said = installation.call("list")
    assert said.code == 0
    assert (
        "stopped for a backup, and not started again: systemd:app.service, docker:db, what `app stop` stops" in said.err
    )
    status = installation.call("status", "--check")
    assert status.code == 1
    assert "systemd:app.service was stopped by a run of job site that died" in status.out
    assert services.calls == []
