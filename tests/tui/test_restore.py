"""The restore wizard, end to end against real repositories."""

import asyncio
import os
import threading
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input

from tests.support.estate import Estate, build_estate
from tests.support.sample_estate import HOSTILE, NOW
from tests.tui.conftest import Look, at, desk_of, settled
from tests.tui.tending import ended
from tui_backup.engine.restore_plan import PlanWarning
from tui_backup.engine.restore_request import Overwrite
from tui_backup.history.runs import KeptWarning
from tui_backup.model.event import Event, Progressed, Restored, Started
from tui_backup.model.watch import Watch
from tui_backup.services.launches import Launch
from tui_backup.services.restore import restores
from tui_backup.services.restore.restore_candidates import Candidate
from tui_backup.services.restore.restores import Wish
from tui_backup.services.restore.unfinished import Unfinished
from tui_backup.services.workspace import Workspace
from tui_backup.tui.app import BackupApp
from tui_backup.tui.places import Restore
from tui_backup.tui.restore import plan_step
from tui_backup.tui.restore.choices import Where
from tui_backup.tui.restore.doing import Doing
from tui_backup.tui.restore.page import At, RestorePage
from tui_backup.tui.restore.plan_step import Planned, PlanStep
from tui_backup.tui.restore.tree_listing import TreeListing
from tui_backup.tui.run_board import RunBoard
from tui_backup.tui.widgets.choice import Choice
from tui_backup.tui.widgets.facts import Fact, Facts
from tui_backup.tui.widgets.listing import Listing


@pytest.fixture
def estate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Estate:
    monkeypatch.setattr("socket.gethostname", lambda: "web1")
    estate = build_estate(tmp_path, ("local",))
    (estate.source / "below").mkdir()
    (estate.source / "below" / "[bold]*").write_text("star")
    (estate.source / "below" / "[bold]**").write_text("two stars")
    estate.run()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return estate


def app_of(estate: Estate) -> BackupApp:
    return BackupApp(desk_of(estate.directory / "config.toml"))


def page_of(pilot: Pilot[None]) -> RestorePage:
    page = pilot.app.screen
    assert isinstance(page, RestorePage)
    return page


async def pressed(pilot: Pilot[None], *keys: str) -> None:
    """Press keys, each once the one before has had its effect."""
    for key in keys:
        await pilot.press(key)
        await settled(pilot)


async def agreed(pilot: Pilot[None], word: str | None = None) -> None:
    """Agree to what is asked, and wait until it is done."""
    if word is not None:
        pilot.app.screen.query_one(Input).value = word
        await pilot.pause()
    await pilot.click("#yes")
    await ended(pilot)


def text_of(pilot: Pilot[None], selector: str) -> str:
    return str(pilot.app.screen.query_one(selector).render())


async def to_plan_in_place(pilot: Pilot[None]) -> None:
    await at(pilot, Restore())
    await pressed(pilot, "enter", "enter", "right", "right", "enter")
    assert page_of(pilot).step is At.PLAN


async def test_four_times_enter_brings_everything_back_beside(estate: Estate) -> None:
    async with app_of(estate).run_test() as pilot:
        await at(pilot, Restore())
        await pressed(pilot, "enter", "enter", "enter", "enter")
        assert pilot.app.screen.query_one("#no", Button).has_focus
        assert os.listdir() == []
        await agreed(pilot)
        (made,) = os.listdir()
        assert made.startswith("site_restored_")
        root = Path(made + str(estate.source))
        assert (root / "a").read_text() == "one\n"
        assert (root / "below" / "[bold]*").read_text() == "star"
        assert "ok" in text_of(pilot, "#doing-title")
        await pressed(pilot, "y")
        assert pilot.app.clipboard == str(estate.directory / "here" / made)


async def test_one_file_whose_name_is_a_pattern_comes_back_alone(estate: Estate) -> None:
    async with app_of(estate).run_test() as pilot:
        await at(pilot, Restore())
        await pressed(pilot, "enter")
        tree = pilot.app.screen.query_one(TreeListing)
        below = os.fsencode(estate.source / "below")
        assert tree.go_to((below, False))
        await pressed(pilot, "enter")
        assert tree.go_to((below + b"/[bold]*", False))
        await pressed(pilot, "enter", "enter")
        plan = pilot.app.screen.query_one(PlanStep).planned
        assert plan is not None
        assert plan.plan.files == 1
        await pressed(pilot, "enter")
        await agreed(pilot)
    (made,) = os.listdir()
    found = [name for _above, _directories, files in os.walk(made) for name in files]
    assert found == ["[bold]*"]


