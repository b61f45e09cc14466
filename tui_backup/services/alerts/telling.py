"""Alerts: whoever is to be told hears when something is wrong, and when it is over.

    alerts.tell(workspace)

is called once a process has done what it had to: it looks at how everything stands, puts what is to be told into the
outbox, and delivers what waits there. `alert_turns` decides who hears what, `delivery` hands it over.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tui_backup.config.settings import Config
from tui_backup.history.alerts import Identity
from tui_backup.history.history import History
from tui_backup.history.outbox import Letter
from tui_backup.model.notice import Topic
from tui_backup.model.run import Run, RunStatus
from tui_backup.model.trouble import Trouble, TroubleKind
from tui_backup.primitives.clock import now
from tui_backup.primitives.flock import lock_until
from tui_backup.primitives.i18n import language, language_of, only
from tui_backup.services.alerts.alert_turns import (
    ENDINGS,
    REMINDED_EVERY,
    Look,
    identity_of,
    is_routine,
    of_endings,
    turn,
)
from tui_backup.services.alerts.delivery import PATIENCE_S, Post, deliver
from tui_backup.services.alerts.endings import awaited, untold_endings
from tui_backup.services.alerts.failing_upkeep import run_of
from tui_backup.services.alerts.notices import notice_of_start
from tui_backup.services.alerts.troubles import found_troubles, newest_run
from tui_backup.services.alerts.unkept import note_told, was_told_lately
from tui_backup.services.log import log_of
from tui_backup.services.runs.outcome import worst
from tui_backup.services.runs.reaper import reap
from tui_backup.services.storage.contacts import refresh_local_space

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace

OTHERS_LOOK_S = 10.0
"""How long somebody waits for others who look at the same time."""

HASTY_S = 5.0
"""How long somebody waits for deliveries who has cancelled a run."""

ASIDE_S = 10.0
"""How long a process goes on for deliveries whose user has left."""

TRIES_UNTIL_OTHERS_HEAR = 3
"""How often a notifier must have failed until the others are told of it."""


def tell(workspace: "Workspace", clock: Callable[[], datetime] = now, patience_s: float = PATIENCE_S) -> None:
    """Tell whoever is to be told how runs of this workspace ended and what is wrong; raises nothing.

    Takes no longer than `patience_s`: what cannot be delivered until then waits for the next process.
    """
    ended = workspace.news.take()
    if not workspace.config.notifiers:
        return
    try:
        history = workspace.history
        if any(row.status is RunStatus.CANCELLED for rows in ended for row in rows):
            patience_s = min(patience_s, HASTY_S)
        with _in_language_of(workspace.config):
            refresh_local_space(workspace)
            wants_troubles = history.is_kept or not was_told_lately(workspace.state_dir, clock(), REMINDED_EVERY)
            look(workspace, clock(), ended, wants_troubles=wants_troubles)
            deliver(_post(workspace, clock), tuple(workspace.config.notifiers.values()), patience_s)
            if wants_troubles and not history.is_kept and not history.receptions():
                note_told(workspace.state_dir, clock())
    except KeyboardInterrupt:
        workspace.log.warning("nobody waited for the deliveries")
    except Exception as error:  # noqa: BLE001 - what goes wrong in telling others never fails what was done
        workspace.unexpected(error)


def tell_aside(config: Config, ended: Sequence[Sequence[Run]]) -> None:
    """Do so in a thread that keeps the process alive for seconds at most, of runs whose workspace is closed."""

    def work() -> None:
        from tui_backup.services.workspace import Workspace

        with Workspace(config) as workspace:
            for rows in ended:
                workspace.news.ended(rows)
            tell(workspace, patience_s=ASIDE_S)

    if ended:
        threading.Thread(target=work, name="tell").start()


def look(
    workspace: "Workspace", present: datetime, ended: Sequence[Sequence[Run]] = (), *, wants_troubles: bool = True
) -> None:
    """Compare how everything stands with what was told, and put into the outbox what is to be told now."""
    config, history, state_dir = workspace.config, workspace.history, workspace.state_dir
    with _one_look_at_a_time(state_dir):
        reap(state_dir, history, log_of(config, state_dir))
        troubles = found_troubles(config, history, state_dir, present)
        seen = Look(
            time=present,
            host=workspace.host,
            receivers=tuple(config.notifiers.values()),
            troubles=tuple(trouble for trouble in troubles if _counts(trouble, history)),
            jobs=frozenset(config.jobs),
            repositories=frozenset(config.repositories),
            undecided=_cancelled(history, present),
            awaited=frozenset(
                job for job in config.jobs if awaited(newest_run(job, history, present), state_dir, present)
            ),
            runs=_bad_runs(troubles, history, present),
        )
        history.tidy_outbox(frozenset(config.notifiers), present)
        endings = untold_endings(history, state_dir, ended, present)
        history.lookout.tell(endings.settled, of_endings(seen, endings.told), present)
        if wants_troubles:
            history.update_alerts(partial(turn, seen))


def tell_of_start(workspace: "Workspace", run: Run, clock: Callable[[], datetime] = now) -> None:
    """Tell those who want to know that a run begins, beside it; raises nothing."""
    receivers = tuple(
        receiver
        for receiver in workspace.config.notifiers.values()
        if Topic.START in receiver.topics and receiver.concerns(run.job)
    )
    if not receivers or is_routine(run):
        return
    notice = notice_of_start(run, host=workspace.host)
    workspace.history.post(Letter(receiver.name, notice) for receiver in receivers)
    post = _post(workspace, clock)
    threading.Thread(target=deliver, args=(post, receivers), name="notify", daemon=True).start()


def _post(workspace: "Workspace", clock: Callable[[], datetime]) -> Post:
    return Post(workspace.history, workspace.state_dir, clock, workspace.log.warning)


def _counts(trouble: Trouble, history: History) -> bool:
    """Whether others are told of a trouble: not that somebody was missed once."""
    if trouble.kind is not TroubleKind.NOTIFIER:
        return True
    reception = history.receptions().get(trouble.notifier or "")
    return reception is not None and reception.attempts >= TRIES_UNTIL_OTHERS_HEAR


def _bad_runs(troubles: Sequence[Trouble], history: History, present: datetime) -> dict[Identity, Sequence[Run]]:
    """Return the runs that led to troubles."""
    found = dict[Identity, Sequence[Run]]()
    for trouble in troubles:
        run = run_of(trouble, history)
        if trouble.job is not None and trouble.kind in ENDINGS:
            found[identity_of(trouble)] = newest_run(trouble.job, history, present)
        elif run is not None:
            found[identity_of(trouble)] = history.run(run.id)
    return found


def _cancelled(history: History, present: datetime) -> frozenset[str]:
    """Return the jobs whose runs did not end well, and whose newest one was cancelled."""
    jobs = {alert.identity.job for alert in history.alerts() if alert.trouble.kind in ENDINGS}
    newest = {job: newest_run(job, history, present) for job in jobs}
    return frozenset(job for job, rows in newest.items() if worst(row.status for row in rows) is RunStatus.CANCELLED)


def _in_language_of(config: Config) -> AbstractContextManager[None]:
    """Speak the language of a configuration, also where a program asked for JSON and is answered in English."""
    wanted = language_of(config.language)
    return nullcontext() if wanted == language() else only(wanted)


@contextmanager
def _one_look_at_a_time(state_dir: Path) -> Iterator[None]:
    """Keep another process from looking meanwhile, lest one that looked earlier has the last word.

    One that hangs is not waited for: what is told twice then has the same id.
    """
    try:
        descriptor = os.open(state_dir / "alerts.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        yield
        return
    try:
        lock_until(descriptor, time.monotonic() + OTHERS_LOOK_S)
        yield
    finally:
        os.close(descriptor)
