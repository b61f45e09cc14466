"""What matters more goes first, and never two things at once."""

from threading import Barrier, Thread

import pytest

from tests.support.servers.daemons import until
from tui_backup.errors import Cancelled
from tui_backup.primitives.cancel import CancelToken
from tui_backup.services.unattended.lanes import Lane


def patiently() -> None:
    """Go on waiting."""


def test_the_lowest_rank_is_next_and_nobody_overtakes() -> None:
    lane, order, behind, begun = Lane(), list[int](), list[int](), Barrier(5)

    def work(rank: int) -> None:
        begun.wait()
        with lane.turn((rank, rank), patiently, lambda: behind.append(rank)):
            order.append(rank)
            assert order[-1] == rank

    threads = [Thread(target=work, args=(rank,)) for rank in (3, 1, 2, 0)]
    with lane.turn((9, 9), patiently, lambda: behind.append(9)):
        for thread in threads:
            thread.start()
        begun.wait()
        until(lambda: len(lane._waiting) == 4, lambda: "nobody waits")
        assert order == []
        assert sorted(behind) == [0, 1, 2, 3]
    for thread in threads:
        thread.join()
    assert order == [0, 1, 2, 3]


def test_who_is_cancelled_waits_no_longer_and_holds_nobody_up() -> None:
    lane, cancel = Lane(), CancelToken()
    cancel.cancel()
    with lane.turn((0, 0), patiently, patiently), pytest.raises(Cancelled), lane.turn((1, 1), cancel.check, patiently):
        pass
    with lane.turn((2, 2), patiently, patiently):
        pass


def test_who_is_here_sooner_waits_for_those_who_are_expected_before_them() -> None:
    lane, order, behind = Lane(), list[int](), list[int]()
    lane.expect((0, 0))
    lane.expect((1, 1))
    lane.expect((3, 3))

    def work(rank: int) -> None:
        with lane.turn((rank, rank), patiently, lambda: behind.append(rank)):
            order.append(rank)

    early = Thread(target=work, args=(2,))
    early.start()
    until(lambda: behind == [2], lambda: "nobody waits")
    lane.expect_no_more((0, 0))
    work(1)
    early.join()
    assert order == [1, 2]
