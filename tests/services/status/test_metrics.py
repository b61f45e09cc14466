"""What Prometheus is told, from the record alone."""

import fcntl
import os
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support import exposition as strict
from tests.support.configurations import SITE
from tests.support.mounts import frozen
from tests.support.running import ROOT, backup_elsewhere
from tui_backup import __version__
from tui_backup.config.settings import Config, JobConfig, MinimumFree, RepositoryConfig
from tui_backup.history.history import History
from tui_backup.history.verifications import Findings
from tui_backup.model.run import Run, RunStatus, Verb
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.trouble import TroubleKind
from tui_backup.primitives.exposition import Gauges, Sample, exposition
from tui_backup.primitives.text import moment
from tui_backup.services.backup.backups import BackupOptions, run_jobs
from tui_backup.services.status.metrics import families, metrics
from tui_backup.services.status.metrics_file import REFRESH_S, refresh_metrics, write_metrics
from tui_backup.services.status.overview import report
from tui_backup.services.workspace import Workspace
from tui_backup.stores.memory import MemoryStore

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    with History.open(tmp_path) as history:
        yield history


@pytest.fixture
def config(tmp_path: Path) -> Config:
    local = RepositoryConfig(name="local", format="restic", store=MemoryStore(), min_free=MinimumFree(percent=5.0))
    site = JobConfig(name="site", repositories=("local", "offsite"), sources=(), expected_every=26 * 3600)
    return Config(
        path=str(tmp_path / "config.toml"),
        timezone=None,
        state_dir=str(tmp_path),
        log_level="info",
        repositories={"local": local, "offsite": msgspec.structs.replace(local, name="offsite")},
        jobs={"site": site},
    )


def look(config: Config, history: History, present: datetime = NOW) -> bytes:
    return metrics(config, history, report(config, history, Path(config.state_dir), present), present)


def values(content: bytes, name: str, **labels: str) -> list[float]:
    """Return the values of a family whose samples have these labels."""
    samples = strict.parsed(content).get(f"tui_backup_{name}", {})
    return [value for found, value in samples.items() if labels.items() <= dict(found).items()]


def ran(history: History, ago: timedelta, status: RunStatus = RunStatus.OK, **changes: object) -> None:
    run = Run(
        id=f"{NOW - ago:%Y%m%dT%H%M%SZ}-00000000",
        verb=Verb.BACKUP,
        job="site",
        repository="local",
        kind=None,
        status=status,
        started=NOW - ago,
    )
    history.finish(msgspec.structs.replace(run, **changes))


def test_a_job_that_never_ran_has_no_times_and_is_counted_all_the_same(config: Config, history: History) -> None:
    content = look(config, history)
    assert values(content, "info", version=__version__) == [1]
    assert values(content, "metrics_timestamp_seconds") == [NOW.timestamp()]
    assert values(content, "job_last_run_timestamp_seconds") == []
    assert values(content, "job_stale", backup_job="site") == [0]
    assert sum(values(content, "job_last_status", backup_job="site")) == 0
    assert sum(values(content, "problems")) == 0


def test_the_last_run_is_told_with_all_its_repositories(config: Config, history: History) -> None:
    ran(history, 3 * HOUR)
    ran(history, HOUR, duration=10.5, bytes_processed=1000, bytes_added=50, files=7, warnings=2, snapshot="a" * 64)
    ran(history, HOUR, RunStatus.FAILED, repository="offsite", duration=1.5, bytes_added=5, warnings=3)
    content = look(config, history)
    last = {
        name: values(content, f"job_last_{name}", backup_job="site")
        for name in (
            "run_timestamp_seconds", "success_timestamp_seconds", "run_duration_seconds", "run_processed_bytes",
            "run_added_bytes", "run_files", "run_warnings",
        )
    }  # fmt: skip
    assert last == {
        "run_timestamp_seconds": [(NOW - HOUR).timestamp()],
        "success_timestamp_seconds": [(NOW - HOUR).timestamp()],
        "run_duration_seconds": [12],
        "run_processed_bytes": [1000],
        "run_added_bytes": [55],
        "run_files": [7],
        "run_warnings": [3],
    }
    statuses = {status: values(content, "job_last_status", status=status) for status in ("ok", "failed", "cancelled")}
    assert statuses == {"ok": [0], "failed": [1], "cancelled": [0]}
    assert values(content, "job_success_ratio") == [0.5]
    assert values(content, "problems", kind="failed") == [1]
    assert values(content, "job_expected_every_seconds") == [26 * 3600]


def test_a_job_without_a_success_in_time_is_stale(config: Config, history: History) -> None:
    ran(history, 27 * HOUR)
    content = look(config, history)
    assert (values(content, "job_stale"), values(content, "problems", kind="stale")) == ([1], [1])


