"""Whether everything is well, from the record alone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from tests.support.running import RunDesk, backup_elsewhere
from tui_backup.config.settings import Config, JobConfig, MinimumFree, RepositoryConfig
from tui_backup.history.history import History
from tui_backup.history.verifications import Findings
from tui_backup.model.run import Run, RunStatus, Verb
from tui_backup.model.schedule import Schedule, Timing
from tui_backup.model.snapshot import Snapshot, SnapshotStatus
from tui_backup.model.standing import Integrity
from tui_backup.primitives.identity import identity
from tui_backup.primitives.secret import SecretSource
from tui_backup.primitives.text import moment
from tui_backup.services.bus import EventBus
from tui_backup.services.runs.past_runs import history_rows
from tui_backup.services.status.overview import JobStatus, StatusReport, motd, report
from tui_backup.stores.memory import MemoryStore

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def make_config(tmp_path: Path, min_free: MinimumFree | None = None, expected_every: int | None = 26 * 3600) -> Config:
    local = RepositoryConfig(
        name="local", format="restic", store=MemoryStore(), password=SecretSource(env="PASSWORD"), min_free=min_free
    )
    site = JobConfig(name="site", repositories=("local",), sources=(), expected_every=expected_every)
    return Config(
        path=str(tmp_path / "config.toml"),
        timezone=None,
        state_dir=str(tmp_path),
        log_level="info",
        repositories={"local": local},
        jobs={"site": site},
    )


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    with History.open(tmp_path) as history:
        yield history


def ran(history: History, ago: timedelta, status: RunStatus = RunStatus.OK, **changes: object) -> None:
    started = NOW - ago
    run = Run(
        id=f"{started:%Y%m%dT%H%M%SZ}-00000000",
        verb=Verb.BACKUP,
        job="site",
        repository="local",
        kind=None,
        status=status,
        started=started,
    )
    history.finish(msgspec.structs.replace(run, **changes))


def look(history: History, tmp_path: Path, config: Config | None = None) -> StatusReport:
    return report(config or make_config(tmp_path), history, tmp_path, NOW)


def desk_of(history: History, tmp_path: Path) -> RunDesk:
    return RunDesk(state_dir=tmp_path, history=history, bus=EventBus())


def site(found: StatusReport) -> JobStatus:
    return found.jobs[0]


def kinds(found: StatusReport) -> list[str]:
    return [problem.kind.value for problem in found.problems]


def test_the_next_run_is_that_of_the_schedule_that_comes_first(history: History, tmp_path: Path) -> None:
    plain = make_config(tmp_path)
    timing = Timing(schedules=(Schedule(at="0 2 * * *"), Schedule(at="30 9 * * *")))
    job = msgspec.structs.replace(plain.jobs["site"], timing=timing, timezone="America/Sao_Paulo")
    found = look(history, tmp_path, msgspec.structs.replace(plain, jobs={"site": job}))

    assert site(found).next_run == NOW + HOUR / 2
    assert site(look(history, tmp_path)).next_run is None


def test_a_job_that_succeeded_in_time_is_healthy(history: History, tmp_path: Path) -> None:
    ran(history, 2 * HOUR)
    found = look(history, tmp_path)
    assert (found.healthy, found.problems) == (True, ())
    assert (site(found).last_status, site(found).last_success, site(found).stale) == ("ok", NOW - 2 * HOUR, False)
    assert motd(found, NOW) == "tui-backup: 1 job, all healthy, newest backup 2 hours ago"


def test_a_job_without_any_backup_is_told_of_beside_healthy_ones(history: History, tmp_path: Path) -> None:
    ran(history, 2 * HOUR)
    config = make_config(tmp_path)
    both = {"site": config.jobs["site"], "mail": msgspec.structs.replace(config.jobs["site"], name="mail")}
    found = look(history, tmp_path, msgspec.structs.replace(config, jobs=both))
    assert found.problems == ()
    assert motd(found, NOW) == "tui-backup: 2 jobs, 1 without a backup"


def test_the_json_has_the_documented_fields(history: History, tmp_path: Path) -> None:
    found = msgspec.to_builtins(look(history, tmp_path))
    assert list(found) == ["healthy", "jobs", "repositories", "running", "problems"]
    assert list(found["jobs"][0]) == [
        "job", "last_run", "last_status", "last_success", "next_run", "stale", "expected_every", "integrity",
        "snapshots", "size", "success_rate", "restores", "restore_duration", "restore_throughput", "restore_seconds",
        "waiting",
    ]  # fmt: skip
    assert list(found["repositories"][0]) == ["name", "free", "low_space", "last_checked"]


@pytest.mark.parametrize("status", [RunStatus.FAILED, RunStatus.INCOMPLETE])
def test_a_last_run_that_was_not_ok_is_a_problem(history: History, tmp_path: Path, status: RunStatus) -> None:
    ran(history, 2 * HOUR)
    ran(history, HOUR, status, message="cannot read {x}")
    found = look(history, tmp_path)
    assert (found.healthy, kinds(found)) == (False, [status.value])
    assert "cannot read {x}" in found.problems[0].message
    assert (site(found).last_success, site(found).success_rate) == (NOW - 2 * HOUR, 0.5)


def test_several_attempts_are_one_run(history: History, tmp_path: Path) -> None:
    config = in_two(tmp_path)
    for hours in (9, 6, 3):
        for attempt in (2, 1):
            begun = hours * HOUR + attempt * timedelta(minutes=20)
            again = NOW - begun + timedelta(minutes=20)
            ran(history, begun)
            ran(history, begun, RunStatus.FAILED, repository="offsite", next_attempt=again)
        for repository in config.repositories:
            ran(history, hours * HOUR, repository=repository)
    ran(history, HOUR, RunStatus.FAILED)
    assert site(look(history, tmp_path, config)).success_rate == 0.75


def test_only_the_newest_runs_are_rated_whole(history: History, tmp_path: Path) -> None:
    config = in_two(tmp_path)
    for number in range(40):
        status = RunStatus.OK if number < 15 else RunStatus.FAILED
        for repository in ("local", "offsite", None):
            ran(history, (number + 1) * HOUR, status, repository=repository)
    assert site(look(history, tmp_path, config)).success_rate == 0.5


def test_what_is_gravest_comes_first(history: History, tmp_path: Path) -> None:
    ran(history, 27 * HOUR)
    ran(history, 26.5 * HOUR, RunStatus.INCOMPLETE)
    assert kinds(look(history, tmp_path)) == ["stale", "incomplete"]


def test_a_cancelled_run_is_no_problem_and_no_success(history: History, tmp_path: Path) -> None:
    ran(history, 27 * HOUR)
    ran(history, HOUR, RunStatus.CANCELLED)
    found = look(history, tmp_path)
    assert (kinds(found), site(found).last_status, site(found).success_rate) == (["stale"], "cancelled", 1.0)


def test_a_copy_that_failed_is_the_status_of_the_run(history: History, tmp_path: Path) -> None:
    ran(history, HOUR)
    ran(history, HOUR, RunStatus.FAILED, repository="offsite")
    found = look(history, tmp_path)
    assert site(found).last_status == "failed"
    assert [problem.repository for problem in found.problems] == ["offsite"]


def test_a_job_that_never_ran_is_stale_from_when_it_was_first_seen(history: History, tmp_path: Path) -> None:
    assert look(history, tmp_path).healthy
    later = report(make_config(tmp_path), history, tmp_path, NOW + 27 * HOUR)
    assert kinds(later) == ["stale"]
    assert later.problems[0].message == "job site has never succeeded, though it is expected every 26 h 0 min"
    assert motd(later, NOW).startswith("tui-backup: 1 problem: job site has never succeeded")


def test_without_an_expectation_nothing_is_stale(history: History, tmp_path: Path) -> None:
    ran(history, 1000 * HOUR)
    assert look(history, tmp_path, make_config(tmp_path, expected_every=None)).healthy


def test_damage_of_a_held_snapshot_is_a_problem(history: History, tmp_path: Path) -> None:
    ran(history, HOUR)
    held = Snapshot(id="a" * 64, time=NOW, host="web1", paths=("/srv",), job="site", size=9)
    history.remember_snapshots("local", [held])
    assert site(look(history, tmp_path)).integrity is Integrity.UNVERIFIED
    history.record_verification("local", Findings(time=NOW, needs=((held.id, ("p",)),), read=("p",)))
    assert site(look(history, tmp_path)).integrity is Integrity.OK
    history.record_verification("local", Findings(time=NOW, needs=((held.id, ("p",)),), damaged=("p",)))
    found = look(history, tmp_path)
    assert (kinds(found), site(found).integrity, found.repositories[0].last_checked) == (["damaged"], "damaged", NOW)
    assert (site(found).snapshots, site(found).size) == (1, 9)
    assert found.problems[0].message == "1 snapshot of site in local is damaged: aaaaaaaa"


def test_integrity_is_that_of_the_newest_good_snapshot(history: History, tmp_path: Path) -> None:
    good = Snapshot(id="aa", time=NOW - HOUR, host="web1", paths=("/srv",), job="site")
    newer = msgspec.structs.replace(good, id="bb", time=NOW, status=SnapshotStatus.INCOMPLETE)
    history.remember_snapshots("local", [good, newer])
    history.record_verification("local", Findings(time=NOW, needs=(("aa", ("p",)), ("bb", ("q",))), read=("p",)))
    assert site(look(history, tmp_path)).integrity is Integrity.OK


@pytest.mark.parametrize(
    ("minimum", "free", "total", "low"),
    [
        (MinimumFree(percent=5.0), 4, 100, True),
        (MinimumFree(percent=5.0), 6, 100, False),
        (MinimumFree(percent=5.0), 6, None, None),
        (MinimumFree(bytes=10), 6, None, True),
        (None, 0, None, False),
    ],
)
def test_low_space_is_what_the_configuration_says(
    history: History, tmp_path: Path, minimum: MinimumFree | None, free: int, total: int | None, low: bool | None
) -> None:
    history.record_space("local", free, total, NOW)
    found = look(history, tmp_path, make_config(tmp_path, minimum))
    assert (found.repositories[0].free, found.repositories[0].low_space) == (free, low)
    assert kinds(found) == (["low-space"] if low else [])


def test_a_record_that_cannot_be_kept_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "history.db").write_bytes(b"no database" * 1000)
    with History.open(tmp_path) as history:
        assert kinds(look(history, tmp_path)) == ["history"]


def test_a_run_of_another_process_shows_while_it_lives_and_fails_when_it_is_killed(tmp_path: Path) -> None:
    with backup_elsewhere(tmp_path) as (process, run), History.open(tmp_path) as history:
        assert [running.run for running in look(history, tmp_path).running] == [run]
        assert [row.status for row in history_rows(desk_of(history, tmp_path))] == ["running"]
        process.kill()
        process.wait(timeout=5)
        found = look(history, tmp_path)
        assert (found.running, site(found).last_status) == ((), "failed")


def test_history_rows_have_the_documented_fields(history: History, tmp_path: Path) -> None:
    ran(history, HOUR)
    ran(history, 2 * HOUR)
    rows = history_rows(desk_of(history, tmp_path), "site", 1)
    assert [row.started for row in rows] == [NOW - HOUR]
    assert list(msgspec.to_builtins(rows[0])) == [
        "run", "verb", "job", "repository", "kind", "status", "started", "duration", "snapshot", "bytes_added",
        "warnings", "message", "copies", "undo_until",
    ]  # fmt: skip


def in_two(tmp_path: Path) -> Config:
    """Return a configuration whose job has two repositories."""
    config = make_config(tmp_path)
    offsite = msgspec.structs.replace(config.repositories["local"], name="offsite")
    site = msgspec.structs.replace(config.jobs["site"], repositories=("local", "offsite"))
    return msgspec.structs.replace(
        config, repositories={**config.repositories, "offsite": offsite}, jobs={"site": site}
    )


def held(number: int, **fields: object) -> Snapshot:
    """Return a snapshot of this host, made so many hours ago."""
    made = Snapshot(
        id=f"{number:064x}", time=NOW - number * HOUR, host=identity().hostname, paths=("/srv",), job="site"
    )
    return msgspec.structs.replace(made, **fields)


def test_a_repository_that_lacks_the_newest_good_snapshot_is_a_problem(history: History, tmp_path: Path) -> None:
    ran(history, HOUR)
    history.remember_snapshots("local", [held(4), held(3), held(2), held(1)])
    history.remember_snapshots("offsite", [held(9, original=held(4).id)])
    (problem,) = look(history, tmp_path, in_two(tmp_path)).problems
    assert (problem.kind.value, problem.job, problem.repository) == ("copies", "site", "offsite")
    assert problem.message == f"offsite lacks 3 snapshots of site since {moment(NOW - 9 * HOUR)}"
    assert problem.hint == "`tui-backup run site` copies what is missing"
    history.note_forgotten("offsite", [held(1).id])
    assert look(history, tmp_path, in_two(tmp_path)).healthy


@pytest.mark.parametrize(
    "fields",
    [{"host": "elsewhere"}, {"job": "other"}, {"kind": "safety"}, {"status": SnapshotStatus.INCOMPLETE}],
    ids=str,
)
def test_what_need_not_be_copied_is_not_missed(history: History, tmp_path: Path, fields: dict[str, object]) -> None:
    ran(history, HOUR)
    history.remember_snapshots("local", [held(2), held(1, **fields)])
    history.remember_snapshots("offsite", [held(2)])
    assert look(history, tmp_path, in_two(tmp_path)).healthy


def test_a_repository_without_any_copy_is_a_problem(history: History, tmp_path: Path) -> None:
    ran(history, HOUR)
    history.remember_snapshots("local", [held(1)])
    assert [each.message for each in look(history, tmp_path, in_two(tmp_path)).problems] == [
        "offsite has no copy of any snapshot of site"
    ]


def test_a_run_counts_once_however_many_repositories_it_has(history: History, tmp_path: Path) -> None:
    for hours, status in ((3, RunStatus.OK), (2, RunStatus.FAILED), (1, RunStatus.OK)):
        ran(history, hours * HOUR)
        ran(history, hours * HOUR, status, repository="offsite")
    assert site(look(history, tmp_path, in_two(tmp_path))).success_rate == 0.6667


def test_a_snapshot_of_the_history_names_all_repositories_that_hold_it(history: History, tmp_path: Path) -> None:
    copy = held(8, original=held(1).id)
    history.remember_snapshots("local", [held(1)])
    history.remember_snapshots("offsite", [copy])
    ran(history, HOUR, snapshot=held(1).id)
    ran(history, HOUR, repository="offsite", snapshot=copy.id)
    ran(history, 2 * HOUR, RunStatus.FAILED)
    assert [row.copies for row in history_rows(desk_of(history, tmp_path))] == [
        ("local", "offsite"),
        ("local", "offsite"),
        (),
    ]
