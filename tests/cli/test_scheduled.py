"""`--run-scheduled` as cron calls it."""

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.cli.calling import Call
from tests.cli.site import Site
from tests.support.services import leave_stopped
from tui_backup.config.load import load_config

EVERY_MINUTE = 'schedule = "* * * * *"'


@pytest.fixture
def due(site: Site) -> Site:
    """A site whose job is due: it was configured some minutes ago."""
    schedule(site, EVERY_MINUTE)
    return site


def schedule(site: Site, keys: str) -> None:
    site.config.write_text(site.config.read_text() + keys + "\n")
    _age(site)


def _age(site: Site) -> None:
    """Have the configuration be some minutes old."""
    then = site.config.stat().st_mtime - 300
    os.utime(site.config, (then, then))


def test_cron_hears_nothing_where_all_is_well(due: Site) -> None:
    assert due.call("--run-scheduled") == (0, "", "")
    (row,) = due.call("list", "--json").document
    assert row["kind"] == "scheduled"


def test_who_wants_to_hear_everything_hears_what_run_says(due: Site) -> None:
    answer = due.call("-v", "--run-scheduled")
    assert (answer.code, answer.out) == (0, "")
    assert answer.err.startswith("site → local: ok: backed up 4 Bytes")


def test_programs_get_the_lines_of_run(due: Site) -> None:
    answer = due.call("--json", "--run-scheduled")
    assert (answer.code, answer.err) == (0, "")
    assert (answer.lines[0]["type"], answer.lines[-1]["type"]) == ("started", "finished")
    assert answer.lines[-1]["status"] == "ok"


def test_cron_hears_of_each_failure_in_one_line_that_names_job_and_repository(due: Site) -> None:
    due.back_up()
    (due.directory / "backups.key").write_text("another\n")
    answer = due.call("--run-scheduled")
    assert (answer.code, answer.out) == (12, "")
    assert len([line for line in answer.err.splitlines() if not line.startswith("hint: ")]) == 1
    assert answer.err.startswith("tui-backup: error: site → local: ")


def test_what_could_not_be_read_is_exit_3_and_one_line(due: Site) -> None:
    due.config.write_text(due.config.read_text().replace('["source"]', '["source", "gone"]'))
    _age(due)
    answer = due.call("--run-scheduled")
    assert answer.code == 3
    assert answer.err.startswith("tui-backup: error: site → local: incomplete: ")
    assert "hint: tui-backup history --job site" in answer.err


def test_the_failure_of_a_whole_job_is_told_in_json_too(due: Site) -> None:
    shutil.rmtree(due.source)
    answer = due.call("--json", "--run-scheduled")
    assert answer.code == 1
    error = json.loads(answer.err)
    assert (error["type"], error["code"]) == ("error", 1)
    assert error["message"].startswith("site: nothing to back up")


def test_a_configuration_without_schedules_is_warned_of(site: Site) -> None:
    answer = site.call("--run-scheduled")
    assert (answer.code, answer.out) == (0, "")
    assert answer.err == f"tui-backup: warning: no job of {site.config} has a schedule\n"


def test_what_a_dead_run_left_stopped_is_started_though_nothing_is_scheduled(site: Site) -> None:
    site.back_up()
    started = leave_stopped(site.directory / "state")
    answer = site.call("--run-scheduled")
    assert (answer.code, started.exists()) == (0, True)
    assert "what `app` stops was left stopped by a run that died; it runs again" in answer.err
    assert "left stopped" not in site.call("--run-scheduled").err


@pytest.mark.parametrize("enabled", ["true", "false"])
def test_so_it_is_where_variables_are_the_configuration(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, enabled: str
) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "a").write_text("one")
    for name, value in {"DIR": "backups", "PATHS": "source", "ENABLED": enabled}.items():
        monkeypatch.setenv(f"BACKUP_{name}", value)
    monkeypatch.chdir(tmp_path)
    assert call("run", "backup").code == 0
    started = leave_stopped(Path(load_config().state_dir))
    answer = call("--run-scheduled")
    assert (answer.code, answer.out, started.exists()) == (0, "", True)
    assert answer.err.startswith("tui-backup: warning: what `app` stops was left stopped")


def test_alerts_are_looked_after_though_nothing_is_scheduled(site: Site) -> None:
    heard = site.directory / "heard"
    site.config.write_text(
        f"""{site.config.read_text()}
[notifiers.ops]
kind = "command"
command = ["sh", "-c", "cat >> {heard}"]
on = ["failure"]
"""
    )
    shutil.move(site.source, site.directory / "moved")
    assert site.call("run", "site").code == 1
    told = heard.read_text()
    assert "backup_failed" in told
    shutil.move(site.directory / "moved", site.source)
    leave_stopped(site.directory / "state")
    (record,) = (site.directory / "state" / "standstill").glob("*.json")
    record.write_bytes(record.read_bytes().replace(b'"touch"', b'"false"'))
    site.call("--run-scheduled")
    assert "services_stopped" in heard.read_text().removeprefix(told)


def test_an_invalid_configuration_runs_nothing(site: Site) -> None:
    schedule(site, 'schedule = "61 * * * *"')
    answer = site.call("--run-scheduled")
    assert answer.code == 2
    assert "jobs.site.schedule: '61 * * * *' is no schedule" in answer.err
