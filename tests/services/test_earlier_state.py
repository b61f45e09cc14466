"""The state of a version that knew no schedules, in the hands of this one: `tests/data/state-5.tar.gz`.

That version made three backups into two repositories, one that failed, and a verification; with it lies what it said of
them (`history --json`, `list --json`).
"""

import json
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.tars import unpack
from tui_backup.history.anchors import Gathered
from tui_backup.model.schedule import What
from tui_backup.services.alerts.endings import untold_endings
from tui_backup.services.schedule.due import due
from tui_backup.services.status.overview import report
from tui_backup.services.workspace import Workspace

STATE = Path(__file__).parents[1] / "data" / "state-5.tar.gz"

CONFIG = """
state_dir = "state"
[repositories.local]
store = { kind = "local", path = "backups" }
password = { file = "backups.key" }
[repositories.offsite]
store = { kind = "local", path = "offsite" }
password = { file = "backups.key" }
[jobs.site]
repositories = ["local", "offsite"]
schedule = "0 2 * * *"
verify = "0 5 * * 0"
prune = "0 6 * * 0"
expected_every = "26h"
timezone = "UTC"
sources = [{ kind = "files", paths = ["src"] }]
[notifiers.ops]
kind = "command"
command = ["/bin/false"]
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with tarfile.open(STATE) as packed:
        unpack(packed, tmp_path)
    (tmp_path / "state").chmod(0o700)
    (tmp_path / "config.toml").write_text(CONFIG)
    with Workspace.open(str(tmp_path / "config.toml")) as workspace:
        yield workspace


@pytest.fixture
def said(tmp_path: Path, workspace: Workspace) -> dict[str, Any]:
    """What the earlier version said."""
    return {name: json.loads((tmp_path / f"{name}.json").read_text()) for name in ("history", "list")}


@pytest.fixture
def present(said: dict[str, Any]) -> datetime:
    """A few minutes after its last run."""
    return datetime.fromisoformat(said["history"][0]["started"]) + timedelta(minutes=5)


def test_nothing_is_lost(workspace: Workspace, said: dict[str, Any], present: datetime) -> None:
    history = workspace.history
    known = [(run.id, run.verb, run.repository, run.status, run.snapshot, run.message) for run in history.runs()]
    names = ("run", "verb", "repository", "status", "snapshot", "message")
    assert known == [tuple(row[name] for name in names) for row in said["history"]]
    held = {one.id for name in workspace.config.repositories for one in history.snapshots(name)}
    assert held == {row["id"] for row in said["list"]}
    proven = {row["id"] for row in said["list"] if row["integrity"] == "ok"}
    assert proven == {id_ for id_, standing in history.proofs("local").items() if standing.verified_at is not None}
    assert not history.lost
    assert not history.troubles
    examination = workspace.audit.examine(gathered=Gathered(anchors=(), sources=()))
    assert (examination.findings, examination.unended) == ((), ())


def test_all_is_well_and_nobody_is_told_of_the_past(workspace: Workspace, present: datetime) -> None:
    found = report(workspace.config, workspace.history, workspace.state_dir, present)
    assert (found.problems, found.jobs[0].success_rate) == ((), 0.75)
    assert untold_endings(workspace.history, workspace.state_dir, (), present).told == ()
    assert workspace.history.alerts() == []


def test_nothing_is_due_before_its_first_moment(workspace: Workspace, present: datetime) -> None:
    assert due(workspace.config, workspace.history, present) == []
    night = (present + timedelta(days=1)).replace(hour=2, minute=1, tzinfo=UTC)
    (backup,) = [each for each in due(workspace.config, workspace.history, night) if each.what is What.BACKUP]
    assert backup.moment == night.replace(minute=0, second=0, microsecond=0)
