"""First start: four questions, nothing made before the last word, and a backup that restic reads."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from tests.tui.conftest import SIZES, THEMES, desk_of, settled
from tui_backup.primitives.secret import Secret
from tui_backup.services.setup import first_start
from tui_backup.services.setup.first_start import Amount, Disk, Finding, Weight
from tui_backup.services.workspace import Workspace
from tui_backup.tui.app import BackupApp
from tui_backup.tui.browser.page import BrowserPage
from tui_backup.tui.dashboard.page import DashboardPage
from tui_backup.tui.desk import Desk
from tui_backup.tui.welcome import page as welcome
from tui_backup.tui.welcome.making import MakingStep
from tui_backup.tui.welcome.page import WelcomePage
from tui_backup.tui.widgets.field import Field

PASSWORD = "a-password-of-the-tests-Qx7f"
PATIENCE_S = 30.0


@pytest.fixture(autouse=True)
def known_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(welcome, "random_secret", lambda: Secret(PASSWORD))
    monkeypatch.setattr("socket.gethostname", lambda: "web1")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    directory = tmp_path / "srv" / "site"
    directory.mkdir(parents=True)
    (directory / "index.html").write_text("<h1>The shop</h1>")
    return directory


@pytest.fixture
def app(tmp_path: Path) -> BackupApp:
    return BackupApp(Desk(None, given=str(tmp_path / "etc" / "config.toml")))


def page(pilot: Pilot[None]) -> WelcomePage:
    assert isinstance(pilot.app.screen, WelcomePage)
    return pilot.app.screen


async def until(pilot: Pilot[None], met: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not met():  # noqa: ASYNC110 - a run ends on a thread that knows no loop
            await asyncio.sleep(0.01)
    await settled(pilot)


async def answer(pilot: Pilot[None], field: str, text: str) -> None:
    """Type an answer and go on."""
    await settled(pilot)
    page(pilot).query_one(field, Field).value = text
    await pilot.press("enter")
    await settled(pilot)


async def to_the_file(pilot: Pilot[None], source: Path, place: Path) -> None:
    """Answer everything."""
    await answer(pilot, "#paths", str(source))
    await answer(pilot, "#place", str(place))
    await answer(pilot, "#every", "26h")
    await answer(pilot, "#tail", PASSWORD[-4:])


async def test_it_leads_to_a_backup_that_is_proven_and_to_the_dashboard(
    app: BackupApp, source: Path, tmp_path: Path
) -> None:
    place = tmp_path / "disk" / "backups"
    async with app.run_test() as pilot:
        await to_the_file(pilot, source, place)
        assert os.listdir(tmp_path) == ["srv"]
        await pilot.press("B")
        making = page(pilot).query_one(MakingStep)
        await until(pilot, lambda: making.is_over or making.failed is not None)
        assert making.is_over
        assert "tui-backup" in str(page(pilot).yanked())
        await pilot.press("l")
        await settled(pilot)
        assert isinstance(app.screen, BrowserPage)
        await pilot.press("q")
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert isinstance(app.screen, DashboardPage)
        await pilot.press("q")
        await settled(pilot)
    assert app.return_code == 0
    check(tmp_path / "etc" / "config.toml", place)


def check(config: Path, place: Path) -> None:
    with Workspace.open(str(config)) as workspace:
        (snapshot,) = workspace.repository("local").snapshots()
        assert snapshot.job == "site"
        assert workspace.history.proofs("local")[snapshot.id].integrity == "ok"
    assert (config.parent / "backups.key").read_text() == f"{PASSWORD}\n"


async def test_leaving_before_the_last_word_leaves_nothing(app: BackupApp, source: Path, tmp_path: Path) -> None:
    async with app.run_test() as pilot:
        await to_the_file(pilot, source, tmp_path / "disk")
        for _step in range(5):
            await pilot.press("escape")
            await settled(pilot)
    assert app.return_code == 0
    assert os.listdir(tmp_path) == ["srv"]


async def test_going_back_keeps_the_answers(app: BackupApp, source: Path, tmp_path: Path) -> None:
    async with app.run_test() as pilot:
        await to_the_file(pilot, source, tmp_path / "disk")
        for _step in range(4):
            await pilot.press("escape")
        await settled(pilot)
        assert page(pilot).query_one("#paths", Field).value == str(source)
        assert page(pilot).query_one("#place", Field).value == str(tmp_path / "disk")


async def test_an_answer_that_is_not_sound_is_not_taken(app: BackupApp, source: Path, tmp_path: Path) -> None:
    async with app.run_test() as pilot:
        await answer(pilot, "#paths", "/no/such/directory")
        assert page(pilot).step == welcome.WHAT
        await answer(pilot, "#paths", str(source))
        await answer(pilot, "#place", str(source.parent))
        assert page(pilot).step == welcome.WHERE
        await answer(pilot, "#place", str(tmp_path / "disk"))
        await answer(pilot, "#every", "often")
        assert page(pilot).step == welcome.OFTEN
        await answer(pilot, "#every", "7d")
        await answer(pilot, "#tail", "Qx7e")
        assert page(pilot).step == welcome.PASSWORD
        assert not page(pilot).check_action("begin", ())


async def test_all_of_the_password_and_its_field_are_seen_in_the_smallest_terminal(
    app: BackupApp, source: Path, tmp_path: Path
) -> None:
    async with app.run_test(size=(60, 15)) as pilot:
        await answer(pilot, "#paths", str(source))
        await answer(pilot, "#place", str(tmp_path / "disk"))
        await answer(pilot, "#every", "26h")
        shown = "\n".join(strip.text for strip in app.screen._compositor.render_strips())
        assert PASSWORD in shown
        assert page(pilot).query_one("#tail").region.bottom < 15


async def test_how_the_first_backup_ended_is_told_to_who_has_left(app: BackupApp, source: Path, tmp_path: Path) -> None:
    with (source / "large").open("wb") as file:
        file.truncate(3 << 29)
    async with app.run_test() as pilot:
        await to_the_file(pilot, source, tmp_path / "disk")
        await pilot.press("B")
        await until(pilot, lambda: bool(app.desk.launches.going_on))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, DashboardPage))
        app.desk.launches.cancel()
        await until(pilot, lambda: not app.desk.launches.going_on)
        assert [notice.title for notice in app._notifications] == ["first backup"]


async def test_what_fails_says_what_exists_and_can_be_tried_again(app: BackupApp, source: Path, tmp_path: Path) -> None:
    place = tmp_path / "disk"
    async with app.run_test() as pilot:
        await to_the_file(pilot, source, place)
        place.write_text("in the way")
        await pilot.press("B")
        making = page(pilot).query_one(MakingStep)
        await until(pilot, lambda: making.failed is not None)
        assert making.failed == MakingStep.SETUP
        assert str(tmp_path / "etc" / "config.toml") in str(making.query_one("#outcome", Static).content)
        place.unlink()
        await pilot.press("B")
        await until(pilot, lambda: making.is_over)
    check(tmp_path / "etc" / "config.toml", place)


async def test_where_nothing_could_be_made_one_can_go_back(app: BackupApp, source: Path, tmp_path: Path) -> None:
    async with app.run_test() as pilot:
        await to_the_file(pilot, source, tmp_path / "disk")
        (tmp_path / "etc").write_text("in the way")
        await pilot.press("B")
        await until(pilot, lambda: page(pilot).query_one(MakingStep).failed is not None)
        await pilot.press("escape")
        assert page(pilot).step == welcome.SURE
    assert sorted(os.listdir(tmp_path)) == ["etc", "srv"]


# pictures


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user, paths and disks that are the same on every machine."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("HOME", "/home/ana")
    found = [
        Finding(Weight.SOUND, "/home/ana: a directory"),
        Finding(Weight.WRONG, "/srv/[bold red]shop \x1b[31m: No such file or directory"),
    ]
    monkeypatch.setattr(first_start, "look_at_paths", lambda text: found[: 1 + ("srv" in text)])
    monkeypatch.setattr(
        first_start, "amount", lambda *_: Amount(files=48_211, bytes=12_300_000_000, unread=3, is_all=True)
    )
    monkeypatch.setattr(first_start, "other_disks", lambda _paths: [Disk(mount="/mnt/usb", free=931_000_000_000)])
    monkeypatch.setattr(first_start, "free_at", lambda _path: 931_000_000_000)
    monkeypatch.setattr(first_start, "_wrong_with_place", lambda *_: None)


LookAt = Callable[[Callable[[Pilot[None]], Awaitable[None]]], None]


@pytest.fixture(params=[f"{size}-{theme}" for size in SIZES for theme in THEMES])
def look_at(request: pytest.FixtureRequest, still: None, snap_compare: Callable[..., bool]) -> LookAt:
    size, theme = str(request.param).split("-")

    def compare(before: Callable[[Pilot[None]], Awaitable[None]]) -> None:
        async def arrive(pilot: Pilot[None]) -> None:
            await settled(pilot)
            await before(pilot)
            await settled(pilot)

        assert snap_compare(BackupApp(desk_of(None), theme=theme), terminal_size=SIZES[size], run_before=arrive)

    return compare


def test_look_what(look_at: LookAt) -> None:
    async def type_one_wrong(pilot: Pilot[None]) -> None:
        page(pilot).query_one("#paths", Field).value = "/home/ana '/srv/[bold red]shop'"

    look_at(type_one_wrong)


def test_look_where(look_at: LookAt) -> None:
    look_at(lambda pilot: answer(pilot, "#paths", "/home/ana"))


def test_look_password(look_at: LookAt) -> None:
    async def go_on(pilot: Pilot[None]) -> None:
        await answer(pilot, "#paths", "/home/ana")
        await pilot.press("enter")
        await answer(pilot, "#every", "26h")
        await pilot.press("a", "enter")

    look_at(go_on)


async def answer_all(pilot: Pilot[None]) -> None:
    await to_the_file(pilot, Path("/home/ana"), Path("/mnt/usb/tui-backup"))


def test_look_file(look_at: LookAt) -> None:
    look_at(answer_all)


def test_look_done(look_at: LookAt) -> None:
    async def make(pilot: Pilot[None]) -> None:
        welcome_page = page(pilot)
        welcome_page.step = welcome.MAKING
        making = welcome_page.query_one(MakingStep)
        making.done(MakingStep.SETUP, "/home/ana/.config/tui-backup/config.toml")
        making.done(MakingStep.BACKUP, "ana → local: ok: backed up 12.3 GB in 62 s (9.1 GB new), snapshot 7d0f2d54")
        making.begin(MakingStep.VERIFY)

    look_at(make)
