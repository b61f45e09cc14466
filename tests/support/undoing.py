"""Short words for restores that are undone."""

import os
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.support.repositories import brief
from tests.support.restoring import Restore
from tui_backup.engine.restore import RestoreResult, execute
from tui_backup.engine.restore_plan import RestorePlan
from tui_backup.engine.safekeeping import Safekeeping
from tui_backup.engine.safety_record import SafetyRecord, discard_kept, make_home, read_record, remove_home
from tui_backup.engine.undo import Lender, execute_undo
from tui_backup.engine.undo_plan import UndoPlan, plan_undo
from tui_backup.model.entry import Entry
from tui_backup.model.snapshot import Snapshot
from tui_backup.primitives.clock import now


class UndoableRestore(Restore):
    """A restore that keeps what it changes in a home of its own, and can be undone."""

    def __init__(self, target: Path, entries: Iterable[Entry], home: Path, snapshot: Snapshot | None = None) -> None:
        super().__init__(target, entries, snapshot)
        self.home = os.fsencode(home)

    @property
    def record(self) -> SafetyRecord:
        record = read_record(self.home)
        assert record is not None
        return record

    def plan(self, **options: Any) -> RestorePlan:
        return super().plan(**{"undo_keep": 3600, **options})

    def run(self, plan: RestorePlan | None = None, **options: Any) -> RestoreResult:
        self.warnings.clear()
        plan = plan or self.plan(**options)
        self.prepare()
        return self.carry_out(plan)

    def carry_out(self, plan: RestorePlan) -> RestoreResult:
        """Restore what is prepared."""
        safekeeping = Safekeeping(home=self.home, brief=brief(kind="safety"))
        return execute(plan, self.repository, self.watch(), safekeeping)

    def prepare(self) -> None:
        present = now()
        record = SafetyRecord(
            restore=os.path.basename(self.home).decode(),
            job="site",
            repository="main",
            snapshot=self.snapshot.id,
            target=os.fsencode(self.target),
            started=present,
            expires=present + timedelta(hours=1),
        )
        make_home(self.home, record)

    def plan_undo(self) -> UndoPlan:
        return plan_undo(self.home, self.record, self.watch())

    def undo(self, plan: UndoPlan | None = None) -> RestoreResult:
        self.warnings.clear()
        plan = plan or self.plan_undo()
        lender = None
        if plan.record.safety_snapshot is not None:
            found = [each for each in self.repository.snapshots() if each.id == plan.record.safety_snapshot]
            lender = Lender(self.repository, found[0])
        return execute_undo(plan, lender, self.watch())

    def discard(self) -> None:
        discard_kept(self.home, self.record)
        remove_home(self.home)


class Mixed:
    """A repository that is read from one, and written to another, for what it is asked to keep."""

    def __init__(self, source: Any, safety: Any) -> None:
        self._source, self._safety = source, safety
        self.begin, self.snapshots = safety.begin, safety.snapshots

    def extract(self, snapshot: Snapshot, *arguments: Any) -> None:
        (self._safety if snapshot.kind == "safety" else self._source).extract(snapshot, *arguments)

    def entry(self, snapshot: Snapshot, path: bytes) -> Entry:
        found: Entry = (self._safety if snapshot.kind == "safety" else self._source).entry(snapshot, path)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)