def test_the_proof_is_that_of_the_newest_good_snapshot(config: Config, history: History) -> None:
    held = Snapshot(id="a" * 64, time=NOW - HOUR, host="web1", paths=("/srv",), job="site", size=9)
    history.remember_snapshots("local", [held], NOW - HOUR)
    history.remember_snapshots("offsite", [msgspec.structs.replace(held, id="b" * 64, original=held.id)], NOW - HOUR)
    assert values(look(config, history), "job_last_proof_timestamp_seconds") == []
    assert values(look(config, history), "job_integrity", integrity="unverified") == [1]
    proven = NOW - timedelta(minutes=5)
    history.record_verification("offsite", Findings(time=proven, needs=(("b" * 64, ("p",)),), read=("p",)))
    content = look(config, history)
    assert values(content, "job_last_proof_timestamp_seconds") == [proven.timestamp()]
    assert (values(content, "job_snapshots"), values(content, "job_size_bytes")) == ([1], [9])
    assert values(content, "repository_last_check_timestamp_seconds", repository="offsite") == [proven.timestamp()]
    assert values(content, "repository_last_contact_timestamp_seconds", repository="offsite") == [proven.timestamp()]


def test_a_repository_is_told_as_it_was_at_the_last_contact(config: Config, history: History) -> None:
    history.record_space("local", 3, 100, NOW - HOUR)
    content = look(config, history)
    told = {
        name: values(content, f"repository_{name}", repository="local")
        for name in ("free_bytes", "size_bytes", "low_space", "last_contact_timestamp_seconds")
    }
    assert told == {
        "free_bytes": [3],
        "size_bytes": [100],
        "low_space": [1],
        "last_contact_timestamp_seconds": [(NOW - HOUR).timestamp()],
    }
    assert values(content, "repository_low_space", repository="offsite") == []
    assert values(content, "problems", kind="low-space") == [1]


def test_what_goes_on_is_counted(config: Config, tmp_path: Path) -> None:
    with backup_elsewhere(tmp_path), History.open(tmp_path) as history:
        content = look(config, history)
    assert (values(content, "running_runs", verb="run"), values(content, "running_runs", verb="prune")) == ([1], [0])


def test_what_a_restore_would_take_is_told(config: Config, history: History) -> None:
    held = Snapshot(id="a" * 64, time=NOW - HOUR, host="web1", paths=("/srv",), job="site", size=5_000)
    history.remember_snapshots("local", [held])
    ran(history, HOUR, verb=Verb.RESTORE, duration=2.0, bytes_processed=1_000)
    assert values(look(config, history), "job_restore_seconds") == [10]


def test_another_parser_reads_the_same(config: Config, history: History) -> None:
    odd = msgspec.structs.replace(config, path='/etc/a "b"\\c\n{d},e="f"/ü/config.toml')
    ran(history, HOUR, duration=1.25)
    content = look(odd, history)
    theirs = {
        family.name: {frozenset(sample.labels.items()): sample.value for sample in family.samples}
        for family in text_string_to_metric_families(content.decode())
    }
    assert theirs == strict.parsed(content)
    (labels,) = theirs["tui_backup_job_last_run_duration_seconds"]
    assert dict(labels)["config"] == '/etc/a "b"\\c\\n{d},e="f"/ü/config.toml'


def test_labels_and_help_are_escaped() -> None:
    labels = {"a": 'x\\y"z\n', "b": ""}
    content = exposition([Gauges("m", 'a\\b\nc"d', [Sample(labels, 1.5), Sample({}, -3)]), Gauges("empty", "e", [])])
    assert content.decode() == '# HELP m a\\\\b\\nc"d\n# TYPE m gauge\nm{a="x\\\\y\\"z\\n",b=""} 1.5\nm -3\n'
    assert strict.parsed(content)["m"] == {frozenset(labels.items()): 1.5, frozenset(): -3}


@pytest.mark.parametrize(
    "content",
    [
        "# HELP m h\n# TYPE m gauge\nm 1",
        "m 1\n",
        "# HELP m h\n# TYPE m gauge\nm 1\nm 2\n",
        '# HELP m h\n# TYPE m gauge\nm{a="x"y"} 1\n',
        '# HELP m h\n# TYPE m gauge\nm{job="x"} 1\n',
        "# HELP m h\n# TYPE m gauge\nn 1\n",
        "# HELP m h\n# TYPE m gauge\n",
        "# HELP m h\n# TYPE m gauge\nm one\n",
        "# HELP m h\n\n# TYPE m gauge\nm 1\n",
    ],
)
def test_the_strict_parser_is_strict(content: str) -> None:
    with pytest.raises(AssertionError):
        strict.parsed(content.encode())


