"""Short words for restores in tests."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.support.given import GivenRepository, snapshot_of
from tui_backup.engine.restore import RestoreResult, execute
from tui_backup.engine.restore_plan import RestorePlan, plan_restore
from tui_backup.engine.restore_request import Overwrite, RestoreRequest
from tui_backup.model.entry import Entry
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.watch import Watch


class Restore:
    """A repository and a target; `plan` and `run` may be called again and again."""

    def __init__(self, target: Path, entries: Iterable[Entry], snapshot: Snapshot | None = None) -> None:
        self.target = target
        self.repository: Any = GivenRepository(entries)
        self.snapshot = snapshot or snapshot_of()
        self.warnings: list[tuple[bytes | None, str]] = []

    def plan(self, **options: Any) -> RestorePlan:
        options["overwrite"] = Overwrite(options.get("overwrite", "never"))
        request = RestoreRequest(target=os.fsencode(self.target), **{"trusted": True, **options})
        return plan_restore(self.repository, self.snapshot, request, self.watch())

    def run(self, plan: RestorePlan | None = None, **options: Any) -> RestoreResult:
        self.warnings.clear()
        self.repository.placed.clear()
        return execute(plan or self.plan(**options), self.repository, self.watch())

    def watch(self) -> Watch:
        return Watch(on_warning=lambda path, message: self.warnings.append((path, message)))

    @property
    def named(self) -> list[bytes | None]:
        return [path for path, _message in self.warnings]

    def actions(self, **options: Any) -> dict[bytes, str]:
        return {item.path: item.action for item in self.plan(**options).items(self.repository)}
