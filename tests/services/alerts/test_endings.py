"""Ends of runs are told by whoever looks next, though who carried them out was killed, and attempts by the last one."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from tests.support.estate import Estate, run_in
from tests.support.servers.receivers import Receiver, receiver
from tests.support.telling import content, event, events, listed, telling_estate
from tui_backup.history.lookout import KEPT_FOR
from tui_backup.model.run import Run, Verb
from tui_backup.model.trouble import TroubleKind
from tui_backup.primitives.clock import now
from tui_backup.services.alerts import telling as alerts
from tui_backup.services.runs.attempts import LATE
from tui_backup.services.runs.run_scope import RunScope, run_scope
from tui_backup.services.status.overview import report
from tui_backup.services.unattended.upkeep_turns import reclaim, verify_share
from tui_backup.services.workspace import Workspace

REPOSITORY = Path(__file__).parents[3]
ENDS = listed("success", "failure", "incomplete", "recovery")
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

DIES = """
import os, signal, sys
from tests.support.estate import run_in
from tui_backup.errors import BackupError
from tui_backup.services.upkeep.verification import VerifyRequest, verify
from tui_backup.services.workspace import Workspace
workspace = Workspace.open(sys.argv[1])
run_in(workspace, "site")
os.rename(sys.argv[2], sys.argv[2] + ".gone")
workspace.close = None
with Workspace.open(sys.argv[1]) as other:
    verify(other, VerifyRequest())
    other.news.take()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def ops() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


@pytest.fixture
def estate(tmp_path: Path, ops: Receiver) -> Estate:
    return telling_estate(tmp_path / "estate", [("ops", ops.url)], on=ENDS)


@contextmanager
def at_once(scope: RunScope) -> Iterator[None]:
    """Wait for nothing."""
    scope.admit()
    yield


def look(estate: Estate, after: timedelta = timedelta()) -> None:
    """Tell what there is to tell, as another process would so long from now."""
    with estate.open() as workspace:
        alerts.tell(workspace, lambda: now() + after, 5.0)


def unread(workspace: Workspace) -> None:
    """Close a workspace as if its process were killed before it tells."""
    workspace.news.take()
    workspace.close()


def kinds(estate: Estate) -> list[TroubleKind]:
    with estate.open() as workspace:
        found = report(workspace.config, workspace.history, workspace.state_dir, now())
    return [trouble.kind for trouble in found.problems]


def test_what_ended_before_its_process_was_killed_is_told_by_the_next_and_once(estate: Estate, ops: Receiver) -> None:
    config, repository = str(estate.directory / "config.toml"), str(estate.directory / "local")
    victim = subprocess.run([sys.executable, "-c", DIES, config, repository], cwd=REPOSITORY, check=False)
    assert victim.returncode == -signal.SIGKILL
    assert events(ops) == []
    look(estate)
    look(estate)
    assert events(ops) == ["backup_completed", "verify_failed"]


def test_what_goes_on_is_told_of_when_it_is_over(estate: Estate, ops: Receiver) -> None:
    workspace = estate.open()
    with workspace, run_scope(workspace, verb=Verb.VERIFY, repository="local"):
        look(estate)
        assert events(ops) == []
    assert events(ops) == ["verify_failed"]


def test_of_runs_from_before_there_was_anybody_to_tell_nobody_is_told(tmp_path: Path, ops: Receiver) -> None:
    estate = telling_estate(tmp_path / "estate", [])
    estate.run()
    with (estate.directory / "config.toml").open("a") as file:
        file.write(f'\n[notifiers.ops]\nkind = "webhook"\nurl = "{ops.url}"\non = [{ENDS}]\n')
    look(estate)
    assert events(ops) == []
    estate.run()
    assert events(ops) == ["backup_completed"]


def test_it_is_forgotten_in_time_of_what_was_told(estate: Estate) -> None:
    estate.run()
    with estate.open() as workspace:
        (run,) = workspace.history.runs()
        look(estate, KEPT_FOR - DAY)
        assert workspace.history.lookout.knows(run.id)
        look(estate, KEPT_FOR + DAY)
        assert not workspace.history.lookout.knows(run.id)


