from tui_backup.model.event import Finished, Output, Progressed, Restored, Started, Waiting, Warned
from tui_backup.tui.run_board import LINES, REMEMBERED, RunBoard


def test_a_run_goes_on_until_each_of_its_repositories_is_done_with() -> None:
    board = RunBoard()
    board.hear(Started(run="r", job="site", repository="local"))
    board.hear(Started(run="r", job="site", repository="offsite"))
    board.hear(Finished(run="r", job="site", repository="local", status="ok"))
    assert [view.run for view in board.going_on] == ["r"]
    view = board.hear(Finished(run="r", job="site", repository="offsite", status="ok"))
    assert not view.is_going_on
    assert board.going_on == []
    assert len(view.endings) == 2


def test_it_keeps_the_newest_progress_and_what_was_said() -> None:
    board = RunBoard(clock=iter([0.0, 1.0]).__next__)
    board.hear(Started(run="r", job="site", repository="local"))
    board.hear(Progressed(run="r", files_done=1, bytes_done=0))
    board.hear(Progressed(run="r", files_done=2, bytes_done=500))
    view = board.hear(Warned(run="r", path=None, message="[/etc] is gone"))
    assert view.progress is not None
    assert view.progress.files_done == 2
    assert view.pace.rate == 500
    assert view.warnings == 1
    assert len(view.said) == 2


def test_what_begins_in_another_repository_begins_anew() -> None:
    board = RunBoard(clock=iter([0.0, 12.5]).__next__)
    board.hear(Started(run="r", job="site", repository="local"))
    view = board.hear(Progressed(run="r", files_done=1, bytes_done=500, bytes_total=500))
    assert board.silence_s(view) == 12.5
    board.hear(Started(run="r", job="site", repository="offsite"))
    assert (view.repository, view.progress, view.pace.rate) == ("offsite", None, 0)


def test_waiting_and_what_programs_write_is_no_warning() -> None:
    board = RunBoard()
    board.hear(Started(run="r", job="site", repository="local"))
    board.hear(Waiting(run="r", message="for a lock"))
    view = board.hear(Output(run="r", program="flush", line="done"))
    assert view.warnings == 0
    assert len(view.said) == 3


def test_the_newest_run_of_a_job() -> None:
    board = RunBoard()
    board.hear(Started(run="a", job="site", repository="local"))
    board.hear(Started(run="b", job="site", repository="local"))
    view = board.of_job("site")
    assert view is not None
    assert view.run == "b"
    assert board.of_job("mail") is None


def test_it_is_bounded() -> None:
    board = RunBoard()
    for number in range(REMEMBERED + 30):
        board.hear(Started(run=f"{number}", job="site", repository="local"))
        board.hear(Restored(run=f"{number}", restore=f"{number}", status="ok"))
    assert len(board.known) == REMEMBERED
    board.hear(Started(run="r", job="site", repository="local"))
    for _number in range(LINES * 2):
        view = board.hear(Warned(run="r", path=None, message="x"))
    assert len(view.said) == LINES
    assert view.warnings == LINES * 2
