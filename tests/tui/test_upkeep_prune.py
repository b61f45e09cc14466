"""The page of pruning: what is shown is done, and nothing else."""

from datetime import timedelta
from pathlib import Path

import pytest
from textual.widgets import Button, Static

from tests.support.estate import Estate, build_estate
from tests.support.histories import leave_lock, plant, with_keep
from tests.tui.conftest import at, command_line, desk_of, settled
from tests.tui.tending import agree, app_of, asked, ended, lines, listing, notices
from tui_backup.model.snapshot import PIN
from tui_backup.primitives.clock import now
from tui_backup.services.upkeep.pruning import JobPlan, PrunePlan
from tui_backup.tui.app import BackupApp
from tui_backup.tui.places import Prune
from tui_backup.tui.upkeep.prune import PrunePage
from tui_backup.tui.upkeep.tag_dialog import TagDialog
from tui_backup.tui.upkeep.tick import Tick

DAY = timedelta(days=1)


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    """An estate with a snapshot of now and six of the days before."""
    estate = build_estate(tmp_path, ("local",))
    estate.run()
    plant(estate, "local", [now() - DAY * days for days in range(1, 7)])
    with_keep(estate, "{ last = 3 }")
    return estate


def held(estate: Estate) -> set[str]:
    return {snapshot.id for snapshot in estate.held("local")}


async def test_exactly_what_was_shown_is_forgotten(estate: Estate) -> None:
    async with app_of(estate).run_test(size=(100, 30)) as pilot:
        await at(pilot, Prune(job="site", repository="local"))
        page = pilot.app.screen
        assert "3 snapshots stay, 4 go" in str(page.query_one("#remark", Static).content)
        await pilot.press("f")
        await settled(pilot)
        going = {row.snapshot.id for row in listing(pilot, "#snapshots").rows}
        assert len(going) == 4
        before = held(estate)
        await pilot.press("P")
        await pilot.pause()
        assert all(id_[:8] in asked(pilot) for id_ in going)
        assert held(estate) == before
        await agree(pilot)
        assert held(estate) == before - going
        assert notices(pilot)[0].startswith("4 snapshots forgotten")
        assert lines(pilot, "#snapshots") == []


async def test_a_plan_that_is_outdated_is_made_anew_and_shown(estate: Estate) -> None:
    async with app_of(estate).run_test() as pilot:
        await at(pilot, Prune())
        (new,) = plant(estate, "local", [now()])
        before = held(estate)
        await pilot.press("P")
        await agree(pilot)
        assert held(estate) == before
        assert "this is how it is now" in notices(pilot)[0]
        assert new in {row.snapshot.id for row in listing(pilot, "#snapshots").rows}


async def test_a_plan_that_is_held_needs_the_name_of_the_job(estate: Estate) -> None:
    with_keep(estate, "{ last = 6 }")
    async with app_of(estate).run_test() as pilot:
        await at(pilot, Prune())
        await pilot.press("P")
        await agree(pilot)
    with_keep(estate, "{ last = 1 }")
    async with app_of(estate).run_test() as pilot:
        await at(pilot, Prune())
        assert "held: site: 5 of 6 snapshots would go" in str(pilot.app.screen.query_one("#remark", Static).content)
        await pilot.press("P")
        await pilot.pause()
        assert pilot.app.screen.query_one("#yes", Button).disabled
        assert len(held(estate)) == 6
        await agree(pilot, "site")
    assert len(held(estate)) == 1


async def test_pinning_leaves_tags_of_other_programs_as_they_are(app: BackupApp) -> None:
    answers: list[tuple[str, ...] | None] = []
    async with app.run_test() as pilot:
        await settled(pilot)
        app.push_screen(TagDialog("web1", "snapshot", ("a,b", " led")), answers.append)
        await settled(pilot)
        await pilot.press("space")
        await settled(pilot)
        await pilot.click("#yes")
        await settled(pilot)
    assert answers == [(PIN, "a,b", " led")]


def test_who_agrees_to_what_is_held_of_several_jobs_types_each_name(site: Path) -> None:
    parts = tuple(JobPlan(job=job, decisions=(), held=why) for job, why in [("a", "x"), ("b", None), ("c", "y")])
    page = PrunePage(desk_of(site), Prune())
    question = page._question(PrunePlan(repository="local", jobs=parts, reclaim=None))
    assert question.word == "a c"


async def test_marked_snapshots_are_forgotten_and_the_last_good_one_takes_a_word(estate: Estate) -> None:
    async with app_of(estate).run_test() as pilot:
        await at(pilot, Prune())
        newest = listing(pilot, "#snapshots").rows[0].snapshot.id
        await pilot.press("end", "space", "X")
        await settled(pilot)
        await agree(pilot)
        assert len(held(estate)) == 6
        await pilot.press("home", "X")
        await settled(pilot)
        assert "is the newest good one of job site" in asked(pilot)
        await agree(pilot, "site")
        assert newest not in held(estate)
        assert len(held(estate)) == 5


async def test_a_pinned_snapshot_stays_and_is_not_forgotten_by_hand(estate: Estate) -> None:
    async with app_of(estate).run_test() as pilot:
        await at(pilot, Prune())
        await pilot.press("end", "T")
        await pilot.pause()
        pilot.app.screen.query_one("#pin", Tick).value = True
        await pilot.pause()
        pilot.app.screen.query_one("#yes", Button).press()
        await ended(pilot)
        oldest = estate.held("local")[0]
        assert PIN in oldest.tags
        row = listing(pilot, "#snapshots").rows[-1]
        assert (row.snapshot.id, row.decision.keep) == (oldest.id, True)
        await pilot.press("end", "X")
        await settled(pilot)
        assert "is pinned" in notices(pilot)[-1]
    assert oldest.id in held(estate)


async def test_what_no_policy_is_about_is_shown_with_the_reason(estate: Estate) -> None:
    plant(estate, "local", [now() - DAY * 9], job=None)
    async with app_of(estate).run_test(size=(120, 40)) as pilot:
        await at(pilot, Prune(job="site"))
        assert "made by another program" in lines(pilot, "#snapshots")[-1]
        assert command_line(pilot) == ["prune", "--job", "site", "-r", "local"]


async def test_a_repository_that_cannot_be_reached_is_said_in_its_place(estate: Estate) -> None:
    estate.hide("local")
    async with app_of(estate).run_test() as pilot:
        await at(pilot, Prune())
        remark = listing(pilot, "#snapshots").remark
        assert remark is not None
        assert remark.failed
        await pilot.press("P", "X", "T")
        await ended(pilot)


async def test_a_repository_that_somebody_holds_is_said_in_its_place_with_what_to_do(estate: Estate) -> None:
    leave_lock(estate, "local", exclusive=True)
    async with app_of(estate).run_test() as pilot:
        await at(pilot, Prune())
        remark = listing(pilot, "#snapshots").remark
        assert remark is not None
        assert "web2" in remark.text
        assert "unlock" in remark.hint
        for lock in (estate.directory / "local" / "locks").iterdir():
            lock.unlink()
        await pilot.press("r")
        await settled(pilot)
        assert len(lines(pilot, "#snapshots")) == 7
