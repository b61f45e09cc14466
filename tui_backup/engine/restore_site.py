"""Site: what all stages of one restore share."""

import os
import stat
from collections.abc import Callable, Iterator

from tui_backup.engine.landing import FULL, LandingOptions
from tui_backup.engine.metadata import Authority
from tui_backup.engine.restore_action import Action, Judge
from tui_backup.engine.restore_plan import RestorePlan
from tui_backup.engine.restore_request import selected_entries
from tui_backup.engine.restore_walk import Frame, Step, mark_of, walk
from tui_backup.engine.safety_places import SafetyPlaces
from tui_backup.errors import Corrupted, RestoreRefused
from tui_backup.formats.base import Repository
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of

_MOST_LATER = 20_000
"""Steps that are kept in memory, about a kilobyte each."""


class Site:
    """A restore under way: its plan, its target, and what became of each entry so far."""

    def __init__(self, plan: RestorePlan, repository: Repository, watch: Watch, root: int, *, made: bool) -> None:
        self.plan, self.repository, self.watch = plan, repository, watch
        self.authority = Authority.of_this_process(trusted=plan.request.trusted)
        self.judge = Judge(plan.request.overwrite, self.authority)
        status = os.fstat(root)
        self.options = LandingOptions(
            target=os.path.realpath(plan.target),
            device=status.st_dev,
            inode=status.st_ino,
            authority=self.authority,
            replace=plan.overwrite > 0,
        )
        self.states = bytearray(plan.actions)
        """The planned actions; MADE or REFUSED as it turns out."""
        self.failures = 0
        self.told = 0
        """How many of the files that are missing somebody has named already."""
        self.later: list[Step] | None = []
        """What is left to finish when every file has landed; None: so much that it is found by walking again."""
        self.files_sent = 0
        self.bytes_sent = 0
        """Files handed over to be written, and their bytes."""
        self.unkept: dict[bytes, str] = {}
        """What is not deleted because it could not be kept, and why."""
        self._kept: SafetyPlaces | None = None
        self._made = made

    def walk(self, leave: Callable[[Frame], None] | None = None) -> Iterator[Step]:
        """Repeat the walk of the plan without what it refused; below what failed since, nothing is yielded.

        Raises:
            Cancelled: somebody asked.
            Corrupted: the snapshot has other entries than when the plan was made.
        """
        entries = selected_entries(self.repository, self.plan.snapshot, self.plan.request, Watch(self.watch.cancel))
        marks = iter(self.plan.marks)
        for step in walk(entries, Frame(b"", fresh=self._made), leave):
            self.watch.check()
            number = step.number
            if next(marks, None) != mark_of(step.entry.path):
                raise _other_entries()
            if step.refusal is not None:
                self.states[number] = Action.REFUSED
            if step.below is not None:
                state = self.states[number]
                step.below.refused = state == Action.REFUSED
                step.below.fresh = state == Action.MADE
            if self.states[number] not in (Action.NONE, Action.REFUSED):
                yield step
        if next(marks, None) is not None:
            raise _other_entries()

    def open_kept(self) -> None:
        """From here on replace only what is kept; raises OSError."""
        if self.options.kept is not None:
            self._kept = SafetyPlaces.at(self.options.kept)

    def close(self) -> None:
        """Close what was opened."""
        if self._kept is not None:
            self._kept.close()

    def may_replace(self, step: Step, status: os.stat_result | None) -> bool:
        """Whether what has the name of an entry may go: an empty directory, or what is kept, if anything is."""
        if self._kept is None or status is None or stat.S_ISDIR(status.st_mode):
            return True
        return self._kept.hold(step.entry.path, status)

    def remember(self, step: Step) -> None:
        """Keep a step for the last stage, unless there are too many."""
        if self.later is not None:
            self.later.append(step)
            if len(self.later) > _MOST_LATER:
                self.later = None

    def fail(self, step: Step, reason: str | Exception) -> None:
        """Name an entry that is not restored, and everything below it with it.

        Raises:
            RestoreRefused: the reason is a full disk.
        """
        self.states[step.number] = Action.REFUSED
        self.failures += 1
        if step.below is not None:
            step.below.refused = True
        if isinstance(reason, OSError):
            if reason.errno in FULL:
                raise RestoreRefused(_("no space left at the target")) from reason
            reason = reason_of(reason)
        self.watch.warn(step.entry.path, str(reason))

    def has_changed(self, step: Step, directory: int) -> bool:
        """Whether the plan no longer holds for an entry; it is named then.

        Raises:
            OSError: that cannot be found out.
        """
        if step.frame.fresh:
            return False
        verdict = self.judge.judge(step.entry, directory, step.name)
        if verdict.action == self.plan.actions[step.number] and (
            verdict.action is not Action.OVERWRITE or self.may_replace(step, verdict.status)
        ):
            return False
        self.fail(step, _("has changed since the restore was planned"))
        return True


def _other_entries() -> Corrupted:
    return Corrupted(_("the snapshot has other entries than when the restore was planned"))
