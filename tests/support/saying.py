"""A run of this process that says what a test has it say, always the same."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import msgspec

from tests.support.sample_estate import HOSTILE, NOW
from tui_backup.config.load import load_config
from tui_backup.model.event import Event, Finished, Progressed, Started, Waiting, Warned
from tui_backup.model.run import Verb
from tui_backup.primitives.processes import this_process
from tui_backup.services.runs.event_log import EventLog
from tui_backup.services.runs.run_directory import Header, RunDirectory

RUN = "20261121T224001Z-0badcafe"


def header(job: str = "site") -> Header:
    """Return what the run of the pictures is."""
    return Header(
        run=RUN,
        verb=Verb.BACKUP,
        job=job,
        repository="local",
        kind="manual",
        started=NOW - timedelta(minutes=18),
        owner=this_process(),
    )


def said() -> list[Event]:
    """Return what that run says until it has ended."""
    return [
        Started(run=RUN, job="site", repository="local"),
        Waiting(run=RUN, message="waiting for the lock that pid 4711 on web1 [root] holds, 5 minutes at most"),
        *(Warned(run=RUN, path=f"/srv/site/strange names/{name}", message="permission denied") for name in HOSTILE),
        Warned(run=RUN, path=None, message="the audit cannot be written: no space left on device"),
        Progressed(run=RUN, files_done=42_113, bytes_done=731_000_000, files_total=50_000, bytes_total=1_200_000_000,
                   current="/srv/site/uploads/2026/11/photo.jpg"),
    ]  # fmt: skip


def ending(status: str = "ok") -> Finished:
    """Return how that run ends."""
    return Finished(
        run=RUN, job="site", repository="local", status=status, snapshot="4f495860" + "0" * 56, files_new=3,
        files_changed=1, files_unmodified=42_109, bytes_processed=1_200_000_000, bytes_added=14_000_000, duration=12.0,
    )  # fmt: skip


class SayingRun:
    """A run of this process that says what it is told to say."""

    def __init__(self, site: Path) -> None:
        self._state = Path(load_config(str(site)).state_dir)
        self._state.mkdir(mode=0o700, exist_ok=True)
        self._directory = RunDirectory(self._state, header())
        self._is_over = False

    @property
    def log(self) -> EventLog:
        return self._directory.events

    def say(self, *events: Event) -> None:
        for event in events:
            self.log.append(event)

    def say_much(self, lines: int) -> None:
        """Say so many lines at once."""
        with open(self._directory.path / "events.jsonl", "ab") as file:
            file.writelines(
                msgspec.json.encode(Warned(run=RUN, path=f"/srv/{number}", message="denied")) + b"\n"
                for number in range(lines)
            )

    def end(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._directory.end()


@contextmanager
def saying_run(site: Path) -> Iterator[SayingRun]:
    """Have a run go on at the sample site."""
    run = SayingRun(site)
    try:
        yield run
    finally:
        run.end()