def attempt(estate: Estate, *, fails: bool, again: timedelta | None = None) -> Run:
    """Back up; a failure says when it is tried again, as those do that a schedule begins."""
    if fails:
        estate.source.rename(estate.directory / "away")
    workspace = estate.open()
    run_in(workspace, "site")
    (row,) = workspace.history.runs("site", 1)
    workspace.history.finish(msgspec.structs.replace(row, next_attempt=again and now() + again))
    unread(workspace)
    if fails:
        (estate.directory / "away").rename(estate.source)
    return row


def test_of_a_failed_attempt_nobody_is_told_while_another_is_to_come(estate: Estate, ops: Receiver) -> None:
    attempt(estate, fails=False)
    look(estate)
    ops.got.clear()
    attempt(estate, fails=True, again=10 * MINUTE)
    look(estate)
    assert (events(ops), kinds(estate)) == ([], [])
    attempt(estate, fails=False)
    look(estate)
    look(estate, DAY)
    assert events(ops) == ["backup_completed"]


def test_the_last_attempt_is_told_of_and_an_alert_stays_open_until_it_is_known(estate: Estate, ops: Receiver) -> None:
    first = attempt(estate, fails=True)
    look(estate)
    attempt(estate, fails=True, again=10 * MINUTE)
    look(estate)
    assert events(ops) == ["backup_failed"]
    assert content(ops.got[0])["run"] == first.id
    attempt(estate, fails=False)
    look(estate)
    assert events(ops) == ["backup_failed", "backup_completed", "recovered"]


def test_a_failed_attempt_is_told_where_the_next_one_never_comes(estate: Estate, ops: Receiver) -> None:
    attempt(estate, fails=True, again=10 * MINUTE)
    look(estate, 10 * MINUTE)
    assert events(ops) == []
    look(estate, 11 * MINUTE + LATE)
    assert events(ops) == ["backup_failed"]


def test_what_a_later_run_made_good_for_before_anybody_was_told_is_no_news(estate: Estate, ops: Receiver) -> None:
    attempt(estate, fails=True)
    attempt(estate, fails=False)
    look(estate)
    look(estate, DAY)
    assert events(ops) == ["backup_completed"]


def test_what_fails_again_before_anybody_was_told_is_told_of_once(estate: Estate, ops: Receiver) -> None:
    attempt(estate, fails=True)
    attempt(estate, fails=True)
    look(estate)
    assert events(ops) == ["backup_failed"]


@pytest.mark.parametrize("what", ["verify", "prune"])
def test_upkeep_by_a_schedule_that_keeps_failing_is_a_trouble_until_it_goes_well(
    tmp_path: Path, ops: Receiver, what: str
) -> None:
    schedule = f'{what} = "0 5 * * *"\n'
    estate = telling_estate(tmp_path / "estate", [("ops", ops.url)], job=schedule)
    estate.run()
    repository = estate.directory / "local"
    repository.rename(tmp_path / "unplugged")
    expected = {"verify": TroubleKind.VERIFY_FAILED, "prune": TroubleKind.PRUNE_FAILED}[what]

    def turn() -> None:
        with estate.open() as workspace:
            job = workspace.job("site")
            if what == "verify":
                verify_share(workspace, job, {}, at_once)
            else:
                reclaim(workspace, job, at_once)

    turn()
    turn()
    assert kinds(estate) == [expected]
    with estate.open() as workspace:
        (trouble,) = report(workspace.config, workspace.history, workspace.state_dir, now()).problems
    assert trouble.hint is not None
    assert trouble.hint.startswith(f"tui-backup {what}")
    assert events(ops) == [f"{what}_failed"]
    told = content(ops.got[0])
    assert (told["verb"], told["status"], told["trouble"], told["repository"]) == (what, "failed", expected, "local")
    look(estate, DAY)
    (tmp_path / "unplugged").rename(repository)
    turn()
    assert kinds(estate) == []
    told_of_it = [event(got) for got in ops.got if content(got)["trouble"] == expected]
    assert told_of_it == [f"{what}_failed", f"{what}_failed again", "recovered"]


def test_a_verification_by_hand_that_fails_is_told_once_and_no_lasting_trouble(estate: Estate, ops: Receiver) -> None:
    estate.run()
    ops.got.clear()
    (estate.directory / "local").rename(estate.directory / "unplugged")
    with estate.open() as workspace:
        verify_share(workspace, workspace.job("site"), {}, at_once)
    look(estate, DAY)
    assert (events(ops), kinds(estate)) == (["verify_failed"], [])
