"""Notices say what happened, to whom, and do no harm whatever the names in them are."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tui_backup.model.notice import Notice, Topic
from tui_backup.model.run import Run, RunStatus, Verb
from tui_backup.model.trouble import Trouble, TroubleKind
from tui_backup.services.alerts import notices

NOW = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)
HOSTILE = "a\nTo: x@y\r\n\x1b]0;owned\x07\u202e[b]<b>*c*"


def run(**facts: Any) -> Run:
    given: dict[str, Any] = {
        "id": "20261121T050000Z-1a2b3c4d",
        "verb": Verb.BACKUP,
        "job": "site",
        "repository": "local",
        "kind": "scheduled",
        "status": RunStatus.OK,
        "started": NOW,
        **facts,
    }
    return Run(**given)


def ended(*rows: Run) -> Notice:
    notice = notices.notice_of_ending(rows, host="web1", time=NOW)
    assert notice is not None
    return notice


def trouble(**facts: Any) -> Trouble:
    return Trouble(**{"kind": TroubleKind.STALE, "job": "site", "message": "job site is late", **facts})


def test_a_good_backup_tells_what_it_made() -> None:
    notice = ended(run(snapshot="ab" * 32, bytes_processed=1_500_000, bytes_added=2000, duration=12.0, files=3))
    assert (notice.topic, notice.event, notice.status) == (Topic.SUCCESS, "backup_completed", "ok")
    assert (notice.snapshot, notice.size, notice.bytes_added, notice.duration) == ("ab" * 32, 1_500_000, 2000, 12.0)
    assert notice.title == "web1: backup of site completed"
    assert notice.message == "site → local: ok: backed up 1.5 MB in 12 s (2.0 kB new), snapshot abababab"
    assert notice.hint is None


def test_a_run_is_told_of_once_however_many_repositories_it_has() -> None:
    good = run(snapshot="ab" * 32, files=1, bytes_processed=10)
    failed = run(repository="offsite", status=RunStatus.FAILED, message="no route to host")
    notice = ended(good, failed)
    assert (notice.event, notice.repository, notice.snapshot) == ("backup_failed", "offsite", "ab" * 32)
    first, second, hint = notice.message.splitlines()
    assert first.startswith("site → local: ok")
    assert second == "site → offsite: failed: no route to host"
    assert hint == notice.hint == "tui-backup history --job site"


@pytest.mark.parametrize("verb", Verb)
@pytest.mark.parametrize("status", [RunStatus.OK, RunStatus.INCOMPLETE, RunStatus.FAILED])
def test_every_verb_has_its_events(verb: Verb, status: RunStatus) -> None:
    word = {"ok": "completed", "incomplete": "incomplete", "failed": "failed"}[status.value]
    notice = ended(run(verb=verb, status=status))
    assert notice.event == f"{notices.VERB_EVENTS[verb]}_{word}"
    assert notice.verb == verb.value
    assert "site" in notice.title


@pytest.mark.parametrize("status", [RunStatus.CANCELLED, RunStatus.RUNNING])
def test_what_goes_on_or_was_cancelled_is_not_told(status: RunStatus) -> None:
    assert notices.notice_of_ending([run(status=status)], host="web1", time=NOW) is None


def test_a_start_is_told() -> None:
    notice = notices.notice_of_start(run(status=RunStatus.RUNNING), host="web1")
    assert (notice.topic, notice.event, notice.time) == (Topic.START, "backup_started", NOW)


@pytest.mark.parametrize("kind", TroubleKind)
def test_every_trouble_has_an_event(kind: TroubleKind) -> None:
    assert kind.value in notices.TROUBLE_EVENTS
    notice = notices.notice_of_trouble(trouble(kind=kind), host="web1", time=NOW)
    assert (notice.event, notice.topic) == notices.TROUBLE_EVENTS[kind.value]
    assert notice.trouble == kind.value


def test_a_trouble_its_reminders_and_its_end_can_be_told_apart_and_told_twice() -> None:
    late = trouble(hint="tui-backup run site")
    later = NOW + timedelta(days=1)
    begun = notices.notice_of_trouble(late, host="web1", time=NOW, since=NOW)
    again = notices.notice_of_trouble(late, host="web1", time=later, since=NOW, is_reminder=True)
    over = notices.recovery_of(late, host="web1", time=later, since=NOW)
    assert len({begun.id, again.id, over.id}) == 3
    assert begun.id == notices.notice_of_trouble(late, host="web1", time=later, since=NOW).id
    assert begun.title == "web1: no good backup of site for too long"
    assert begun.message == "job site is late\ntui-backup run site"
    assert again.title == "web1: still: no good backup of site for too long"
    assert (again.is_reminder, again.since) == (True, NOW)
    assert (over.topic, over.event, over.trouble) == (Topic.RECOVERY, "recovered", "stale")
    assert over.title == "web1: over: no good backup of site for too long"


def test_hostile_text_stays_on_its_line() -> None:
    told = [
        notices.notice_of_trouble(trouble(message=HOSTILE, hint=HOSTILE), host=HOSTILE, time=NOW),
        notices.recovery_of(trouble(message=HOSTILE), host=HOSTILE, time=NOW),
        ended(run(job=HOSTILE, repository=HOSTILE, status=RunStatus.FAILED, message=HOSTILE)),
        notices.notice_of_start(run(job=HOSTILE), host=HOSTILE),
    ]
    for notice in told:
        assert notice.title.isprintable()
        assert all(line.isprintable() for line in notice.message.split("\n"))


def test_a_test_says_that_nothing_happened() -> None:
    notice = notices.test_notice("ops", host="web1", time=NOW)
    assert notice.event == "test"
    assert "Nothing has happened" in notice.message
