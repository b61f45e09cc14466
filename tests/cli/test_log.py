"""What the program leaves in its log, and in the journal when it is a service."""

import json
from pathlib import Path

import pytest

from tests.cli.site import Site
from tests.support.journal import with_journald

AS_SERVICE = """
import subprocess, sys
program = [sys.executable, "-m", "tui_backup", "-c", sys.argv[1]]
as_systemd_does = 'JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2) exec "$@"'
subprocess.run(["systemd-cat", "sh", "-c", as_systemd_does, "sh", *program, "run", "site"], check=True)
subprocess.run([*program, "run", "site"], check=True)
"""

ASK = """
import json, subprocess
command = ["journalctl", "TUI_BACKUP_JOB=site", "-o", "json"]
for line in subprocess.run(command, capture_output=True, check=True).stdout.splitlines():
    entry = json.loads(line)
    print(entry["SYSLOG_IDENTIFIER"], entry["PRIORITY"], entry.get("TUI_BACKUP_RESULT"), entry["MESSAGE"])
"""


def log_of(site: Site) -> Path:
    return site.directory / "state" / "log" / "tui-backup.log"


def configured(site: Site, line: str) -> None:
    site.config.write_text(f"{line}\n{site.config.read_text()}")


def test_a_run_can_be_found_by_its_id(site: Site) -> None:
    configured(site, 'log_format = "json"')
    snapshot = site.back_up()
    began, _made, ended = [json.loads(line) for line in log_of(site).read_text().splitlines()]
    (row,) = site.call("history", "--json").document
    assert began["run"] == ended["run"] == row["run"]
    assert (began["message"], began["job"], began["verb"], began["kind"]) == ("run began", "site", "run", "manual")
    assert (ended["level"], ended["result"], ended["snapshot"]) == ("info", "ok", snapshot)
    assert (ended["bytes_added"], ended["duration"]) == (row["bytes_added"], row["duration"])


def test_a_failure_is_an_error_with_its_reason(site: Site) -> None:
    configured(site, 'log_level = "error"')
    site.back_up()
    assert not log_of(site).exists()
    site.source.rename(site.directory / "away")
    said = site.call("run", "site").err.splitlines()[0].removeprefix("tui-backup: error: ")
    (line,) = log_of(site).read_text().splitlines()
    assert " error run ended run=" in line
    assert " result=failed " in line
    assert f'reason="{said}"' in line


def test_a_password_in_the_configuration_is_not_in_the_log(site: Site) -> None:
    site.config.write_text(site.config.read_text().replace('{ file = "backups.key" }', '"tr0ub4dor-and-3"'))
    site.config.chmod(0o600)
    configured(site, 'log_level = "debug"')
    site.back_up()
    site.config.write_text(site.config.read_text().replace('["source"]', '["source", "tr0ub4dor-and-3"]'))
    assert site.call("run", "site").code == 3
    assert "/********" in log_of(site).read_text()
    assert "tr0ub4dor" not in log_of(site).read_text()


def test_what_is_no_run_is_in_it_too(site: Site) -> None:
    configured(site, 'log_format = "json"')
    site.back_up()
    assert site.call("tag", "latest:site", "add", "pin").code == 0
    assert site.call("key", "add", "-r", "local").code != 0
    assert site.call("tag", "latest:site", "remove", "pin").code == 0
    assert site.call("forget", "--yes", "latest:site").code == 0
    found = [json.loads(line) for line in log_of(site).read_text().splitlines()]
    told = [(line["verb"], line["result"]) for line in found if line["message"] == "done"]
    assert told == [("init", "ok"), ("tag", "ok"), ("tag", "ok"), ("forget", "ok")]
    tagged = next(line for line in found if line["message"] == "done" and line["verb"] == "tag")
    assert tagged["object"].endswith(", repository local")
    assert tagged["detail"] == "add pin"


@pytest.mark.requires("journald")
def test_a_service_tells_the_journal_and_anybody_else_does_not(site: Site) -> None:
    entries = with_journald(AS_SERVICE, ASK, str(site.config)).splitlines()[-2:]
    assert len(entries) == 2
    assert entries[0].startswith("tui-backup 6 None run began run=")
    assert entries[1].startswith("tui-backup 6 ok run ended run=")
    assert log_of(site).read_text().count(" run ended ") == 2
