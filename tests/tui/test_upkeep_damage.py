"""What is damaged is found, listed with what it touches, and healed: all of it through the pages."""

import os
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from tests.support.estate import Estate, build_estate
from tests.support.faulty import flipped
from tests.tui.conftest import at, settled
from tests.tui.tending import agree, app_of, asked, ended, lines, listing, notices
from tui_backup.model.run import RunStatus, Verb
from tui_backup.model.standing import Integrity
from tui_backup.tui.places import Damage, Mend, Verify
from tui_backup.tui.upkeep.damage import DamagePage
from tui_backup.tui.upkeep.mend import MendPage, Stage
from tui_backup.tui.widgets.facts import Facts

SIZE = (120, 40)


def spoil(estate: Estate, name: str) -> Path:
    """Damage the largest pack of a repository, which holds the files."""
    packs = [path for path in (estate.directory / name / "data").rglob("*") if path.is_file()]
    pack = max(packs, key=lambda path: path.stat().st_size)
    os.chmod(pack, 0o600)
    content = bytearray(pack.read_bytes())
    content[1000] ^= 1
    pack.write_bytes(content)
    return pack


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    """A damaged repository and a whole copy of it, of files that have changed since."""
    estate = build_estate(tmp_path)
    (estate.source / "big").write_bytes(os.urandom(50_000))
    estate.run()
    (estate.source / "big").write_bytes(b"other")
    spoil(estate, "local")
    return estate


def shown(app_screen: object) -> str:
    assert isinstance(app_screen, DamagePage | MendPage)
    return app_screen.query_one("#facts", Facts).text


def remark(app_screen: object) -> str:
    assert isinstance(app_screen, DamagePage | MendPage)
    return str(app_screen.query_one("#remark", Static).content)


@pytest.mark.requires("restic")
async def test_a_damaged_pack_is_found_and_healed_from_the_other_repository(estate: Estate) -> None:
    app = app_of(estate)
    async with app.run_test(size=SIZE) as pilot:
        await at(pilot, Verify(repository="local"))
        await pilot.press("V")
        await ended(pilot)
        await pilot.press("d")
        await settled(pilot)
        assert isinstance(app.screen, DamagePage)
        (line,) = [line for line in lines(pilot, "#problems") if "blob-damaged" in line]
        assert "damaged" in line
        assert f"{estate.source}/big" in shown(app.screen)
        assert estate.held("local")[0].short_id in shown(app.screen)
        assert lines(pilot, "#cures")[0].startswith("repair packs --from offsite")
        assert app.screen.command_line() == ("repair", "packs", "-r", "local", "--from", "offsite")
        await pilot.press("R")
        await planned(pilot)
        assert isinstance(app.screen, MendPage)
        assert any("replace-pack" in line for line in lines(pilot, "#steps"))
        assert "nothing stays broken" in remark(app.screen)
        await pilot.press("R")
        await pilot.pause()
        assert "local" in asked(pilot)
        await agree(pilot)
        assert app.screen.stage is Stage.OVER
        assert "done" in lines(pilot, "#steps")[0]
        await pilot.press("v")
        await settled(pilot)
        await pilot.press("V")
        await ended(pilot)
        await pilot.press("q")
        await settled(pilot)
        assert lines(pilot, "#problems") == []
    estate.restic("local").check()
    with estate.open() as workspace:
        assert {each.integrity for each in workspace.history.proofs("local").values()} == {Integrity.OK}


async def test_what_was_found_is_still_shown_after_a_restart(estate: Estate) -> None:
    async with app_of(estate).run_test() as pilot:
        await at(pilot, Verify(repository="local"))
        await pilot.press("V")
        await ended(pilot)
    app = app_of(estate)
    async with app.run_test(size=SIZE) as pilot:
        await at(pilot, Damage(repository="local"))
        assert f"{estate.source}/big" in shown(app.screen)
        await pilot.press("y")
        await pilot.pause()
        assert f"{estate.source}/big" in app.clipboard
        await pilot.press("right_square_bracket")
        await settled(pilot)
        assert lines(pilot, "#problems") == []


async def test_a_plan_that_nobody_agrees_to_changes_nothing_and_ends_with_the_page(estate: Estate) -> None:
    before = sorted(path.name for path in (estate.directory / "local" / "data").rglob("*"))
    app = app_of(estate)
    async with app.run_test() as pilot:
        await at(pilot, Mend(repository="local", kind="packs", other="offsite"))
        await planned(pilot)
        await pilot.press("q")
        await ended(pilot)
        assert "local: cancelled" in notices(pilot)[-1]
    assert sorted(path.name for path in (estate.directory / "local" / "data").rglob("*")) == before
    with estate.open() as workspace:
        assert workspace.history.runs(verb=Verb.REPAIR)[0].status is RunStatus.CANCELLED


async def test_leaving_while_the_plan_is_made_cancels_it(estate: Estate) -> None:
    app = app_of(estate)
    async with app.run_test() as pilot:
        await at(pilot, Mend(repository="local", kind="packs"))
        await pilot.press("q")
        await ended(pilot)
        assert not app.desk.launches.going_on


async def test_what_is_whole_has_nothing_to_do(estate: Estate) -> None:
    app = app_of(estate)
    async with app.run_test() as pilot:
        await at(pilot, Mend(repository="offsite", kind="index"))
        await ended(pilot)
        assert "There is nothing to do" in remark(app.screen)
        assert lines(pilot, "#steps") == []


async def test_a_damaged_snapshot_can_be_given_up(estate: Estate) -> None:
    (lost,) = estate.held("local")
    app = app_of(estate)
    async with app.run_test(size=SIZE) as pilot:
        await at(pilot, Verify(repository="local"))
        await pilot.press("V")
        await ended(pilot)
        await pilot.press("d")
        await settled(pilot)
        cures = listing(pilot, "#cures")
        cures.focus()
        cures.go_to(("forget", None))
        await pilot.press("enter")
        await settled(pilot)
        assert lost.short_id in asked(pilot)
        await agree(pilot, "site")
        assert notices(pilot) == ["1 snapshot forgotten"]
        assert lines(pilot, "#problems") == []
    assert estate.held("local") == []


async def test_a_snapshot_that_cannot_be_read_comes_back_as_a_copy(tmp_path: Path) -> None:
    estate = build_estate(tmp_path)
    estate.run()
    (lost,) = estate.held("local")
    store = estate.store("local")
    damaged = flipped(store.get(f"snapshots/{lost.id}"), 300)
    store.delete(f"snapshots/{lost.id}")
    store.put(f"snapshots/{lost.id}", damaged)
    async with app_of(estate).run_test(size=SIZE) as pilot:
        await at(pilot, Verify(repository="local"))
        await pilot.press("V")
        await ended(pilot)
        await pilot.press("d")
        await settled(pilot)
        listing(pilot, "#cures").focus()
        listing(pilot, "#cures").go_to(("copy", "offsite"))
        await pilot.press("R")
        await settled(pilot)
        assert "Copies 1 snapshot of offsite" in asked(pilot)
        await agree(pilot)
        assert notices(pilot)[0].startswith("1 snapshot copied")
    assert [each.identity for each in estate.held("local")] == [lost.id]


async def planned(pilot: Pilot[None]) -> None:
    """Wait until the plan of a repair is shown."""
    page = pilot.app.screen
    while not (isinstance(page, MendPage) and page.stage is not Stage.PLANNING):
        await pilot.pause(0.01)
        page = pilot.app.screen
    await settled(pilot)
