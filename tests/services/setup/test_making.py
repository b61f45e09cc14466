"""Setup makes what is missing and touches nothing that exists."""

import os
import shutil
import stat
from pathlib import Path

import pytest

from tests.support.repositories import access_of
from tui_backup.config.load import load_config
from tui_backup.config.paths import user_config
from tui_backup.services.schedule.crontab import lines
from tui_backup.services.schedule.timetable import timetable
from tui_backup.services.setup import starter
from tui_backup.services.setup.making import Setup, initialise
from tui_backup.services.workspace import Workspace


def made(setup: Setup) -> set[str]:
    return {step.what for step in setup.done}


def content(directory: Path) -> dict[str, tuple[int, bytes]]:
    """Return what setup may have touched: every file but the record, with its time and bytes."""
    files = [path for path in directory.rglob("*") if path.is_file() and "history" not in path.name]
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def test_setup_makes_everything_from_nothing(tmp_path: Path) -> None:
    setup = initialise(str(tmp_path / "new" / "config.toml"))
    assert made(setup) == {"configuration", "state", "password", "repository"}
    assert (setup.skipped, setup.problems, setup.exit_code) == ([], [], 0)
    key = tmp_path / "new" / "backups.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(key.read_text().strip()) >= 40
    assert stat.S_IMODE((tmp_path / "new" / "config.toml").stat().st_mode) == 0o600


def test_setup_touches_nothing_that_exists(tmp_path: Path) -> None:
    initialise(str(tmp_path / "config.toml"))
    before = content(tmp_path)
    setup = initialise(str(tmp_path / "config.toml"))
    assert made(setup) == set()
    assert {step.what for step in setup.skipped} == {"configuration", "state", "repository"}
    assert content(tmp_path) == before


def test_a_repository_that_is_gone_is_not_made_again(tmp_path: Path) -> None:
    initialise(str(tmp_path / "config.toml"))
    shutil.rmtree(tmp_path / "backups")
    setup = initialise(str(tmp_path / "config.toml"))
    assert setup.exit_code == 10
    assert "is the disk mounted?" in setup.problems[0].detail
    assert not (tmp_path / "backups").exists()


def test_one_bad_repository_keeps_no_other_from_being_made(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        'state_dir = "state"\n'
        '[repositories.first]\nstore = { kind = "local", path = "a" }\npassword = { env = "NOT_SET" }\n'
        '[repositories.second]\nstore = { kind = "local", path = "b" }\npassword = "literal"\n'
    )
    setup = initialise(str(tmp_path / "config.toml"))
    assert [step.object for step in setup.problems] == ["first"]
    assert [step.object for step in setup.done if step.what == "repository"] == ["second"]
    assert setup.exit_code == 2


def test_the_starter_in_a_named_file_is_the_sample(tmp_path: Path) -> None:
    initialise(str(tmp_path / "mine.toml"))
    assert (tmp_path / "mine.toml").read_text() == starter.sample().replace("sample_config.toml", "mine.toml")


def test_the_starter_of_a_user_backs_up_the_home_directory(home: Path) -> None:
    path = Path(user_config())
    path.parent.mkdir(parents=True)
    path.write_text(starter.placed(str(path)))
    config = load_config()
    own = home / ".local" / "share" / "tui-backup"
    assert config.path == str(path)
    assert config.repositories["local"].store.describe() == str(own / "backups")
    password = config.repositories["local"].password
    assert password is not None
    assert password.file == str(path.parent / "backups.key")
    assert config.jobs["here"].sources[0].roots() == (str(home),)
    assert "/.local/share/tui-backup/" in config.jobs["here"].sources[0].patterns()
    assert Path(config.state_dir).parent == home / ".local" / "state" / "tui-backup"


def test_the_starter_of_a_machine_names_only_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starter, "SYSTEM_CONFIG", str(tmp_path / "config.toml"))
    (tmp_path / "config.toml").write_text(starter.placed(str(tmp_path / "config.toml")))
    roots = load_config(str(tmp_path / "config.toml")).jobs["here"].sources[0].roots()
    assert "/etc" in roots
    assert all(os.path.isdir(root) for root in roots)


def test_the_timetable_says_what_has_jobs_run_by_themselves(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("")
    config = load_config(str(tmp_path / "config.toml"))
    text = timetable(config)
    assert f"tui-backup --config {config.path} schedule install" in text
    assert lines(config)[0] in text
    assert "--systemd" in text


def test_the_repositories_of_a_job_are_made_alike_with_passwords_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        "".join(
            f"[repositories.{name}]\n"
            f'store = {{ kind = "local", path = "{name}" }}\npassword = {{ file = "{name}.key" }}\n'
            for name in ("first", "second", "lone")
        )
        + '[jobs.site]\nrepositories = ["second", "first"]\nsources = [{ kind = "files", paths = ["."] }]\n'
    )
    setup = initialise(str(tmp_path / "config.toml"))
    assert setup.problems == []
    with Workspace.open(str(tmp_path / "config.toml")) as workspace:
        first, second, lone = (
            access_of(workspace.repository(name)).config.chunker_polynomial for name in ("first", "second", "lone")
        )
    assert first == second != lone
    assert len({(tmp_path / f"{name}.key").read_text() for name in ("first", "second", "lone")}) == 3
