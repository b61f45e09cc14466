"""The dashboard of jobs that run by themselves: when they do, and what can be done about what goes wrong then."""

from datetime import timedelta
from pathlib import Path

from textual.widgets import Static

from tests.support.sample_estate import NOW
from tests.tui.conftest import Look, at, command_line, desk_of, settled
from tests.tui.test_configuration import read, write
from tests.tui.test_dashboard import drawn
from tui_backup.history.sudden_changes import SuddenChange
from tui_backup.model.run import Run, RunStatus, Verb
from tui_backup.model.trouble import Trouble, TroubleKind
from tui_backup.services.schedule.due import triggers_of
from tui_backup.tui.app import BackupApp
from tui_backup.tui.dashboard.cures import command_of, cure_of
from tui_backup.tui.dashboard.page import DashboardPage
from tui_backup.tui.dashboard.problems import ProblemsPage
from tui_backup.tui.dialogs.confirm import Confirm
from tui_backup.tui.places import Configuration, Problems, Schedules, Verify
from tui_backup.tui.widgets.cells import plain


def scheduled(site: Path) -> None:
    """Have a job run each night, and one each quarter of an hour."""
    text = read(site).replace("[jobs.site]\n", '[jobs.site]\nschedule = "0 2 * * *"\n')
    write(site, text.replace("[jobs.mail]\n", '[jobs.mail]\nschedule = "*/15 * * * *"\n'))


async def test_the_jobs_say_when_they_run_next(site: Path) -> None:
    scheduled(site)
    app = BackupApp(desk_of(site))
    async with app.run_test(size=(200, 40)) as pilot:
        await settled(pilot)
        page = app.screen
        assert isinstance(page, DashboardPage)
        listing = page.jobs.listing
        column = next(column for column in listing.columns if column.id == "next")
        said = {job.job: plain(column.cell(job)) for job in listing.rows}
        assert (said["site"], said["mail"], said["wiki"]) == ("in 6 h", "in 1 min", "-")
        assert page.jobs.border_subtitle == "next run: tomorrow 02:00"


async def test_beside_the_history_too_each_job_says_how_it_stands_and_when_it_runs(site: Path) -> None:
    scheduled(site)
    app = BackupApp(desk_of(site))
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        page = app.screen
        assert isinstance(page, DashboardPage)
        titles, *rows = drawn(page.jobs.listing)
        assert titles.split() == ["State", "Job", "Last", "good", "Next"]
        assert rows[0].split() == ["✖", "damaged", "site", "17", "h", "ago", "in", "6", "h"]
        assert "new-job-…" in rows[-1]
        assert "Kind" in drawn(page.history.listing)[0]
        await pilot.resize_terminal(80, 24)
        await settled(pilot)
        assert "new-job-with-a-name-that" in drawn(page.jobs.listing)[-1]


async def test_how_runs_went_and_what_a_restore_takes_is_said_of_the_job_at_hand(app: BackupApp) -> None:
    history = app.desk.workspace.history
    size = app.desk.workspace.history.holdings("site").size
    restored = Run(
        id="20261121T200000Z-000000ff", verb=Verb.RESTORE, job="site", repository="local", kind="manual",
        status=RunStatus.OK, started=NOW - timedelta(hours=3), duration=200.0, bytes_processed=size,
    )  # fmt: skip
    history.finish(restored)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        page = app.screen
        assert isinstance(page, DashboardPage)
        assert page.history.border_subtitle == "5 of 5 runs ok, a restore takes 3 min 20 s"
        page.jobs.listing.go_to("wiki")
        await settled(pilot)
        assert page.history.border_subtitle == "1 of 2 runs ok"


async def test_a_job_that_suddenly_changed_says_so_before_anything_else(app: BackupApp) -> None:
    change = SuddenChange(job="mail", run="1234", time=NOW, reason="98 % of all files have changed")
    app.desk.workspace.history.note_sudden_change(change)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        page = app.screen
        assert isinstance(page, DashboardPage)
        assert "✖ changed" in drawn(page.jobs.listing)[1]
        assert "mail" in drawn(page.jobs.listing)[1]


async def test_a_job_that_is_due_says_for_what_it_waits(site: Path, tmp_path: Path) -> None:
    write(
        site,
        read(site).replace("[jobs.wiki]\n", f'[jobs.wiki]\nschedule = "@daily"\nrequire = ["path:{tmp_path}/usb"]\n'),
    )
    app = BackupApp(desk_of(site))
    workspace = app.desk.workspace
    workspace.history.configure_triggers(triggers_of(workspace.job("wiki")), NOW - timedelta(days=2))
    async with app.run_test(size=(200, 40)) as pilot:
        await settled(pilot)
        page = app.screen
        assert isinstance(page, DashboardPage)
        page.jobs.listing.go_to("wiki")
        await settled(pilot)
        assert "waiting" in next(line for line in drawn(page.jobs.listing) if "wiki" in line)
        assert page.jobs.border_subtitle == f"wiki waits: {tmp_path}/usb is not there"


async def test_a_sudden_change_is_acknowledged_once_somebody_has_agreed(app: BackupApp) -> None:
    change = SuddenChange(job="site", run="1234", time=NOW, reason="98 % of all files have changed")
    history = app.desk.workspace.history
    history.note_sudden_change(change)
    async with app.run_test(size=(120, 40)) as pilot:
        await at(pilot, Problems())
        page = app.screen
        assert isinstance(page, ProblemsPage)
        assert page.listing.row is not None
        assert page.listing.row.kind is TroubleKind.SUDDEN_CHANGE
        assert command_line(pilot) == ["acknowledge", "site"]
        await pilot.press("enter")
        await settled(pilot)
        dialog = app.screen
        assert isinstance(dialog, Confirm)
        assert "Retention goes on" in "".join(str(each.content) for each in dialog.query(Static))
        await pilot.press("enter")
        await settled(pilot)
        assert history.sudden_changes()["site"].acknowledged_at is None
        await pilot.press("A")
        await settled(pilot)
        await pilot.click("#yes")
        await settled(pilot)
        assert history.sudden_changes()["site"].acknowledged_at is not None
        assert TroubleKind.SUDDEN_CHANGE not in {each.kind for each in page.listing.given}


def test_what_goes_wrong_unattended_has_a_cure_and_a_command() -> None:
    stopped = Trouble(kind=TroubleKind.STOPPED, job="site", message="")
    unheard = Trouble(kind=TroubleKind.NOTIFIER, notifier="ops", message="")
    cure = cure_of(stopped, {})
    assert cure is not None
    assert cure.back_up == "site"
    assert command_of(stopped) == ["run", "site"]
    cure = cure_of(unheard, {})
    assert cure is not None
    assert cure.place == Configuration(notifier="ops")
    assert command_of(unheard) == ["notify", "test", "ops"]
    unwatched = Trouble(kind=TroubleKind.SCHEDULER, message="")
    cure = cure_of(unwatched, {})
    assert cure is not None
    assert cure.place == Schedules()
    assert command_of(unwatched) == ["schedule", "show"]
    cure = cure_of(Trouble(kind=TroubleKind.VERIFY_FAILED, repository="local", message=""), {})
    assert cure is not None
    assert cure.place == Verify(repository="local")


def test_look_of_jobs_that_run_by_themselves(look: Look, site: Path) -> None:
    scheduled(site)
    text = read(site)
    write(site, text.replace("new-job-with-a-name-that-is-longer-than-anybody-would-think", "new"))
    look()
