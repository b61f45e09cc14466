"""The schedule page: what runs by itself; and running what is due as long as the UI is open."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from tests.support.estate import Estate, build_estate
from tests.support.sample_estate import NOW
from tests.tui.conftest import Look, at, command_line, desk_of, settled
from tests.tui.tending import agree, asked, ended, lines, listing, notices
from tests.tui.test_configuration import read, write
from tui_backup.config.load import load_config
from tui_backup.services.schedule.callers import Caller
from tui_backup.services.schedule.due import triggers_of
from tui_backup.services.workspace import Workspace
from tui_backup.tui.app import BackupApp
from tui_backup.tui.configuration.page import ConfigurationPage
from tui_backup.tui.desk import Desk
from tui_backup.tui.dialogs.confirm import Confirm
from tui_backup.tui.glyphs import Glyphs
from tui_backup.tui.places import Schedules
from tui_backup.tui.running.quitting import QuitDialog
from tui_backup.tui.schedules import page as page_module
from tui_backup.tui.schedules.page import SchedulesPage
from tui_backup.tui.schedules.words import callers_piece
from tui_backup.tui.widgets.facts import Facts
from tui_backup.tui.widgets.masthead import Masthead

AUTUMN = datetime(2026, 10, 31, 12, tzinfo=UTC)
"""A day before clocks go back in New York."""

KEYS = {
    "site": """\
