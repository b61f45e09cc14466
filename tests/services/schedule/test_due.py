"""What is due, and when: the moments of triggers held against the record."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tui_backup.config.settings import Config, JobConfig
from tui_backup.history.history import History
from tui_backup.model.schedule import Schedule, Timing, Trigger, What
from tui_backup.model.snapshot import Snapshot
from tui_backup.primitives.identity import identity
from tui_backup.services.schedule.due import (
    GRACE,
    due,
    is_due,
    next_moments,
    next_run,
    triggers_of,
    unseen_repositories,
)

NOON = datetime(2026, 5, 6, 12, tzinfo=UTC)
TWO = NOON.replace(hour=2)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    with History.open(tmp_path / "state") as history:
        yield history
        assert history.troubles == []


def job(name: str, *lines: str, zone: str | None = "UTC", **timing: object) -> JobConfig:
    schedules = tuple(Schedule(at=line) for line in lines)
    return JobConfig(
        name=name,
        repositories=("local",),
        sources=(),
        timezone=zone,
        timing=Timing(schedules=schedules, **timing),  # type: ignore[arg-type] # what a test says of it is of the field's type
    )


def config(*jobs: JobConfig, path: str = "/nowhere/config.toml") -> Config:
    named = {each.name: each for each in jobs}
    return Config(path=path, timezone=None, state_dir="/nowhere", log_level="info", repositories={}, jobs=named)


def shown(config: Config, history: History, now: datetime) -> list[tuple[str, str, datetime, int]]:
    return [(each.job, each.what, each.moment, each.missed) for each in due(config, history, now)]


def carry_out(config: Config, history: History, now: datetime) -> int:
    found = due(config, history, now)
    for each in found:
        history.note_moment(each.trigger, each.moment)
    return len(found)


def test_a_job_that_never_ran_is_due_at_its_first_moment_after_it_was_configured(history: History) -> None:
    nightly = config(job("site", "0 2 * * *"))

    assert due(nightly, history, NOON) == []
    assert due(nightly, history, TWO + DAY - timedelta(seconds=1)) == []
    assert shown(nightly, history, TWO + DAY) == [("site", "backup", TWO + DAY, 0)]


def test_a_moment_is_due_until_it_was_dealt_with(history: History) -> None:
    nightly = config(job("site", "0 2 * * *"))
    due(nightly, history, NOON)
    (first,) = due(nightly, history, NOON + DAY)
    assert due(nightly, history, NOON + DAY + HOUR) == [first]

    assert is_due(first, history)
    history.note_moment(first.trigger, first.moment)
    assert not is_due(first, history)
    assert due(nightly, history, NOON + DAY + HOUR) == []
    assert shown(nightly, history, NOON + 2 * DAY) == [("site", "backup", TWO + 2 * DAY, 0)]


def test_what_was_missed_is_due_once(history: History) -> None:
    nightly = config(job("site", "0 2 * * *"))
    due(nightly, history, NOON)

    assert shown(nightly, history, NOON + 9 * DAY) == [("site", "backup", TWO + 9 * DAY, 8)]
    assert carry_out(nightly, history, NOON + 9 * DAY) == 1
    assert due(nightly, history, NOON + 9 * DAY) == []


def test_a_manual_run_changes_nothing(history: History) -> None:
    nightly = config(job("site", "0 2 * * *"))
    due(nightly, history, NOON)
    remember(history, snapshot("manual", NOON + DAY - HOUR))

    assert len(due(nightly, history, NOON + DAY)) == 1


def test_missed_moments_are_skipped_where_a_job_does_not_catch_up(history: History) -> None:
    nightly = config(job("site", "0 2 * * *", catch_up=False))
    due(nightly, history, NOON)

    assert due(nightly, history, TWO + 3 * DAY + GRACE + timedelta(seconds=1)) == []
    (trigger,) = triggers_of(nightly.jobs["site"])
    known = history.triggers()[trigger]
    assert (known.last_moment, known.was_skipped) == (TWO + 3 * DAY, True)
    assert len(due(nightly, history, TWO + 4 * DAY + GRACE)) == 1


@pytest.mark.parametrize("every", [timedelta(minutes=1), HOUR])
@pytest.mark.parametrize("line", ["5 2 * * *", "0 2 * * *", "59 1 * * *", "*/15 * * * *"])
def test_nothing_is_skipped_while_cron_looks_each_minute_or_each_hour(
    every: timedelta, line: str, history: History
) -> None:
    nightly = config(job("site", line, catch_up=False))
    now = NOON + timedelta(seconds=2)
    runs = 0
    while now < NOON + 3 * DAY:
        runs += carry_out(nightly, history, now)
        now += every

    most = 3 * DAY // max(every, timedelta(minutes=15))
    assert most - 1 <= runs <= most if line.startswith("*/15") else runs == 3


def test_a_trigger_that_is_changed_has_no_past(history: History) -> None:
    due(config(job("site", "0 2 * * *")), history, NOON)
    changed = config(job("site", "0 11 * * *"))

    assert due(changed, history, NOON) == []
    assert due(config(job("site", "0 11 * * *", zone="Asia/Kolkata")), history, NOON) == []
    assert due(changed, history, NOON + HOUR) == []
    assert len(due(changed, history, NOON + DAY)) == 1


def test_a_trigger_that_comes_back_has_no_past(history: History) -> None:
    nightly = config(job("site", "0 2 * * *"))
    due(nightly, history, NOON)
    assert carry_out(nightly, history, NOON + DAY) == 1
    assert due(config(job("site")), history, NOON + 2 * DAY) == []

    assert due(nightly, history, NOON + 9 * DAY) == []
    assert len(due(nightly, history, NOON + 10 * DAY)) == 1


def test_a_trigger_is_configured_when_the_file_was_changed(history: History, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.touch()
    os.utime(path, ((NOON - 30 * timedelta(minutes=1)).timestamp(),) * 2)
    late = config(job("site", "45 11 * * *"), path=str(path))

    assert len(due(late, history, NOON)) == 1


def test_a_file_that_was_changed_long_ago_makes_nothing_due(history: History, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.touch()
    os.utime(path, ((NOON - 9 * DAY).timestamp(),) * 2)

    assert due(config(job("site", "0 2 * * *"), path=str(path)), history, NOON) == []


def snapshot(kind: str, time: datetime, host: str | None = None) -> Snapshot:
    name = host or identity().hostname
    return Snapshot(id=f"{int(time.timestamp()):064x}", time=time, host=name, paths=("/srv",), job="site", kind=kind)


def remember(history: History, *snapshots: Snapshot) -> None:
    history.remember_snapshots("local", snapshots)


def test_a_lost_record_runs_what_the_snapshots_show_to_be_missed(history: History) -> None:
    nightly = config(job("site", "0 2 * * *"))
    remember(history, snapshot("scheduled", TWO - DAY + HOUR))

    assert shown(nightly, history, NOON) == [("site", "backup", TWO, 0)]


def test_a_lost_record_runs_nothing_else(history: History) -> None:
    nightly = config(job("site", "0 2 * * *"))
    remember(history, snapshot("scheduled", TWO + timedelta(seconds=1)), snapshot("scheduled", NOON - 9 * DAY, "other"))

    assert due(nightly, history, NOON) == []
    assert len(due(nightly, history, NOON + DAY)) == 1


def test_what_repositories_were_asked_for_counts_as_well(history: History) -> None:
    nightly = config(job("site", "0 2 * * *"))

    assert unseen_repositories(nightly, history) == ("local",)
    assert due(nightly, history, NOON) == []
    assert unseen_repositories(nightly, history) == ("local",)
    assert len(due(nightly, history, NOON, {("site", "scheduled"): TWO - DAY + HOUR})) == 1
    remember(history)
    assert unseen_repositories(nightly, history) == ()


def test_no_repository_is_asked_for_a_job_that_is_known_or_never_runs_by_itself(history: History) -> None:
    nightly = config(job("site", "0 2 * * *"), job("idle"), job("checked", verify="@weekly"))
    due(nightly, history, NOON)
    assert carry_out(nightly, history, NOON + DAY) == 1

    assert unseen_repositories(nightly, history) == ()
    assert unseen_repositories(config(job("idle"), job("checked", verify="@weekly")), history) == ()


def test_snapshots_say_nothing_of_a_trigger_that_was_changed(history: History) -> None:
    due(config(job("site", "0 2 * * *")), history, NOON - DAY)
    remember(history, snapshot("scheduled", TWO))

    assert due(config(job("site", "0 4 * * *")), history, NOON) == []


def test_a_snapshot_of_the_future_is_none(history: History) -> None:
    nightly = config(job("site", "0 2 * * *"))
    remember(history, snapshot("scheduled", TWO + DAY + HOUR / 2))

    due(nightly, history, NOON)
    assert len(due(nightly, history, TWO + DAY)) == 1


def test_a_clock_that_was_days_ahead_stops_nothing(history: History) -> None:
    nightly = config(job("site", "0 2 * * *"))
    due(nightly, history, NOON)
    assert carry_out(nightly, history, NOON + 2 * DAY) == 1

    assert due(nightly, history, NOON + HOUR) == []
    assert shown(nightly, history, NOON + DAY) == [("site", "backup", TWO + DAY, 0)]


def test_a_clock_that_is_put_back_a_little_repeats_nothing(history: History) -> None:
    nightly = config(job("site", "0 2 * * *"))
    due(nightly, history, NOON)
    assert carry_out(nightly, history, TWO + DAY) == 1

    assert due(nightly, history, TWO + DAY - timedelta(minutes=50)) == []
    assert due(nightly, history, TWO + DAY) == []


def test_backups_come_before_verifications_and_these_before_prunes(history: History) -> None:
    both = config(
        job("mail", "0 3 * * *", verify="0 1 * * *", prune="0 1 * * *"), job("site", "0 2 * * *", prune="0 0 * * *")
    )
    due(both, history, NOON)

    assert [(each.job, each.what) for each in due(both, history, NOON + DAY)] == [
        ("site", What.BACKUP),
        ("mail", What.BACKUP),
        ("mail", What.VERIFY),
        ("site", What.PRUNE),
        ("mail", What.PRUNE),
    ]


def test_each_schedule_of_a_job_is_due_for_itself(history: History) -> None:
    site = JobConfig(
        name="site",
        repositories=("local",),
        sources=(),
        timing=Timing(schedules=(Schedule(at="0 2 * * *"), Schedule(at="0 2 * * *", label="daily"))),
        timezone="UTC",
    )
    due(config(site), history, NOON)

    assert [(each.label, each.moment) for each in due(config(site), history, NOON + DAY)] == [
        ("daily", TWO + DAY),
        ("scheduled", TWO + DAY),
    ]


def test_a_job_that_is_gone_is_not_due(history: History) -> None:
    due(config(job("site", "0 2 * * *")), history, NOON)

    assert due(config(), history, NOON + DAY) == []


def test_the_next_moments_of_everything_are_known() -> None:
    site = job("site", "0 2 * * *", "30 12 * * *", verify="@weekly", zone="America/Sao_Paulo")
    upcoming = next_moments(config(site, job("idle")), NOON, 2)

    assert [each.trigger for each in upcoming] == list(triggers_of(site))
    assert upcoming[1].moments == (NOON + 3.5 * HOUR, NOON + 3.5 * HOUR + DAY)
    assert upcoming[2].trigger == Trigger(job="site", what=What.VERIFY, line="@weekly", zone="America/Sao_Paulo")
    assert next_run(site, NOON) == NOON + 3.5 * HOUR
    assert next_run(job("idle"), NOON) is None
