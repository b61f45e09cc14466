"""`config check` doubts what this machine, or cron, will not bear out."""

import os
import pwd
from pathlib import Path

import msgspec
import pytest

from tests.config.writing import GOOD, changed, load
from tui_backup.config.check import Doubt, check
from tui_backup.config.settings import Config

PASSWORD = 'password = { file = "backups.key" }'
PATHS = 'paths = ["static", "/srv"]'


def settled(directory: Path, password: str = PASSWORD) -> Config:
    """Return a configuration with nothing wrong on this machine, but perhaps its password."""
    (directory / "static").mkdir(exist_ok=True)
    return load(directory, changed(PATHS, 'paths = ["static"]').replace(PASSWORD, password))


def doubts(config: Config, key: str, *, as_cron: bool = False) -> list[str]:
    return [doubt.message for doubt in check(config, as_cron=as_cron) if doubt.key == key]


KEY = "repositories.local.password"


def test_a_sound_configuration_raises_no_doubt(tmp_path: Path) -> None:
    assert check(settled(tmp_path)) == []


def test_a_secret_in_the_file_is_doubted_and_not_shown(tmp_path: Path) -> None:
    found = check(settled(tmp_path, 'password = "tr0ub4dor"'))
    assert [doubt.key for doubt in found] == [KEY, KEY]
    assert "tr0ub4dor" not in repr(found)


def test_a_password_file_that_others_may_read_is_doubted(tmp_path: Path) -> None:
    (tmp_path / "backups.key").write_text("secret")
    (tmp_path / "backups.key").chmod(0o644)
    assert doubts(settled(tmp_path), KEY) == [f"others may read or change {tmp_path / 'backups.key'}"]


def test_a_missing_password_file_of_a_repository_is_doubted(tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    (tmp_path / "backups" / "config").write_bytes(b"sealed")
    assert doubts(settled(tmp_path), KEY) == [f"the file {tmp_path / 'backups.key'} does not exist"]


def test_a_variable_that_is_not_set_is_doubted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = settled(tmp_path, 'password = { env = "WORD" }')
    assert doubts(config, KEY) == ["the variable WORD is not set"]
    monkeypatch.setenv("WORD", "x")
    assert doubts(config, KEY) == []
    assert doubts(config, KEY, as_cron=True) == ["cron does not have the variable WORD"]


def test_a_program_that_cron_does_not_find_is_doubted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "tell"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    config = settled(tmp_path, 'password = { command = ["tell"] }')
    assert doubts(config, KEY) == ["there is no program tell"]
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert doubts(config, KEY) == []
    assert doubts(config, KEY, as_cron=True) == ["cron does not find the program tell"]


def test_a_program_beside_the_configuration_is_found(tmp_path: Path) -> None:
    (tmp_path / "tell").write_text("#!/bin/sh\n")
    (tmp_path / "tell").chmod(0o700)
    assert doubts(settled(tmp_path, 'password = { command = ["./tell"] }'), KEY, as_cron=True) == []


def test_a_path_that_does_not_exist_is_doubted(tmp_path: Path) -> None:
    (tmp_path / "static").mkdir()
    found = check(load(tmp_path, changed(PATHS, 'paths = ["static", "gone"]')))
    assert [doubt.key for doubt in found] == ["jobs.site.sources[0]"]
    assert str(tmp_path / "gone") in found[0].message


def test_a_source_without_any_path_is_doubted(tmp_path: Path) -> None:
    (found,) = check(load(tmp_path, changed(PATHS, 'paths = ["gone"]')))
    assert str(tmp_path / "gone") in found.message


def test_a_configuration_without_jobs_is_doubted(tmp_path: Path) -> None:
    assert [doubt.key for doubt in check(load(tmp_path, ""))] == ["jobs"]


def test_a_state_directory_that_others_may_look_into_is_doubted(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o755)
    assert Doubt(
        key="state_dir",
        message=f"others may look into {tmp_path / 'state'}",
        hint=f"chmod 700 {tmp_path / 'state'}",
    ) in check(settled(tmp_path))


def test_what_cron_would_not_find_is_doubted(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert doubts(settled(tmp_path), "", as_cron=True)[0] == "cron would not find this file by itself"
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "elsewhere"))
    config = load(tmp_path, "")
    assert "XDG_STATE_HOME" in doubts(config, "state_dir", as_cron=True)[0]


def test_another_home_than_crons_is_doubted(tmp_path: Path, home: Path) -> None:
    config = load(tmp_path, changed(PATHS, 'paths = ["~/files"]'))
    assert (
        f"HOME is {home} here and {pwd.getpwuid(os.geteuid()).pw_dir} under cron" in doubts(config, "", as_cron=True)[1]
    )


def test_two_repositories_of_a_job_in_one_place_are_doubted(tmp_path: Path) -> None:
    usb = '[repositories.usb]\nstore = { kind = "local", path = "./backups" }\n' + PASSWORD + "\n"
    text = changed(PATHS, 'paths = ["static"]').replace('["local"]', '["local", "usb"]')
    (tmp_path / "static").mkdir()
    (message,) = doubts(load(tmp_path, text + usb), "jobs.site.repositories")
    assert message == "usb and local are one place: a copy there is none"


def test_what_append_only_keeps_from_working_is_told(tmp_path: Path) -> None:
    archives = '[repositories.plain]\nformat = "zip"\nstore = { kind = "local", path = "plain" }\n'
    keys = "append_only = true\nhistory_file = true\n"
    text = GOOD.replace("[jobs.site]", f"{archives}{keys}[jobs.site]\nmax_backups = 1")
    config = load(tmp_path, text.replace('["local"]', '["local", "plain"]'))
    found = {doubt.key: doubt.message for doubt in check(config)}
    assert found["jobs.site.keep"] == "nothing is ever forgotten in plain: append_only = true"
    assert "backup_history.json" in found["repositories.plain.history_file"]


def test_a_metrics_file_that_nobody_will_read_is_doubted(tmp_path: Path) -> None:
    config = settled(tmp_path)
    there = msgspec.structs.replace(config, metrics_file=str(tmp_path / "m.prom"))
    assert doubts(there, "metrics_file") == []
    away = msgspec.structs.replace(config, metrics_file=str(tmp_path / "away" / "m.txt"))
    assert doubts(away, "metrics_file") == [
        f"the directory {tmp_path / 'away'} does not exist",
        "node_exporter only reads files whose names end in .prom",
    ]


def test_programs_beside_a_job_that_are_not_there_are_doubted(tmp_path: Path) -> None:
    (tmp_path / "static").mkdir()
    (tmp_path / "flush").write_text("#!/bin/sh\n")
    (tmp_path / "flush").chmod(0o755)
    hooks = 'before = [["./flush", "all"], ["sh", "-c", "true"]]\nafter = [["no-such-program"]]\n'
    stop = 'stop = [{ stop = ["/no/such", "stop"], start = ["/no/such", "start"] }]\n'
    text = changed(PATHS, 'paths = ["static"]').replace("[jobs.site]\n", f"[jobs.site]\n{hooks}{stop}")
    config = load(tmp_path, text)
    assert doubts(config, "jobs.site.before") == []
    assert doubts(config, "jobs.site.after") == ["there is no program no-such-program"]
    assert doubts(config, "jobs.site.stop") == ["there is no program /no/such"]
