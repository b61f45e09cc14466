"""The page of one run's log."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.support.running import backup_elsewhere
from tests.support.saying import RUN, SayingRun, ending, said, saying_run
from tests.tui.conftest import Look, at, settled
from tui_backup.model.event import Warned
from tui_backup.tui.app import BackupApp
from tui_backup.tui.places import RunLog
from tui_backup.tui.running.run_log import LOOK_S, RunLogPage


@pytest.fixture
def run(site: Path) -> Iterator[SayingRun]:
    with saying_run(site) as run:
        run.say(*said())
        yield run


async def opened(pilot: Pilot[None], run: str = RUN) -> RunLogPage:
    await at(pilot, RunLog(run=run))
    page = pilot.app.screen
    assert isinstance(page, RunLogPage)
    return page


async def told(pilot: Pilot[None], page: RunLogPage, event: Warned) -> None:
    """Have the page hear that its run has said something."""
    page.heard(event)
    await pilot.pause(LOOK_S * 1.5)
    await settled(pilot)


def warned(text: str) -> Warned:
    return Warned(run=RUN, path=None, message=text)


async def test_it_follows_until_somebody_walks_up_and_again_from_the_end(app: BackupApp, run: SayingRun) -> None:
    async with app.run_test() as pilot:
        page = await opened(pilot)
        assert page.listing.cursor == len(page.listing.rows) - 1
        run.say(warned("first"))
        await told(pilot, page, warned("first"))
        assert page.yanked() == "! first"
        await pilot.press("up")
        above = page.yanked()
        run.say(warned("second"))
        await told(pilot, page, warned("second"))
        assert page.yanked() == above
        await pilot.press("end")
        run.say(warned("third"))
        await told(pilot, page, warned("third"))
        assert page.yanked() == "! third"


async def test_a_hundred_thousand_lines_are_filtered_and_walked_through(app: BackupApp, run: SayingRun) -> None:
    run.say_much(100_000)
    async with app.run_test() as pilot:
        page = await opened(pilot)
        assert len(page.listing.rows) > 100_000
        await pilot.press("home", "end", "pageup")
        await pilot.press("slash", *"/srv/77777", "enter")
        assert [row.piece[0] for row in page.listing.rows] == ["! /srv/77777: denied"]


async def test_the_command_line_and_yank(app: BackupApp, run: SayingRun) -> None:
    async with app.run_test() as pilot:
        page = await opened(pilot)
        assert page.command_line() == ("attach", RUN)
        await pilot.press("home")
        assert page.yanked() == "site → local: started"


async def test_a_run_that_is_over_cannot_be_cancelled(app: BackupApp, run: SayingRun) -> None:
    run.say(ending())
    run.end()
    async with app.run_test() as pilot:
        page = await opened(pilot)
        assert page.yanked() == "site → local: ok: backed up 1.2 GB in 12 s (14.0 MB new), snapshot 4f495860"
        await pilot.press("x")
        assert pilot.app.screen is page


async def test_a_run_of_another_process_is_cancelled_after_a_question(app: BackupApp) -> None:
    with backup_elsewhere(app.desk.workspace.state_dir) as (process, run):
        async with app.run_test() as pilot:
            page = await opened(pilot, run)
            await pilot.press("x", "enter")
            assert process.poll() is None
            await pilot.press("x", "right", "enter")
            await settled(pilot)
            process.wait(timeout=10)
            page.heard(Warned(run=run, path=None, message=""))
            await pilot.pause(LOOK_S * 1.5)
            await settled(pilot)
            assert page.yanked() == "site → local: cancelled"


async def test_a_run_that_nobody_knows_is_said_so(app: BackupApp) -> None:
    async with app.run_test() as pilot:
        page = await opened(pilot, "nothing")
        assert page.listing.remark is not None
        assert page.listing.remark.text == "there is no run nothing"
        await pilot.press("x", "slash", "escape", "escape")
        assert pilot.app.screen is not page


def test_going_on(look: Look, run: SayingRun) -> None:
    look(RunLog(run=RUN))


def test_over(look: Look, run: SayingRun) -> None:
    run.say(ending("incomplete"))
    run.end()
    look(RunLog(run=RUN))
