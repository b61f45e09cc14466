"""The record of what happened."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from tui_backup.history.history import History
from tui_backup.history.verifications import Findings
from tui_backup.model.run import Run, RunStatus, Verb
from tui_backup.model.snapshot import Snapshot, SnapshotStatus
from tui_backup.model.standing import Integrity, Standing

START = datetime(2026, 11, 21, 2, 0, 0, 123456, tzinfo=UTC)


def make_run(number: int = 1, **changes: object) -> Run:
    run = Run(
        id=f"20261121T02000{number}Z-1a2b3c4d",
        verb=Verb.BACKUP,
        job="site",
        repository="local",
        kind="scheduled",
        status=RunStatus.RUNNING,
        started=START + timedelta(days=number),
    )
    return msgspec.structs.replace(run, **changes)


def make_snapshot(id_: str, **changes: object) -> Snapshot:
    snapshot = Snapshot(id=id_, time=START, host="web1", paths=("/srv",), job="site", size=10)
    return msgspec.structs.replace(snapshot, **changes)


def test_a_run_comes_back_as_it_ended(tmp_path: Path) -> None:
    ended = make_run(status=RunStatus.OK, duration=1.5, snapshot="ab", bytes_added=3, files=7, message="well")
    with History.open(tmp_path) as history:
        history.start(make_run())
        history.finish(ended)
    with History.open(tmp_path) as history:
        assert history.runs() == [ended]


def test_runs_are_listed_newest_first_and_by_job(tmp_path: Path) -> None:
    with History.open(tmp_path) as history:
        for number in (2, 1, 3):
            history.finish(make_run(number, job="mail" if number == 3 else "site"))
        assert [run.id[14] for run in history.runs()] == ["3", "2", "1"]
        assert [run.id[14] for run in history.runs("site")] == ["2", "1"]
        assert [run.id[14] for run in history.runs(limit=1)] == ["3"]


def test_a_run_has_a_row_for_each_repository(tmp_path: Path) -> None:
    with History.open(tmp_path) as history:
        history.finish(make_run(status=RunStatus.OK))
        history.finish(make_run(repository="offsite", status=RunStatus.FAILED))
        assert {run.repository for run in history.run(make_run().id)} == {"local", "offsite"}


def test_only_ok_is_a_success_and_a_running_run_is_not_the_last(tmp_path: Path) -> None:
    good = make_run(1, status=RunStatus.OK)
    bad = make_run(2, status=RunStatus.INCOMPLETE)
    with History.open(tmp_path) as history:
        for run in (good, bad, make_run(3), make_run(4, verb=Verb.RESTORE, status=RunStatus.OK)):
            history.finish(run)
        assert history.last_success("site") == good
        assert history.last_run("site") == bad
        assert history.last_run("mail") is None


def test_a_thousand_warnings_are_kept_and_all_are_counted(tmp_path: Path) -> None:
    with History.open(tmp_path) as history:
        history.start(make_run())
        history.warn(make_run().id, b"/srv/\xff", "denied")
        history.warn_all(make_run().id, [(None, str(number)) for number in range(1500)])
        kept = history.warnings(make_run().id)
        assert (len(kept), kept[0].path, kept[-1].message) == (1000, b"/srv/\xff", "998")
        assert history.runs()[0].warnings == 1501


def test_a_repository_is_known_again(tmp_path: Path) -> None:
    with History.open(tmp_path) as history:
        assert history.known_repository("local") is None
        history.record_space("local", 5, 10, START)
        assert history.known_repository("local") is None
        history.remember_repository("local", "1234")
    with History.open(tmp_path) as history:
        assert history.known_repository("local") == "1234"
        contact = history.contact("local")
        assert contact is not None
        assert (contact.free, contact.total, contact.space_at) == (5, 10, START)


def test_snapshots_are_those_of_the_last_contact(tmp_path: Path) -> None:
    with History.open(tmp_path) as history:
        history.remember_snapshots("local", [make_snapshot("aa"), make_snapshot("bb")])
        history.remember_snapshots("local", [make_snapshot("bb")])
        assert history.snapshots("local") == [make_snapshot("bb")]


def test_each_copy_of_a_job_s_snapshots_comes_with_what_is_known_of_it(tmp_path: Path) -> None:
    safety = make_snapshot("dd", kind="safety")
    with History.open(tmp_path) as history:
        history.remember_snapshots("local", [make_snapshot("aa", added=7, duration=1.5), safety])
        history.remember_snapshots("offsite", [make_snapshot("cc", original="aa"), make_snapshot("ee", job="mail")])
        history.record_verification("local", Findings(time=START, needs=(("aa", ("p",)),), read=("p",)))
        local, offsite = history.held("site")
        assert (local.id, local.identity, local.added, local.duration) == ("aa", "aa", 7, 1.5)
        assert (offsite.id, offsite.identity, offsite.repository) == ("cc", "aa", "offsite")
        assert local.standing == Standing(Integrity.OK, START, START)
        assert offsite.standing == Standing()


def test_a_copy_is_not_a_further_snapshot(tmp_path: Path) -> None:
    newer = make_snapshot("bb", time=START + timedelta(days=1), size=20, status=SnapshotStatus.INCOMPLETE)
    with History.open(tmp_path) as history:
        history.remember_snapshots("local", [make_snapshot("aa"), newer])
        history.remember_snapshots("offsite", [make_snapshot("cc", original="aa", copy_of="aa")])
        assert history.holdings("site").snapshots == 2
        assert history.holdings("site").size == 20
        assert sorted(history.newest_good("site")) == [("local", "aa"), ("offsite", "cc")]


def test_a_job_was_first_seen_once(tmp_path: Path) -> None:
    with History.open(tmp_path) as history:
        assert history.first_seen("site", START) == START
        assert history.first_seen("site", START + timedelta(days=1)) == START
