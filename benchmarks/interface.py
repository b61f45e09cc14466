"""The UI in a real terminal: first paint, what it costs when idle, and how it answers while a backup runs.

First paint and idle: 20 jobs with 5,000 snapshots. Answers: the cursor goes up and down among the jobs while 30,000
small files (times `--scale`) are backed up in the same process; the backup's own time beside that of `tui-backup run`.
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles

from benchmarks import corpora
from benchmarks.measure import Command, measure
from benchmarks.programs import PROGRAMS
from benchmarks.terminal import Terminal, TooLate
from tui_backup.config.load import load_config
from tui_backup.model.run import Run, RunStatus, Verb
from tui_backup.model.snapshot import Snapshot
from tui_backup.primitives.clock import now
from tui_backup.services.workspace import Workspace

JOBS = 20
SNAPSHOTS = 250
"""Of each job."""

UP, DOWN = b"k", b"j"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=4.0)
    parser.add_argument("--directory", default="/dev/shm")
    parser.add_argument("--idle", type=float, default=20.0, help="seconds")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmark-", dir=given.directory) as work:
        config = make_site(Path(work))
        show("first paint, s", [first_paint(config) for _round in range(given.rounds)])
        idle(config, given.idle)
        source = corpora.make("source", Path(work, "source"), given.scale)
        while_running(Path(work), source, given.rounds)


def show(what: str, values: list[float]) -> None:
    print(f"{what:34} median {median(values):7.3f}   worst {max(values):7.3f}", flush=True)


def program(config: Path, *words: str) -> list[str]:
    return [PROGRAMS["ours"][1], "-c", str(config), *words]


def make_site(work: Path) -> Path:
    """Write a configuration of 20 jobs, and a record in which each has 250 snapshots."""
    directory = work / "site"
    directory.mkdir()
    config = write_config(directory, [f"job-{number:02}" for number in range(JOBS)], work / "nothing")
    with Workspace(load_config(str(config))) as workspace:
        workspace.history.remember_repository("local", "ab" * 32)
        workspace.history.remember_snapshots("local", list(snapshots_of_jobs()))
        for snapshot in snapshots_of_jobs():
            workspace.history.finish(run_of(snapshot))
    return config


def snapshots_of_jobs() -> Iterator[Snapshot]:
    present = now()
    for job in range(JOBS):
        for number in range(SNAPSHOTS):
            yield Snapshot(
                id=f"{job:032x}{number:032x}",
                time=present - timedelta(days=SNAPSHOTS - number, minutes=job),
                host="web1",
                paths=("/srv",),
                job=f"job-{job:02}",
                kind="scheduled",
                size=1_200_000_000 + number,
                added=14_000_000,
                files=42_000,
            )


def run_of(snapshot: Snapshot) -> Run:
    return Run(
        id=f"{snapshot.time:%Y%m%dT%H%M%SZ}-{snapshot.id[28:36]}",
        verb=Verb.BACKUP,
        job=snapshot.job,
        repository="local",
        kind="scheduled",
        status=RunStatus.OK,
        started=snapshot.time,
        duration=12.0,
        snapshot=snapshot.id,
    )


def write_config(directory: Path, jobs: list[str], source: Path) -> Path:
    (directory / "password").write_text("correct horse battery staple")
    (directory / "password").chmod(0o600)
    text = 'state_dir = "state"\n[repositories.local]\n'
    text += 'store = { kind = "local", path = "repository" }\npassword = { file = "password" }\n'
    for job in jobs:
        text += f'[jobs.{job}]\nrepositories = ["local"]\nsources = [{{ kind = "files", paths = ["{source}"] }}]\n'
    config = directory / "config.toml"
    config.write_text(text)
    return config


def first_paint(config: Path) -> float:
    """Return the seconds from the start of the program until the last job and a snapshot's size are on the screen."""
    with Terminal(program(config)) as terminal:
        terminal.await_text(f"job-{JOBS - 1:02}", 10)
        return terminal.await_text("1.20 GB", 10) - terminal.started


def idle(config: Path, seconds: float) -> None:
    """Print what the UI costs when nothing happens."""
    with Terminal(program(config)) as terminal:
        terminal.await_text("1.20 GB", 10)
        time.sleep(2)
        processor, written = terminal.processor_s(), terminal.written
        time.sleep(seconds)
        share = 100 * (terminal.processor_s() - processor) / seconds
        print(f"idle for {seconds:.0f} s: {share:.2f} % of a processor, {terminal.written - written} bytes written")


def while_running(work: Path, source: Path, rounds: int) -> None:
    """Print how keys are answered while a backup runs, what is written when none is pressed, and what it takes."""
    waits: list[float] = []
    times: dict[str, list[float]] = {"headless": [], "watched": [], "with keys": []}
    rates: list[float] = []
    for _round in range(rounds):
        for name, taken in times.items():
            config = prepared(work / "busy", source)
            if name == "headless":
                measure(Command(program(config, "run", "aaa-first")))
            else:
                rates += run_inside(config, waits if name == "with keys" else None)
            taken.append(recorded(config))
            shutil.rmtree(config.parent)
    for name, taken in times.items():
        show(f"backup, {name}, s", taken)
        print(f"{'  compared with headless':34} {median(taken) / median(times['headless']):.3f}")
    show("bytes a second when only watched", rates)
    print(f"{len(waits)} keys while it ran: 95 % answered within {quantiles(waits, n=20)[18] * 1000:.0f} ms,", end=" ")
    print(f"median {median(waits) * 1000:.0f} ms, worst {max(waits) * 1000:.0f} ms")


def prepared(directory: Path, source: Path) -> Path:
    directory.mkdir()
    config = write_config(directory, ["aaa-first", "bbb-second", "zzz-third"], source)
    measure(Command(program(config, "init")))
    return config


def run_inside(config: Path, waits: list[float] | None) -> list[float]:
    """Start a backup in the UI and stay until it has ended, moving the cursor if `waits` are wanted.

    Returns the bytes a second that the terminal got, if no key was pressed: after the first second, in which the panes
    make room, and before the end, where all is drawn anew.
    """
    with Terminal(program(config)) as terminal:
        terminal.await_text("zzz-third", 10)
        time.sleep(0.5)
        terminal.press(b"B", "aaa-first")
        time.sleep(1)
        seen = [(time.perf_counter(), terminal.written)]
        while not recorded(config):
            seen.append((time.perf_counter(), terminal.written))
            for key, job in ((DOWN, "bbb-second"), (UP, "aaa-first")):
                if waits is not None and not moved(terminal, key, job, waits) and recorded(config):
                    break
                time.sleep(0.15)
        (began, before), (ended, after) = seen[0], seen[-1]
        return [] if waits or ended == began else [(after - before) / (ended - began)]


def moved(terminal: Terminal, key: bytes, job: str, waits: list[float]) -> bool:
    """Move the cursor, and note how long that took; a job that has just ended stands elsewhere, and is not found."""
    try:
        waits.append(terminal.press(key, job, 1.0))
    except TooLate:
        return False
    return True


def recorded(config: Path) -> float:
    """Return the seconds that the first run took; 0 while it has not ended."""
    with Workspace(load_config(str(config))) as workspace:
        runs = workspace.history.backups("aaa-first", 1)
    return runs[0].duration or 0.0 if runs else 0.0


if __name__ == "__main__":
    main()