async def test_what_a_directory_is_marked_for_can_be_left_out_again(estate: Estate) -> None:
    async with app_of(estate).run_test() as pilot:
        await at(pilot, Restore(paths=(os.fsencode(estate.source),)))
        await pressed(pilot, "enter")
        tree = pilot.app.screen.query_one(TreeListing)
        tree.go_to((os.fsencode(estate.source), False))
        await pressed(pilot, "enter")
        tree.go_to((os.fsencode(estate.source / "below"), False))
        await pressed(pilot, "space", "n", "enter", "enter")
        await agreed(pilot)
    (made,) = os.listdir()
    assert os.listdir(made + str(estate.source)) == ["a"]


async def test_in_place_asks_for_the_host_and_can_be_undone(estate: Estate) -> None:
    (estate.source / "a").write_text("written since")
    async with app_of(estate).run_test() as pilot:
        await to_plan_in_place(pilot)
        assert page_of(pilot).command_line() == page_of(pilot).choices.words
        assert "--in-place" in (page_of(pilot).command_line() or ())
        assert (
            "! 1 file at the target is newer than what replaces it"
            in pilot.app.screen.query_one("#plan-facts", Facts).text
        )
        await pressed(pilot, "R")
        assert pilot.app.screen.query_one("#yes", Button).disabled
        await agreed(pilot, "web1")
        assert (estate.source / "a").read_text() == "one\n"
        await pressed(pilot, "u", "U")
        await agreed(pilot)
        assert (estate.source / "a").read_text() == "written since"
        assert "undone" in text_of(pilot, "#doing-title")


async def test_nothing_happens_where_the_answer_is_no(estate: Estate) -> None:
    (estate.source / "a").write_text("written since")
    async with app_of(estate).run_test() as pilot:
        await to_plan_in_place(pilot)
        await pressed(pilot, "R", "escape")
        assert page_of(pilot).step is At.PLAN
        await pressed(pilot, "R")
        await pilot.click("#no")
        await settled(pilot)
        assert page_of(pilot).step is At.PLAN
        assert not pilot.app.screen.query_one(Doing).display
    assert (estate.source / "a").read_text() == "written since"


async def test_going_back_keeps_every_choice(estate: Estate) -> None:
    async with app_of(estate).run_test() as pilot:
        await at(pilot, Restore())
        page = page_of(pilot)
        await pressed(pilot, "enter", "down", "down", "space", "n")
        marked = set(page.choices.marks.marked)
        assert marked
        await pressed(pilot, "right")
        page.query_one("#another", Input).value = "/tmp/elsewhere"
        await pressed(pilot, "enter")
        planned = page.query_one(PlanStep).planned
        assert planned is not None
        await pressed(pilot, "escape")
        assert page.step is At.WHERE
        assert page.query_one("#another", Input).value == "/tmp/elsewhere"
        await pressed(pilot, "escape", "slash", "b", "enter", "escape")
        assert page_of(pilot).step is At.WHAT
        await pressed(pilot, "escape")
        assert page_of(pilot).step is At.FROM
        assert page.choices.marks.marked == marked
        assert page.choices.where is Where.ANOTHER
        await pressed(pilot, "n", "n", "n")
        assert page.query_one(PlanStep).planned is planned


async def test_what_has_changed_since_the_plan_is_refused_and_the_plan_can_be_made_anew(estate: Estate) -> None:
    (estate.source / "a").unlink()
    async with app_of(estate).run_test() as pilot:
        await to_plan_in_place(pilot)
        (estate.source / "a").write_text("written after the plan, and longer")
        await pressed(pilot, "R")
        await agreed(pilot, "web1")
        assert (estate.source / "a").read_text() == "written after the plan, and longer"
        assert "incomplete" in text_of(pilot, "#doing-title")
        (warning,) = pilot.app.screen.query_one("#doing-warnings", Listing).rows
        assert warning.path == os.fsencode(estate.source / "a")
        await pressed(pilot, "p", "R")
        await agreed(pilot, "web1")
        assert (estate.source / "a").read_text() == "one\n"


async def test_a_snapshot_that_is_forgotten_meanwhile_is_said_to_be_gone(estate: Estate) -> None:
    (snapshot,) = estate.held("local")
    async with app_of(estate).run_test() as pilot:
        await at(pilot, Restore())
        await pressed(pilot, "enter", "enter", "enter")
        os.unlink(estate.directory / "local" / "snapshots" / snapshot.id)
        await pressed(pilot, "enter")
        await agreed(pilot)
        assert "no longer in local" in text_of(pilot, "#doing-title")
    assert os.listdir() == []


