"""History: the record of what happened. Never the truth about snapshots: losing it loses no backup."""

import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Concatenate, ParamSpec, Self, TypeVar

from tui_backup.history import (
    alerts,
    outbox,
    problems,
    repositories,
    retention,
    runs,
    sudden_changes,
    triggers,
    verifications,
)
from tui_backup.history.alerts import Alert, Turn
from tui_backup.history.database import Closed, Database, Trouble
from tui_backup.history.lookout import Lookout
from tui_backup.history.outbox import Letter, Reception
from tui_backup.history.problems import KnownProblem
from tui_backup.history.repositories import Contact, HeldSnapshot, Holdings, KnownCopy
from tui_backup.history.retention import Held
from tui_backup.history.runs import KeptWarning
from tui_backup.history.sudden_changes import SuddenChange
from tui_backup.history.times import to_text
from tui_backup.history.triggers import KnownTrigger
from tui_backup.history.verifications import Findings, Mending
from tui_backup.model.retention import LastPrune
from tui_backup.model.run import Run, Verb
from tui_backup.model.schedule import Trigger
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.standing import Standing
from tui_backup.primitives.clock import now
from tui_backup.primitives.i18n import _

P = ParamSpec("P")
T = TypeVar("T")


class History:
    """What was run, seen and proven; one database in the state directory, shared by processes and threads.

    Nothing but `open` raises: a record that cannot be written or read becomes one warning in `troubles`, is told to
    `on_trouble`, and questions are answered as if nothing were known.
    """

    def __init__(self, path: Path, on_trouble: Trouble | None = None) -> None:
        self.troubles: list[str] = []
        """What went wrong with the record itself, each once."""
        self._on_trouble = on_trouble
        self._database = Database(path, self._tell)
        self.lookout = Lookout(self._ask, self._note)
        """What is noted by and for those who look whether all is well."""

    @classmethod
    def open(cls, state_dir: Path, on_trouble: Trouble | None = None) -> Self:
        """Open the record in a state directory, making what is missing.

        Raises:
            BackupError: a newer version of this program has written it.
        """
        return cls(state_dir / "history.db", on_trouble)

    @property
    def lost(self) -> bool:
        """Whether there may have been a record that nobody can read: what was known before is not known."""
        return self._database.lost

    @property
    def is_kept(self) -> bool:
        """Whether what is noted outlives this process."""
        return self._database.is_kept

    def close(self) -> None:
        """Close the database; no thread may use the history any more."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self, run: Run) -> None:
        """Record a run as it begins, with the status RUNNING."""
        self._note(runs.save, run)
        if run.job is not None:
            self._note(runs.note_job, run.job, run.started)

    def finish(self, run: Run) -> None:
        """Record how a run ended, replacing what `start` recorded; `warnings` is the exact count."""
        self._note(runs.save, run)

    def finish_dead(self, run: Run) -> bool:
        """Record how a run ended that died; return whether nobody has done so yet: of several only one does."""
        told = list[bool]()
        self._note(lambda connection: told.append(runs.end(connection, run)))
        return told[-1:] == [True]

    def warn(self, run: str, path: bytes | None, message: str) -> None:
        """Record a warning of a run; the first thousand are kept with their text, all are counted."""
        self._note(runs.warn, run, ((path, message),))

    def warn_all(self, run: str, warnings: Sequence[tuple[bytes | None, str]]) -> None:
        """Record several warnings at once."""
        self._note(runs.warn, run, warnings)

    def runs(self, job: str | None = None, limit: int | None = None, verb: Verb | None = None) -> list[Run]:
        """Return runs, newest first: of one job or of all, of one kind or of all."""
        asked = {"job = ?": job, "verb = ?": verb}
        given = {where: value for where, value in asked.items() if value is not None}
        return self._ask([], runs.select, " AND ".join(given) or "1", tuple(given.values()), limit)

    def run(self, id_: str) -> list[Run]:
        """Return what is recorded of one run: a row for each repository."""
        return self._ask([], runs.select, "id = ?", (id_,))

    def unfinished(self) -> list[Run]:
        """Return the runs that are recorded as going on, dead or alive."""
        return self._ask([], runs.select, "status = 'running'")

    def backups(self, job: str, limit: int, *, tried_again: bool = True) -> list[Run]:
        """Return the newest ended backups of a job, newest first; `tried_again`: those too that another one follows."""
        where = "job = ? AND verb = 'run' AND status != 'running'" + ("" if tried_again else f" AND {runs.LAST_WORD}")
        return self._ask([], runs.select, where, (job,), limit)

    def good_backups(self, job: str, repository: str, limit: int) -> list[Run]:
        """Return the newest backups of a job that were `ok` in a repository, newest first; copies count."""
        where = "job = ? AND repository = ? AND verb = 'run' AND status = 'ok'"
        return self._ask([], runs.select, where, (job, repository), limit)

    def last_run(self, job: str, until: datetime | None = None) -> Run | None:
        """Return the newest backup of a job that has ended; one that began until then, where there is any."""
        return self._newest("job = ? AND verb = 'run' AND status != 'running'", job, until)

    def last_success(self, job: str, until: datetime | None = None) -> Run | None:
        """Return the newest backup of a job that was `ok`; one that began until then, where there is any."""
        return self._newest("job = ? AND verb = 'run' AND status = 'ok'", job, until)

    def last_upkeep(self, verb: Verb, repository: str, job: str | None = None) -> Run | None:
        """Return the newest verification or the like of a repository, that of a job by its schedule where one is given.

        Those count that ended by themselves, well or not.
        """
        where = "job IS ? AND verb = ? AND repository = ? AND status NOT IN ('running', 'cancelled')"
        scheduled = "" if job is None else " AND kind = 'scheduled'"
        return next(iter(self._ask([], runs.select, where + scheduled, (job, verb, repository), 1)), None)

    def warnings(self, run: str) -> list[KeptWarning]:
        """Return the warnings of a run that were kept with their text."""
        return self._ask([], runs.warnings_of, run)

    def first_seen(self, job: str, time: datetime | None = None) -> datetime:
        """Return when a job was first seen: at `time` (default: the present), unless it was seen before."""
        time = time or now()
        known = self._ask(None, runs.first_seen, job)
        if known is None:
            self._note(runs.note_job, job, time)
        return known or time

    def known_repository(self, name: str) -> str | None:
        """Return the id of the repository that a name stood for; None if it was never seen (but see `lost`)."""
        contact = self.contact(name)
        return contact.id if contact else None

    def remember_repository(self, name: str, id_: str) -> None:
        """Note which repository a name stands for."""
        self._note(repositories.remember_id, name, id_)

    def record_space(self, name: str, free: int | None, total: int | None = None, time: datetime | None = None) -> None:
        """Note how many bytes a repository's store has free, and has in all where that is known."""
        self._note(repositories.record_space, name, free, total, time or now())

    def remember_snapshots(self, name: str, found: Iterable[Snapshot], time: datetime | None = None) -> None:
        """Note which snapshots a repository holds: these and no others."""
        self._note(repositories.remember_snapshots, name, tuple(found), time or now())

    def follow_snapshot(self, name: str, old: str, new: str) -> None:
        """Note that a snapshot of a repository has another id now: what was proven of it, and its run, go with it."""
        self._note(verifications.follow, name, old, new)
        self._note(runs.follow, name, old, new)

    def contact(self, name: str) -> Contact | None:
        """Return what the last contact with a repository showed."""
        return self._ask(None, repositories.contact, name)

    def snapshots(self, name: str) -> list[Snapshot]:
        """Return the snapshots that a repository held at the last contact, oldest first."""
        return self._ask([], repositories.snapshots, name)

    def holdings(self, job: str) -> Holdings:
        """Return how many snapshots of a job there were at the last contact, and how large the newest is."""
        return self._ask(Holdings(), repositories.holdings, job)

    def copies(self, job: str, host: str) -> list[KnownCopy]:
        """Return where the snapshots of a job and host lay at the last contacts, oldest first; no safety copies."""
        return self._ask([], repositories.copies, job, host)

    def held(self, job: str) -> list[HeldSnapshot]:
        """Return the snapshots of a job at the last contacts, once for each repository, newest first; no safety copies.

        Each comes with what is known of its integrity there.
        """
        return self._ask([], repositories.held, job)

    def holders(self) -> dict[str, tuple[str, ...]]:
        """Return for every snapshot, by its id in any repository, the repositories that held it or a copy."""
        return self._ask({}, repositories.holders)

    def newest_good(self, job: str) -> list[tuple[str, str]]:
        """Return repository and id of a job's newest good snapshot, once for each repository that holds a copy."""
        return self._ask([], repositories.newest_good, job)

    def damaged(self) -> list[tuple[str, str | None, str]]:
        """Return repository, job and id of the snapshots that are known to be damaged, and were still there."""
        return self._ask([], verifications.damaged)

    def record_verification(self, repository: str, findings: Findings) -> None:
        """Add what a verification found to what is known; findings about parts add up."""
        self._note(verifications.record, repository, findings)

    def record_repair(self, repository: str, mending: Mending) -> None:
        """Forget the damage that a repair has mended."""
        self._note(verifications.mend, repository, mending)

    def proofs(self, repository: str) -> dict[str, Standing]:
        """Return the standing of every snapshot that a verification has looked at; others are unverified."""
        return self._ask({}, verifications.standings, repository)

    def standing(self, repository: str, snapshot: str) -> Standing:
        """Return the standing of one snapshot, by its full id."""
        return self._ask(Standing(), verifications.standing, repository, snapshot)

    def problems(self, repository: str) -> list[KnownProblem]:
        """Return what verifications found wrong with a repository; what touches most snapshots first."""
        return self._ask([], problems.select, repository)

    def note_prune(self, job: str, repository: str, done: LastPrune) -> None:
        """Record what a plan for a job came to that was carried out; it is not held any more."""
        self._note(retention.note_prune, job, repository, done)

    def last_prune(self, job: str, repository: str) -> LastPrune | None:
        """Return what the last plan for a job that was carried out came to; None: there was none."""
        return self._ask(None, retention.last_prune, job, repository)

    def note_forgotten(self, repository: str, originals: Iterable[str], time: datetime | None = None) -> None:
        """Record snapshots, by `Snapshot.identity`, that somebody or a policy wanted gone from a repository."""
        self._note(retention.note_forgotten, repository, tuple(originals), time or now())

    def note_wanted(self, repository: str, originals: Iterable[str]) -> None:
        """Record that somebody wants snapshots in a repository, though they may once have been forgotten there."""
        self._note(retention.note_wanted, repository, tuple(originals))

    def forgotten(self, repository: str) -> set[str]:
        """Return the identities of the snapshots that were wanted gone from a repository: none comes back by itself."""
        return self._ask(set(), retention.forgotten, repository)

    def hold(self, job: str, repository: str, reason: str, time: datetime | None = None) -> None:
        """Record that the plan for a job waits for somebody to look at it."""
        self._note(retention.hold, Held(job=job, repository=repository, time=time or now(), reason=reason))

    def release(self, job: str, repository: str) -> None:
        """Record that no plan for a job waits any more."""
        self._note(retention.release, job, repository)

    def holds(self) -> list[Held]:
        """Return the plans that wait for somebody, oldest first."""
        return self._ask([], retention.holds)

    def alerts(self) -> list[Alert]:
        """Return what is wrong, or was, and who was told when; oldest first."""
        return self._ask([], alerts.select)

    def update_alerts(self, decide: Callable[[Sequence[Alert]], Turn]) -> None:
        """Keep what `decide` makes of all alerts, in one transaction; it may be asked twice."""
        self._note(alerts.update, decide)

    def acknowledge(
        self, job: str | None = None, time: datetime | None = None, *, repository: str | None = None
    ) -> None:
        """Record that somebody knows of everything that is wrong with a job, a repository, or one in the other.

        A sudden change is one of a job, wherever it is stored.
        """
        self._note(alerts.acknowledge, job, repository)
        if job is not None and repository is None:
            self._note(sudden_changes.acknowledge, job, time or now())

    def note_sudden_change(self, change: SuddenChange) -> None:
        """Record that a run found data far from what is usual; what nobody has looked at yet stays."""
        self._note(sudden_changes.note, change)

    def sudden_changes(self) -> dict[str, SuddenChange]:
        """Return what was last found unusual of each job, also where somebody has looked since."""
        return self._ask({}, sudden_changes.select)

    def post(self, letters: Iterable[Letter]) -> None:
        """Put notices into the outbox."""
        self._note(outbox.add, tuple(letters))

    def letters(self, notifier: str) -> list[Letter]:
        """Return what waits for a notifier, in order."""
        return self._ask([], outbox.letters, notifier)

    def waiting_letters(self) -> dict[str, int]:
        """Return how many notices wait for each notifier that any wait for."""
        return self._ask({}, outbox.waiting)

    def remove_letter(self, number: int) -> None:
        """Take a notice out of the outbox."""
        self._note(outbox.remove, number)

    def tidy_outbox(self, known: Collection[str], time: datetime) -> None:
        """Give up notices that have waited too long, and those for notifiers that are not `known`."""
        self._note(outbox.tidy, known, time)

    def note_received(self, notifier: str) -> None:
        """Record that a delivery to a notifier went well."""
        self._note(outbox.received, notifier)

    def note_unreceived(self, notifier: str, reception: Reception) -> None:
        """Record that a delivery to a notifier failed."""
        self._note(outbox.failed, notifier, reception)

    def receptions(self) -> dict[str, Reception]:
        """Return how the notifiers fare that could not be reached when somebody last tried."""
        return self._ask({}, outbox.receptions)

    def configure_triggers(self, configured: Iterable[Trigger], time: datetime) -> None:
        """Note which triggers are configured: these and no others; those that were not so far are since `time`."""
        self._note(triggers.configure, tuple(configured), time)

    def triggers(self) -> dict[Trigger, KnownTrigger]:
        """Return what is known of the triggers that are configured."""
        return {known.trigger: known for known in self._ask([], triggers.select)}

    def note_moment(self, trigger: Trigger, moment: datetime, *, was_skipped: bool = False) -> None:
        """Record that a moment was run or skipped, and with it those before; an earlier one changes nothing."""
        self._note(triggers.note_moment, trigger, moment, was_skipped=was_skipped)

    def last_moment(self, trigger: Trigger) -> datetime | None:
        """Return the last moment of a trigger that was run or skipped."""
        return self._ask(None, triggers.last_moment, trigger)

    def set_moments_back(self, limit: datetime, time: datetime) -> None:
        """Take what is known of triggers after `limit` back to `time`: a clock that was ahead has written it."""
        self._note(triggers.set_back, limit, time)

    def newest_of_kinds(self, host: str) -> dict[tuple[str, str], datetime]:
        """Return for each job and kind of snapshot when the newest of a host was begun, by the last contacts."""
        return self._ask({}, triggers.newest_of_kinds, host)

    def _newest(self, where: str, job: str, until: datetime | None) -> Run | None:
        found: list[Run] = []
        if until is not None:
            found = self._ask([], runs.select, f"{where} AND started <= ?", (job, to_text(until)), 1)
        found = found or self._ask([], runs.select, where, (job,), 1)
        return found[0] if found else None

    def _note(
        self, write: Callable[Concatenate[sqlite3.Connection, P], None], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Write; once more where a broken file has just been replaced by a new one."""
        for _attempt in range(2):
            try:
                with self._database.writing() as connection:
                    write(connection, *args, **kwargs)
            except (sqlite3.Error, UnicodeError) as error:
                trouble = error
            else:
                return
            if not self._database.replaced(trouble):
                break
        self._tell(_("the history could not be written: {reason}").format(reason=trouble))

    def _ask(
        self, default: T, read: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        try:
            with self._database.reading() as connection:
                return read(connection, *args, **kwargs)
        except Closed:
            return default
        except sqlite3.Error as error:
            self._tell(_("the history could not be read: {reason}").format(reason=error))
            return default

    def _tell(self, trouble: str) -> None:
        if trouble in self.troubles:
            return
        self.troubles.append(trouble)
        if self._on_trouble is not None:
            self._on_trouble(trouble)