def test_every_metric_is_documented_and_no_other(config: Config, history: History) -> None:
    text = (ROOT / "docs" / "metrics.md").read_text()
    rows = re.findall(r"^\| `(tui_backup_\w+)` \| [^|]* \| (.*) \|$", text, re.MULTILINE)
    assert dict(rows) == dict(families())
    assert set(re.findall(r"tui_backup_\w+", "\n".join(re.findall(r"expr: (.*)", text)))) <= families().keys()
    ran(history, HOUR)
    told = {name: family.help for name, family in strict.families(look(config, history)).items()}
    assert told.items() <= families().items()


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "a").write_text("a")
    (tmp_path / "config.toml").write_text('metrics_file = "shown/backup.prom"\n' + SITE)
    with Workspace.open(str(tmp_path / "config.toml")) as workspace:
        yield workspace


def test_every_run_leaves_a_file_that_others_may_read(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "shown").mkdir()
    former = os.umask(0o077)
    try:
        run_jobs(workspace, [workspace.job("site")], BackupOptions())
    finally:
        os.umask(former)
    (file,) = (tmp_path / "shown").iterdir()
    assert (file.name, file.stat().st_mode & 0o777) == ("backup.prom", 0o644)
    content = file.read_bytes()
    assert values(content, "job_last_status", status="ok") == [1]
    assert values(content, "running_runs", verb="run") == [0]


def test_a_file_that_cannot_be_written_is_one_warning_and_no_failure(workspace: Workspace, tmp_path: Path) -> None:
    warnings: list[str] = []
    workspace.on_warning = warnings.append
    job = workspace.job("site")
    for _time in range(2):
        (outcome,) = run_jobs(workspace, [job], BackupOptions())
        assert outcome.errors == ()
    path = tmp_path / "shown" / "backup.prom"
    assert warnings == [f"the metrics file {path} cannot be written: No such file or directory"]
    assert warnings[0] in workspace.log.path.read_text()
    path.parent.mkdir()
    run_jobs(workspace, [job], BackupOptions())
    path.unlink()
    path.parent.rmdir()
    run_jobs(workspace, [job], BackupOptions())
    assert len(warnings) == 2


def test_a_file_is_refreshed_only_when_it_is_old(workspace: Workspace, tmp_path: Path) -> None:
    refresh_metrics(workspace, NOW)
    path = tmp_path / "shown" / "backup.prom"
    refresh_metrics(workspace, NOW)
    assert workspace.log.path.read_text().count(str(path)) == 1
    path.parent.mkdir()
    for seconds, written in ((0, 0), (REFRESH_S - 1, 0), (REFRESH_S, REFRESH_S), (-1, -1)):
        refresh_metrics(workspace, NOW + timedelta(seconds=seconds))
        assert values(path.read_bytes(), "metrics_timestamp_seconds") == [NOW.timestamp() + written]
        write_metrics(workspace, NOW)


def test_what_cannot_be_written_is_a_problem_until_it_can(workspace: Workspace, tmp_path: Path) -> None:
    def problems() -> list[tuple[str, str]]:
        found = report(workspace.config, workspace.history, workspace.state_dir, NOW).problems
        return [(each.kind.value, each.message) for each in found if each.kind is TroubleKind.METRICS]

    write_metrics(workspace, NOW)
    write_metrics(workspace, NOW + HOUR)
    path = tmp_path / "shown" / "backup.prom"
    reason = f"since {moment(NOW)}: No such file or directory"
    assert problems() == [("metrics", f"the metrics file {path} could not be written {reason}")]
    path.parent.mkdir()
    write_metrics(workspace, NOW + HOUR)
    assert problems() == []
    assert values(path.read_bytes(), "problems", kind="metrics") == [0]


def test_another_process_that_was_stopped_keeps_nobody_from_writing(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui_backup.services.status.metrics_file._PATIENCE_S", 1)
    (tmp_path / "shown").mkdir()
    with (workspace.state_dir / "metrics.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert write_metrics(workspace, NOW) is None
    assert (tmp_path / "shown" / "backup.prom").exists()


@pytest.mark.requires("frozen")
def test_a_disk_that_does_not_answer_holds_nobody_up(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "shown" / "backup.prom"
    with frozen(tmp_path / "shown") as disk:
        began = time.monotonic()
        first = write_metrics(workspace, NOW)
        took = time.monotonic() - began
        second = write_metrics(workspace, NOW)
        again = time.monotonic() - began - took
        disk.thaw()
        for failure in (first, second):
            assert failure is not None
            assert failure.message == f"the metrics file {path} cannot be written: its disk does not answer"
        assert took < 10
        assert again < took
        with (workspace.state_dir / "metrics.writer").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
        assert values(path.read_bytes(), "metrics_timestamp_seconds") == [NOW.timestamp()]
        assert write_metrics(workspace, NOW + HOUR) is None
        assert values(path.read_bytes(), "metrics_timestamp_seconds") == [(NOW + HOUR).timestamp()]
