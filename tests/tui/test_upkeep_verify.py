"""The page of verification: the plan first, then the proof, whoever watches."""

import os
from pathlib import Path

import pytest
from textual.widgets import Button, Input, Static

from tests.support.estate import Estate, build_estate
from tests.tui.conftest import at, settled
from tests.tui.tending import app_of, ended, lines, listing
from tui_backup.model.event import Started
from tui_backup.model.run import Verb
from tui_backup.model.standing import Integrity
from tui_backup.services.workspace import Workspace
from tui_backup.tui.app import BackupApp
from tui_backup.tui.places import Verify
from tui_backup.tui.upkeep.verify import VerifyPage


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    estate = build_estate(tmp_path)
    (estate.source / "big").write_bytes(os.urandom(50_000))
    estate.run()
    return estate


def page_of(app: BackupApp) -> VerifyPage:
    page = app.screen
    assert isinstance(page, VerifyPage)
    return page


def integrity(estate: Estate, name: str) -> list[Integrity]:
    with estate.open() as workspace:
        return [standing.integrity for standing in workspace.history.proofs(name).values()]


async def test_everything_is_read_and_proven_after_the_plan(estate: Estate) -> None:
    app = app_of(estate)
    async with app.run_test(size=(120, 40)) as pilot:
        await at(pilot, Verify())
        assert [line.split(", ")[0] for line in lines(pilot, "#plans")] == ["local  2 packs", "offsite  2 packs"]
        assert all("0 of 1" in line for line in lines(pilot, "#plans"))
        assert page_of(app).command_line() == ["verify", "--read-data"]
        assert integrity(estate, "local") == []
        await pilot.press("V")
        await ended(pilot)
        assert integrity(estate, "local") == integrity(estate, "offsite") == [Integrity.OK]
        assert "no damage: 1 snapshot and 2 packs checked" in str(app.screen.query_one("#remark", Static).content)
        assert "1 of 1" in lines(pilot, "#plans")[0]


async def test_a_share_is_checked_as_it_is_typed(estate: Estate) -> None:
    app = app_of(estate)
    async with app.run_test() as pilot:
        await at(pilot, Verify(repository="local"))
        await pilot.press("m")
        await settled(pilot)
        app.screen.query_one("#share", Input).value = "9/7"
        await settled(pilot)
        remark = listing(pilot, "#plans").remark
        assert remark is not None
        assert "is no subset" in remark.text
        await pilot.press("V")
        await ended(pilot)
        app.screen.query_one("#share", Input).value = "1/2"
        await settled(pilot)
        assert "about 1 pack" in lines(pilot, "#plans")[0]
        assert page_of(app).command_line() == ["verify", "-r", "local", "--subset", "1/2"]
    with estate.open() as workspace:
        assert workspace.history.runs(verb=Verb.VERIFY) == []


async def test_marked_snapshots_alone_are_verified_in_their_repository(estate: Estate) -> None:
    estate.run()
    app = app_of(estate)
    (first, second) = estate.held("local")
    async with app.run_test() as pilot:
        await at(pilot, Verify(snapshot=second.id))
        assert [row.snapshot.id for row in listing(pilot, "#snapshots").marked] == [second.id]
        assert [line.split("  ")[:2] for line in lines(pilot, "#plans")] == [["local", "what these snapshots need"]]
        await pilot.press("V")
        await ended(pilot)
    with estate.open() as workspace:
        assert set(workspace.history.proofs("local")) == {second.id}
        assert workspace.history.proofs("offsite") == {}
    assert first.id != second.id


async def test_leaving_the_page_ends_no_run(estate: Estate) -> None:
    app = app_of(estate)
    async with app.run_test() as pilot:
        await at(pilot, Verify(repository="local"))
        await pilot.press("V", "q")
        await at(pilot, Verify(repository="local"))
        await ended(pilot)
        assert page_of(app).doing is None
        assert "1 of 1" in lines(pilot, "#plans")[0]
    assert integrity(estate, "local") == [Integrity.OK]


async def test_a_repository_that_is_away_is_said_in_its_row_and_in_the_result(estate: Estate) -> None:
    estate.hide("offsite")
    app = app_of(estate)
    async with app.run_test() as pilot:
        await at(pilot, Verify())
        assert "is no longer in" in lines(pilot, "#plans")[1]
        await pilot.press("V")
        await ended(pilot)
        said = str(app.screen.query_one("#remark", Static).content)
        assert "local: no damage" in said
        assert "offsite: " in said


async def test_a_run_is_cancelled_only_after_a_question(estate: Estate) -> None:
    def work(workspace: Workspace) -> None:
        workspace.bus.publish(Started(run="1", job=None, repository="local"))
        workspace.cancel.wait(20)
        workspace.cancel.check()

    app = app_of(estate)
    async with app.run_test() as pilot:
        await at(pilot, Verify(repository="local"))
        launch = page_of(app).launched("Verification of local", work, lambda _launch: None)
        while not launch.runs:
            await pilot.pause(0.01)
        await settled(pilot)
        await pilot.press("x")
        await pilot.pause()
        assert app.screen.query_one("#no", Button).has_focus
        assert "Verification of local" in str(app.screen.query_one("#target", Static).content)
        await pilot.press("enter")
        assert not launch.is_cancelled
        await pilot.press("x", "right", "enter")
        await ended(pilot)
        assert launch.is_cancelled
        await pilot.press("x")
        assert page_of(app).doing is None
