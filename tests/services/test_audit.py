"""Whatever changes data or reads it back is recorded as it begins and as it ends, and nothing waits for that."""

import fcntl
import socket
from pathlib import Path

import pytest

from tests.support.mounts import tmpfs
from tests.support.running import backup_elsewhere, desk, fill
from tui_backup.errors import BackupError, Cancelled, StoreError
from tui_backup.history.anchors import Gathered
from tui_backup.model.event import Finished, Warned
from tui_backup.model.run import Verb
from tui_backup.services.audit import FILE, Audit
from tui_backup.services.runs.run_scope import run_scope

NOTHING = Gathered(anchors=(), sources=())


def details(state: Path) -> list[str]:
    records, _unended, strange = Audit(state).records()
    assert not strange
    return [record.detail for record in records[1:]]


def test_an_act_is_recorded_before_it_begins_and_after_it_ends(tmp_path: Path) -> None:
    audit = Audit(tmp_path)
    with audit.act("tag", "snapshot ab12cd34", "add pin") as act:
        assert details(tmp_path) == ["begun: add pin"]
        act.outcome = "ok: snapshot cd34"
    assert details(tmp_path) == ["begun: add pin", "ended 2: ok: snapshot cd34"]
    assert audit.examine(gathered=NOTHING).findings == ()


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (StoreError("the store does not answer"), "failed: the store does not answer"),
        (Cancelled("stop"), "cancelled"),
        (KeyboardInterrupt(), "cancelled"),
        (ZeroDivisionError("a secret"), "failed: ZeroDivisionError"),
    ],
)
def test_how_an_act_failed_is_recorded_and_passes(tmp_path: Path, error: BaseException, outcome: str) -> None:
    with pytest.raises(type(error)), Audit(tmp_path).act("forget", "snapshot ab12cd34"):
        raise error
    assert details(tmp_path) == ["begun", f"ended 2: {outcome}"]


def test_an_audit_that_cannot_be_written_is_one_warning(tmp_path: Path) -> None:
    told: list[str] = []
    audit = Audit(tmp_path / "nowhere", told.append)
    for _time in range(2):
        with audit.act("dump", "snapshot ab12cd34"):
            pass
    assert told == [f"the audit {tmp_path}/nowhere/{FILE} cannot be written: No such file or directory"]


def test_an_audit_that_somebody_holds_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui_backup.history.audit._PATIENCE_S", 0.1)
    told: list[str] = []
    with (tmp_path / FILE).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with Audit(tmp_path, told.append).act("dump", "snapshot ab12cd34"):
            pass
    assert told == [f"the audit {tmp_path}/{FILE} cannot be written: Connection timed out"]


def test_text_from_data_is_harmless_and_bounded(tmp_path: Path) -> None:
    with Audit(tmp_path).act("dump", "snapshot \x1b[31m\n", "/caf\udce9 \ud800" + "x" * 100_000):
        pass
    (_open, begun, ended), _unended, _strange = Audit(tmp_path).records()
    assert (begun.object, ended.object) == (r"snapshot \x1b[31m\n",) * 2
    assert begun.detail.startswith(r"begun: /caf\xe9 \ud800xxx")
    assert len(begun.detail) < 5000


def test_the_head_goes_to_the_log_of_the_system(tmp_path: Path) -> None:
    path = str(tmp_path / "log")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.bind(path)
        with Audit(tmp_path, socket=path).act("dump", "snapshot ab12cd34"):
            pass
        said = [daemon.recv(4096).decode().partition("]: ")[2] for _record in range(2)]
    (opened, *records), _unended, _strange = Audit(tmp_path).records()
    chain = f"chain={opened.object} state={tmp_path.resolve()}"
    assert said == [f"audit n={record.n} hash={record.hash} {chain}" for record in records]


def test_records_can_be_limited_to_the_newest(tmp_path: Path) -> None:
    for number in range(3):
        Audit(tmp_path).begin("dump", f"snapshot {number}")
    records, unended, _strange = Audit(tmp_path).records(limit=2)
    assert [record.object for record in records] == ["snapshot 1", "snapshot 2"]
    assert unended == {2, 3, 4}


def test_an_audit_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    with pytest.raises(BackupError, match="cannot be read"):
        Audit(tmp_path).records()


def test_a_run_is_recorded_with_what_became_of_each_repository(tmp_path: Path) -> None:
    with desk(tmp_path) as here:
        scope = run_scope(here, verb=Verb.BACKUP, job="site", repository="local", kind="manual", about="with care")
        with scope:
            scope.finish(Finished(run=scope.run_id, job="site", repository="local", status="ok", snapshot="ab"))
            scope.start("offsite")
            scope.finish(Finished(run=scope.run_id, job="site", repository="offsite", status="failed", message="no"))
    (_open, begun, ended), _unended, _strange = Audit(tmp_path).records()
    assert (begun.verb, begun.object) == ("run", "job site, repository local")
    assert begun.detail == f"begun: run {scope.run_id}, kind manual, with care"
    assert ended.detail == "ended 2: failed; local ok: snapshot ab; offsite failed: no"


def test_a_run_that_was_killed_is_there_without_an_end(tmp_path: Path) -> None:
    with backup_elsewhere(tmp_path) as (process, run):
        process.kill()
        process.wait()
    records, unended, _strange = Audit(tmp_path).records()
    assert [record.detail for record in records[1:]] == [f"begun: run {run}"]
    assert unended == {2}


@pytest.mark.requires("tmpfs")
def test_a_full_disk_is_a_warning_of_the_run_and_not_its_end(tmp_path: Path) -> None:
    with tmpfs(tmp_path / "state") as state, desk(state) as here:
        told: list[object] = []
        here.bus.subscribe(told.append)
        fill(state)
        with run_scope(here, verb=Verb.RESTORE, job="site", repository="local") as scope:
            scope.finish(Finished(run=scope.run_id, job="site", repository="local", status="ok"))
        warned = [event.message for event in told if isinstance(event, Warned)]
        assert f"the audit {state}/{FILE} cannot be written: No space left on device" in warned
        assert scope.status == "ok"
