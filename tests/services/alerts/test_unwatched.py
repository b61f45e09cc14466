"""A scheduler that has died shows by what came due since somebody last looked."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tui_backup.config.settings import Config, JobConfig
from tui_backup.history.history import History
from tui_backup.model.run import Run, RunStatus, Verb
from tui_backup.model.schedule import Schedule, Timing
from tui_backup.model.trouble import Trouble, TroubleKind
from tui_backup.services.alerts.unwatched import note_look, unwatched

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    with History.open(tmp_path) as history:
        yield history


def configured(tmp_path: Path, timing: Timing | None = None) -> Config:
    nightly = Timing(schedules=(Schedule(at="0 2 * * *"),))
    job = JobConfig(name="site", repositories=("local",), sources=(), timezone="UTC", timing=timing or nightly)
    return Config(
        path=str(tmp_path / "config.toml"), timezone=None, state_dir=str(tmp_path), log_level="info",
        repositories={}, jobs={"site": job},
    )  # fmt: skip


def ran(history: History, at: datetime, kind: str, status: RunStatus = RunStatus.OK) -> None:
    history.finish(
        Run(id=f"{at:%Y%m%dT%H%M%SZ}", verb=Verb.BACKUP, job="site", repository="local", kind=kind, status=status,
            started=at)
    )  # fmt: skip


def found(history: History, config: Config, after: timedelta) -> list[Trouble]:
    return list(unwatched(config, history, NOON + after))


def test_what_came_due_since_somebody_looked_shows_after_an_hour(tmp_path: Path, history: History) -> None:
    config = configured(tmp_path)
    note_look(history, NOON)
    assert found(history, config, 14 * HOUR + 64 * MINUTE) == []
    (trouble,) = found(history, config, 14 * HOUR + 66 * MINUTE)
    assert trouble.kind is TroubleKind.SCHEDULER
    assert "since" in trouble.message
    assert "site was due at" in trouble.message
    assert trouble.hint is not None
    note_look(history, NOON + 15 * HOUR + 30 * MINUTE)
    assert found(history, config, 16 * HOUR) == []


def test_where_nobody_ever_looked_it_counts_from_when_the_job_was_first_seen(tmp_path: Path, history: History) -> None:
    config = configured(tmp_path)
    assert found(history, config, 0 * HOUR) == []
    assert found(history, config, 15 * HOUR) == []
    (trouble,) = found(history, config, 16 * HOUR)
    assert trouble.message.startswith("nobody looks at the schedules: site was due at")


@pytest.mark.parametrize(("kind", "shows"), [("scheduled", False), ("manual", True)])
def test_what_was_run_by_its_schedule_is_not_missed_and_what_was_by_hand_is(
    tmp_path: Path,
    history: History,
    kind: str,
    shows: bool,
) -> None:
    note_look(history, NOON)
    ran(history, NOON + 14 * HOUR + MINUTE, kind)
    assert bool(found(history, configured(tmp_path), 20 * HOUR)) is shows


def test_nothing_is_missed_while_somebody_is_at_work_or_where_nothing_is_scheduled(
    tmp_path: Path, history: History
) -> None:
    note_look(history, NOON)
    assert found(history, configured(tmp_path, Timing()), 5 * DAY) == []
    ran(history, NOON + HOUR, "scheduled", RunStatus.RUNNING)
    assert found(history, configured(tmp_path), 5 * DAY) == []


def test_verifications_and_prunes_count_too(tmp_path: Path, history: History) -> None:
    note_look(history, NOON)
    (trouble,) = found(history, configured(tmp_path, Timing(verify="0 5 * * *")), DAY)
    assert "site was due at" in trouble.message


def test_a_look_is_not_noted_each_minute(history: History) -> None:
    for minute in range(12):
        note_look(history, NOON + minute * MINUTE)
    assert history.lookout.sightings().schedules_at == NOON + 10 * MINUTE
