"""The page of locks: who holds what, and what may go."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from textual.widgets import Button

from tests.support.estate import Estate, build_estate
from tests.support.histories import leave_lock
from tests.support.processes import ended_pid
from tests.tui.conftest import at, command_line
from tests.tui.tending import agree, app_of, asked, ended, lines, listing, notices
from tui_backup.model.watch import Watch
from tui_backup.primitives.clock import now
from tui_backup.primitives.identity import identity
from tui_backup.tui.places import Locks


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    return build_estate(tmp_path)


def left(estate: Estate, name: str) -> list[str]:
    return sorted(os.listdir(estate.directory / name / "locks"))


def leave_dead(estate: Estate, name: str) -> str:
    """Leave a lock of this host whose process has ended."""
    time = (now() - timedelta(minutes=8)).isoformat()
    return leave_lock(estate, name, time=time, hostname=identity().hostname, pid=ended_pid())


async def test_nobody_holds_anything(estate: Estate) -> None:
    async with app_of(estate).run_test() as pilot:
        await at(pilot, Locks())
        assert lines(pilot, "#locks") == []
        assert listing(pilot, "#locks").remark is None
        assert listing(pilot, "#locks").empty.text == "Nobody holds a repository"


async def test_the_locks_of_the_dead_go_and_no_others(estate: Estate) -> None:
    theirs, dead = leave_lock(estate, "local"), leave_dead(estate, "local")
    async with app_of(estate).run_test() as pilot:
        await at(pilot, Locks())
        assert [line.split()[1] for line in lines(pilot, "#locks")] == ["dead", "unknown"]
        await pilot.press("U")
        await pilot.pause()
        assert dead[:8] in asked(pilot)
        assert theirs[:8] not in asked(pilot)
        await agree(pilot)
        assert len(lines(pilot, "#locks")) == 1
        assert notices(pilot) == ["1 lock removed"]
    assert left(estate, "local") == [theirs]


async def test_the_lock_of_another_host_goes_only_by_force_and_with_a_word(estate: Estate) -> None:
    leave_lock(estate, "offsite")
    async with app_of(estate).run_test() as pilot:
        await at(pilot, Locks())
        (line,) = lines(pilot, "#locks")
        assert "eve@web2" in line
        await pilot.press("U")
        await pilot.pause()
        assert not pilot.app.screen.query(Button)
        await pilot.press("F")
        await pilot.pause()
        assert "would fail without it" in asked(pilot)
        assert pilot.app.screen.query_one("#yes", Button).disabled
        await agree(pilot, "offsite")
        assert lines(pilot, "#locks") == []
    assert left(estate, "offsite") == []


async def test_a_lock_that_was_given_back_meanwhile_is_told_of(estate: Estate) -> None:
    name = leave_dead(estate, "local")
    async with app_of(estate).run_test() as pilot:
        await at(pilot, Locks())
        await pilot.press("U")
        (estate.directory / "local" / "locks" / name).unlink()
        await agree(pilot)
        assert notices(pilot) == ["0 locks removed; 1 was given back or refreshed meanwhile"]


async def test_whoever_lives_is_shown_and_refreshed(estate: Estate) -> None:
    with estate.open() as workspace:
        async with app_of(estate).run_test() as pilot:
            with workspace.repository("local").locked(Watch()):
                await at(pilot, Locks())
                (line,) = lines(pilot, "#locks")
                assert line.split()[1] == "alive"
                assert str(os.getpid()) in line
            await pilot.press("r")
            await ended(pilot)
            assert lines(pilot, "#locks") == []


async def test_a_repository_that_cannot_be_reached_is_named_in_its_place(estate: Estate) -> None:
    leave_lock(estate, "offsite")
    estate.hide("local")
    async with app_of(estate).run_test() as pilot:
        await at(pilot, Locks())
        trouble, held = lines(pilot, "#locks")
        assert "unreachable" in trouble
        assert "local" in trouble
        assert "offsite" in held
        await pilot.press("right_square_bracket")
        await ended(pilot)
        assert len(lines(pilot, "#locks")) == 1
        assert command_line(pilot) == ["unlock", "-r", "local"]
