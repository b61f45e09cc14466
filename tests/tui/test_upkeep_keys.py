"""The page of keys: passwords added, changed and removed, and shown nowhere."""

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input, Static

from tests.support.estate import Estate, build_estate
from tests.support.restic import Restic
from tests.tui.conftest import at
from tests.tui.tending import agree, app_of, ended, lines, listing, notices
from tui_backup.tui.places import Keys

NEW = "a horse of another colour"


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    estate = build_estate(tmp_path, ("local",))
    estate.run()
    return estate


async def typed(pilot: Pilot[None], first: str, second: str) -> None:
    pilot.app.screen.query_one("#first", Input).value = first
    pilot.app.screen.query_one("#second", Input).value = second
    await pilot.pause()


def verdict(pilot: Pilot[None]) -> str:
    return str(pilot.app.screen.query_one("#verdict", Static).content)


async def give(pilot: Pilot[None]) -> None:
    pilot.app.screen.query_one("#yes", Button).press()
    await ended(pilot)


@pytest.mark.requires("restic")
async def test_a_password_that_was_changed_opens_with_restic_and_lies_in_the_file(estate: Estate) -> None:
    async with app_of(estate).run_test() as pilot:
        await at(pilot, Keys(repository="local"))
        await pilot.press("P")
        await pilot.pause()
        await typed(pilot, NEW, NEW)
        await give(pilot)
        (line,) = lines(pilot, "#keys")
        assert "in use" in line
        assert "local.key has it" in notices(pilot)[0]
    assert (estate.directory / "local.key").read_text() == f"{NEW}\n"
    assert Restic(estate.directory / "local", NEW).json("snapshots")
    assert estate.run().errors == []


@pytest.mark.requires("restic")
async def test_a_further_password_opens_too_and_goes_again_with_a_word(estate: Estate) -> None:
    async with app_of(estate).run_test() as pilot:
        await at(pilot, Keys())
        await pilot.press("A")
        await pilot.pause()
        await typed(pilot, NEW, NEW)
        await give(pilot)
        assert len(lines(pilot, "#keys")) == 2
        assert Restic(estate.directory / "local", NEW).json("snapshots")
        page = pilot.app.screen
        await pilot.press("end")
        key = lines(pilot, "#keys")[1].split()[2]
        await pilot.press("D")
        await agree(pilot, key)
        assert pilot.app.screen is page
        assert len(lines(pilot, "#keys")) == 1


async def test_the_key_in_use_is_never_removed(estate: Estate) -> None:
    async with app_of(estate).run_test() as pilot:
        await at(pilot, Keys())
        page = pilot.app.screen
        await pilot.press("D")
        await pilot.pause()
        assert pilot.app.screen is page


async def test_what_is_weak_is_said_and_what_differs_is_refused(estate: Estate) -> None:
    async with app_of(estate).run_test() as pilot:
        await at(pilot, Keys())
        await pilot.press("A")
        await pilot.pause()
        await typed(pilot, NEW, "another")
        assert verdict(pilot) == "The two are not the same yet"
        assert pilot.app.screen.query_one("#yes", Button).disabled
        await typed(pilot, "short", "short")
        assert "only 5 characters" in verdict(pilot)
        assert not pilot.app.screen.query_one("#yes", Button).disabled
        await typed(pilot, "", "")
        assert pilot.app.screen.query_one("#yes", Button).disabled
        await pilot.press("escape")
        await ended(pilot)
        assert len(lines(pilot, "#keys")) == 1


async def test_a_password_that_is_made_is_shown_once_and_what_is_typed_never(estate: Estate) -> None:
    async with app_of(estate).run_test() as pilot:
        await at(pilot, Keys())
        await pilot.press("A")
        await pilot.pause()
        await typed(pilot, NEW, NEW)
        assert NEW not in pilot.app.export_screenshot().replace("&#160;", " ")
        await pilot.press("f2")
        await pilot.pause()
        made = pilot.app.screen.query_one("#first", Input).value
        assert len(made) > 40
        assert made in str(pilot.app.screen.query_one("#generated", Static).content)
        await give(pilot)
        assert len(lines(pilot, "#keys")) == 2
        assert made not in "".join(path.read_text(errors="replace") for path in (estate.directory / "state").rglob("*")
                                   if path.is_file())  # fmt: skip


async def test_a_wrong_password_is_said_in_place(estate: Estate) -> None:
    (estate.directory / "local.key").write_text("wrong")
    async with app_of(estate).run_test() as pilot:
        await at(pilot, Keys())
        remark = listing(pilot, "#keys").remark
        assert remark is not None
        assert remark.failed
        assert "password" in remark.text
