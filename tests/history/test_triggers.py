"""What the record knows of triggers and their moments."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tui_backup.history.history import History
from tui_backup.model.schedule import Trigger, What
from tui_backup.model.snapshot import Snapshot

NOON = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
NIGHTLY = Trigger(job="site", what=What.BACKUP, line="0 2 * * *", zone="America/Sao_Paulo", label="scheduled")
WEEKLY = Trigger(job="site", what=What.VERIFY, line="0 5 * * 0", zone=None)


def test_a_trigger_is_configured_once(tmp_path: Path) -> None:
    with History.open(tmp_path) as history:
        history.configure_triggers([NIGHTLY], NOON)
        history.configure_triggers([NIGHTLY, WEEKLY], NOON + HOUR)
    with History.open(tmp_path) as history:
        known = history.triggers()
        assert [(each.first_seen, each.is_founding) for each in (known[NIGHTLY], known[WEEKLY])] == [
            (NOON, True),
            (NOON + HOUR, False),
        ]


def test_a_trigger_that_was_gone_is_configured_anew(tmp_path: Path) -> None:
    with History.open(tmp_path) as history:
        history.configure_triggers([NIGHTLY, WEEKLY], NOON)
        history.note_moment(NIGHTLY, NOON)
        history.configure_triggers([WEEKLY], NOON + HOUR)
        assert history.triggers().keys() == {WEEKLY}
        history.configure_triggers([NIGHTLY, WEEKLY], NOON + 2 * HOUR)
        known = history.triggers()[NIGHTLY]
        assert (known.first_seen, known.last_moment, known.is_founding) == (NOON + 2 * HOUR, NOON, False)


def test_the_last_moment_is_never_an_earlier_one(tmp_path: Path) -> None:
    with History.open(tmp_path) as history, History.open(tmp_path) as other:
        history.configure_triggers([NIGHTLY, WEEKLY], NOON)
        assert other.last_moment(NIGHTLY) is None
        history.note_moment(NIGHTLY, NOON, was_skipped=True)
        other.note_moment(NIGHTLY, NOON - HOUR)
        assert (other.last_moment(NIGHTLY), other.last_moment(WEEKLY)) == (NOON, None)
        assert history.triggers()[NIGHTLY].was_skipped
        other.note_moment(NIGHTLY, NOON + HOUR)
        assert not history.triggers()[NIGHTLY].was_skipped


def test_a_moment_that_was_run_all_the_same_was_not_skipped(tmp_path: Path) -> None:
    with History.open(tmp_path) as history:
        history.configure_triggers([NIGHTLY], NOON)
        history.note_moment(NIGHTLY, NOON, was_skipped=True)
        history.note_moment(NIGHTLY, NOON)
        assert not history.triggers()[NIGHTLY].was_skipped


def test_a_moment_is_kept_of_a_trigger_that_nobody_has_configured(tmp_path: Path) -> None:
    with History.open(tmp_path) as history:
        history.note_moment(NIGHTLY, NOON)
        assert history.last_moment(NIGHTLY) == NOON


def test_what_a_clock_wrote_that_was_ahead_is_taken_back(tmp_path: Path) -> None:
    with History.open(tmp_path) as history:
        history.configure_triggers([NIGHTLY], NOON)
        history.configure_triggers([NIGHTLY, WEEKLY], NOON + 48 * HOUR)
        history.note_moment(NIGHTLY, NOON + HOUR)
        history.note_moment(WEEKLY, NOON + 48 * HOUR)
        history.set_moments_back(NOON + 2 * HOUR, NOON)
        known = history.triggers()
        assert (known[NIGHTLY].first_seen, known[NIGHTLY].last_moment) == (NOON, NOON + HOUR)
        assert (known[WEEKLY].first_seen, known[WEEKLY].last_moment) == (NOON, NOON)


def test_the_newest_snapshots_of_each_job_and_kind_are_those_of_one_host(tmp_path: Path) -> None:
    def snapshot(job: str | None, kind: str | None, hours: int, host: str = "web1") -> Snapshot:
        return Snapshot(id=f"{hours:064x}", time=NOON + hours * HOUR, host=host, paths=("/srv",), job=job, kind=kind)

    with History.open(tmp_path) as history:
        history.remember_snapshots("local", [snapshot("site", "scheduled", 1), snapshot("site", "manual", 5)])
        history.remember_snapshots(
            "offsite",
            [snapshot("site", "scheduled", 2), snapshot("site", "scheduled", 9, "web2"), snapshot(None, None, 8)],
        )
        assert history.newest_of_kinds("web1") == {
            ("site", "scheduled"): NOON + 2 * HOUR,
            ("site", "manual"): NOON + 5 * HOUR,
        }
