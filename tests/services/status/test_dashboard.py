"""What the first screen shows."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from tui_backup.config.load import load_config
from tui_backup.history.history import History
from tui_backup.history.verifications import Findings
from tui_backup.model.run import Run, RunStatus, Verb
from tui_backup.model.snapshot import Snapshot, SnapshotStatus
from tui_backup.model.standing import Integrity
from tui_backup.model.trouble import Trouble, TroubleKind
from tui_backup.services.status.dashboard import JobState, Overview, PastBackup, overview, past_backups
from tui_backup.services.status.overview import GRAVEST_FIRST
from tui_backup.services.workspace import Workspace
from tui_backup.tui.dashboard.cures import command_of, kind_piece
from tui_backup.tui.glyphs import ASCII

NOW = datetime(2026, 11, 21, 22, 0, tzinfo=UTC)

CONFIG = """\
state_dir = "state"
[repositories.local]
store = { kind = "local", path = "local" }
password = { file = "key" }
[repositories.offsite]
store = { kind = "local", path = "offsite" }
password = { file = "key" }
[jobs.site]
repositories = ["offsite", "local"]
expected_every = "26h"
sources = [{ kind = "files", paths = ["/srv"] }]
[jobs.mail]
repositories = ["local"]
sources = [{ kind = "files", paths = ["/srv"] }]
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    (tmp_path / "config.toml").write_text(CONFIG)
    with Workspace(load_config(str(tmp_path / "config.toml"))) as workspace:
        yield workspace
        assert not workspace.history.troubles


@pytest.fixture
def history(workspace: Workspace) -> History:
    return workspace.history


def seen(workspace: Workspace) -> Overview:
    return overview(workspace.config, workspace.history, workspace.state_dir, NOW)


def past(workspace: Workspace, job: str = "site") -> list[PastBackup]:
    return past_backups(workspace.history, workspace.job(job))


def ran(history: History, hours_ago: float, status: RunStatus, **changes: object) -> Run:
    started = NOW - timedelta(hours=hours_ago)
    run = Run(
        id=f"{started:%Y%m%dT%H%M%SZ}-1a2b3c4d",
        verb=Verb.BACKUP,
        job="site",
        repository="local",
        kind="scheduled",
        status=status,
        started=started,
        duration=12.0,
    )
    run = msgspec.structs.replace(run, **changes)
    history.finish(run)
    return run


def snapshot(id_: str, hours_ago: float = 1, **changes: object) -> Snapshot:
    made = Snapshot(id=id_, time=NOW - timedelta(hours=hours_ago), host="web1", paths=("/srv",), job="site", size=10)
    return msgspec.structs.replace(made, **changes)


@pytest.mark.parametrize(
    ("status", "hours_ago", "state"),
    [
        (RunStatus.OK, 1, JobState.OK),
        (RunStatus.OK, 30, JobState.STALE),
        (RunStatus.FAILED, 1, JobState.FAILED),
        (RunStatus.INCOMPLETE, 1, JobState.INCOMPLETE),
        (RunStatus.CANCELLED, 1, JobState.CANCELLED),
    ],
)
def test_a_job_stands_in_one_word(workspace: Workspace, status: RunStatus, hours_ago: float, state: JobState) -> None:
    workspace.history.first_seen("site", NOW)
    ran(workspace.history, hours_ago, status)
    assert next(job.state for job in seen(workspace).jobs if job.job == "site") is state


def test_trouble_comes_first_then_the_name(workspace: Workspace) -> None:
    assert [(job.job, job.state) for job in seen(workspace).jobs] == [
        ("mail", JobState.NEVER),
        ("site", JobState.NEVER),
    ]
    ran(workspace.history, 30, RunStatus.OK)
    assert [job.job for job in seen(workspace).jobs] == ["site", "mail"]


def test_damage_is_graver_than_a_failure(workspace: Workspace, history: History) -> None:
    ran(history, 1, RunStatus.FAILED, job="mail")
    history.remember_snapshots("offsite", [snapshot("aa")])
    history.record_verification("offsite", Findings(time=NOW, broken=("aa",)))
    found = seen(workspace)
    assert [trouble.kind for trouble in found.problems] == [TroubleKind.DAMAGED, TroubleKind.FAILED]
    assert found.jobs[0].state is JobState.DAMAGED


