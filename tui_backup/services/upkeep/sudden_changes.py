"""Sudden changes: whether the newest backup of a job is far from what is usual for it; the record alone tells.

What is found is kept until somebody has looked (`acknowledge`); until then nothing of the job is forgotten, and no
further backup is judged. What is usual starts anew from there; for some weeks something like what was acknowledged
is no sudden change again.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta

from tui_backup.engine.usual import KNOWN, LOOKED_AT, Measure, unusual
from tui_backup.history.history import History
from tui_backup.history.sudden_changes import SuddenChange
from tui_backup.model.run import Run, RunStatus
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import moment

_VOUCHED_FOR = timedelta(days=21)
"""How long what somebody has acknowledged says that the same may happen again: until it is known from the record."""

_ROWS = 6 * LOOKED_AT
"""Rows of the record that are looked at: a run has one for each repository."""


def judge(history: History, job: str) -> SuddenChange | None:
    """Judge the newest backup of a job; return what is unusual of it or of an earlier one, and not acknowledged yet."""
    known = history.sudden_changes().get(job)
    if known is not None and known.acknowledged_at is None:
        return known
    found = _judged(history, job, known)
    if found is not None:
        history.note_sudden_change(found)
    return found


def changed_words(change: SuddenChange) -> str:
    """Return why nothing of a job is forgotten, for people."""
    return _("its data changed suddenly on {time} ({reason})").format(time=moment(change.time), reason=change.reason)


def suspended_words(change: SuddenChange) -> str:
    """Return what has happened to a job, and what comes of it, for people."""
    text = _("job {job}: {what}; nothing of it is forgotten until somebody has looked")
    return text.format(job=change.job, what=changed_words(change))


def _judged(history: History, job: str, last: SuddenChange | None) -> SuddenChange | None:
    """Return what is unusual of the newest backup of a job, by those since somebody last looked."""
    everything = [run for run in history.backups(job, _ROWS) if _has_made_one(run)]
    rows = everything
    if last is not None and last.acknowledged_at is not None:
        rows = [run for run in everything if run.started > last.acknowledged_at]
    if len(rows) <= KNOWN:
        return None
    was_compared = _Parents(history).has
    good = [at for at, run in enumerate(rows) if at and run.status is RunStatus.OK][:LOOKED_AT]
    newest, *before = (_measure(rows[at], rows[at + 1 :], was_compared) for at in (0, *good))
    reasons = unusual(newest, before, _vouched(last, everything, rows[0], was_compared))
    if not reasons:
        return None
    return SuddenChange(job=job, run=rows[0].id, time=rows[0].started, reason=", ".join(reasons))


def _vouched(
    last: SuddenChange | None, rows: Sequence[Run], newest: Run, was_compared: Callable[[Run], bool]
) -> Measure | None:
    """Return what the backup found that somebody has acknowledged, if that was lately."""
    if last is None or newest.started - last.time > _VOUCHED_FOR:
        return None
    at = next((at for at, run in enumerate(rows) if run.id == last.run), None)
    return None if at is None else _measure(rows[at], rows[at + 1 :], was_compared)


def _has_made_one(run: Run) -> bool:
    """Whether a row is that of a backup that was made there, and not of a copy or a failure."""
    return run.status in {RunStatus.OK, RunStatus.INCOMPLETE} and run.files_unmodified is not None


def _measure(run: Run, earlier: Sequence[Run], was_compared: Callable[[Run], bool]) -> Measure:
    before = next((other.files for other in earlier if other.repository == run.repository), None)
    return Measure(
        size=run.bytes_processed,
        files=run.files,
        files_before=before if before is not None and was_compared(run) else None,
        unmodified=run.files_unmodified,
        added=run.bytes_added,
    )


class _Parents:
    """Which backups were compared with an earlier snapshot; repositories are looked up when that is not plain."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._known: dict[str, frozenset[str]] = {}

    def has(self, run: Run) -> bool:
        """Whether a backup had a parent: where no file was as before, only the snapshot can say."""
        if run.files_unmodified or run.files_changed:
            return True
        name = run.repository or ""
        if name not in self._known:
            held = self._history.snapshots(name)
            self._known[name] = frozenset(each.id for each in held if each.parent is not None)
        return run.snapshot in self._known[name]
