from textual import events
from textual.widgets import Input

from tests.tui.conftest import settled
from tui_backup.model.event import Progressed, Started
from tui_backup.tui.app import BackupApp
from tui_backup.tui.key_order import PATIENCE_S
from tui_backup.tui.widgets.filter_line import FilterLine
from tui_backup.tui.widgets.listing import Listing


async def test_it_opens_on_the_dashboard_and_only_q_ends_it(app: BackupApp) -> None:
    async with app.run_test() as pilot:
        await settled(pilot)
        assert app.screen.query_one("#jobs", Listing).rows[0].job == "site"
        await pilot.press("escape", "escape")
        await settled(pilot)
        assert app.is_running
        await pilot.press("q")
        await pilot.pause()
    assert app.return_code == 0


async def test_what_a_run_says_on_its_thread_reaches_the_board(app: BackupApp) -> None:
    async with app.run_test() as pilot:
        app.desk.bus.publish(Started(run="r", job="site", repository="local"))
        app.desk.bus.publish(Progressed(run="r", files_done=1, bytes_done=2))
        await settled(pilot)
        (view,) = app.desk.board.going_on
        assert view.job == "site"
        assert view.progress is not None


async def test_of_how_far_a_run_is_only_the_newest_waits_to_be_heard(app: BackupApp) -> None:
    async with app.run_test() as pilot:
        await settled(pilot)
        app.desk.bus.publish(Started(run="r", job="site", repository="local"))
        for count in range(1000):
            app.desk.bus.publish(Progressed(run="r", files_done=count, bytes_done=count))
        assert app._message_queue.qsize() < 10
        await settled(pilot)
        (view,) = app.desk.board.going_on
        assert view.progress is not None
        assert view.progress.files_done == 999
        app.desk.bus.publish(Progressed(run="r", files_done=1000, bytes_done=1000))
        await settled(pilot)
        assert view.progress.files_done == 1000


async def test_a_terminal_that_is_too_small_gets_a_sentence_until_it_grows(app: BackupApp) -> None:
    async with app.run_test(size=(59, 14)) as pilot:
        await settled(pilot)
        assert not app.screen.query_one("#body").display
        assert app.screen.query_one(".too-small").display
        await pilot.resize_terminal(60, 15)
        await settled(pilot)
        assert app.screen.query_one("#body").display
        assert not app.screen.query_one(".too-small").display


async def test_what_is_typed_in_one_go_after_a_slash_is_the_filter(app: BackupApp) -> None:
    async with app.run_test() as pilot:
        await settled(pilot)
        dashboard = app.screen
        app.post_message(events.Key("slash", "/"))
        for letter in "mBrq":
            app.post_message(events.Key(letter, letter))
        await settled(pilot)
        assert app.screen is dashboard
        assert app.screen.query_one(FilterLine).query_one(Input).value == "mBrq"


async def test_a_key_whose_widget_goes_away_holds_up_those_after_it_for_a_moment_only(app: BackupApp) -> None:
    async with app.run_test() as pilot:
        await settled(pilot)
        gone = Input()
        await app.screen.mount(gone)
        gone.focus()
        await settled(pilot)
        app.post_message(events.Key("a", "a"))
        gone.remove()
        for letter in "/x":
            app.post_message(events.Key("slash" if letter == "/" else letter, letter))
        await pilot.pause(PATIENCE_S * 2)
        await settled(pilot)
        assert app.screen.query_one(FilterLine).query_one(Input).value == "x"
