"""`--run-scheduled` as cron calls it."""

import json
import os
import shutil

import pytest

from tests.cli.site import Site

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


def test_an_invalid_configuration_runs_nothing(site: Site) -> None:
    schedule(site, 'schedule = "61 * * * *"')
    answer = site.call("--run-scheduled")
    assert answer.code == 2
    assert "jobs.site.schedule: '61 * * * *' is no schedule" in answer.err
