"""Undoing restores in place from the UI."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Button

from tests.support.estate import Estate, build_estate
from tests.support.sample_estate import HOSTILE, NOW
from tests.tui.conftest import Look, at, settled
from tests.tui.test_restore import agreed, app_of, pressed, text_of
from tui_backup.engine.restore_plan import PlanWarning
from tui_backup.engine.safety_record import SafetyRecord, SafetyState
from tui_backup.engine.undo_fate import Fate
from tui_backup.engine.undo_journal import Before, Change, Record
from tui_backup.engine.undo_plan import UndoPlan
from tui_backup.model.watch import Watch
from tui_backup.services.browsing.directories import found_of
from tui_backup.services.restore import restores, undo
from tui_backup.services.restore.restores import Conduct, Wish
from tui_backup.services.runs import undo_homes
from tui_backup.services.runs.undo_homes import UndoHome
from tui_backup.tui.desk import RecordChanged
from tui_backup.tui.places import UndoRestore
from tui_backup.tui.restore.plan_view import PlanView
from tui_backup.tui.restore.undo_page import Shown, UndoPage
from tui_backup.tui.widgets.listing import Listing


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    """A job of which a file was written anew and then restored in place."""
    estate = build_estate(tmp_path, ("local",))
    estate.run()
    (estate.source / "a").write_text("written since")
    (estate.source / "b").write_text("new since")
    restore_in_place(estate)
    return estate


def restore_in_place(estate: Estate) -> str:
    (snapshot,) = estate.held("local")
    with estate.open() as workspace:
        found = found_of(workspace, "local", snapshot.id)
        plan = restores.plan(workspace, found, Wish(target=None, delete=True), Watch())
        return restores.restore(workspace, found, plan, Conduct()).restore


def rows(pilot: Pilot[None]) -> dict[str, int]:
    """Return the counts of the plan that is shown."""
    return {row.sort: row.count for row in pilot.app.screen.query_one("#counts", Listing).rows}


async def test_what_a_restore_replaced_and_deleted_comes_back(estate: Estate) -> None:
    async with app_of(estate).run_test() as pilot:
        await at(pilot, UndoRestore())
        await pressed(pilot, "enter")
        assert rows(pilot)["new"] == 1
        await pressed(pilot, "enter")
        assert pilot.app.screen.query_one("#no", Button).has_focus
        await agreed(pilot)
        assert "undone" in text_of(pilot, "#doing-title")
        await pressed(pilot, "escape")
        await at(pilot, UndoRestore())
        assert not pilot.app.screen.query_one("#undoable", Listing).rows
    assert (estate.source / "a").read_text() == "written since"
    assert (estate.source / "b").read_text() == "new since"


async def test_what_has_changed_since_is_left_and_said_to_be(estate: Estate) -> None:
    (estate.source / "a").write_text("written after the restore")
    async with app_of(estate).run_test() as pilot:
        await at(pilot, UndoRestore())
        await pressed(pilot, "enter")
        assert rows(pilot)["keep"] == 1
        listing = pilot.app.screen.query_one("#counts", Listing)
        listing.go_to("keep")
        await settled(pilot)
        paths = pilot.app.screen.query_one("#paths", Listing)
        assert [paths.text_of(row) for row in paths.rows] == [f"{estate.source}/a  has changed since the restore  13 B"]
        await pressed(pilot, "U")
        await agreed(pilot)
    assert (estate.source / "a").read_text() == "written after the restore"
    assert (estate.source / "b").read_text() == "new since"


async def test_going_back_from_the_plan_shows_the_list_and_touches_nothing(estate: Estate) -> None:
    async with app_of(estate).run_test() as pilot:
        await at(pilot, UndoRestore())
        await pressed(pilot, "U", "U", "escape", "escape")
        page = pilot.app.screen
        assert isinstance(page, UndoPage)
        assert page.shown is Shown.LIST
        (home,) = page.query_one("#undoable", Listing).rows
        assert page.command_line() == ("undo-restore", home.record.restore)
    assert (estate.source / "a").read_text() == "one\n"


async def test_what_was_undone_is_still_known_when_another_run_ends(estate: Estate) -> None:
    async with app_of(estate).run_test() as pilot:
        await at(pilot, UndoRestore())
        await pressed(pilot, "U", "U")
        await agreed(pilot)
        done = text_of(pilot, "#doing-title")
        await pressed(pilot, "p", "escape")
        page = pilot.app.screen
        assert isinstance(page, UndoPage)
        assert page.shown is Shown.LIST
        pilot.app.post_message(RecordChanged())
        await settled(pilot)
        assert pilot.app.is_running
        assert text_of(pilot, "#doing-title") == done


async def test_while_another_restore_goes_on_nothing_is_undone(estate: Estate) -> None:
    async with app_of(estate).run_test() as pilot:
        await at(pilot, UndoRestore())
        await pressed(pilot, "enter", "U")
        with estate.open() as workspace, undo_homes.alone(workspace.state_dir):
            await agreed(pilot)
        assert "another restore in place" in text_of(pilot, "#doing-title")
        await pressed(pilot, "p", "U")
        await agreed(pilot)
    assert (estate.source / "a").read_text() == "written since"


async def test_a_restore_that_cannot_be_undone_any_more_is_said_to_be(estate: Estate) -> None:
    async with app_of(estate).run_test() as pilot:
        await at(pilot, UndoRestore(restore="20200101T000000Z-00000000"))
        assert [notice.message for notice in pilot.app._notifications] == [
            "The restore 20200101T000000Z-00000000 cannot be undone any more"
        ]


# pictures


RECORD = SafetyRecord(
    restore="20261121T195801Z-0badcafe",
    job="site",
    repository="local",
    snapshot="b17bc6ee" * 8,
    target=b"/",
    paths=(b"/srv/site/strange names", b"/srv/site/" + os.fsencode(HOSTILE[0]), b"/srv/site/c", b"/srv/site/d"),
    started=NOW - timedelta(hours=3),
    expires=NOW + timedelta(days=6, hours=21),
    state=SafetyState.KEPT,
    bytes=1_234_567,
)


def homes(_state_dir: Path) -> list[UndoHome]:
    earlier = {
        "restore": "20261119T110203Z-01234567",
        "job": "new-job-with-a-name-that-is-longer-than-anybody-would-think",
    }
    fields = {name: getattr(RECORD, name) for name in RECORD.__struct_fields__} | earlier
    fields |= {"started": NOW - timedelta(days=2), "expires": NOW + timedelta(days=5), "bytes": 0}
    fields |= {"paths": (b"/srv/site",)}
    return [UndoHome(b"/older", SafetyRecord(**fields)), UndoHome(b"/newer", RECORD)]


def plan_of(home: UndoHome, _watch: Watch) -> UndoPlan:
    before = Before(0o100644, 0, 0, 12_345, 0, 0, 0, 0, 0)
    paths = [b"/srv/site/strange names/" + os.fsencode(name) for name in HOSTILE]
    fates = [Fate.MAKE, Fate.MAKE, Fate.REPLACE, Fate.LEAVE, Fate.REMOVE, Fate.LEAVE, Fate.SKIP]
    records = [Record(path, Change.REPLACED, before) for path in paths]
    left = [
        PlanWarning(path, "has changed since the restore")
        for path, fate in zip(paths, fates, strict=True)
        if fate is Fate.LEAVE
    ]
    return UndoPlan(
        home=home.path, record=home.record, records=tuple(records), fates=bytes(fates), new=2, overwrite=1, skip=1,
        delete=1, left=2, bytes=37_035, free=83_200_000_000, warnings=tuple(left),
    )  # fmt: skip


@pytest.fixture
def undoable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Restores that can be undone whenever the picture is made."""
    monkeypatch.setattr(undo_homes, "undoable", homes)
    monkeypatch.setattr(undo, "plan", plan_of)


@pytest.mark.usefixtures("undoable")
def test_look_at_restores_that_can_be_undone(look: Look) -> None:
    look(UndoRestore())


def test_look_at_no_restore_that_can_be_undone(look: Look) -> None:
    look(UndoRestore())


@pytest.mark.usefixtures("undoable")
def test_look_at_the_plan_of_an_undo(look: Look) -> None:
    async def before(pilot: Pilot[None]) -> None:
        pilot.app.screen.query_one(PlanView).query_one("#counts", Listing).go_to("keep")

    look(UndoRestore(restore=RECORD.restore), before)


@pytest.mark.usefixtures("undoable")
def test_look_at_the_question_before_an_undo(look: Look) -> None:
    async def before(pilot: Pilot[None]) -> None:
        await pilot.press("U")

    look(UndoRestore(restore=RECORD.restore), before)
