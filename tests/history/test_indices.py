"""What is asked at every login and every minute is answered by indices, however much has happened."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from tui_backup.history.history import History
from tui_backup.history.migrations import MIGRATIONS
from tui_backup.model.run import Verb
from tui_backup.model.snapshot import Snapshot

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HELD = Snapshot(id="a" * 64, time=NOON, host="web1", paths=("/srv",), job="site", kind="scheduled", size=5)

EARLIER = "INSERT INTO snapshots (repository, id, job, time, status, kind, size, original, content) VALUES {row}"
"""As versions before the column `host` wrote it."""

ROW = ("local", HELD.id, "site", "2026-11-21T12:00:00.000000Z", "ok", "scheduled", 5, HELD.id)


def put_as_earlier(connection: sqlite3.Connection) -> None:
    connection.execute(EARLIER.format(row="(?, ?, ?, ?, ?, ?, ?, ?, ?)"), (*ROW, msgspec.json.encode(HELD)))


def version_before_hosts() -> int:
    return next(at for at, migration in enumerate(MIGRATIONS) if migration.__name__ == "_glances")


def test_hosts_of_snapshots_that_are_known_already_are_known(tmp_path: Path) -> None:
    old = sqlite3.connect(tmp_path / "history.db", isolation_level=None)
    for migration in MIGRATIONS[: version_before_hosts()]:
        migration(old)
    old.execute(f"PRAGMA user_version = {version_before_hosts()}")
    put_as_earlier(old)
    old.close()
    with History.open(tmp_path) as history:
        assert [copy.identity for copy in history.copies("site", "web1")] == [HELD.id]
        assert history.copies("site", "web2") == []
        assert history.newest_of_kinds("web1") == {("site", "scheduled"): NOON}


def test_hosts_are_known_of_what_a_daemon_of_an_earlier_version_still_writes(tmp_path: Path) -> None:
    with History.open(tmp_path) as history:
        former = sqlite3.connect(tmp_path / "history.db", isolation_level=None)
        put_as_earlier(former)
        former.close()
        assert len(history.copies("site", "web1")) == 1
        assert history.newest_of_kinds("web1") == {("site", "scheduled"): NOON}


def plans_of(history: History, ask: Callable[[History], object]) -> list[str]:
    """Return how SQLite finds what a question asks for."""
    asked: list[str] = []
    with history._database.reading() as connection:
        connection.set_trace_callback(asked.append)
        ask(history)
        connection.set_trace_callback(None)
        questions = [question for question in asked if question.startswith("SELECT")]
        return [row[3] for question in questions for row in connection.execute(f"EXPLAIN QUERY PLAN {question}")]


@pytest.mark.parametrize(
    "ask",
    [
        lambda history: history.unfinished(),
        lambda history: history.backups("site", 30),
        lambda history: history.runs("site", 30, Verb.RESTORE),
        lambda history: history.runs("site", 30),
        lambda history: history.last_run("site", NOON),
        lambda history: history.last_success("site", NOON),
        lambda history: history.good_backups("site", "local", 4),
        lambda history: history.holdings("site"),
        lambda history: history.newest_good("site"),
        lambda history: history.copies("site", "web1"),
        lambda history: history.newest_of_kinds("web1"),
        lambda history: history.standing("local", HELD.id),
        lambda history: history.contact("local"),
        lambda history: history.first_seen("site"),
    ],
)
def test_no_table_is_read_whole_nor_sorted_by_time(tmp_path: Path, ask: Callable[[History], object]) -> None:
    with History.open(tmp_path) as history:
        plans = plans_of(history, ask)
    assert plans
    assert [plan for plan in plans if plan.startswith("SCAN") and " INDEX " not in plan] == []
    assert [plan for plan in plans if "ORDER BY" in plan] == []


def test_damage_is_found_without_a_look_at_what_is_whole(tmp_path: Path) -> None:
    with History.open(tmp_path) as history:
        plans = plans_of(history, lambda history: history.damaged())
    assert any(plan.startswith("SCAN standings") and plan.endswith("INDEX standings_damaged") for plan in plans)
