import pytest

from tui_backup.model.event import Progressed
from tui_backup.services.runs.pace import Pace, amount, share


def progressed(done: int, total: int | None = None) -> Progressed:
    return Progressed(run="r", files_done=0, bytes_done=done, bytes_total=total)


def test_the_rate_is_that_of_the_last_seconds() -> None:
    pace = Pace()
    for second in range(31):
        pace.add(progressed(1000 * second if second <= 20 else 20_000 + 100 * (second - 20)), float(second))
    assert pace.rate == 100
    assert pace.left_s(progressed(21_000, 22_000)) == 10


def test_nobody_knows_at_the_beginning_or_without_a_total() -> None:
    pace = Pace()
    pace.add(progressed(5), 0.0)
    assert pace.rate == 0
    assert pace.left_s(progressed(5, 10)) is None
    pace.add(progressed(10), 1.0)
    assert pace.left_s(progressed(10)) is None


def test_a_total_that_turned_out_too_small_says_nothing_any_more() -> None:
    pace = Pace()
    pace.add(progressed(5), 0.0)
    pace.add(progressed(15, 12), 1.0)
    assert pace.left_s(progressed(15, 12)) is None
    assert amount(progressed(15, 12)) == amount(progressed(15))


def test_counting_that_begins_anew_begins_a_new_rate() -> None:
    pace = Pace()
    pace.add(progressed(1000), 0.0)
    pace.add(progressed(2000), 1.0)
    pace.add(progressed(10), 2.0)
    assert pace.rate == 0


@pytest.mark.parametrize(
    ("done", "total", "expected"), [(1, 3, 33), (3, 3, 100), (5, 3, None), (0, 3, 0), (1, None, None), (0, 0, None)]
)
def test_the_share_is_in_whole_percents(done: int, total: int | None, expected: int | None) -> None:
    assert share(progressed(done, total)) == expected
