"""`schedule` under the cron of Debian, on a machine of the tests' own."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.support.machine import Machine, machine
from tests.support.servers.daemons import until

pytestmark = pytest.mark.requires("cron", "faketime")

DEADLINE_S = 90
OTHERS = "# mine\nMAILTO=ops\n0 4 1 1 * /usr/bin/true # at new year\n"


@pytest.fixture(scope="module")
def booted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine without a cron, with somebody who takes mail: it lies in /tmp/mail."""
    directory = tmp_path_factory.mktemp("cron")
    (directory / "site").mkdir()
    with machine(directory, directory / "site") as made:
        made.boot()
        mailer = "#!/bin/sh\ncat >> /var/mail/all\n"
        made.run("sh", "-c", 'printf %s "$1" > /usr/sbin/sendmail; chmod 755 /usr/sbin/sendmail', "sh", mailer)
        made.run("rm", "-f", "/etc/crontab", "/var/mail/all")
        made.run("sh", "-c", "rm -f /etc/cron.d/*")
        yield made


@pytest.fixture
def site(booted: Machine) -> Path:
    directory = booted.directory / "site"
    (directory / "source").mkdir(exist_ok=True)
    (directory / "source" / "a.txt").write_text("one\n")
    config = directory / "config.toml"
    config.write_text(
        'state_dir = "state"\n[repositories.local]\nstore = { kind = "local", path = "backups" }\n'
        'password = { file = "backups.key" }\n[jobs.site]\nrepositories = ["local"]\nschedule = "* * * * *"\n'
        'sources = [{ kind = "files", paths = ["source"] }]\n'
    )
    config.chmod(0o600)
    age(config)
    return directory


def age(config: Path) -> None:
    then = config.stat().st_mtime - 300
    os.utime(config, (then, then))


def call(booted: Machine, site: Path, *arguments: str) -> "CompletedProcess[str]":
    program = [sys.executable, "-m", "tui_backup", "-c", str(site / "config.toml"), *arguments]
    return booted.run(*program)


def cron_until_the_next_look(booted: Machine) -> None:
    """Start a cron whose clock stands some seconds before the next time at which it looks."""
    clock = "faketime -f '@2026-11-22 00:04:57'"
    booted.run(
        "sh", "-c", f"cd / && {clock} setsid cron -f -L 15 > /var/log/cron 2>&1 < /dev/null & echo $! > /run/test-cron"
    )


def stop_cron(booted: Machine) -> None:
    booted.run("sh", "-c", "kill $(cat /run/crond.pid); rm -f /run/crond.pid")


def mail(booted: Machine) -> str:
    return booted.run("sh", "-c", "cat /var/mail/all 2>/dev/null", check=False).stdout


def test_cron_backs_up_says_nothing_where_all_is_well_and_one_line_where_not(booted: Machine, site: Path) -> None:
    booted.run("sh", "-c", 'printf %s "$1" | crontab -', "sh", OTHERS)
    installed = call(booted, site, "schedule", "install", "--cron")
    assert installed.stdout == "crontab of root: written\n"
    assert "no cron runs here" in installed.stderr
    assert booted.run("crontab", "-l").stdout.startswith(OTHERS)

    cron_until_the_next_look(booted)
    snapshots = site / "backups" / "snapshots"
    until(lambda: snapshots.is_dir() and any(snapshots.iterdir()), lambda: mail(booted) + log(booted), DEADLINE_S)
    until(lambda: not looks(booted), lambda: log(booted), DEADLINE_S)
    assert mail(booted) == ""
    shown = call(booted, site, "schedule", "show").stdout
    assert "called by crontab of root\n" in shown
    stop_cron(booted)

    (site / "backups.key").write_text("another\n")
    config = site / "config.toml"
    config.write_text(config.read_text().replace('"* * * * *"', '"*/1 * * * *"'))
    age(config)
    cron_until_the_next_look(booted)
    until(lambda: "error:" in mail(booted), lambda: mail(booted) + log(booted), DEADLINE_S)
    header, _blank, text = mail(booted).partition("\n\n")
    assert "To: ops" in header
    assert text.splitlines()[0].startswith("tui-backup: error: site → local: ")
    assert [line for line in text.splitlines()[1:] if not line.startswith("hint: ")] == []
    stop_cron(booted)

    assert call(booted, site, "schedule", "install", "--cron").stdout.endswith("left as it is: as it should be\n")
    assert "our lines were removed" in call(booted, site, "schedule", "remove").stdout
    assert booted.run("crontab", "-l").stdout == OTHERS


def test_a_crontab_of_nothing_but_ours_is_gone_afterwards(booted: Machine, site: Path) -> None:
    booted.run("crontab", "-r", check=False)
    call(booted, site, "schedule", "install", "--cron")
    call(booted, site, "schedule", "remove", "--cron")
    assert "no crontab for" in booted.run("crontab", "-l", check=False).stderr


def looks(booted: Machine) -> bool:
    """Whether something that cron has started still runs."""
    return booted.run("sh", "-c", "grep -ls run-schedule[d] /proc/[0-9]*/cmdline", check=False).stdout != ""


def log(booted: Machine) -> str:
    return booted.run("sh", "-c", "cat /var/log/cron; journalctl --no-pager -n 40", check=False).stdout
