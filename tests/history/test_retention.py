"""What retention did, as the record keeps it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tui_backup.history.history import History
from tui_backup.history.retention import Held
from tui_backup.model.retention import LastPrune

NOON = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)


def test_the_last_plan_of_each_job_and_repository_is_known(tmp_path: Path) -> None:
    with History.open(tmp_path) as history:
        assert history.last_prune("site", "local") is None
        history.note_prune("site", "local", LastPrune(NOON - timedelta(days=1), 30, 2))
        history.note_prune("site", "local", LastPrune(NOON, 31, 1))
        history.note_prune("site", "offsite", LastPrune(NOON, 5, 0))
    with History.open(tmp_path) as history:
        assert history.last_prune("site", "local") == LastPrune(NOON, 31, 1)
        assert history.last_prune("site", "offsite") == LastPrune(NOON, 5, 0)
        assert history.last_prune("mail", "local") is None


def test_what_was_forgotten_is_known_for_each_repository(tmp_path: Path) -> None:
    with History.open(tmp_path) as history:
        history.note_forgotten("local", ["a" * 64, "b" * 64])
        history.note_forgotten("local", ["a" * 64])
        history.note_forgotten("offsite", ["c" * 64])
        assert history.forgotten("local") == {"a" * 64, "b" * 64}
        assert history.forgotten("offsite") == {"c" * 64}
        assert history.forgotten("other") == set()


def test_a_plan_is_held_since_its_reason_came_up_and_until_it_is_carried_out(tmp_path: Path) -> None:
    with History.open(tmp_path) as history:
        history.hold("site", "local", "too much", NOON)
        history.hold("site", "local", "too much", NOON + timedelta(days=1))
        assert history.holds() == [Held(job="site", repository="local", time=NOON, reason="too much")]
        history.hold("site", "local", "the clock", NOON + timedelta(days=2))
        history.hold("mail", "local", "the clock", NOON)
        assert [(held.job, held.time) for held in history.holds()] == [
            ("mail", NOON),
            ("site", NOON + timedelta(days=2)),
        ]
        history.release("mail", "local")
        history.note_prune("site", "local", LastPrune(NOON, 1, 1))
        assert history.holds() == []
