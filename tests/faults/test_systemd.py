"""What stands still under a real systemd, and runs again: also where a unit, a run or the whole machine fails."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.estate import Estate, build_estate
from tests.support.machine import Machine, machine
from tests.support.servers.daemons import until

pytestmark = pytest.mark.requires("systemd")

UNIT = """
[Unit]
Description=of the tests
{more}
[Service]
Type=exec
ExecStartPre=/bin/sh -c 'test ! -e /run/broken'
ExecStart=/bin/sleep infinity
[Install]
WantedBy=multi-user.target
"""
HOLD = '{ stop = ["sh", "-c", "touch held; sleep 1000"], start = ["true"] }'


@pytest.fixture(scope="module")
def booted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Machine, Path]]:
    directory = tmp_path_factory.mktemp("systemd")
    (directory / "shared").mkdir()
    with machine(directory, directory / "shared") as made:
        made.boot()
        yield made, directory / "shared"


@pytest.fixture
def there(booted: tuple[Machine, Path], request: pytest.FixtureRequest) -> Iterator["There"]:
    made = There(booted[0], build_estate(booted[1] / str(len(list(booted[1].iterdir()))), ["local"]))
    yield made
    made.call("rm -f /run/broken")


class There:
    """A machine with a systemd, and an estate that both it and the tests see."""

    def __init__(self, machine: Machine, estate: Estate) -> None:
        self.machine, self.estate = machine, estate

    def call(self, script: str) -> "subprocess.CompletedProcess[str]":
        return self.machine.run("sh", "-c", script)

    def add(self, *names: str, more: str = "") -> None:
        """Make units, and start them."""
        for name in names:
            self.call(f"cat > /etc/systemd/system/{name}.service <<'END'\n{UNIT.format(more=more)}\nEND")
        self.call(f"systemctl daemon-reload; systemctl reset-failed; systemctl start {' '.join(names)}")

    def state(self, name: str) -> str:
        return self.machine.run("systemctl", "is-active", name, check=False).stdout.strip()

    def stop(self, *names: str, more: str = "") -> None:
        """Have the job stop some units."""
        config = self.estate.directory / "config.toml"
        wished = ", ".join((*(f'"systemd:{name}.service"' for name in names), *filter(None, (more,))))
        keys = f'[jobs.site]\nstop = [{wished}]\nschedule = "0 0 1 1 *"\n'
        config.write_text(config.read_text().replace("[jobs.site]\n", keys))

    def program(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run the program there."""
        config = str(self.estate.directory / "config.toml")
        return self.machine.run(sys.executable, "-m", "tui_backup", "-c", config, *arguments, check=False)

    def noted(self) -> list[Path]:
        return list((self.estate.directory / "state" / "standstill").glob("*.json"))


def test_what_ran_runs_again_and_what_did_not_stays_so(there: There) -> None:
    there.add("app", "off", "template@one")
    there.call("systemctl stop off")
    before = there.call("systemctl show --property=InvocationID,MainPID app off template@one").stdout
    there.stop("app", "off", "template@one")
    ended = there.program("run", "site")
    assert ended.returncode == 0, ended
    assert [there.state(name) for name in ("app", "off", "template@one")] == ["active", "inactive", "active"]
    assert there.call("systemctl show --property=InvocationID,MainPID app off template@one").stdout != before
    assert there.noted() == []


def test_a_unit_that_does_not_start_again_is_exit_1_and_a_trouble_until_it_runs(there: There) -> None:
    there.add("app", "other")
    there.call("touch /run/broken")
    there.stop("app", "other")
    ended = there.program("run", "site")
    assert ended.returncode == 1
    assert "systemd:app.service could not be started again: its command ended with exit code 1" in ended.stderr
    assert [snapshot.status for snapshot in there.estate.held("local")] == ["ok"]
    status = there.program("status", "--check")
    assert status.returncode == 1
    assert "systemd:app.service, stopped for job site, could not be started again" in status.stdout
    there.call("rm /run/broken; systemctl start app other")
    assert there.program("acknowledge", "site").returncode == 0
    assert there.program("run", "site").returncode == 0
    assert there.program("status", "--check").returncode == 0


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("ln -sf /dev/null /run/systemd/system.control/app.service", "its unit is masked"),
        ("rm /etc/systemd/system/app.service", "its unit is not-found"),
        ("sed -i 's/^Description.*/RefuseManualStart=yes/' /etc/systemd/system/app.service", "its unit is loaded"),
    ],
    ids=["masked", "gone", "refused"],
)
def test_what_could_not_be_started_again_is_not_stopped(there: There, spoil: str, said: str) -> None:
    there.add("app", "other")
    there.call(f"mkdir -p /run/systemd/system.control; {spoil}; systemctl daemon-reload")
    there.stop("other", "app")
    ended = there.program("run", "site")
    there.call("rm -rf /run/systemd/system.control; systemctl daemon-reload")
    assert ended.returncode == 1
    assert said in ended.stderr
    assert (there.state("app"), there.state("other")) == ("active", "active")
    assert there.noted() == []


def test_a_unit_that_does_not_exist_fails_the_run(there: There) -> None:
    there.add("app")
    there.stop("app", "typo")
    ended = there.program("run", "site")
    assert ended.returncode == 1
    assert "there is no unit systemd:typo.service" in ended.stderr
    assert there.state("app") == "active"


@pytest.mark.parametrize("loses_power", [False, True], ids=["killed", "power-lost"])
def test_what_a_killed_run_left_stopped_is_started(there: There, loses_power: bool) -> None:
    there.add("app")
    there.stop("app", more=HOLD)
    config = there.estate.directory / "config.toml"
    run = f"{sys.executable} -m tui_backup -c {config} run site"
    there.call(f"systemd-run --unit=backup --collect --working-directory={there.estate.directory} {run}")
    until((there.estate.directory / "held").exists, lambda: there.call("journalctl -n 50").stdout)
    assert there.state("app") == "inactive"
    if loses_power:
        there.machine.lose_power()
        there.machine.boot()
    else:
        there.call(f"systemctl kill --signal={signal.SIGKILL.name} backup")
        until(lambda: there.state("backup") == "inactive", lambda: "it lives")
    assert there.state("app") == "inactive"
    ended = there.program("--run-scheduled")
    assert ended.returncode == 0, ended
    assert "systemd:app.service was left stopped by a run that died; it runs again" in ended.stderr
    assert there.state("app") == "active"
    assert there.noted() == []
