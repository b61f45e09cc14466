"""Runs in processes of their own."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tui_backup.history.history import History
from tui_backup.model.run import Run, Verb
from tui_backup.primitives.cancel import CancelToken
from tui_backup.services.bus import EventBus
from tui_backup.services.log import ProgramLog
from tui_backup.services.runs.run_scope import run_scope

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True, kw_only=True)
class RunDesk:
    """The smallest desk that runs can be noted at."""

    state_dir: Path
    history: History
    bus: EventBus
    cancel: CancelToken = field(default_factory=CancelToken)
    ended: list[Sequence[Run]] = field(default_factory=list)
    """What it was told of runs that are over."""

    @property
    def log(self) -> ProgramLog:
        return ProgramLog(self.state_dir)

    def run_began(self, run: Run) -> None:
        """Nobody waits for that."""

    def run_ended(self, rows: Sequence[Run]) -> None:
        self.ended.append(rows)


@contextmanager
def desk(state_dir: Path) -> Iterator[RunDesk]:
    """A desk of this process."""
    with History.open(state_dir) as history:
        yield RunDesk(state_dir=state_dir, history=history, bus=EventBus())


@contextmanager
def backup_elsewhere(state_dir: Path, job: str = "site") -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Another process that backs up until it is cancelled; yields it and the id of its run."""
    command = [sys.executable, "-m", "tests.support.running", str(state_dir), job]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def fill(directory: Path) -> None:
    """Write a file until the disk is full."""
    with suppress(OSError), (directory / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))


def main(state_dir: str, job: str) -> None:
    with desk(Path(state_dir)) as here:
        scope = run_scope(here, verb=Verb.BACKUP, job=job, repository="local")
        with scope, scope.heeding_signals():
            scope.watch.warn(b"/srv/\xff", "denied")
            print(scope.run_id, flush=True)
            while not scope.watch.cancel.wait(0.01):
                scope.watch.files_done += 1
            scope.watch.check()


if __name__ == "__main__":
    main(*sys.argv[1:])
