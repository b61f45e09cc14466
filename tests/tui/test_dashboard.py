"""The dashboard and the problems, on the sample site and on real runs."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from tests.tui.conftest import THEMES, Look, at, command_line, desk_of, settled
from tui_backup.errors import BackupError
from tui_backup.model.event import Event, Finished, Progressed, Started, Warned
from tui_backup.primitives.clock import now
from tui_backup.services.status.dashboard import Overview, overview
from tui_backup.tui import places
from tui_backup.tui.app import BackupApp
from tui_backup.tui.dashboard.health import health
from tui_backup.tui.dashboard.page import DashboardPage
from tui_backup.tui.dashboard.problems import ProblemsPage
from tui_backup.tui.desk import Desk
from tui_backup.tui.dialogs.confirm import Confirm
from tui_backup.tui.glyphs import Glyphs
from tui_backup.tui.places import Browser, Go, Place, Problems, Restore
from tui_backup.tui.run_board import RunBoard
from tui_backup.tui.running.log_tail import LogTail
from tui_backup.tui.widgets.cells import plain
from tui_backup.tui.widgets.filter_line import FilterLine
from tui_backup.tui.widgets.listing import Listing
from tui_backup.tui.widgets.masthead import Masthead

AT_WORK: tuple[Event, ...] = (
    Started(run="r1", job="site", repository="local"),
    Warned(run="r1", path="/srv/site/[bold red]not markup \x1b[31m", message="permission denied"),
    Started(run="r2", job="mail", repository="local"),
    *(
        Progressed(
            run="r1",
            files_done=42_113 + step,
            files_total=60_000,
            bytes_done=303_000_000 + step * 214_000_000,
            bytes_total=1_200_000_000,
            current="/srv/site/uploads/日本語のとても長い名前のファイルがここにあります/[@click=app.bell]press me",
        )
        for step in range(3)
    ),
)


def page(app: BackupApp) -> DashboardPage:
    assert isinstance(app.screen, DashboardPage)
    return app.screen


def drawn(listing: Listing[Any]) -> list[str]:
    """Return the rows as they are read, the first of them the titles."""
    return [listing.render_line(y).text.rstrip() for y in range(len(listing.rows) + 1)]


def text_of(app: BackupApp, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).render())


@dataclass
class Clock:
    """A clock that stands until somebody moves it."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


async def tell(pilot: Pilot[None], *events: Event, silence_s: float = 0.0) -> None:
    """Have runs say something, a second apart, then nothing for a while; and wait until that is drawn."""
    app = pilot.app
    assert isinstance(app, BackupApp)
    clock = Clock()
    app.desk.board = RunBoard(clock)
    for event in events:
        app.desk.bus.publish(event)
        if isinstance(event, Progressed):
            await pilot.pause()
            clock.seconds += 1
    clock.seconds += silence_s - 1
    await pilot.pause()
    while isinstance(app.screen, DashboardPage) and app.screen.rests:
        await pilot.pause(0.05)
    await settled(pilot)


