"""`schedule show`, and what `schedule install` and `remove` refuse, without touching this machine."""

import os
import subprocess
import sys

import pytest

from tests.cli.calling import Call
from tests.cli.site import Site

NIGHTLY = 'timezone = "America/Sao_Paulo"\nschedule = [{ at = "0 2 * * *", label = "nightly" }]\nverify = "0 5 * * 0"\n'


def schedule(site: Site, keys: str) -> None:
    site.config.write_text(site.config.read_text() + keys)


def test_show_tells_programs_all_there_is(site: Site) -> None:
    schedule(site, NIGHTLY)
    backup, verify = site.call("schedule", "show", "--json").document
    assert (backup["job"], backup["what"], backup["at"]) == ("site", "backup", "0 2 * * *")
    assert (backup["zone"], backup["label"]) == ("America/Sao_Paulo", "nightly")
    assert len(backup["next"]) == len(backup["effects"]) == 5
    assert all(time.endswith("T05:00:00.000Z") for time in backup["next"])
    assert backup["called_by"] == []
    assert (verify["what"], verify["label"]) == ("verify", None)


def test_show_tells_people_when_in_which_zone_and_that_nothing_makes_it_run(site: Site) -> None:
    schedule(site, NIGHTLY + 'catch_up = false\ndelay = "10m"\nretry = { attempts = 3, wait = "5m" }\n')
    answer = site.call("schedule", "show")
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert lines[0] == "site: backup nightly: 0 2 * * * (every day at 02:00)"
    assert lines[1].split() == ["America/Sao_Paulo", "UTC"]
    assert lines[2].split()[1:3] == ["02:00", "-03:00"]
    assert lines[2].split()[4] == "05:00"
    assert "site: catch_up = false: what was missed is left out" in lines
    assert "site: delay: each run begins up to 10m later, at random" in lines
    assert "site: retry: 3 attempts in all, 5m apart" in lines
    assert "schedule install" in lines[-1]
    assert max(map(len, lines)) <= 80


def test_show_without_any_schedule_says_how_to_have_one(site: Site) -> None:
    answer = site.call("schedule", "show")
    assert f"no job of {site.config} has a schedule" in answer.out
    assert 'schedule = "0 2 * * *"' in answer.out
    assert site.call("schedule", "show", "--json").document == []


def test_show_names_the_jobs_that_wait_for_somebody(site: Site) -> None:
    schedule(site, NIGHTLY)
    other = '[jobs.other]\nrepositories = ["local"]\nsources = [{ kind = "files", paths = ["source"] }]\n'
    schedule(site, other)
    assert "only when somebody asks: other\n" in site.call("schedule", "show").out


def test_a_running_daemon_is_seen(site: Site) -> None:
    schedule(site, NIGHTLY)
    program = [sys.executable, "-m", "tui_backup", "-c", str(site.config), "daemon"]
    with subprocess.Popen(program, cwd=site.directory, stderr=subprocess.DEVNULL) as daemon:
        try:
            assert f"called by process {daemon.pid}\n" in site.call("schedule", "show").out
        finally:
            daemon.terminate()


@pytest.mark.parametrize(
    "arguments", [["--cron", "--systemd"], ["--systemd", "--cron"], ["--cron", "--daemon"]], ids=" ".join
)
def test_who_is_to_call_is_one_of_two(site: Site, arguments: list[str]) -> None:
    answer = site.call("schedule", "install", *arguments)
    assert answer.code == 2
    assert "exclude each other" in answer.err


def test_a_dry_run_shows_what_would_be_written_and_touches_nothing(site: Site) -> None:
    schedule(site, NIGHTLY)
    directory = "/etc/systemd/system"
    before = os.listdir(directory) if os.path.isdir(directory) else None
    (service, timer, boot, *_orders) = site.call("schedule", "install", "--systemd", "-n", "--json").document["done"]
    assert service["what"] == "unit"
    assert "--run-scheduled" in service["text"]
    assert "Persistent=true" in timer["text"]
    assert "schedule boot" in boot["text"]
    assert (os.listdir(directory) if before is not None else None) == before


def test_variables_of_a_shell_cannot_be_installed(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKUP_DIR", "backups")
    monkeypatch.setenv("BACKUP_ENABLED", "true")
    answer = call("schedule", "install", "--cron")
    assert answer.code == 2
    assert "import-env" in answer.err


def test_boot_runs_nothing(site: Site) -> None:
    schedule(site, 'schedule = "* * * * *"\n')
    then = site.config.stat().st_mtime - 300
    os.utime(site.config, (then, then))
    assert site.call("schedule", "boot") == (0, "", "")
    assert site.call("history", "--json").document == []
