"""`schedule` under a real systemd, on a machine of the tests' own."""

import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import msgspec
import pytest

from tests.support.machine import ROOT, SYSTEMD, Machine, machine
from tests.support.servers.daemons import until
from tui_backup.services.schedule.calling import name_of

pytestmark = pytest.mark.requires("systemd")

DEADLINE_S = 90
UNITS = "/etc/systemd/system"


@pytest.fixture(scope="module")
def booted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    directory = tmp_path_factory.mktemp("booted")
    sites = directory / "sites"
    sites.mkdir()
    with machine(directory, sites) as made:
        made.boot()
        yield made


class Site:
    """A configuration on the machine."""

    def __init__(self, booted: Machine, directory: Path) -> None:
        self.booted, self.directory = booted, directory
        self.config = directory / "config.toml"
        self.source = directory / "source"
        self.source.mkdir(parents=True)
        (self.source / "a.txt").write_text("one\n")

    def configure(self, job: str) -> None:
        """Write a configuration that is some minutes old."""
        self.config.write_text(
            'state_dir = "state"\n[repositories.local]\nstore = { kind = "local", path = "backups" }\n'
            'password = { file = "backups.key" }\n[jobs.site]\nrepositories = ["local"]\n'
            f'sources = [{{ kind = "files", paths = ["source"] }}]\n{job}\n'
        )
        self.config.chmod(0o600)
        then = self.config.stat().st_mtime - 300
        os.utime(self.config, (then, then))

    def call(self, *arguments: str, check: bool = True) -> "CompletedProcess[str]":
        program = [sys.executable, "-m", "tui_backup", "-c", str(self.config), *arguments]
        return self.booted.run(*program, check=check)

    def document(self, *arguments: str) -> Any:
        return msgspec.json.decode(self.call("--json", *arguments).stdout)

    @property
    def unit(self) -> str:
        """Name of its units, without an ending."""
        return name_of(str(self.config))

    def put_beside(self, unit: str, text: str) -> None:
        """Write changes of the administrator's own beside a unit."""
        directory = f"{UNITS}/{unit}.d"
        self.booted.run("sh", "-c", f'mkdir -p {directory} && printf %s "$1" > {directory}/own.conf', "sh", text)
        self.booted.run("systemctl", "daemon-reload")

    def until_backed_up(self, count: int = 1) -> list[Any]:
        """Wait for so many snapshots, and return the runs as `history` has them."""
        snapshots = self.directory / "backups" / "snapshots"
        until(lambda: snapshots.is_dir() and len(list(snapshots.iterdir())) >= count, self.journal, DEADLINE_S)
        found: list[Any] = []

        def have_ended() -> bool:
            found[:] = self.document("history")
            return "running" not in {run["status"] for run in found}

        until(have_ended, lambda: str(found), DEADLINE_S)
        return found

    def journal(self) -> str:
        return self.booted.run("journalctl", "--no-pager", "-n", "60", check=False).stdout

    def state_of(self, unit: str) -> str:
        return self.booted.run("systemctl", "is-active", unit, check=False).stdout.strip()


@pytest.fixture
def site(booted: Machine, request: pytest.FixtureRequest) -> Site:
    return Site(booted, booted.directory / "sites" / request.node.name[-30:])


def test_a_timer_has_a_hardened_service_back_up_what_only_root_may_read(site: Site) -> None:
    site.configure('schedule = "* * * * *"')
    large = site.source / "large"
    large.write_bytes(random.Random(1).randbytes(24 << 20))
    os.chown(large, 1234, 1234)
    large.chmod(0o400)
    os.setxattr(large, "trusted.mark", b"x")
    done = site.document("schedule", "install")["done"]
    assert [each["what"] for each in done] == ["unit", "unit", "unit", "systemctl", "systemctl", "systemctl"]
    site.put_beside(f"{site.unit}.timer", "[Timer]\nOnCalendar=*:*:0/5\nRandomizedDelaySec=0\nAccuracySec=100ms\n")
    site.booted.run("systemctl", "restart", f"{site.unit}.timer")
    (run, *_rest) = site.until_backed_up()
    assert (run["status"], run["kind"]) == ("ok", "scheduled"), run
    assert "does not fit" not in site.call("schedule", "show").stdout, "what the run has made makes no difference"
    (snapshot, *_rest) = site.document("list")
    assert snapshot["files"] == 2
    shown = site.call("ls", snapshot["short_id"], str(site.source)).stdout
    assert "large" in shown
    properties = site.booted.run("systemctl", "show", f"{site.unit}.service", "-p", "ProtectSystem,Result").stdout
    assert "ProtectSystem=strict" in properties
    assert "Result=success" in properties
    site.call("schedule", "remove")