@pytest.mark.parametrize(
    ("target", "words"),
    [("config.toml", "Not a directory"), ("local/data", "belongs to the backup itself")],
)
async def test_what_cannot_be_a_target_is_refused_at_the_plan(estate: Estate, target: str, words: str) -> None:
    async with app_of(estate).run_test() as pilot:
        await at(pilot, Restore())
        await pressed(pilot, "enter", "enter", "right")
        page_of(pilot).query_one("#another", Input).value = str(estate.directory / target)
        await pressed(pilot, "enter")
        remark = pilot.app.screen.query_one("#counts", Listing).remark
        assert remark is not None
        assert words in remark.text
        await pressed(pilot, "R")
        assert page_of(pilot).step is At.PLAN


async def test_somebody_who_comes_with_a_snapshot_and_paths_is_asked_where_to(estate: Estate) -> None:
    (snapshot,) = estate.held("local")
    place = Restore(snapshot=snapshot.id, repository="local", paths=(os.fsencode(estate.source / "a"),))
    async with app_of(estate).run_test() as pilot:
        await at(pilot, place)
        assert page_of(pilot).step is At.WHERE
        await pressed(pilot, "escape", "escape")
        assert page_of(pilot).step is At.FROM


async def test_a_restore_that_was_cancelled_is_offered_again_with_the_same_choices(estate: Estate) -> None:
    (estate.source / "below" / "more").write_text("more")
    estate.run()
    below = os.fsencode(estate.source / "below")
    place = Restore(snapshot=estate.held("local")[-1].id, repository="local", paths=(below,))
    target = estate.directory / "out [of] here"
    async with app_of(estate).run_test() as pilot:
        await at(pilot, place)
        page = page_of(pilot)
        page.choices.marks.toggle(below + b"/[bold]**")
        page.choices.where, page.choices.another, page.choices.verify = Where.ANOTHER, str(target), True
        page.choices.patterns = "'*.with spaces' *.tmp"
        await pressed(pilot, "enter")
        wish = page.choices.wish
        stopping = page.desk.bus.subscribe(lambda _event: page.launch.cancel() if page.launch else None)
        await pressed(pilot, "R")
        await agreed(pilot)
        stopping()
        assert "cancelled" in text_of(pilot, "#doing-title")
        await pressed(pilot, "escape")
        await at(pilot, Restore())
        assert "did not come to an end" in text_of(pilot, "#offer")
        await pressed(pilot, "i")
        again = page_of(pilot)
        assert again is not page
        assert again.step is At.PLAN
        taken_up = again.choices.wish
        assert (taken_up.target, taken_up.include, taken_up.overwrite) == (wish.target, wish.include, None)
        assert sorted(taken_up.exclude) == sorted(wish.exclude)
        assert again.choices.verify
        await pressed(pilot, "R")
        await agreed(pilot)
        assert sorted(os.listdir(f"{target}{estate.source}/below")) == ["[bold]*", "more"]
        await at(pilot, Restore())
        assert not pilot.app.screen.query_one("#offer").display


async def test_a_restore_goes_on_when_its_page_is_left_and_is_told_of(estate: Estate) -> None:
    left = threading.Event()

    def hold(_event: Event) -> None:
        """Keep the run waiting until the page is left."""
        left.wait(10)

    async with app_of(estate).run_test() as pilot:
        await at(pilot, Restore())
        await pressed(pilot, "enter", "enter", "enter")
        page = page_of(pilot)
        page.desk.bus.subscribe(hold)
        await pressed(pilot, "enter")
        await pilot.click("#yes")
        await pilot.press("escape")
        await pilot.pause()
        assert pilot.app.screen is not page
        left.set()
        await ended(pilot)
        assert os.listdir()
        async with asyncio.timeout(10):
            while not pilot.app._notifications:
                await pilot.pause(0.01)
        assert [notice.title for notice in pilot.app._notifications] == ["Restore of site"]


