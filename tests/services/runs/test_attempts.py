"""A run that did not end well says whether another attempt follows, and when."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from tests.support.running import RunDesk, desk
from tui_backup.model.event import Finished
from tui_backup.model.run import Run, Verb
from tui_backup.primitives.clock import now
from tui_backup.services.runs.attempts import LATE, is_followed
from tui_backup.services.runs.run_scope import RunScope, run_scope

HOUR = timedelta(hours=1)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[RunDesk]:
    with desk(tmp_path) as here:
        yield here


def backup(here: RunDesk, repository: str | None = "local") -> RunScope:
    return run_scope(here, verb=Verb.BACKUP, job="site", repository=repository, kind="scheduled")


def ended(scope: RunScope, status: str, repository: str = "local") -> Finished:
    return Finished(run=scope.run_id, job="site", repository=repository, status=status)


def rows(here: RunDesk) -> dict[str | None, Run]:
    return {run.repository: run for run in here.history.runs()}


def test_what_failed_says_from_the_first_moment_that_another_attempt_follows(here: RunDesk) -> None:
    with backup(here) as scope:
        scope.retry_s = 3600
        scope.finish(ended(scope, "failed"))
        (row,) = here.history.runs()
        assert row.next_attempt is not None
    (row,) = here.history.runs()
    assert row.next_attempt is not None
    assert timedelta(0) < now() + HOUR - row.next_attempt < timedelta(minutes=5)
    assert row in here.ended[-1]


def test_it_is_taken_back_where_none_follows_after_all(here: RunDesk) -> None:
    with backup(here) as scope:
        scope.retry_s = 3600
        scope.finish(ended(scope, "failed"))
        scope.retry_s = None
    (row,) = here.history.runs()
    assert row.next_attempt is None
    assert here.ended[-1] == (row,)


@pytest.mark.parametrize(("status", "says"), [("ok", False), ("incomplete", True), ("cancelled", False)])
def test_only_what_did_not_end_well_says_so(here: RunDesk, status: str, says: bool) -> None:
    with backup(here) as scope:
        scope.retry_s = 3600
        scope.finish(ended(scope, "failed"))
        scope.start("other")
        scope.finish(ended(scope, status, "other"))
    assert {name: row.next_attempt is not None for name, row in rows(here).items()} == {"local": True, "other": says}


def test_a_run_that_fails_as_a_whole_says_so_too(here: RunDesk) -> None:
    def fails() -> None:
        with backup(here) as scope:
            scope.retry_s = 3600
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    (row,) = here.history.runs()
    assert row.next_attempt is not None


def test_whoever_was_to_try_again_is_waited_for_for_minutes_and_while_it_is_at_work(here: RunDesk) -> None:
    with backup(here) as scope:
        scope.retry_s = 3600
    (row,) = here.history.runs()
    assert row.next_attempt is not None
    late = row.next_attempt + LATE
    assert is_followed(row, here.state_dir, row.next_attempt)
    assert not is_followed(row, here.state_dir, late)
    earlier = msgspec.structs.replace(row, id="20200101T000000Z-00000000")
    with backup(here):
        assert is_followed(earlier, here.state_dir, late)
    assert not is_followed(earlier, here.state_dir, late)
    assert not is_followed(msgspec.structs.replace(row, next_attempt=None), here.state_dir, row.started)
