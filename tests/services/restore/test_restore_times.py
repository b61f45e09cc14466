"""How long a restore takes, by what the last ones took."""

from datetime import UTC, datetime

import msgspec
import pytest

from tui_backup.model.run import Run, RunStatus, Verb
from tui_backup.services.restore.restore_times import RestoreTimes, restore_times

RESTORE = Run(
    id="r",
    verb=Verb.RESTORE,
    job="site",
    repository="local",
    kind=None,
    status=RunStatus.OK,
    started=datetime(2026, 11, 21, tzinfo=UTC),
)
GB = 1_000_000_000


def restored(count: int | None, seconds: float | None, status: RunStatus = RunStatus.OK) -> Run:
    return msgspec.structs.replace(RESTORE, bytes_processed=count, duration=seconds, status=status)


def test_nothing_is_known_without_a_restore() -> None:
    assert restore_times([], GB) == RestoreTimes()


@pytest.mark.parametrize(
    "useless",
    [
        restored(GB, 5.0, RunStatus.FAILED),
        restored(GB, 5.0, RunStatus.CANCELLED),
        restored(GB, None, RunStatus.RUNNING),
        restored(0, 5.0),
        restored(None, 5.0),
    ],
    ids=str,
)
def test_a_restore_that_brought_nothing_back_says_nothing(useless: Run) -> None:
    assert restore_times([useless], GB) == RestoreTimes()


def test_the_newest_snapshot_is_measured_by_the_middle_of_the_last_restores() -> None:
    rows = [restored(GB, 10.0), restored(GB, 5.0), restored(GB, 2.0, RunStatus.INCOMPLETE)]
    found = restore_times(rows, 4 * GB)
    assert found == RestoreTimes(count=3, duration=5.0, throughput=GB / 5, expected=20.0)


def test_of_two_the_middle_lies_between() -> None:
    assert restore_times([restored(GB, 10.0), restored(GB, 5.0)], None) == RestoreTimes(
        count=2, duration=7.5, throughput=GB * 0.15
    )


def test_a_single_small_file_does_not_tell_how_fast_data_comes_back() -> None:
    few = restored(1000, 0.5)
    assert restore_times([few], 1000 * GB) == RestoreTimes(count=1, duration=0.5)
    assert restore_times([few, few, restored(GB, 10.0)], 10 * GB).expected == 100.0
    assert restore_times([few], 2000).expected == 1.0
