"""What the status finds wrong without anybody who runs anything: staleness, room, clocks, notifiers."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from tests.support.telling import Nobody
from tui_backup.config.settings import Config, JobConfig, MinimumFree, NotifierConfig, RepositoryConfig
from tui_backup.history.history import History
from tui_backup.history.outbox import Reception
from tui_backup.history.sudden_changes import SuddenChange
from tui_backup.model.retention import Keep
from tui_backup.model.run import Run, RunStatus, Verb
from tui_backup.model.trouble import Trouble, TroubleKind
from tui_backup.primitives.secret import SecretSource
from tui_backup.services.alerts.troubles import found_troubles
from tui_backup.services.status.overview import motd, report
from tui_backup.stores.memory import MemoryStore

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
GIB = 2**30


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    with History.open(tmp_path) as history:
        yield history


def configured(tmp_path: Path, min_free: MinimumFree | None = None) -> Config:
    local = RepositoryConfig(
        name="local", format="restic", store=MemoryStore(), password=SecretSource(env="PASSWORD"), min_free=min_free
    )
    site = JobConfig(
        name="site", repositories=("local",), sources=(), expected_every=26 * 3600, keep=Keep(last=3)
    )  # fmt: skip
    ops = NotifierConfig(
        name="ops",
        notifier=Nobody(),
        topics=frozenset(),
    )
    return Config(
        path=str(tmp_path / "config.toml"), timezone=None, state_dir=str(tmp_path), log_level="info",
        repositories={"local": local}, jobs={"site": site}, notifiers={"ops": ops},
    )  # fmt: skip


def ran(history: History, ago: timedelta, status: RunStatus = RunStatus.OK, added: int = GIB) -> None:
    started = NOON - ago
    history.finish(
        Run(
            id=f"{started:%Y%m%dT%H%M%SZ}",
            verb=Verb.BACKUP,
            job="site",
            repository="local",
            kind=None,
            status=status,
            started=started,
            bytes_added=added,
        )
    )


def found(history: History, config: Config, now: datetime = NOON) -> list[Trouble]:
    return list(found_troubles(config, history, Path(config.state_dir), now))


def kinds(history: History, config: Config, now: datetime = NOON) -> list[TroubleKind]:
    return [trouble.kind for trouble in found(history, config, now)]


def test_a_job_that_never_ran_is_stale_once_it_was_looked_at_long_ago(tmp_path: Path, history: History) -> None:
    config = configured(tmp_path)
    assert kinds(history, config) == []
    assert kinds(history, config, NOON + 26 * HOUR) == []
    (trouble,) = found(history, config, NOON + 27 * HOUR)
    assert trouble.kind is TroubleKind.STALE
    assert "has never succeeded" in trouble.message
    assert "has never succeeded" in motd(report(config, history, tmp_path, NOON + 27 * HOUR), NOON)


def test_a_success_of_a_time_that_has_not_come_proves_nothing(tmp_path: Path, history: History) -> None:
    config = configured(tmp_path)
    ran(history, -2 * DAY)
    stale, clock = found(history, config)
    assert (stale.kind, clock.kind, clock.job) == (TroubleKind.STALE, TroubleKind.CLOCK, "site")
    assert all("which has not come yet" in trouble.message for trouble in (stale, clock))
    ran(history, HOUR)
    assert kinds(history, config) == [TroubleKind.CLOCK]
    assert kinds(history, config, NOON + 2 * DAY) == []


def test_a_failure_is_not_hidden_by_a_success_of_the_future(tmp_path: Path, history: History) -> None:
    config = configured(tmp_path)
    ran(history, -2 * DAY)
    ran(history, 2 * HOUR)
    ran(history, HOUR, RunStatus.FAILED)
    assert kinds(history, config) == [TroubleKind.FAILED, TroubleKind.CLOCK]
    assert report(config, history, tmp_path, NOON).jobs[0].last_status is RunStatus.FAILED


def test_less_room_than_the_last_backups_took_is_too_little(tmp_path: Path, history: History) -> None:
    config = configured(tmp_path)
    ran(history, 3 * DAY, added=500 * GIB)
    history.record_space("local", 100 * GIB, 1000 * GIB)
    assert found(history, config, NOON - 2 * DAY) == []
    ran(history, 2 * HOUR, added=2 * GIB)
    ran(history, HOUR, added=GIB)
    assert found(history, config) == []
    history.record_space("local", 2 * GIB - 1, 1000 * GIB)
    (trouble,) = found(history, config)
    assert (trouble.kind, trouble.repository) == (TroubleKind.LOW_SPACE, "local")
    assert "a backup of site took up to 2.1 GB of late" in trouble.message
    assert report(config, history, tmp_path, NOON).repositories[0].low_space is True


def test_room_below_the_limit_is_told_as_such(tmp_path: Path, history: History) -> None:
    config = configured(tmp_path, MinimumFree(percent=5))
    ran(history, HOUR)
    history.record_space("local", 49 * GIB, 1000 * GIB)
    (trouble,) = found(history, config)
    assert trouble.message == "repository local has only 52.6 GB free"
    history.record_space("local", 51 * GIB, 1000 * GIB)
    assert found(history, config) == []


def test_a_notifier_that_was_not_reached_is_shown(tmp_path: Path, history: History) -> None:
    config = configured(tmp_path)
    ran(history, HOUR)
    lost = Reception(failing_since=NOON, attempts=1, next_at=NOON + HOUR, reason="nobody answers")
    history.note_unreceived("ops", lost)
    history.note_unreceived("gone", lost)
    (trouble,) = found(history, config)
    assert (trouble.kind, trouble.notifier, trouble.hint) == (
        TroubleKind.NOTIFIER, "ops", "tui-backup notify test ops",
    )  # fmt: skip
    history.note_received("ops")
    assert found(history, config) == []


def test_what_a_sudden_change_holds_is_told_once(tmp_path: Path, history: History) -> None:
    config = configured(tmp_path)
    ran(history, HOUR)
    history.hold("site", "local", "its data changed suddenly")
    history.note_sudden_change(SuddenChange(job="site", run="r1", time=NOON, reason="everything is another"))
    history.note_sudden_change(SuddenChange(job="gone", run="r2", time=NOON, reason="everything is another"))
    (trouble,) = found(history, config)
    assert (trouble.kind, trouble.job) == (TroubleKind.SUDDEN_CHANGE, "site")
    history.acknowledge("site")
    assert kinds(history, config) == [TroubleKind.HELD]
    without = msgspec.structs.replace(config.jobs["site"], keep=None)
    assert found(history, msgspec.structs.replace(config, jobs={"site": without})) == []
