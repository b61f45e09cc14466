import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tui_backup.engine.rereading import reread
from tui_backup.engine.restore_plan import RestorePlan
from tui_backup.errors import RestoreRefused
from tui_backup.model.watch import Watch
from tui_backup.primitives.clock import now
from tui_backup.services.backup.backups import BackupOptions, run_jobs
from tui_backup.services.restore import restores
from tui_backup.services.restore.restores import Conduct, Wish
from tui_backup.services.storage.snapshots import Found, reach, resolve
from tui_backup.services.workspace import Workspace

CONFIG = """
state_dir = "state"
[repositories.local]
store = { kind = "local", path = "backups" }
password = { file = "backups.key" }
trusted = false
[jobs.site]
repositories = ["local"]
sources = [{ kind = "files", paths = ["source"], exclude = ["*.log"], exclude_caches = true }]
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    (tmp_path / "config.toml").write_text(CONFIG)
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "a").write_text("one")
    (tmp_path / "source" / "b").write_text("two")
    with Workspace.open(str(tmp_path / "config.toml")) as workspace:
        assert run_jobs(workspace, [workspace.job("site")], BackupOptions())[0].error is None
        yield workspace


@pytest.fixture
def found(workspace: Workspace) -> Found:
    return resolve(reach(workspace), "latest")


def planned(workspace: Workspace, found: Found, target: Path) -> RestorePlan:
    return restores.plan(workspace, found, Wish(target=str(target)), Watch())


def test_reading_back_finds_what_is_not_as_in_the_snapshot(workspace: Workspace, found: Found, tmp_path: Path) -> None:
    plan = planned(workspace, found, tmp_path / "out")
    restores.restore(workspace, found, plan, Conduct())
    restored = tmp_path / "out" / str(tmp_path / "source")[1:]
    (restored / "a").write_text("ONE")
    (restored / "b").unlink()
    warned: list[tuple[bytes | None, str]] = []
    assert reread(plan, found.shelf.repository, Watch(on_warning=lambda *each: warned.append(each))) == 2
    assert [os.path.basename(path or b"") for path, _message in warned] == [b"a", b"b"]


def test_what_the_backup_needs_itself_is_never_deleted(workspace: Workspace, found: Found, tmp_path: Path) -> None:
    request = restores.request_of(workspace, found, Wish(target=None, delete=True))
    own = {os.path.basename(path) for path in request.protected}
    assert own == {b"state", b"backups", b"config.toml", b"backups.key"}
    assert request.spared == ("*.log",)
    assert [rules.caches for rules in request.rules] == [True]


def test_trust_is_the_repositorys_or_given_for_once(workspace: Workspace, found: Found) -> None:
    assert not restores.request_of(workspace, found, Wish(target="x")).trusted
    assert restores.request_of(workspace, found, Wish(target="x", trust=True)).trusted


def test_a_target_that_is_no_directory_is_refused(workspace: Workspace, found: Found, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RestoreRefused, match="cannot restore to"):
        planned(workspace, found, tmp_path / "file")


def test_a_fresh_directory_is_one_that_does_not_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    time = now()
    first = restores.fresh_directory("site", time)
    Path(first).mkdir()
    assert restores.fresh_directory("site", time) == f"{first}_2"


def test_what_is_stored_below_another_name_is_not_restored_in_place(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "a").write_text("one")
    (tmp_path / "config.toml").write_text(CONFIG.replace('exclude = ["*.log"]', 'as = "static"'))
    with Workspace.open(str(tmp_path / "config.toml")) as workspace:
        run_jobs(workspace, [workspace.job("site")], BackupOptions())
        with pytest.raises(RestoreRefused, match="stored below other names"):
            restores.plan(workspace, resolve(reach(workspace), "latest"), Wish(target=None), Watch())


def test_what_the_snapshot_holds_elsewhere_is_not_restored_in_place(workspace: Workspace, found: Found) -> None:
    moved = msgspec.structs.replace(found.snapshot, paths=("/nowhere/source",))
    with pytest.raises(RestoreRefused, match="stored below other names"):
        restores.plan(workspace, msgspec.structs.replace(found, snapshot=moved), Wish(target=None), Watch())
