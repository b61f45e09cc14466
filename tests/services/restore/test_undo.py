import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from tests.support.configurations import SITE
from tests.support.mounts import tmpfs
from tests.support.repositories import brief
from tests.support.trees import traits_of, write_tree
from tui_backup.engine.safety_record import SafetyState, read_record, write_record
from tui_backup.errors import BackupError, Locked
from tui_backup.model.event import Restored
from tui_backup.model.snapshot import SAFETY
from tui_backup.model.watch import Watch
from tui_backup.primitives.clock import now
from tui_backup.primitives.patterns import literal
from tui_backup.services.backup.backups import BackupOptions, run_jobs
from tui_backup.services.restore import restores, undo
from tui_backup.services.restore.restores import Conduct, Wish
from tui_backup.services.runs import undo_homes
from tui_backup.services.runs.past_runs import history_rows
from tui_backup.services.storage import safety_copies
from tui_backup.services.storage.snapshots import reach, resolve
from tui_backup.services.workspace import Workspace

CONFIG = SITE + 'undo_keep = "2d"\n'
OTHER = 12_345


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    (tmp_path / "config.toml").write_text(CONFIG)
    write_tree(tmp_path / "source", {"a": b"one", "b": b"two"})
    with Workspace.open(str(tmp_path / "config.toml")) as workspace:
        back_up(workspace)
        yield workspace


def back_up(workspace: Workspace) -> None:
    assert run_jobs(workspace, [workspace.job("site")], BackupOptions())[0].error is None


def restored(workspace: Workspace, tmp_path: Path) -> Restored:
    """Edit the source, and restore it in place."""
    (tmp_path / "source/a").write_text("edited")
    found = resolve(reach(workspace), "latest")
    plan = restores.plan(workspace, found, Wish(target=None), Watch())
    return restores.restore(workspace, found, plan, Conduct())


def undone(workspace: Workspace, name: str | None = None) -> Restored:
    home = undo.find(workspace, name)
    return undo.undo(workspace, home, undo.plan(home, Watch()))


def expire(workspace: Workspace) -> None:
    """Have the time of everything that is kept be over."""
    for home in undo_homes.undoable(workspace.state_dir):
        write_record(home.path, msgspec.structs.replace(home.record, expires=now() - timedelta(seconds=1)))


def homes(workspace: Workspace) -> list[str]:
    return [name for name in os.listdir(workspace.state_dir / "undo") if name != "lock"]


def test_a_restore_in_place_can_be_undone_as_long_as_the_job_says(workspace: Workspace, tmp_path: Path) -> None:
    ended = restored(workspace, tmp_path)
    assert ended.undo_until is not None
    assert timedelta(days=1.9) < ended.undo_until - now() < timedelta(days=2)
    row = history_rows(workspace, limit=1)[0]
    assert (row.run, row.undo_until) == (ended.run, ended.undo_until)


def test_what_was_restored_is_noted_with_it(workspace: Workspace, tmp_path: Path) -> None:
    restored(workspace, tmp_path)
    found = resolve(reach(workspace), "latest")
    (tmp_path / "source/a").write_text("edited")
    wish = Wish(target=None, include=(literal(os.fsencode(tmp_path / "source/a")), "*.log"))
    plan = restores.plan(workspace, found, wish, Watch())
    restores.restore(workspace, found, plan, Conduct())
    noted = {home.record.paths for home in undo_homes.undoable(workspace.state_dir)}
    source = os.fsencode(tmp_path / "source")
    assert noted == {(source,), (source + b"/a", b"*.log")}


def test_of_many_paths_a_few_are_named() -> None:
    assert restores.some_of([b"/a", b"/b"]) == "/a, /b"
    assert restores.some_of([b"/%d" % number for number in range(9)]) == "/0, /1, /2 and 6 more"


def test_what_was_undone_is_not_kept_and_not_undone_again(workspace: Workspace, tmp_path: Path) -> None:
    ended = restored(workspace, tmp_path)
    answer = undone(workspace, ended.run[:-4])
    assert (answer.status, answer.restore, answer.written) == ("ok", ended.run, 1)
    assert (tmp_path / "source/a").read_text() == "edited"
    assert homes(workspace) == []
    assert history_rows(workspace)[1].undo_until is None
    with pytest.raises(BackupError, match="no restore"):
        undo.find(workspace, ended.run)


def test_the_newest_is_undone_first(workspace: Workspace, tmp_path: Path) -> None:
    first = restored(workspace, tmp_path)
    second = restored(workspace, tmp_path)
    newest = max(first.run, second.run)
    assert undo.find(workspace, None).record.restore == newest
    with pytest.raises(BackupError, match="several restores begin with 2"):
        undo.find(workspace, "2")
    with pytest.raises(BackupError, match="no restore x") as error:
        undo.find(workspace, "x")
    assert newest in (error.value.hint or "")


def test_what_changed_since_is_kept_for_another_undo(workspace: Workspace, tmp_path: Path) -> None:
    ended = restored(workspace, tmp_path)
    (tmp_path / "source/a").write_text("since")
    answer = undone(workspace)
    assert (answer.status, answer.message) == ("incomplete", "1 path was left as it is")
    assert undo.find(workspace, None).record.restore == ended.run