def test_outcomes_are_those_of_whole_runs_oldest_first(workspace: Workspace, history: History) -> None:
    first = ran(history, 9, RunStatus.OK)
    ran(history, 9, RunStatus.FAILED, id=first.id, repository="offsite")
    last = ran(history, 5, RunStatus.OK)
    job = next(job for job in seen(workspace).jobs if job.job == "site")
    assert job.outcomes == (RunStatus.FAILED, RunStatus.OK)
    assert job.last_run == last.id


def test_copies_of_a_snapshot_are_one_backup_in_the_order_of_the_job(workspace: Workspace, history: History) -> None:
    history.remember_snapshots("local", [snapshot("aa", added=7, duration=3.0)])
    history.remember_snapshots("offsite", [snapshot("bb", original="aa", copy_of="aa")])
    ran(history, 1, RunStatus.OK, snapshot="aa")
    (backup,) = past(workspace)
    assert [(copy.repository, copy.snapshot) for copy in backup.copies] == [("offsite", "bb"), ("local", "aa")]
    assert (backup.added, backup.duration, backup.run) == (7, 3.0, history.runs()[0].id)


def test_of_a_backup_only_what_went_wrong_is_told(workspace: Workspace, history: History) -> None:
    history.remember_snapshots("local", [snapshot("aa"), snapshot("cc")])
    ran(history, 1, RunStatus.OK, snapshot="aa", message="1 snapshot copied")
    ran(history, 2, RunStatus.INCOMPLETE, snapshot="cc", message="1 path could not be read")
    assert {backup.message for backup in past(workspace)} == {None, "1 path could not be read"}


def test_what_was_rewritten_is_a_backup_of_its_own(workspace: Workspace, history: History) -> None:
    history.remember_snapshots("local", [snapshot("aa", root="1"), snapshot("bb", root="2", original="aa")])
    assert len(past(workspace)) == 2


def test_runs_that_made_nothing_are_there_and_those_that_were_forgotten_are_not(
    workspace: Workspace, history: History
) -> None:
    history.remember_snapshots("local", [snapshot("aa", 5, status=SnapshotStatus.INCOMPLETE)])
    ran(history, 9, RunStatus.OK, snapshot="forgotten")
    ran(history, 1, RunStatus.FAILED, message="disk full")
    ran(history, 0.5, RunStatus.RUNNING)
    failed, incomplete = past(workspace)
    assert (failed.status, failed.message, failed.copies) == (RunStatus.FAILED, "disk full", ())
    assert incomplete.status is RunStatus.INCOMPLETE


def test_a_copy_that_failed_is_told_with_the_backup(workspace: Workspace, history: History) -> None:
    history.remember_snapshots("local", [snapshot("aa")])
    run = ran(history, 1, RunStatus.OK, snapshot="aa")
    ran(history, 1, RunStatus.FAILED, id=run.id, repository="offsite", message="no answer")
    (backup,) = past(workspace)
    assert (backup.status, backup.message, len(backup.copies)) == (RunStatus.OK, "no answer", 1)


def test_damage_anywhere_is_seen_and_the_whole_copy_is_read(workspace: Workspace, history: History) -> None:
    history.remember_snapshots("local", [snapshot("aa")])
    history.remember_snapshots("offsite", [snapshot("bb", original="aa")])
    history.record_verification("local", Findings(time=NOW, needs=(("aa", ("p",)),), read=("p",)))
    (backup,) = past(workspace)
    assert backup.standing.integrity is Integrity.OK
    history.record_verification("offsite", Findings(time=NOW, broken=("bb",)))
    (backup,) = past(workspace)
    assert backup.standing.integrity is Integrity.DAMAGED
    assert backup.best_copy is not None
    assert backup.best_copy.repository == "local"


def test_every_kind_of_trouble_has_its_place_and_its_word() -> None:
    assert sorted(GRAVEST_FIRST) == sorted(TroubleKind)
    for kind in TroubleKind:
        assert kind_piece(kind, ASCII)
        assert command_of(Trouble(kind=kind, message=""))