schedule = [{ at = "0 2 * * *" }, { at = "0 3 * * 0", label = "weekly" }]
delay = "10m"
retry = { attempts = 3, wait = "10m" }
verify = "0 5 * * 0"
verify_subset = "1/7"
prune = "30 0 1 * *"
""",
    "mail": 'schedule = "*/15 * * * *"\ncatch_up = false\n',
    "wiki": 'schedule = "30 1 * * *"\ntimezone = "America/New_York"\nrequire = ["path:/mnt/[b]usb"]\n',
}


@pytest.fixture(autouse=True)
def called_by(monkeypatch: pytest.MonkeyPatch) -> list[Caller]:
    """Who looks at what is due on this host, in the place of whoever really does."""
    found: list[Caller] = []
    monkeypatch.setattr(page_module, "callers", lambda _config: found)
    return found


def scheduled(site: Path) -> None:
    text = read(site)
    for job, keys in KEYS.items():
        text = text.replace(f"[jobs.{job}]\n", f"[jobs.{job}]\n{keys}")
    write(site, text)


def page_of(pilot: Pilot[None]) -> SchedulesPage:
    page = pilot.app.screen
    assert isinstance(page, SchedulesPage)
    return page


def in_full(pilot: Pilot[None]) -> str:
    return page_of(pilot).query_one(Facts).text


async def test_what_comes_next_is_first_and_the_job_one_came_from_at_hand(site: Path) -> None:
    scheduled(site)
    app = BackupApp(desk_of(site))
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("s")
        await settled(pilot)
        assert lines(pilot, "#schedules")[:4] == [
            "today 20:00  in 1 min  mail  backup  */15 * * * *  every 15 minutes",
            "tomorrow 02:00  in 6 h  site  backup  0 2 * * *  every day at 02:00",
            "tomorrow 03:00  in 7 h  site  backup weekly  0 3 * * 0  Sundays at 03:00",
            "tomorrow 01:30 EST  in 7 h  wiki  backup  30 1 * * *  every day at 01:30",
        ]
        assert command_line(pilot) == ["schedule", "show"]
        told = in_full(pilot)
        assert "When  every day at 02:00   0 2 * * *   America/Sao_Paulo" in told
        assert "Sun 2026-11-22 02:00 -03    Sun 05:00 UTC     in 6 h" in told
        assert "made up for once" in told
        assert "begins up to 10m later" in told
        assert "tried 3 times in all, 10m apart" in told
        await pilot.press("home")
        await settled(pilot)
        assert "left out: catch_up is off" in in_full(pilot)
        await pilot.press("end", "up")
        await settled(pilot)
        assert "each time 1/7 of the data" in in_full(pilot)
        await pilot.press("slash", *"wiki", "enter")
        await settled(pilot)
        assert len(listing(pilot, "#schedules").rows) == 1
        assert page_of(pilot).yanked() == "30 1 * * *"
        await pilot.press("e")
        await settled(pilot)
        assert isinstance(app.screen, ConfigurationPage)
        assert app.screen.thing is not None
        assert app.screen.thing.name == "wiki"


async def test_daylight_saving_is_marked_and_explained(site: Path) -> None:
    scheduled(site)
    app = BackupApp(Desk(Workspace(load_config(str(site))), now=lambda: AUTUMN))
    async with app.run_test(size=(120, 40)) as pilot:
        await at(pilot, Schedules(job="wiki"))
        row = next(line for line in lines(pilot, "#schedules") if "wiki" in line)
        assert row.startswith("tomorrow 01:30 EDT clock back")
        assert "Sun 2026-11-01 01:30 EDT    Sun 05:30 UTC    in 17 h  clock back" in in_full(pilot)
        assert "comes twice: it runs at the first" in in_full(pilot)


async def test_what_waits_says_for_what(site: Path) -> None:
    scheduled(site)
    app = BackupApp(desk_of(site))
    workspace = app.desk.workspace
    workspace.history.configure_triggers(triggers_of(workspace.job("wiki")), NOW - timedelta(days=2))
    async with app.run_test(size=(120, 40)) as pilot:
        await at(pilot, Schedules(job="wiki"))
        assert "waiting" in next(line for line in lines(pilot, "#schedules") if "wiki" in line)
        assert "Waits now: /mnt/[b]usb is not there" in in_full(pilot)
        await pilot.press("D")
        await settled(pilot)
        assert "wiki: backup, waits: /mnt/[b]usb is not there" in asked(pilot)


async def test_where_nothing_runs_by_itself_one_is_told_what_to_do(app: BackupApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await at(pilot, Schedules())
        await pilot.press("D")
        await settled(pilot)
        assert notices(pilot) == ["No job has a schedule"]
        assert not page_of(pilot).query_one("#line-pane").display
        assert "No job has a schedule" in "".join(
            strip.text for strip in (page_of(pilot).listing.render_line(y) for y in range(3))
        )
        await pilot.press("e")
        await settled(pilot)
        assert isinstance(app.screen, ConfigurationPage)


def test_whoever_looks_at_the_clock_is_named() -> None:
    cron = Caller(by="crontab", object="crontab of root", works=True)
    timer = Caller(by="systemd", object="tui-backup.timer", works=False, detail="but it is not active")
    glyphs = Glyphs()
    assert callers_piece([timer, cron], glyphs) == ("● crontab of root looks at what is due", "ok")
    assert callers_piece([timer], glyphs) == ("▲ tui-backup.timer, but it is not active", "warning")
    assert callers_piece([], glyphs)[1] == "error"
    assert callers_piece([], glyphs, is_here=True)[1] == "accent"


# running what is due


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    """A job that has been due for an hour, and one that never is."""
    estate = build_estate(tmp_path / "estate", ["local"])
    path = estate.directory / "config.toml"
    keys = 'schedule = "@daily"\n'
    path.write_text('timezone = "UTC"\n' + path.read_text().replace("[jobs.site]\n", f"[jobs.site]\n{keys}"))
    with estate.open() as workspace:
        workspace.history.configure_triggers(triggers_of(workspace.job("site")), NOW - timedelta(days=2))
    return estate


@pytest.fixture
def due(estate: Estate) -> Iterator[BackupApp]:
    app = BackupApp(desk_of(estate.directory / "config.toml"))
    yield app
    assert not app.desk.runs_due
    app.desk.launches.wait()
    app.desk.close()


def header(pilot: Pilot[None]) -> str:
    return pilot.app.screen.query_one(Masthead).render().plain


async def test_what_is_due_is_run_only_once_somebody_has_agreed(due: BackupApp, estate: Estate) -> None:
    async with due.run_test(size=(80, 24)) as pilot:
        await at(pilot, Schedules())
        await pilot.press("D")
        await settled(pilot)
        assert isinstance(due.screen, Confirm)
        assert "site: backup, due since today 00:00, begins now" in asked(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert not due.desk.runs_due
        assert estate.held("local") == []
        await pilot.press("D")
        await settled(pilot)
        await agree(pilot)
        assert due.desk.runs_due
        assert "runs due jobs · 22:58 UTC" in header(pilot)
        assert "is run here" in str(due.screen.query_one("#callers", Static).content)
        while len(estate.held("local")) < 1:
            await pilot.pause(0.05)
        await ended(pilot)
        assert [snapshot.kind for snapshot in estate.held("local")] == ["scheduled"]
        assert notices(pilot)[-1] == "What is due is run here from now on"
        await pilot.press("escape")
        await settled(pilot)
        assert "runs due jobs" in header(pilot)
        await pilot.press("D")
        await settled(pilot)
        assert not due.desk.runs_due
        assert "runs due jobs" not in header(pilot)


async def test_who_leaves_ends_it_and_is_asked_only_about_what_goes_on(due: BackupApp, estate: Estate) -> None:
    path = estate.directory / "config.toml"
    path.write_text(path.read_text().replace('"@daily"\n', '"@daily"\ndelay = "1d"\n'))
    due.desk.renew(Workspace(load_config(str(path)), due.desk.bus))
    async with due.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("D")
        await settled(pilot)
        await pilot.press("right", "enter")
        while not due.desk.board.going_on:
            await pilot.pause(0.05)
        await pilot.press("q")
        await settled(pilot)
        assert isinstance(due.screen, QuitDialog)
        assert "Scheduled run of site" in asked(pilot)
        await pilot.click("#cancel")
        assert not due.desk.runs_due
        while due.desk.launches.going_on:
            await pilot.pause(0.05)
    with estate.open() as workspace:
        (trigger,) = triggers_of(workspace.job("site"))
        assert workspace.history.last_moment(trigger) is None


async def test_a_run_that_somebody_cancels_is_not_due_any_more(due: BackupApp, estate: Estate) -> None:
    path = estate.directory / "config.toml"
    path.write_text(path.read_text().replace('"@daily"\n', '"@daily"\ndelay = "1d"\n'))
    due.desk.renew(Workspace(load_config(str(path)), due.desk.bus))
    async with due.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        due.desk.start_running_due()
        while not due.desk.board.going_on:
            await pilot.pause(0.05)
        await pilot.press("x")
        await agree(pilot)
        assert due.desk.runs_due
        workspace = due.desk.workspace
        (trigger,) = triggers_of(workspace.job("site"))
        assert workspace.history.last_moment(trigger) is not None


async def test_whoever_loses_the_terminal_begins_nothing_any_more(due: BackupApp) -> None:
    async with due.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        due.desk.start_running_due()
        due.depart()
        await pilot.pause()
    assert not due.desk.runs_due


async def test_what_is_due_and_fails_is_told(due: BackupApp, estate: Estate) -> None:
    (estate.directory / "local.key").write_text("wrong\n")
    async with due.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        due.desk.start_running_due()
        while not notices(pilot):
            await pilot.pause(0.05)
        assert notices(pilot)[0].startswith("site")
        assert "password" in notices(pilot)[0]


def test_look(look: Look, site: Path) -> None:
    scheduled(site)
    look(Schedules(job="site"))


def test_look_of_the_question(look: Look, site: Path, called_by: list[Caller]) -> None:
    scheduled(site)
    called_by.append(Caller(by="crontab", object="crontab of root", works=True))

    async def before(pilot: Pilot[None]) -> None:
        await pilot.press("D")

    look(Schedules(job="site"), before)


def test_look_where_nothing_runs_by_itself(look: Look) -> None:
    look(Schedules())
