"""Leaving while something goes on, and what is told of what was started here."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from textual.pilot import Pilot

from tests.support.gated import Gated, gated
from tests.support.running import backup_elsewhere
from tests.support.saying import RUN, said, saying_run
from tests.tui.conftest import Look, desk_of, settled
from tui_backup.errors import Cancelled
from tui_backup.services.workspace import Workspace
from tui_backup.tui.app import BackupApp
from tui_backup.tui.places import AuditTrail, Problems, RunLog
from tui_backup.tui.running.quitting import LOOK_S, QuitDialog
from tui_backup.tui.running.starting import start_backup


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Gated]:
    with gated(tmp_path / "e") as job:
        yield job


@pytest.fixture
def waiting(job: Gated) -> Iterator[BackupApp]:
    """The UI of a job that waits until it is let."""
    app = BackupApp(desk_of(job.config))
    yield app
    job.release()
    app.desk.launches.wait()
    app.desk.close()


def notices(app: BackupApp) -> list[str]:
    return [notice.message for notice in app._notifications]


async def begun(pilot: Pilot[None]) -> None:
    """Start the job, and wait until its run has begun."""
    app = pilot.app
    assert isinstance(app, BackupApp)
    await settled(pilot)
    launch = start_backup(app.desk, "site")
    while not launch.runs:
        await pilot.pause(0.01)
    await settled(pilot)


async def ended(pilot: Pilot[None]) -> None:
    """Wait until nothing goes on, and that is told."""
    app = pilot.app
    assert isinstance(app, BackupApp)
    while app.desk.launches.going_on:
        await pilot.pause(0.01)
    await settled(pilot)


@pytest.mark.parametrize("key", ["q", "ctrl+q", "ctrl+c"])
async def test_every_way_out_asks_and_the_safe_answer_stays(waiting: BackupApp, key: str) -> None:
    async with waiting.run_test() as pilot:
        await begun(pilot)
        await pilot.press(key)
        assert isinstance(waiting.screen, QuitDialog)
        await pilot.press("ctrl+q", "enter")
        assert not isinstance(waiting.screen, QuitDialog)
        assert waiting.is_running
        assert len(waiting.desk.launches.going_on) == 1


async def test_one_can_leave_and_it_goes_on(waiting: BackupApp, job: Gated) -> None:
    async with waiting.run_test() as pilot:
        await begun(pilot)
        await pilot.press("q", "right", "enter")
        await pilot.pause()
    assert waiting.return_code == 0
    assert len(waiting.desk.launches.going_on) == 1
    job.release()
    assert waiting.desk.launches.wait(10)
    assert job.statuses == ["ok"]


async def test_cancelling_waits_for_the_end_and_leaves(waiting: BackupApp, job: Gated) -> None:
    async with waiting.run_test() as pilot:
        await begun(pilot)
        await pilot.press("q", "right", "right", "enter")
        await pilot.pause(LOOK_S * 1.5)
        assert isinstance(waiting.screen, QuitDialog)
        job.release()
        await ended(pilot)
        await pilot.pause(LOOK_S * 1.5)
    assert waiting.return_code == 0
    assert job.statuses == ["cancelled"]


async def test_runs_of_others_are_not_asked_about(waiting: BackupApp) -> None:
    with backup_elsewhere(waiting.desk.workspace.state_dir, "mail"):
        async with waiting.run_test() as pilot:
            await settled(pilot)
            await pilot.press("q")
            await pilot.pause()
        assert waiting.return_code == 0


async def test_a_dialog_over_another_page_asks_too(waiting: BackupApp) -> None:
    async with waiting.run_test() as pilot:
        await begun(pilot)
        waiting.visit(Problems())
        await settled(pilot)
        waiting.visit(AuditTrail())
        await settled(pilot)
        await pilot.press("ctrl+q")
        assert isinstance(waiting.screen, QuitDialog)


async def test_how_a_backup_ended_is_told(waiting: BackupApp, job: Gated) -> None:
    job.release()
    async with waiting.run_test() as pilot:
        await begun(pilot)
        await ended(pilot)
        (notice,) = notices(waiting)
        assert notice.startswith("site → local: ok: backed up 4 Bytes in")


async def test_what_ends_before_its_run_began_is_told_with_what_to_do(waiting: BackupApp) -> None:
    with backup_elsewhere(waiting.desk.workspace.state_dir) as (process, run):
        async with waiting.run_test() as pilot:
            await settled(pilot)
            start_backup(waiting.desk, "site")
            await ended(pilot)
            (notice,) = notices(waiting)
    assert f"job site is already running (pid {process.pid}" in notice
    assert f"tui-backup attach {run}" in notice


async def test_a_wrong_password_is_told_with_what_to_do(waiting: BackupApp, job: Gated) -> None:
    (job.estate.directory / "local.key").write_text("another")
    job.release()
    async with waiting.run_test() as pilot:
        await settled(pilot)
        launch = start_backup(waiting.desk, "site")
        await ended(pilot)
        (notice,) = notices(waiting)
    assert launch.error is not None
    assert launch.error.exit_code == 12
    assert launch.error.message in notice
    assert launch.error.hint is None or launch.error.hint in notice


async def test_what_is_cancelled_before_it_begins_never_does(waiting: BackupApp) -> None:
    began, may_go_on = Event(), Event()

    def operation(workspace: Workspace) -> None:
        began.set()
        may_go_on.wait(10)
        workspace.cancel.check()

    async with waiting.run_test() as pilot:
        launch = waiting.desk.launch("Nothing", operation)
        began.wait(10)
        waiting.desk.launches.cancel()
        may_go_on.set()
        await ended(pilot)
        assert isinstance(launch.error, Cancelled)
        assert notices(waiting) == ["cancelled"]


async def test_a_fault_of_ours_is_told_and_the_ui_goes_on(waiting: BackupApp) -> None:
    def operation(_workspace: Workspace) -> None:
        raise ZeroDivisionError("by [zero]")

    async with waiting.run_test() as pilot:
        waiting.desk.launch("Nothing", operation)
        await ended(pilot)
        assert "unexpected error: ZeroDivisionError: by [zero]" in notices(waiting)[0]
        assert waiting.is_running


def test_asking(look: Look, site: Path) -> None:
    done = Event()

    def operation(workspace: Workspace) -> None:
        for event in said():
            workspace.bus.publish(event)
        done.wait(30)

    async def ask(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, BackupApp)
        launch = app.desk.launch("Backup of site", operation)
        while not launch.runs:
            await pilot.pause(0.01)
        await settled(pilot)
        await pilot.press("ctrl+q")
        await pilot.pause(LOOK_S * 1.5)

    with saying_run(site) as run:
        run.say(*said())
        try:
            look(RunLog(run=RUN), ask)
        finally:
            done.set()
