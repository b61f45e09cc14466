import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

import tui_backup
from tests.support.configurations import SITE
from tui_backup.services.workspace import Workspace


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "config.toml").write_text(SITE)
    monkeypatch.setenv("TUI_BACKUP_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.chdir(tmp_path)
    source = tmp_path / "source"
    source.mkdir()
    (source / "a.txt").write_text("one\n")
    return source


def test_importing_the_package_costs_nothing() -> None:
    code = "import tui_backup, sys; print([name for name in sys.modules if name.startswith('tui_backup.')])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_there_is_nothing_but_what_is_offered() -> None:
    assert not hasattr(tui_backup, "something_else")
    assert callable(tui_backup.Engine)


def test_a_script_that_backs_up_and_looks_works_as_written(source: Path) -> None:
    result = tui_backup.create_backup("scheduled")
    assert result["status"] == "completed"
    assert result["name"] is not None
    assert result["name"].endswith("_scheduled")
    assert result.get("error", "unknown") is None
    status = tui_backup.get_backup_status()
    assert status["last_backup"] is not None
    last_backup_time = datetime.fromisoformat(status["last_backup"]["timestamp"])
    assert (datetime.now() - last_backup_time).days == 0  # noqa: DTZ005 - as the scripts of other people do
    assert status["total_size_mb"] >= 0
    assert (status["count"], status["healthy"]) == (1, True)
    assert json.dumps(result)


def test_a_job_can_be_backed_up_by_its_name(source: Path) -> None:
    result = tui_backup.create_backup("site")
    assert (result["status"], result["job"], result["size"]) == ("completed", "site", 4)
    backups = tui_backup.list_backups()
    assert [(each["id"], each["type"], each["status"]) for each in backups] == [(result["id"], "manual", "completed")]


def test_a_failure_is_told_and_not_raised(source: Path) -> None:
    source.rename(source.parent / "away")
    result = tui_backup.create_backup()
    assert result["status"] == "failed"
    assert result["error"]
    (source.parent / "config.toml").write_text("nonsense = 1")
    assert tui_backup.create_backup("manual")["status"] == "failed"


def test_a_program_that_fails_afterwards_is_told_though_the_backup_is_completed(source: Path) -> None:
    config = Path("config.toml")
    config.write_text(config.read_text().replace("[jobs.site]\n", '[jobs.site]\nafter = [["false"]]\n'))
    created = tui_backup.create_backup("site")
    assert (created["status"], created["error"]) == (
        "completed",
        "the program false of after ended with exit code 1",
    )


def test_a_backup_can_be_verified_restored_and_deleted(source: Path) -> None:
    identity = tui_backup.create_backup()["id"]
    assert identity is not None
    assert tui_backup.verify_backup(identity)["success"]
    result = tui_backup.restore_backup(identity)
    assert result["success"]
    assert result["restore_path"] is not None
    assert (Path(result["restore_path"]) / str(source)[1:] / "a.txt").read_text() == "one\n"
    assert tui_backup.delete_backup(identity) == {"success": True, "error": None}
    assert tui_backup.list_backups() == []


def test_what_is_unknown_is_an_error_and_no_exception(source: Path) -> None:
    tui_backup.create_backup()
    for answer in (
        tui_backup.verify_backup("00000000"),
        tui_backup.restore_backup("00000000"),
        tui_backup.delete_backup("00000000"),
    ):
        assert not answer["success"]
        assert answer["error"] == "there is no snapshot 00000000"


def test_an_engine_uses_the_configuration_it_is_given(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TUI_BACKUP_CONFIG")
    engine = tui_backup.Engine(str(source.parent / "config.toml"))
    assert engine.create_backup("weekly")["status"] == "completed"
    assert [each["type"] for each in engine.list_backups()] == ["weekly"]


TWO = (
    SITE.replace('["local"]', '["local", "usb"]')
    + """
[repositories.usb]
store = { kind = "local", path = "usb" }
password = { file = "usb.key" }
"""
)


def test_copies_are_listed_and_not_counted_twice(source: Path) -> None:
    (source.parent / "config.toml").write_text(TWO)
    result = tui_backup.create_backup("site")
    assert (result["status"], result["error"]) == ("completed", None)
    listed = tui_backup.list_backups()
    assert [each["repository"] for each in listed] == ["local", "usb"]
    status = tui_backup.get_backup_status()
    assert (status["count"], status["healthy"]) == (1, True)
    assert status["last_backup"] == listed[0]
    assert tui_backup.restore_backup(listed[1]["id"], str(source.parent / "out"))["success"]


def test_a_copy_that_failed_is_told_though_the_backup_is_completed(source: Path) -> None:
    (source.parent / "config.toml").write_text(TWO)
    (source.parent / "usb").write_text("a file")
    result = tui_backup.create_backup("site")
    assert result["status"] == "completed"
    assert (result["error"] or "").startswith("usb: ")


def test_what_was_deleted_does_not_come_back_with_the_next_run(source: Path) -> None:
    (source.parent / "config.toml").write_text(TWO)
    tui_backup.create_backup("site")
    deleted = tui_backup.list_backups()[1]["id"]
    assert tui_backup.delete_backup(deleted)["success"]
    tui_backup.create_backup("site")
    assert [each["repository"] for each in tui_backup.list_backups()] == ["local", "local", "usb"]


def test_what_is_pinned_is_not_deleted(source: Path) -> None:
    identity = str(tui_backup.create_backup("site")["id"])
    with Workspace.open() as workspace:
        repository = workspace.repository("local")
        (snapshot,) = repository.snapshots()
        pinned = repository.retag(snapshot, [*snapshot.tags, "pin"])
    assert pinned.id != identity
    result = tui_backup.delete_backup(pinned.id)
    assert not result["success"]
    assert "is pinned" in (result["error"] or "")
    assert [each["id"] for each in tui_backup.list_backups()] == [pinned.id]