async def test_trouble_comes_first_and_the_history_is_that_of_the_job_at_hand(app: BackupApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        jobs, history = page(app).jobs, page(app).history
        states = [plain(jobs.listing.columns[0].cell(job)) for job in jobs.listing.rows]
        assert states == ["✖ damaged", "✖ failed", "▲ stale", "○ never run"]
        assert [line.split()[:2] for line in drawn(history.listing)[1:3]] == [
            ["today", "02:00"],
            ["yesterday", "02:00"],
        ]
        assert "●●  proven 2 d" in drawn(history.listing)[2].replace("   ", " ").replace("  ●", " ●")
        await pilot.press("down")
        await settled(pilot)
        assert history.border_title == "History of wiki"
        assert "✖ failed" in drawn(history.listing)[1]
        assert "no space left on /srv/backups [/etc]" in text_of(app, "#detail")


async def test_a_quick_walk_ends_at_the_history_of_the_last_job(app: BackupApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("down", "down", "up", "up", "down", "down", "down")
        await settled(pilot)
        assert page(app).history.listing.rows == []
        assert str(page(app).history.border_title).startswith("History of new-job")
        assert "No backup yet" in page(app).history.listing.render_line(1).text


async def test_the_cursor_of_another_history_begins_at_its_top(app: BackupApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("2", "down", "1", "down")
        await settled(pilot)
        assert page(app).history.listing.cursor == 0


async def test_a_filter_stays_until_escape_takes_it_away(app: BackupApp) -> None:
    async with app.run_test() as pilot:
        await settled(pilot)
        await pilot.press("slash", *"wik", "enter")
        await settled(pilot)
        jobs = page(app).jobs
        assert [job.job for job in jobs.listing.rows] == ["wiki"]
        assert jobs.border_subtitle == "1 of 4"
        assert jobs.listing.has_focus
        assert page(app).history.border_title == "History of wiki"
        await pilot.press("escape")
        await settled(pilot)
        assert len(jobs.listing.rows) == 4
        assert not page(app).query_one(FilterLine).is_open
        assert isinstance(app.screen, DashboardPage)


async def test_escape_while_typing_shows_all_and_an_empty_filter_goes_by_itself(app: BackupApp) -> None:
    async with app.run_test() as pilot:
        await settled(pilot)
        await pilot.press("2", "slash", *"damaged")
        assert len(page(app).history.listing.rows) == 1
        await pilot.press("escape")
        assert len(page(app).history.listing.rows) == 5
        assert page(app).history.listing.has_focus
        await pilot.press("slash", "enter")
        assert not page(app).query_one(FilterLine).is_open
        assert page(app).query_one(Input).value == ""


async def test_jobs_are_sorted_by_what_one_wants(app: BackupApp) -> None:
    async with app.run_test() as pilot:
        await settled(pilot)
        await pilot.press("o", "o")
        assert [job.job[:4] for job in page(app).jobs.listing.rows] == ["mail", "new-", "site", "wiki"]


async def test_a_part_takes_the_whole_screen_and_gives_it_back(app: BackupApp) -> None:
    async with app.run_test() as pilot:
        await settled(pilot)
        await pilot.press("2", "z")
        assert [pane.region.height > 0 for pane in (page(app).jobs, page(app).history)] == [False, True]
        await pilot.press("1")
        assert [pane.region.height > 0 for pane in (page(app).jobs, page(app).history)] == [True, False]
        await pilot.press("escape")
        assert [pane.region.height > 0 for pane in (page(app).jobs, page(app).history)] == [True, True]


async def test_tab_goes_from_part_to_part(app: BackupApp) -> None:
    async with app.run_test() as pilot:
        await settled(pilot)
        assert page(app).jobs.listing.has_focus
        await pilot.press("tab")
        assert page(app).history.listing.has_focus
        await pilot.press("tab")
        assert page(app).query_one(Masthead).has_focus


async def test_what_goes_on_is_seen_whoever_started_it(app: BackupApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        assert page(app).progress.is_idle
        await tell(pilot, *AT_WORK)
        line = page(app).progress.lines.render_line(0).text
        assert "site → local" in line
        for fact in ("60 %", "731 MB of 1.20 GB", "214 MB/s", "2.2 s left", "42,115 files"):
            assert fact in line
        assert "starting…" in page(app).progress.lines.render_line(1).text
        log = page(app).query_one(LogTail)
        assert [log.render_line(y).text.strip() for y in range(2)] == [
            "site → local: started",
            r"! /srv/site/[bold red]not markup \x1b[31m: permission denied",
        ]
        assert plain(page(app).jobs.listing.columns[0].cell(page(app).jobs.listing.rows[0])) == "◐ 60 %"


async def test_a_run_that_does_not_move_says_for_how_long(app: BackupApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await tell(pilot, *AT_WORK, silence_s=12)
        page(app).progress.draw()
        line = page(app).progress.lines.render_line(0).text
        assert "nothing for 12 s" in line
        assert "left" not in line
        assert "MB/s" not in line


async def test_the_log_is_that_of_the_run_that_is_chosen(app: BackupApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await tell(pilot, *AT_WORK)
        await pilot.press("3", "down")
        await settled(pilot)
        assert page(app).progress.view is app.desk.board.run("r2")
        assert page(app).query_one(LogTail).render_line(0).text.strip() == "mail → local: started"
        assert page(app).command_line() == ["attach", "r2"]
        assert page(app).yanked() == "r2"


async def test_a_log_follows_until_somebody_scrolls(app: BackupApp) -> None:
    def warned(number: int) -> Warned:
        return Warned(run="r1", path=None, message=f"number {number}")

    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        log = page(app).query_one(LogTail)
        await tell(pilot, AT_WORK[0], *(warned(number) for number in range(20)))
        assert log.render_line(log.size.height - 1).text.strip() == "! number 19"
        log.focus()
        await pilot.press("home")
        await tell(pilot, AT_WORK[0], *(warned(number) for number in range(30)))
        assert log.render_line(0).text.strip() == "site → local: started"
        await pilot.press("end")
        await tell(pilot, AT_WORK[0], *(warned(number) for number in range(40)))
        assert log.render_line(log.size.height - 1).text.strip() == "! number 39"


async def test_how_the_last_run_ended_stays(app: BackupApp) -> None:
    ended = Finished(run="r1", job="site", repository="local", status="failed", message="disk full")
    async with app.run_test() as pilot:
        await settled(pilot)
        await tell(pilot, AT_WORK[0], ended)
        assert not page(app).progress.is_idle
        assert page(app).progress.lines.render_line(0).text.strip() == "site → local: failed: disk full"


async def test_only_places_that_are_built_are_offered(app: BackupApp, monkeypatch: pytest.MonkeyPatch) -> None:
    async with app.run_test() as pilot:
        await settled(pilot)
        monkeypatch.delitem(places.PAGES, Restore, raising=False)
        assert page(app).check_action("visit", ("restore",)) is False
        monkeypatch.setitem(places.PAGES, Restore, "somewhere:RestorePage")
        assert page(app).check_action("visit", ("restore",)) is True


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        (("r",), Restore(job="site", snapshot="1", repository="local")),
        (("enter",), Browser(snapshot="1", repository="local")),
        (("2", "down", "down", "enter"), Browser(snapshot="3", repository="offsite")),
        (("exclamation_mark",), Problems()),
        (("shift+tab", "enter"), Problems()),
    ],
)
async def test_keys_lead_to_places_with_what_is_at_hand(
    site: Path, monkeypatch: pytest.MonkeyPatch, keys: tuple[str, ...], place: Place
) -> None:
    """`1` stands for the newest snapshot, `3` for the third, which is damaged in `local`."""
    gone: list[Place] = []
    monkeypatch.setattr(BackupApp, "on_go", lambda _app, message: gone.append(message.place))
    for kind in (Restore, Browser, Problems):
        monkeypatch.setitem(places.PAGES, kind, "never:Imported")
    app = BackupApp(desk_of(site))
    async with app.run_test() as pilot:
        await settled(pilot)
        copies = [{copy.repository: copy.snapshot for copy in each.copies} for each in page(app).history.listing.rows]
        await pilot.press(*keys)
        await settled(pilot)
    if isinstance(place, Restore | Browser):
        known = copies[int(place.snapshot or 0) - 1][place.repository or ""]
        place = type(place)(**{**{f: getattr(place, f) for f in place.__dataclass_fields__}, "snapshot": known})
    assert gone == [place]


async def test_the_first_line_says_what_is_wrong_and_leads_there(app: BackupApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        said = str(app.screen.query_one(Masthead).render())
        assert said.startswith("web1 · 4 jobs · ✖ 3 problems: 1 snapshot of site in local is damaged: ")
        assert said.endswith("19:58 -03")
        await pilot.click(Masthead)
        await settled(pilot)
        assert isinstance(app.screen, ProblemsPage)


async def test_every_problem_comes_with_its_cure(app: BackupApp, monkeypatch: pytest.MonkeyPatch) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await at(pilot, Problems())
        listing = app.screen.query_one("#problems", Listing)
        assert [line.split()[:2] for line in drawn(listing)[1:]] == [["✖", "damaged"], ["✖", "failed"], ["▲", "stale"]]
        await pilot.press("down", "down")
        assert "job mail last succeeded" in text_of(app, "#message")
        assert text_of(app, "#cure") == "Enter  back mail up now"
        assert command_line(pilot) == ["run", "mail"]
        await pilot.press("enter")
        assert isinstance(app.screen, Confirm)
        await pilot.press("enter")
        assert isinstance(app.screen, ProblemsPage)
        assert app.desk.launches.going_on == ()


async def test_a_failure_leads_to_the_log_of_its_run(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone: list[Go] = []
    monkeypatch.setattr(BackupApp, "on_go", lambda _app, message: gone.append(message))
    monkeypatch.setitem(places.PAGES, places.RunLog, "never:Imported")
    app = BackupApp(desk_of(site))
    async with app.run_test() as pilot:
        await at(pilot, Problems())
        await pilot.press("down", "enter")
        await settled(pilot)
        (last,) = app.desk.workspace.history.backups("wiki", 1)
    assert [message.place for message in gone] == [places.RunLog(run=last.id)]


async def test_nothing_is_drawn_again_that_is_as_it_was(app: BackupApp, monkeypatch: pytest.MonkeyPatch) -> None:
    async with app.run_test() as pilot:
        await settled(pilot)
        drawn_again: list[object] = []
        monkeypatch.setattr(Listing, "refresh", lambda *args, **_more: drawn_again.append(args))
        page(app).record_changed()
        await settled(pilot)
        assert drawn_again == []


async def test_what_cannot_be_looked_up_is_told_where_it_would_be(app: BackupApp) -> None:
    error = BackupError("the record is gone [/etc]", hint="look at the disk")
    async with app.run_test() as pilot:
        await settled(pilot)
        for pane in (page(app).history, page(app).jobs):
            pane.fail(error)
            await settled(pilot)
            listing: Listing[Any] = pane.listing
            assert [listing.render_line(y).text.strip() for y in (1, 2)] == [error.message, error.hint]


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration of a job that never ran, which has something to back up."""
    monkeypatch.setattr("socket.gethostname", lambda: "web1")
    source = tmp_path / "source"
    source.mkdir()
    (source / "file").write_text("content")
    (tmp_path / "key").write_text("secret")
    (tmp_path / "key").chmod(0o600)
    (tmp_path / "config.toml").write_text(
        'state_dir = "state"\n[repositories.local]\nstore = { kind = "local", path = "local" }\n'
        'password = { file = "key" }\n[jobs.site]\nrepositories = ["local"]\n'
        f'sources = [{{ kind = "files", paths = ["{source}"] }}]\n'
    )
    return tmp_path / "config.toml"


async def until(pilot: Pilot[None], there: Callable[[], bool]) -> None:
    """Wait for something that a run brings about."""
    for _look in range(400):
        if there():
            return
        await pilot.pause(0.05)
    raise AssertionError("it did not come")


def with_another(desk: Desk) -> Overview:
    """Return how everything stands, with one more job that has never run."""
    config = desk.workspace.config
    jobs = {**config.jobs, "later": msgspec.structs.replace(next(iter(config.jobs.values())), name="later")}
    workspace = desk.workspace
    return overview(msgspec.structs.replace(config, jobs=jobs), workspace.history, workspace.state_dir, desk.now())


async def test_a_backup_is_started_seen_at_once_and_found_in_the_history(fresh: Path) -> None:
    desk = desk_of(fresh)
    desk.now = now
    app = BackupApp(desk)
    async with app.run_test() as pilot:
        await settled(pilot)
        assert "no backup yet" in str(app.screen.query_one(Masthead).render())
        await pilot.press("B")
        assert not page(app).progress.is_idle
        await until(pilot, lambda: bool(page(app).history.listing.rows))
        await until(pilot, lambda: desk.launches.going_on == ())
        await settled(pilot)
        assert "just now" in drawn(page(app).jobs.listing)[1]
        assert "all healthy" in str(app.screen.query_one(Masthead).render())
        assert health(with_another(desk), Glyphs(), now()) == ("○ later: no backup yet", "plain")
        (backup,) = page(app).history.listing.rows
        assert (backup.files, backup.run) == (1, desk.workspace.history.runs()[0].id)


async def test_a_job_that_is_worked_on_is_not_started_again(app: BackupApp) -> None:
    async with app.run_test() as pilot:
        await settled(pilot)
        await tell(pilot, *AT_WORK)
        await pilot.press("B")
        assert app.desk.launches.going_on == ()


@pytest.fixture
def jobless(site: Path) -> BackupApp:
    """The UI of a site without any job."""
    site.write_text(without_jobs(site.read_text()))
    return BackupApp(desk_of(site))


async def test_without_jobs_it_says_what_to_do(jobless: BackupApp) -> None:
    app = jobless
    async with app.run_test() as pilot:
        await settled(pilot)
        assert "No job yet" in page(app).jobs.listing.render_line(1).text
        await pilot.press("B", "enter", "slash", "escape", "y", "l", "e")
        assert isinstance(app.screen, DashboardPage)


def without_jobs(config: str) -> str:
    return config[: config.index("# The shop")]


def test_dashboard(look: Look) -> None:
    look()


def test_dashboard_in_ascii(look: Look) -> None:
    look(before=lambda pilot: tell(pilot, *AT_WORK), ascii_only=True)


def test_dashboard_with_runs(look: Look) -> None:
    look(before=lambda pilot: tell(pilot, *AT_WORK))


def test_dashboard_with_a_filter(look: Look) -> None:
    look(before=lambda pilot: pilot.press("slash", *"ai"))


def test_dashboard_with_a_zoomed_history(look: Look) -> None:
    look(before=lambda pilot: pilot.press("2", "z", "down", "down"))


def test_dashboard_with_zoomed_jobs(look: Look) -> None:
    look(before=lambda pilot: pilot.press("z"))


def test_dashboard_of_a_job_without_history(look: Look) -> None:
    look(before=lambda pilot: pilot.press("end"))


def test_dashboard_without_jobs(site: Path, look: Look) -> None:
    site.write_text(without_jobs(site.read_text()))
    look()


def test_problems(look: Look) -> None:
    look(Problems(), lambda pilot: pilot.press("down"))


@pytest.mark.parametrize("theme", THEMES)
def test_dashboard_in_a_small_terminal(site: Path, snap_compare: Callable[..., bool], theme: str) -> None:
    app = BackupApp(desk_of(site), theme=theme)

    async def busy(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await tell(pilot, *AT_WORK)

    assert snap_compare(app, terminal_size=(60, 15), run_before=busy)