def test_a_second_install_changes_nothing_and_remove_leaves_nothing(site: Site) -> None:
    site.configure('schedule = "0 2 * * *"')
    theirs = site.booted.run("sh", "-c", f"echo '[Unit]' > {UNITS}/theirs.service; ls {UNITS}").stdout
    site.call("schedule", "install")
    again = site.document("schedule", "install")
    assert again["done"] == []
    assert len(again["skipped"]) == 3
    assert site.state_of(f"{site.unit}.timer") == "active"
    (entry, *_rest) = site.document("schedule", "show")
    (caller,) = entry["called_by"]
    assert caller == {"by": "systemd", "object": f"{site.unit}.timer", "works": True, "detail": ""}
    assert site.document("schedule", "remove")["problems"] == []
    left = site.booted.run("sh", "-c", f"ls {UNITS}; ls {UNITS}/*.wants 2>/dev/null; true").stdout
    assert site.unit not in left
    assert set(theirs.split()) <= set(left.split())
    assert site.document("schedule", "remove")["done"] == []


def test_what_is_not_as_it_should_be_is_mended(site: Site) -> None:
    site.configure('schedule = "0 2 * * *"')
    site.call("schedule", "install")
    name = site.unit
    site.booted.run("systemctl", "disable", "--now", f"{name}.timer")
    site.booted.run("sh", "-c", f"sed -i s/Nice=10/Nice=11/ {UNITS}/{name}.service; rm {UNITS}/{name}-boot.service")
    assert f"{name}.service does not fit the configuration" in site.call("schedule", "show").stdout
    site.booted.run(
        "sh", "-c", f"echo >> {UNITS}/{name}.timer; systemctl daemon-reload; sed -i '$ d' {UNITS}/{name}.timer"
    )
    site.booted.run("systemctl", "start", f"{name}.service")
    said = site.booted.run("journalctl", "--no-pager", "-u", f"{name}.service").stdout
    assert f"{name}.service does not fit the configuration any more" in said
    assert "does not fit" in site.call("config", "check").stdout
    objects = [each["object"] for each in site.document("schedule", "install")["done"]]
    assert objects[:2] == [f"{UNITS}/{name}.service", f"{UNITS}/{name}-boot.service"]
    assert site.state_of(f"{name}.timer") == "active"
    question = site.booted.run("systemctl", "show", "-p", "NeedDaemonReload", f"{name}.timer").stdout
    assert question == "NeedDaemonReload=no\n"
    assert site.document("schedule", "install")["done"] == []
    site.call("schedule", "remove")


IN_CHROOT = """
mount -t tmpfs none /mnt && mkdir /mnt/upper /mnt/work /mnt/root || exit 1
mount -t overlay none -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root || exit 1
for directory in dev proc run tmp; do mount --rbind /$directory /mnt/root/$directory || exit 1; done
cd / && chroot /mnt/root "$@" && ls /mnt/root/etc/systemd/system/timers.target.wants
"""


def test_in_a_chroot_everything_is_written_and_nothing_started(site: Site) -> None:
    site.configure('schedule = "0 2 * * *"')
    program = [sys.executable, "-m", "tui_backup", "-c", str(site.config), "schedule", "install", "--systemd"]
    answer = site.booted.run("unshare", "--mount", "sh", "-c", IN_CHROOT, "sh", *program)
    assert "systemd does not run here: nothing was started" in answer.stderr
    assert answer.stdout.splitlines()[-1] == f"{site.unit}.timer"
    assert site.state_of(f"{site.unit}.timer") == "inactive"


def test_a_unit_of_somebody_else_is_never_touched(site: Site) -> None:
    site.configure('schedule = "0 2 * * *"')
    path = f"{UNITS}/{site.unit}.timer"
    site.booted.run("sh", "-c", f"echo '# by hand' > {path}")
    before = site.booted.run("sh", "-c", f"ls -l {UNITS}").stdout
    answer = site.call("schedule", "install", check=False)
    assert answer.returncode == 1
    assert f"{path} was not written by tui-backup" in answer.stderr
    site.call("schedule", "remove")
    assert site.booted.run("sh", "-c", f"ls -l {UNITS}").stdout == before
    site.booted.run("rm", path)


def test_a_daemon_takes_the_place_of_the_timer_and_back(site: Site) -> None:
    site.configure('schedule = "* * * * *"')
    site.call("init")
    site.call("schedule", "install")
    name = site.unit
    site.call("schedule", "install", "--daemon")
    assert site.state_of(f"{name}.service") == "active"
    assert site.state_of(f"{name}.timer") == "inactive"
    assert site.until_backed_up()[0]["status"] == "ok"
    callers = site.document("schedule", "show")[0]["called_by"]
    assert {each["by"] for each in callers} == {"systemd", "daemon"}
    assert site.document("schedule", "install", "--daemon")["done"] == []
    site.call("schedule", "install", "--systemd")
    assert site.state_of(f"{name}.service") == "inactive"
    assert site.state_of(f"{name}.timer") == "active"
    site.call("schedule", "remove")


