"""Runs whose process died: shown and recorded as failed by whoever looks next."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from tui_backup.history.history import History
from tui_backup.model.event import Ending
from tui_backup.model.run import Run, RunStatus
from tui_backup.primitives.i18n import _
from tui_backup.services.log import ProgramLog
from tui_backup.services.runs import outcome, run_directory
from tui_backup.services.runs.event_log import EventLog, count_warnings, endings, going_on, waiting_for
from tui_backup.services.runs.run_notes import RunNotes


def reap(state_dir: Path, history: History, log: ProgramLog) -> None:
    """Record how runs ended that did not live to do so themselves; of several processes that look, one does."""
    for run in history.unfinished():
        path = state_dir / "runs" / run.id
        if not run_directory.is_alive(path) and history.finish_dead(result := _result(path, run)):
            RunNotes(log, run).ended(result)
    for path in run_directory.directories(state_dir):
        if not run_directory.has_ended(path) and not run_directory.is_alive(path):
            _bury(path)


def died(run: Run, path: Path) -> Ending:
    """Return the ending of a run whose process is gone, as far as its directory tells."""
    beat = run_directory.last_beat(path)
    duration = round((beat - run.started).total_seconds(), 3) if beat and beat >= run.started else None
    message = _("the process ended without a result")
    if waiting_for(path / "events.jsonl") is not None:
        message = _("the process ended while the run waited")
    return outcome.without_result(run, RunStatus.FAILED, message, duration)


def run_of(header: run_directory.Header) -> Run:
    """Return the run that a header speaks of, as it began."""
    return Run(
        id=header.run,
        verb=header.verb,
        job=header.job,
        repository=header.repository,
        kind=header.kind,
        status=RunStatus.RUNNING,
        started=header.started,
    )


def deaths(run: Run, left: Sequence[str | None], path: Path) -> list[Ending]:
    """Return an ending for each repository on which a run worked that is gone."""
    return [died(msgspec.structs.replace(run, repository=repository), path) for repository in left]


def _tell_of_death(path: Path, run: Run) -> None:
    """Write into the log of a run how it ended where it could not do so itself."""
    log = path / "events.jsonl"
    left = going_on(log) or ([] if endings(log) else [run.repository])
    events = EventLog(log)
    try:
        for ending in deaths(run, left, path):
            events.append(ending)
    finally:
        events.close()


def _result(path: Path, run: Run) -> Run:
    """Return what the run told at its end if that did not reach the history, else that it died."""
    told = (outcome.recorded(run, ending) for ending in endings(path / "events.jsonl"))
    result = next((each for each in told if each.repository == run.repository), None)
    if result is None:
        result = outcome.recorded(run, died(run, path))
    warnings = max(run.warnings, count_warnings(path / "events.jsonl"))
    return msgspec.structs.replace(result, warnings=warnings)


def _bury(path: Path) -> None:
    header = run_directory.header(path)
    with suppress(OSError), run_directory.taking_over(path) as is_ours:
        if not is_ours:
            return
        if header is not None:
            _tell_of_death(path, run_of(header))
        run_directory.retire(path)