def test_what_is_restored_elsewhere_is_not_kept(workspace: Workspace, tmp_path: Path) -> None:
    found = resolve(reach(workspace), "latest")
    plan = restores.plan(workspace, found, Wish(target=str(tmp_path / "out")), Watch())
    assert restores.restore(workspace, found, plan, Conduct()).undo_until is None
    assert not (workspace.state_dir / "undo").exists()


def test_the_next_run_removes_what_was_kept_long_enough(workspace: Workspace, tmp_path: Path) -> None:
    restored(workspace, tmp_path)
    back_up(workspace)
    assert len(homes(workspace)) == 1
    expire(workspace)
    with pytest.raises(BackupError, match="no restore"):
        undo.find(workspace, None)
    back_up(workspace)
    assert homes(workspace) == []


def test_what_somebody_uses_is_not_removed(workspace: Workspace, tmp_path: Path) -> None:
    restored(workspace, tmp_path)
    home = undo.find(workspace, None)
    expire(workspace)
    with undo_homes.held(home):
        undo_homes.sweep(workspace.state_dir)
        assert len(homes(workspace)) == 1
        with pytest.raises(Locked, match="being undone"):
            undo.undo(workspace, home, undo.plan(home, Watch()))


def test_what_a_killed_restore_began_to_keep_is_removed(workspace: Workspace, tmp_path: Path) -> None:
    restored(workspace, tmp_path)
    home = undo.find(workspace, None)
    write_record(home.path, msgspec.structs.replace(home.record, state=SafetyState.KEEPING))
    (workspace.state_dir / "undo" / "half-made").mkdir()
    undo_homes.sweep(workspace.state_dir)
    assert homes(workspace) == []


def test_a_record_that_cannot_be_read_is_left_alone(workspace: Workspace, tmp_path: Path) -> None:
    restored(workspace, tmp_path)
    (workspace.state_dir / "undo" / homes(workspace)[0] / "record").write_bytes(b"{")
    undo_homes.sweep(workspace.state_dir)
    assert len(homes(workspace)) == 1


@pytest.fixture
def unlinkable(tmp_path: Path) -> Iterator[Path]:
    """The source, on a file system where nothing of ours may lie."""
    with tmpfs(tmp_path / "source") as source:
        write_tree(source, {"a": b"one"})
        os.chown(source, OTHER, OTHER)
        yield source


@pytest.mark.requires("tmpfs")
def test_a_safety_snapshot_is_made_used_and_forgotten(tmp_path: Path, unlinkable: Path) -> None:
    (tmp_path / "config.toml").write_text(CONFIG)
    with Workspace.open(str(tmp_path / "config.toml")) as workspace:
        back_up(workspace)
        (unlinkable / "a").write_text("edited")
        before = traits_of(unlinkable)
        restored(workspace, tmp_path)
        kinds = [snapshot.kind for snapshot in workspace.repository("local").snapshots()]
        assert kinds == ["manual", SAFETY]
        newest = resolve(reach(workspace), "latest").snapshot
        assert newest.kind == "manual"
        assert workspace.history.newest_good("site") == [("local", newest.id)]
        assert workspace.history.holdings("site").snapshots == 1
        assert undone(workspace).status == "ok"
        assert {**traits_of(unlinkable), b"a": None} == {**before, b"a": None}
        assert (unlinkable / "a").read_text() == "edited"
        assert len(workspace.repository("local").snapshots()) == 1
        assert homes(workspace) == []


@pytest.mark.requires("tmpfs")
def test_an_expired_safety_snapshot_is_forgotten_by_the_next_run(tmp_path: Path, unlinkable: Path) -> None:
    (tmp_path / "config.toml").write_text(CONFIG)
    with Workspace.open(str(tmp_path / "config.toml")) as workspace:
        back_up(workspace)
        first = restored(workspace, tmp_path)
        expire(workspace)
        undo_homes.sweep(workspace.state_dir)
        kept = read_record(os.fsencode(workspace.state_dir / "undo" / first.run))
        assert kept is not None
        assert kept.state is SafetyState.EXPIRED
        back_up(workspace)
        assert homes(workspace) == []
        assert [snapshot.kind for snapshot in workspace.repository("local").snapshots()] == ["manual", "manual"]


def test_one_restore_in_place_at_a_time(workspace: Workspace, tmp_path: Path) -> None:
    with undo_homes.alone(workspace.state_dir), pytest.raises(Locked, match="another restore in place"):
        restored(workspace, tmp_path)
    assert (tmp_path / "source/a").read_text() == "edited"


@pytest.mark.requires("tmpfs")
def test_a_safety_snapshot_that_cannot_be_forgotten_does_not_spoil_the_undo(tmp_path: Path, unlinkable: Path) -> None:
    (tmp_path / "config.toml").write_text(CONFIG)
    with Workspace.open(str(tmp_path / "config.toml")) as workspace:
        back_up(workspace)
        restored(workspace, tmp_path)
        repository = workspace.repository("local")
        with repository.begin(brief("/elsewhere"), Watch()):
            assert undone(workspace).status == "ok"
        assert len(homes(workspace)) == 1
        safety_copies.forget_over(workspace, repository)
        assert homes(workspace) == []
        assert len(repository.snapshots()) == 1
