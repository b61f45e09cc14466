"""Notices: what is told, in words, of a run that began or ended, of a trouble, of its end, and for a try.

Who is told what, and when, is decided elsewhere; `docs/notifications.md` lists the events.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from tui_backup.model.notice import Notice, Topic
from tui_backup.model.run import Run, RunStatus, Verb
from tui_backup.model.trouble import Trouble
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.services.runs.endings import sentence, where
from tui_backup.services.runs.outcome import retold, worst
from tui_backup.services.words import status_word, verb_word

TEST_EVENT: Final = "test"
RECOVERED_EVENT: Final = "recovered"

VERB_EVENTS: Final[Mapping[Verb, str]] = {
    Verb.BACKUP: "backup",
    Verb.RESTORE: "restore",
    Verb.VERIFY: "verify",
    Verb.PRUNE: "prune",
    Verb.COPY: "copy",
    Verb.EXPORT: "export",
    Verb.REPAIR: "repair",
    Verb.UNDO: "undo",
}
"""What the events of a run begin with; `_started`, `_completed`, `_incomplete` or `_failed` follows."""

TROUBLE_EVENTS: Final[Mapping[str, tuple[str, Topic]]] = {
    "failed": ("backup_failed", Topic.FAILURE),
    "incomplete": ("backup_incomplete", Topic.INCOMPLETE),
    "stale": ("job_stale", Topic.STALE),
    "copies": ("copies_missing", Topic.FAILURE),
    "held": ("prune_held", Topic.FAILURE),
    "unlocked": ("object_locks_failed", Topic.FAILURE),
    "damaged": ("repository_damaged", Topic.DAMAGED),
    "low-space": ("low_space", Topic.LOW_SPACE),
    "verify-failed": ("verify_failed", Topic.FAILURE),
    "prune-failed": ("prune_failed", Topic.FAILURE),
    "scheduler": ("schedules_unwatched", Topic.STALE),
    "clock": ("clock_wrong", Topic.FAILURE),
    "sudden-change": ("sudden_change", Topic.SUDDEN_CHANGE),
    "proof-failed": ("proof_failed", Topic.PROOF_FAILED),
    "stopped": ("services_stopped", Topic.FAILURE),
    "notifier": ("notifier_failed", Topic.FAILURE),
    "history": ("history_failed", Topic.FAILURE),
    "metrics": ("metrics_failed", Topic.FAILURE),
}
"""Kind of trouble -> the event that tells of it, and its topic."""

_ENDS: Final = {
    RunStatus.OK: ("completed", Topic.SUCCESS),
    RunStatus.INCOMPLETE: ("incomplete", Topic.INCOMPLETE),
    RunStatus.FAILED: ("failed", Topic.FAILURE),
}
_ID_DIGITS: Final = 32


def trouble_event(kind: str) -> tuple[str, Topic]:
    """Return event and topic of a kind of trouble; one that is in no table counts as a failure of its own name."""
    return TROUBLE_EVENTS.get(kind) or (kind.replace("-", "_"), Topic.FAILURE)


def notice_of_start(run: Run, *, host: str) -> Notice:
    """Return the notice that a run has begun."""
    event = f"{VERB_EVENTS[run.verb]}_started"
    return Notice(
        id=_id(host, run.id, event),
        topic=Topic.START,
        event=event,
        title=_title(host, _headline(run.verb, "started", _subject(run))),
        message=printable(where(run.job, run.repository)),
        time=run.started,
        host=host,
        job=run.job,
        repository=run.repository,
        run=run.id,
        verb=run.verb.value,
        status=run.status.value,
    )


def notice_of_ending(rows: Sequence[Run], *, host: str, time: datetime) -> Notice | None:
    """Return the one notice of a run: how it went where it went worst, and a line for each repository.

    `rows` is what the history has of the run; of a run that goes on, or that somebody cancelled, there is nothing to
    tell.
    """
    status = worst(row.status for row in rows)
    if status not in _ENDS:
        return None
    end, topic = _ENDS[status]
    of_all = rows[0]
    event = f"{VERB_EVENTS[of_all.verb]}_{end}"
    told = next(row for row in rows if row.status is status)
    made = next((row for row in rows if row.snapshot), told)
    hint = None if status is RunStatus.OK else _history_hint(of_all)
    return Notice(
        id=_id(host, of_all.id, event),
        topic=topic,
        event=event,
        title=_title(host, _headline(of_all.verb, end, _subject(of_all))),
        message=_lines(*map(_line, rows), hint),
        time=time,
        host=host,
        job=of_all.job,
        repository=(told if topic is not Topic.SUCCESS else made).repository,
        run=of_all.id,
        verb=of_all.verb.value,
        status=status.value,
        snapshot=made.snapshot,
        size=made.bytes_processed,
        bytes_added=made.bytes_added,
        duration=max((row.duration for row in rows if row.duration is not None), default=None),
        hint=hint,
    )


def notice_of_trouble(
    trouble: Trouble, *, host: str, time: datetime, since: datetime | None = None, is_reminder: bool = False
) -> Notice:
    """Return the notice of something that is wrong since then, or of that it still is."""
    event, topic = trouble_event(trouble.kind)
    subject = _subject_of(trouble)
    headline = _trouble_headline(event, subject)
    if is_reminder:
        headline = _("still: {headline}").format(headline=headline)
    return Notice(
        id=_trouble_id(trouble, host, since or time, time if is_reminder else None),
        topic=topic,
        event=event,
        title=_title(host, headline),
        message=_lines(printable(trouble.message), trouble.hint),
        time=time,
        host=host,
        job=trouble.job,
        repository=trouble.repository,
        trouble=str(trouble.kind),
        since=since,
        is_reminder=is_reminder,
        hint=trouble.hint,
    )


def recovery_of(trouble: Trouble, *, host: str, time: datetime, since: datetime | None = None) -> Notice:
    """Return the notice that something which was wrong since then is so no more."""
    event, _topic = trouble_event(trouble.kind)
    headline = _("over: {headline}").format(headline=_trouble_headline(event, _subject_of(trouble)))
    was = _("what was told before is over: {message}").format(message=printable(trouble.message))
    return Notice(
        id=_id(_trouble_id(trouble, host, since or time, None), RECOVERED_EVENT),
        topic=Topic.RECOVERY,
        event=RECOVERED_EVENT,
        title=_title(host, headline),
        message=was,
        time=time,
        host=host,
        job=trouble.job,
        repository=trouble.repository,
        trouble=str(trouble.kind),
        since=since,
    )


def test_notice(name: str, *, host: str, time: datetime) -> Notice:
    """Return the notice that somebody sends to try the notifier of that name."""
    return Notice(
        id=_id(host, TEST_EVENT, name, time.isoformat()),
        topic=Topic.SUCCESS,
        event=TEST_EVENT,
        title=_title(host, _("a test of the notifier {name}").format(name=name)),
        message=_("Nothing has happened: somebody tried whether this arrives."),
        time=time,
        host=host,
    )


def _headline(verb: Verb, end: str, subject: str) -> str:
    """Return what a run has come to, without a full stop."""
    told = {
        (Verb.BACKUP, "started"): _("backup of {subject} has begun"),
        (Verb.BACKUP, "completed"): _("backup of {subject} completed"),
        (Verb.BACKUP, "incomplete"): _("backup of {subject} is incomplete"),
        (Verb.BACKUP, "failed"): _("backup of {subject} failed"),
        (Verb.RESTORE, "started"): _("restore of {subject} has begun"),
        (Verb.RESTORE, "completed"): _("restore of {subject} completed"),
        (Verb.RESTORE, "incomplete"): _("restore of {subject} is incomplete"),
        (Verb.RESTORE, "failed"): _("restore of {subject} failed"),
        (Verb.VERIFY, "started"): _("verification of {subject} has begun"),
        (Verb.VERIFY, "completed"): _("verification of {subject} completed"),
        (Verb.VERIFY, "incomplete"): _("verification of {subject} is incomplete"),
        (Verb.VERIFY, "failed"): _("verification of {subject} failed"),
    }
    others = {
        "started": _("{verb} of {subject} has begun"),
        "completed": _("{verb} of {subject} completed"),
        "incomplete": _("{verb} of {subject} is incomplete"),
        "failed": _("{verb} of {subject} failed"),
    }
    return told.get((verb, end), others[end]).format(verb=verb_word(verb), subject=subject)


def _trouble_headline(event: str, subject: str | None) -> str:
    named = {
        "backup_failed": _("backup of {subject} failed"),
        "backup_incomplete": _("backup of {subject} is incomplete"),
        "job_stale": _("no good backup of {subject} for too long"),
        "copies_missing": _("copies of {subject} are missing"),
        "prune_held": _("{subject} forgets nothing until somebody looks"),
        "object_locks_failed": _("object locks of {subject} cannot be extended"),
        "repository_damaged": _("backups of {subject} are damaged"),
        "low_space": _("little space in {subject}"),
        "verify_failed": _("verification of {subject} failed"),
        "prune_failed": _("prune of {subject} failed"),
        "sudden_change": _("the data of {subject} changed suddenly"),
        "proof_failed": _("the proof of {subject} failed"),
        "services_stopped": _("what {subject} stopped does not run again"),
        "notifier_failed": _("the notifier {subject} does not get through"),
    }
    plain = {
        "history_failed": _("what happens cannot be recorded"),
        "metrics_failed": _("the metrics file cannot be written"),
        "schedules_unwatched": _("nobody looks at the schedules"),
        "clock_wrong": _("a clock is or was wrong"),
    }
    if event in plain:
        return plain[event]
    text = named.get(event) if subject else None
    return (text or _("something is wrong: {event}")).format(subject=subject, event=event)


def _title(host: str, headline: str) -> str:
    return printable(_("{host}: {headline}").format(host=host, headline=headline))


def _subject(run: Run) -> str:
    return run.job or run.repository or "-"


def _line(row: Run) -> str:
    """Return what became of a run in one repository."""
    if row.verb in {Verb.RESTORE, Verb.UNDO, Verb.VERIFY}:
        parts = (where(row.job, row.repository), status_word(row.status), row.message)
        return printable(": ".join(part for part in parts if part))
    return sentence(retold(row))


def _history_hint(run: Run) -> str:
    return f"tui-backup history --job {run.job}" if run.job else "tui-backup history"


def _subject_of(trouble: Trouble) -> str | None:
    return trouble.job or trouble.repository or trouble.notifier


def _lines(*lines: str | None) -> str:
    return "\n".join(printable(line) for line in lines if line)


def _trouble_id(trouble: Trouble, host: str, since: datetime, reminded: datetime | None) -> str:
    facts = (trouble.kind, trouble.job or "", trouble.repository or "", trouble.notifier or "", since.isoformat())
    return _id(host, *facts, reminded.isoformat() if reminded else "")


def _id(*facts: str) -> str:
    """Return the same 32 hex digits for the same facts, and others for others."""
    return hashlib.sha256(msgspec.json.encode(facts)).hexdigest()[:_ID_DIGITS]