def test_what_was_missed_while_the_machine_was_off_comes_when_it_boots(site: Site) -> None:
    site.configure('schedule = "* * * * *"')
    site.call("schedule", "install")
    name = site.unit
    site.put_beside(f"{name}.timer", "[Timer]\nOnCalendar=\nOnCalendar=daily\nRandomizedDelaySec=0\n")
    site.booted.run("touch", "-d", "3 days ago", f"/var/lib/systemd/timers/stamp-{name}.timer")
    assert site.document("history") == []
    site.booted.lose_power()
    site.booted.boot()
    assert site.until_backed_up()[0]["status"] == "ok"
    site.call("schedule", "remove")


def test_what_a_run_that_died_with_the_machine_left_stopped_is_started_at_boot_and_stays(site: Site) -> None:
    pid = site.directory / "app.pid"
    application = site.directory / "app"
    application.write_text(
        f'#!/bin/sh\ncase $1 in\nstart) setsid sleep 1000 > /dev/null 2>&1 & echo $! > "{pid}" ;;\n'
        f'stop) kill "$(cat "{pid}")"; rm "{pid}" ;;\nstatus) kill -0 "$(cat "{pid}")" ;;\nesac\n'
    )
    application.chmod(0o755)
    app = ", ".join(f'{word} = ["{application}", "{word}"]' for word in ("stop", "start", "status"))
    stuck = '{ stop = ["sleep", "1000"], start = ["true"], timeout = "1h" }'
    site.configure(f'schedule = "* * * * *"\nstop = [{{ {app} }}, {stuck}]')
    site.booted.run(str(application), "start")
    site.call("schedule", "install")
    name = site.unit
    site.put_beside(f"{name}.timer", "[Timer]\nOnCalendar=\nOnCalendar=2099-01-01\nPersistent=no\n")
    site.booted.run("systemctl", "start", "--no-block", f"{name}.service")
    until(lambda: not pid.exists(), site.journal, DEADLINE_S)
    site.booted.lose_power()
    site.booted.boot()
    until(pid.exists, site.journal, DEADLINE_S)
    until(lambda: site.state_of(f"{name}-boot.service") == "inactive", site.journal, DEADLINE_S)
    site.booted.run(str(application), "status")
    site.call("schedule", "remove")


def let_pass(booted: Machine, *paths: Path) -> None:
    """Let everybody on the machine come to some places; its directories are copies."""
    directories = {str(above) for path in paths for above in path.parents if above != Path("/")}
    booted.run("chmod", "a+x", *sorted(directories))


def test_a_user_has_timers_of_their_own(site: Site) -> None:
    site.configure('schedule = "* * * * *"')
    booted, uid, place = site.booted, "4711", "/run/user/4711"
    booted.run("useradd", "--uid", uid, "--create-home", "mara")
    booted.run("sh", "-c", f"install -d -o mara -m 700 {place}; chown -R mara {site.directory}")
    let_pass(booted, Path(sys.executable), Path(sys.executable).resolve(), ROOT, site.directory)
    manager = ["systemd-run", f"--uid={uid}", "-pDelegate=yes", f"-EXDG_RUNTIME_DIR={place}", SYSTEMD, "--user"]
    booted.run(*manager)
    until(lambda: booted.run("test", "-S", f"{place}/systemd/private", check=False).returncode == 0, site.journal, 30)
    as_user = ["runuser", "-u", "mara", "--", "env", "HOME=/home/mara"]
    program = [*as_user, sys.executable, "-m", "tui_backup", "-c", str(site.config)]
    installed = booted.run(*program, "schedule", "install")
    assert "loginctl enable-linger mara" in installed.stderr
    assert f"/home/mara/.config/systemd/user/{site.unit}.timer: written" in installed.stdout
    ask = [*as_user, f"XDG_RUNTIME_DIR={place}", "systemctl", "--user"]
    assert booted.run(*ask, "is-active", f"{site.unit}.timer").stdout == "active\n"
    booted.run(*ask, "start", f"{site.unit}.service")
    assert booted.run(*program, "list").stdout.count("scheduled") == 1
    assert booted.run(*program, "schedule", "install").stdout.count("as it should be") == 3
    booted.run(*program, "schedule", "remove", "--systemd")
    assert booted.run(*ask, "is-active", f"{site.unit}.timer", check=False).stdout == "inactive\n"
