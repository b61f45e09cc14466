"""A run leaves a result, whatever happens."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.mounts import tmpfs
from tests.support.running import RunDesk, desk, fill
from tui_backup.errors import Cancelled, StoreError
from tui_backup.model.event import Event, Finished, Output, Progressed, Restored, Started, Verified, Warned
from tui_backup.model.run import Run, RunStatus, Verb
from tui_backup.services.runs import current as runs
from tui_backup.services.runs.current import attach
from tui_backup.services.runs.run_scope import RunScope, run_scope


@pytest.fixture
def here(tmp_path: Path) -> Iterator[RunDesk]:
    with desk(tmp_path) as here:
        yield here
        assert not here.history.troubles


@pytest.fixture
def heard(here: RunDesk) -> list[Event]:
    events: list[Event] = []
    here.bus.subscribe(events.append)
    return events


def backup(here: RunDesk) -> RunScope:
    return run_scope(here, verb=Verb.BACKUP, job="site", repository="local", kind="manual")


def ended(scope: RunScope, repository: str = "local", status: str = "ok") -> Finished:
    return Finished(run=scope.run_id, job="site", repository=repository, status=status)


def only_row(here: RunDesk) -> Run:
    (row,) = here.history.runs()
    return row


def test_the_result_is_told_and_recorded(here: RunDesk, heard: list[Event]) -> None:
    with backup(here) as scope:
        assert only_row(here).status is RunStatus.RUNNING
        scope.finish(
            Finished(
                run=scope.run_id, job="site", repository="local", status="incomplete", snapshot="ab", files_new=2,
                files_changed=1, files_unmodified=0, bytes_processed=9, bytes_added=5, message="one file",
            )
        )  # fmt: skip
    row = only_row(here)
    assert (row.status, row.snapshot, row.files, row.bytes_processed, row.bytes_added) == ("incomplete", "ab", 3, 9, 5)
    assert (row.kind, row.message, scope.status) == ("manual", "one file", RunStatus.INCOMPLETE)
    assert row.duration is not None
    assert [type(event) for event in heard] == [Started, Finished]


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (StoreError("the store does not answer"), RunStatus.FAILED, "the store does not answer"),
        (Cancelled("stop"), RunStatus.CANCELLED, "cancelled"),
        (KeyboardInterrupt(), RunStatus.CANCELLED, "cancelled"),
        (ZeroDivisionError("division by zero"), RunStatus.FAILED, "division by zero"),
    ],
)
def test_an_exception_is_the_result_and_passes(
    here: RunDesk, error: BaseException, status: RunStatus, message: str
) -> None:
    with pytest.raises(type(error)), backup(here):
        raise error
    assert (only_row(here).status, only_row(here).message) == (status, message)


def test_a_run_that_tells_no_result_has_failed(here: RunDesk, heard: list[Event]) -> None:
    with backup(here):
        pass
    assert only_row(here).status is RunStatus.FAILED
    assert isinstance(heard[-1], Finished)


def test_a_result_outlives_an_exception_that_comes_after(here: RunDesk) -> None:
    with pytest.raises(StoreError), backup(here) as scope:  # noqa: PT012 - the result comes before the raise
        scope.finish(ended(scope))
        raise StoreError("a hook failed")
    assert only_row(here).status is RunStatus.OK


def test_each_repository_has_its_own_result(here: RunDesk) -> None:
    with backup(here) as scope:
        scope.finish(ended(scope))
        scope.start("offsite")
        scope.finish(ended(scope, "offsite", "failed"))
    rows = {row.repository: row.status for row in here.history.runs()}
    assert rows == {"local": RunStatus.OK, "offsite": RunStatus.FAILED}
    assert scope.status is RunStatus.FAILED


def test_a_repository_may_be_chosen_later(here: RunDesk, heard: list[Event]) -> None:
    with run_scope(here, verb=Verb.BACKUP, job="site") as scope:
        scope.start("offsite")
        scope.finish(ended(scope, "offsite"))
    assert only_row(here).repository == "offsite"
    assert heard[0] == Started(run=scope.run_id, job="site", repository="offsite")


@pytest.mark.parametrize(("verb", "kind"), [(Verb.RESTORE, Restored), (Verb.VERIFY, Verified)])
def test_other_verbs_end_in_their_own_words(here: RunDesk, heard: list[Event], verb: Verb, kind: type) -> None:
    with pytest.raises(Cancelled), run_scope(here, verb=verb, repository="local") as scope:
        raise Cancelled("stop")
    assert isinstance(heard[-1], kind)
    assert list(runs.attach(here.state_dir, scope.run_id)) == heard
    assert only_row(here).status is RunStatus.CANCELLED


def test_progress_is_sampled_when_it_changed(here: RunDesk, heard: list[Event]) -> None:
    with backup(here) as scope:
        scope.watch.files_done = 3
        scope.watch.current = b"/srv/\xff"
        scope.watch.cancel.wait(0.5)
        scope.finish(ended(scope))
    told = [event for event in heard if isinstance(event, Progressed)]
    assert told == [Progressed(run=scope.run_id, files_done=3, bytes_done=0, current="/srv/\ufffd")]


def test_warnings_are_recorded_with_their_raw_paths(here: RunDesk, heard: list[Event]) -> None:
    with backup(here) as scope:
        scope.watch.warn(b"/srv/\xff", "denied")
        scope.finish(ended(scope))
    assert [(kept.path, kept.message) for kept in here.history.warnings(scope.run_id)] == [(b"/srv/\xff", "denied")]
    assert only_row(here).warnings == 1
    assert heard[1] == Warned(run=scope.run_id, path="/srv/\ufffd", message="denied", path_b64="L3Nydi//")


def test_what_a_program_beside_the_run_writes_is_told_and_kept(here: RunDesk, heard: list[Event]) -> None:
    with backup(here) as scope:
        scope.put_out("flush all", "bad \udcff name")
    (output,) = [event for event in heard if isinstance(event, Output)]
    assert (output.program, output.line) == ("flush all", "bad ? name")
    assert output in list(attach(here.state_dir, scope.run_id))


def test_names_that_are_not_text_do_no_harm(here: RunDesk) -> None:
    with backup(here) as scope:
        scope.watch.warn(None, "cannot read \udcff")
        scope.finish(Finished(run=scope.run_id, job="site", repository="local", status="ok", message="left out \udcff"))
    assert only_row(here).message == "left out ?"
    assert here.history.warnings(scope.run_id)[0].message == "cannot read ?"


def test_the_job_is_free_afterwards(here: RunDesk) -> None:
    for _time in range(2):
        with backup(here) as scope:
            scope.finish(ended(scope))
    assert len(here.history.runs()) == 2


@pytest.mark.requires("tmpfs")
def test_a_full_state_directory_is_one_warning(tmp_path: Path) -> None:
    with tmpfs(tmp_path / "state") as state, desk(state) as here:
        heard: list[Event] = []
        here.bus.subscribe(heard.append)
        with backup(here) as scope:
            fill(state)
            for number in range(100):
                scope.watch.warn(None, f"{number} " + "x" * 1000)
            scope.finish(ended(scope))
        warned = [event.message for event in heard if isinstance(event, Warned)]
        assert len(warned) == 101 + len(here.history.troubles)
        assert sum("cannot be written" in message for message in warned) == 1
        assert isinstance(heard[-1], Finished)
        assert scope.status is RunStatus.OK


@pytest.mark.requires("tmpfs")
def test_a_state_directory_without_room_for_anything_stops_no_run(tmp_path: Path) -> None:
    with tmpfs(tmp_path / "state", inodes=1) as state, desk(state) as here:
        with backup(here) as scope:
            scope.finish(ended(scope))
        assert only_row(here).status is RunStatus.OK
        assert [kept.message for kept in here.history.warnings(scope.run_id)] == [
            f"the state directory {state} cannot be written: No space left on device",
            f"the audit {state}/audit.jsonl cannot be written: No space left on device",
            *here.history.troubles,
        ]