async def test_what_does_not_fit_is_not_begun(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    make_plan = plan_step.make_plan

    def too_large(workspace: Workspace, candidate: Candidate, wish: Wish, watch: Watch) -> Planned:
        made = make_plan(workspace, candidate, wish, watch)
        plan = msgspec.structs.replace(made.plan, shortage="2 GB are needed and 1 GB is free")
        return msgspec.structs.replace(made, plan=plan)

    monkeypatch.setattr(plan_step, "make_plan", too_large)
    async with app_of(estate).run_test() as pilot:
        await at(pilot, Restore())
        await pressed(pilot, "enter", "enter", "enter", "R")
        assert page_of(pilot).step is At.PLAN
        assert [notice.message for notice in pilot.app._notifications] == [
            "not enough space at the target: 2 GB are needed and 1 GB is free"
        ]
    assert os.listdir() == []


async def test_days_are_jumped_over_and_jobs_can_be_chosen(site: Path) -> None:
    async with BackupApp(desk_of(site)).run_test() as pilot:
        await at(pilot, Restore())
        listing = pilot.app.screen.query_one("#candidates", Listing)
        await pressed(pilot, "left_square_bracket", "left_square_bracket")
        assert listing.cursor == 2
        await pressed(pilot, "right_square_bracket")
        assert listing.cursor == 1
        page_of(pilot).query_one("#job", Choice).chosen = 2
        await settled(pilot)
        assert not listing.rows
        await pressed(pilot, "n")
        assert page_of(pilot).step is At.FROM


async def test_what_is_there_already_is_restored_by_doing_nothing(estate: Estate) -> None:
    async with app_of(estate).run_test() as pilot:
        await to_plan_in_place(pilot)
        row = pilot.app.screen.query_one("#counts", Listing).row
        assert row is not None
        assert row.sort == "skip"
        await pressed(pilot, "R")
        await agreed(pilot, "web1")
        assert "0 written" in text_of(pilot, "#doing-title")


async def test_where_nothing_was_backed_up_yet_that_is_said(tmp_path: Path) -> None:
    async with app_of(build_estate(tmp_path, ("local",))).run_test() as pilot:
        await at(pilot, Restore())
        listing = pilot.app.screen.query_one("#candidates", Listing)
        assert listing.remark is None
        assert listing.empty.text == "No snapshot"
        await pressed(pilot, "n")
        assert page_of(pilot).step is At.FROM


async def test_a_snapshot_that_somebody_came_with_is_read_from_where_it_can_be(tmp_path: Path) -> None:
    """Not the newest one, though the id is that of the copy which has gone with its disk."""
    estate = build_estate(tmp_path)
    estate.run()
    (estate.source / "later").write_text("not in the first")
    estate.run()
    (first, _second) = estate.held("local")
    estate.hide("local")
    async with app_of(estate).run_test() as pilot:
        await at(pilot, Restore(job="site", snapshot=first.id, repository="local"))
        page = page_of(pilot)
        assert page.step is At.WHAT
        assert page.choices.candidate is not None
        copy = page.choices.candidate.copy
        assert (copy.repository, copy.snapshot.identity) == ("offsite", first.id)
        names = {row.entry.name for row in page.query_one(TreeListing).rows if row.entry is not None}
        assert names == {b"a"}


async def test_a_repository_that_cannot_be_reached_is_named_and_what_the_record_knows_is_shown(estate: Estate) -> None:
    estate.hide("local")
    async with app_of(estate).run_test() as pilot:
        await at(pilot, Restore())
        assert len(pilot.app.screen.query_one("#candidates", Listing).rows) == 1
        assert len(pilot.app._notifications) == 1
        await pressed(pilot, "enter")
        remark = pilot.app.screen.query_one(TreeListing).remark
        assert remark is not None
        assert remark.failed


async def test_owners_of_a_repository_that_is_not_trusted_are_asked_about(estate: Estate) -> None:
    config = estate.directory / "config.toml"
    config.write_text(config.read_text().replace("[repositories.local]", "[repositories.local]\ntrusted = false"))
    async with app_of(estate).run_test() as pilot:
        await at(pilot, Restore())
        page = page_of(pilot)
        await pressed(pilot, "enter", "enter")
        assert page.query_one("#trust", Choice).display
        await pressed(pilot, "enter")
        planned = page.query_one(PlanStep).planned
        assert planned is not None
        assert "not trusted" in planned.cautions[0]
        await pressed(pilot, "escape")
        page.query_one("#trust", Choice).chosen = 1
        await pressed(pilot, "n")
        planned = page.query_one(PlanStep).planned
        assert planned is not None
        assert planned.plan.request.trusted
        assert (page.command_line() or ())[-1] == "--trust"


# pictures

STRANGE = b"/srv/site/strange names"


@pytest.fixture
def held_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """What differs from machine to machine: free space, who runs this, where and when."""

    make_plan = plan_step.make_plan

    def planned(workspace: Workspace, candidate: Candidate, wish: Wish, watch: Watch) -> Planned:
        made = make_plan(workspace, candidate, wish, watch)
        kept = tuple(PlanWarning(STRANGE + b"/" + os.fsencode(name), "exists and differs") for name in HOSTILE[:2])
        plan = msgspec.structs.replace(made.plan, free=83_200_000_000, kept=2, skip=5, refused=1, warnings=kept)
        cautions = ("2 paths are there already, differ, and are kept", "1 path is refused")
        return msgspec.structs.replace(made, plan=plan, cautions=cautions, takes_s=12.0)

    monkeypatch.setattr(plan_step, "make_plan", planned)
    monkeypatch.setattr(restores, "fresh_directory", lambda _job, _time: "/root/site_restored_20261121_195801")
    monkeypatch.setattr(restores, "now", lambda: NOW)


async def to_plan(pilot: Pilot[None]) -> None:
    """Go to the plan of a restore to a directory that exists nowhere, but could be made by anybody."""
    page = page_of(pilot)
    page.choices.where, page.choices.another = Where.ANOTHER, "/var/tmp/the shop"
    page.step = At.PLAN


def test_look_from(look: Look) -> None:
    look(Restore(job="site"))


def test_look_from_all_jobs_in_ascii(look: Look) -> None:
    look(Restore(), ascii_only=True)


def test_look_from_after_a_restore_that_did_not_end(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    note = Unfinished(
        run="r", started=NOW - timedelta(hours=8), repository="local", snapshot="00",
        target=os.fsencode(f"/srv/{HOSTILE[0]}"),
        include=(), exclude=(), overwrite=Overwrite.NEVER, delete=False, trusted=True, verify=False,
    )  # fmt: skip
    monkeypatch.setattr("tui_backup.tui.restore.page.unfinished", lambda _workspace: note)
    look(Restore(job="site"))


def test_look_what(look: Look) -> None:
    async def before(pilot: Pilot[None]) -> None:
        marks = page_of(pilot).choices.marks
        marks.toggle(STRANGE)
        marks.toggle(STRANGE + b"/" + os.fsencode(HOSTILE[1]))
        await pressed(pilot, "enter")
        pilot.app.screen.query_one(TreeListing).go_to((STRANGE, False))
        await pressed(pilot, "enter", "end")

    look(Restore(job="site"), before)


@pytest.mark.usefixtures("held_still")
def test_look_where_beside(look: Look) -> None:
    async def before(pilot: Pilot[None]) -> None:
        await pressed(pilot, "enter", "n")

    look(Restore(job="site"), before)


@pytest.mark.usefixtures("held_still")
def test_look_where_in_place(look: Look) -> None:
    async def before(pilot: Pilot[None]) -> None:
        await pressed(pilot, "enter", "n", "left", "down", "down", "right")

    look(Restore(job="site"), before)


@pytest.mark.usefixtures("held_still")
def test_look_at_the_plan(look: Look) -> None:
    look(Restore(job="site"), to_plan)


@pytest.mark.usefixtures("held_still")
def test_look_at_the_question(look: Look) -> None:
    async def before(pilot: Pilot[None]) -> None:
        await to_plan(pilot)
        await settled(pilot)
        await pressed(pilot, "R")

    look(Restore(job="site"), before)


def doing(pilot: Pilot[None]) -> Doing:
    page = page_of(pilot)
    page.choices.candidate = None
    page.step = At.DO
    facts = [Fact("Host", "web1"), Fact("To", "/srv/[b]shop")]
    view = page.query_one(Doing)
    view.begin("Restore of site", facts)
    return view


def test_look_at_a_restore_that_goes_on(look: Look) -> None:
    async def before(pilot: Pilot[None]) -> None:
        board = RunBoard(iter([0.0, 10.0]).__next__)
        board.hear(Started(run="r", job="site", repository="local"))
        current = f"/srv/site/strange names/{HOSTILE[2]}"
        for done in (0, 731_000_000):
            board.hear(
                Progressed(run="r", files_done=42_113, bytes_done=done, bytes_total=1_200_000_000, current=current)
            )
        (run,) = board.going_on
        doing(pilot).follow(run)
        async with asyncio.timeout(10):
            while "60 %" not in text_of(pilot, "#doing-progress"):
                await pilot.pause(0.05)

    look(Restore(job="site"), before)


def test_look_at_the_result(look: Look) -> None:
    async def before(pilot: Pilot[None]) -> None:
        view, launch = doing(pilot), Launch("restore of site")
        launch.endings = (
            Restored(
                run="r", restore="r", status="incomplete", written=812, skipped=31, bytes=1_200_000_000, duration=12.0,
                message="2 paths differ and were kept",
            ),
        )  # fmt: skip
        view.end(launch, [Fact("Host", "web1"), Fact("To", "/srv/[b]shop"), Fact("Next", "look at what came back")])
        paths = [STRANGE + b"/" + os.fsencode(name) for name in HOSTILE[:4]]
        view.warn([KeptWarning(path, "exists and differs") for path in paths], focused=True)

    look(Restore(job="site"), before)
