"""The restore that did not come to an end."""

from pathlib import Path

import pytest

from tests.support.estate import Estate, build_estate
from tui_backup.engine.restore_request import Overwrite
from tui_backup.errors import BackupError
from tui_backup.model.watch import Watch
from tui_backup.services.browsing.directories import found_of
from tui_backup.services.restore import restores
from tui_backup.services.restore.restores import Conduct, Wish
from tui_backup.services.restore.unfinished import noted, unfinished
from tui_backup.services.workspace import Workspace


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    estate = build_estate(tmp_path, ("local",))
    estate.run()
    return estate


def restore(workspace: Workspace, estate: Estate, wish: Wish) -> None:
    (snapshot,) = estate.held("local")
    found = found_of(workspace, "local", snapshot.id)
    plan = restores.plan(workspace, found, wish, Watch())
    restores.restore(workspace, found, plan, Conduct(verify=True))


def test_one_that_was_cancelled_is_known_with_all_it_was_asked_to_do(estate: Estate) -> None:
    path = f"{estate.source}/a"
    wish = Wish(target=str(estate.directory / "out"), include=(path,), exclude=("\udcff*",), delete=True)
    with estate.open() as workspace:
        workspace.cancel.cancel()
        with pytest.raises(BackupError):
            restore(workspace, estate, wish)
    with estate.open() as workspace:
        note = unfinished(workspace)
    assert note is not None
    assert note.target == bytes(estate.directory / "out")
    assert (note.include, note.exclude) == ((path,), ("\udcff*",))
    assert (note.overwrite, note.delete, note.verify) == (Overwrite.NEVER, True, True)


def test_one_that_has_ended_is_not(estate: Estate) -> None:
    with estate.open() as workspace:
        restore(workspace, estate, Wish(target=None))
        assert unfinished(workspace) is None


def test_one_whose_snapshot_is_gone_is_not(estate: Estate) -> None:
    with estate.open() as workspace:
        workspace.cancel.cancel()
        with pytest.raises(BackupError):
            restore(workspace, estate, Wish(target=None))
        workspace.history.remember_snapshots("local", ())
        assert unfinished(workspace) is None


def test_of_two_the_one_that_began_last_is_known_until_it_ends(estate: Estate) -> None:
    with estate.open() as workspace:
        found = found_of(workspace, "local", estate.held("local")[0].id)
        plan = restores.plan(workspace, found, Wish(target=None), Watch())
        with (
            noted(workspace, "first", "local", plan, verify=False),
            pytest.raises(ZeroDivisionError),
            noted(workspace, "second", "local", plan, verify=False),
        ):
            raise ZeroDivisionError
        note = unfinished(workspace)
    assert note is not None
    assert (note.run, note.target) == ("second", None)


def test_a_note_that_nobody_can_read_is_none(estate: Estate) -> None:
    with estate.open() as workspace:
        (workspace.state_dir / "restore").write_text("{")
        assert unfinished(workspace) is None
