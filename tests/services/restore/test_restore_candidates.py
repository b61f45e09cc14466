"""From which snapshots something can be brought back."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.estate import Estate, build_estate
from tui_backup.errors import BackupError
from tui_backup.history.verifications import Findings
from tui_backup.model.snapshot import Snapshot
from tui_backup.primitives.clock import now
from tui_backup.services.restore.restore_candidates import present, recorded
from tui_backup.services.workspace import Workspace


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    estate = build_estate(tmp_path)
    estate.run()
    (estate.source / "a").write_text("two\n")
    estate.run()
    return estate


def damage(workspace: Workspace, repository: str, snapshot: Snapshot) -> None:
    """Record that a snapshot is damaged in a repository."""
    pack = "bb" * 32
    findings = Findings(time=now() - timedelta(days=1), read=(), damaged=(pack,), needs=((snapshot.id, (pack,)),))
    workspace.history.record_verification(repository, findings)


def test_each_snapshot_is_there_once_newest_first_from_the_jobs_first_repository(estate: Estate) -> None:
    newest = [snapshot.id for snapshot in reversed(estate.held("local"))]
    with estate.open() as workspace:
        found = present(workspace)
        assert found == recorded(workspace)
    assert [each.snapshot.id for each in found.found] == newest
    assert [[copy.repository for copy in each.copies] for each in found.found] == [["local", "offsite"]] * 2
    assert found.preferred() == found.preferred("site") == found.found[0]
    assert found.preferred(snapshot=estate.held("offsite")[0].id) == found.found[1]
    assert found.preferred(snapshot="00" * 32) is None


def test_of_a_damaged_copy_the_other_one_is_used(estate: Estate) -> None:
    with estate.open() as workspace:
        damage(workspace, "local", estate.held("local")[-1])
        candidates = present(workspace)
    assert candidates.found[0].copy.repository == "offsite"
    assert candidates.preferred() == candidates.found[0]


def test_what_is_damaged_everywhere_comes_last_and_is_not_preferred(estate: Estate) -> None:
    with estate.open() as workspace:
        for name in ("local", "offsite"):
            damage(workspace, name, estate.held(name)[-1])
        candidates = present(workspace)
    assert [each.is_damaged for each in candidates.found] == [False, True]
    assert candidates.preferred() == candidates.found[0]
    assert candidates.found[0].snapshot.id == estate.held("local")[0].id


def test_a_repository_that_cannot_be_reached_is_named_and_the_record_still_knows_it(estate: Estate) -> None:
    estate.hide("local")
    with estate.open() as workspace:
        reached = present(workspace)
        assert [trouble.name for trouble in reached.troubles] == ["local"]
        assert {each.copy.repository for each in reached.found} == {"offsite"}
        assert {each.copy.repository for each in recorded(workspace).found} == {"local"}


def test_the_only_repository_that_cannot_be_reached_is_an_error(tmp_path: Path) -> None:
    estate = build_estate(tmp_path, ("local",))
    estate.run()
    estate.hide("local")
    with estate.open() as workspace, pytest.raises(BackupError):
        present(workspace)
