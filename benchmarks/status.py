"""How long `status` takes in each of its shapes where much has happened: 20 jobs, 12,000 runs, 5,000 snapshots."""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks.measure import Command, measure, middle
from benchmarks.programs import PROGRAMS
from tui_backup.history.database import Database
from tui_backup.history.history import History
from tui_backup.history.repositories import record_space, remember_snapshots
from tui_backup.history.runs import note_job, save
from tui_backup.history.verifications import Findings, record
from tui_backup.model.run import Run, RunStatus, Verb
from tui_backup.model.snapshot import Snapshot
from tui_backup.primitives.identity import identity

REPOSITORIES = ("local", "offsite")
_HOUR = timedelta(hours=1)
_SAMPLE_S = 0.005
_PACKS = 400


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--directory", default="/dev/shm")
    parser.add_argument("--jobs", type=int, default=20)
    parser.add_argument("--runs", type=int, default=12_000)
    parser.add_argument("--snapshots", type=int, default=5_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmark-", dir=given.directory) as work:
        plant(Path(work), given.jobs, given.runs, given.snapshots)
        compiled = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": f"{work}/compiled"}
        program = [PROGRAMS["ours"][1], "-c", f"{work}/config.toml"]
        shapes = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "status": [*program, "status"],
            "status --json": [*program, "status", "--json"],
            "status --motd": [*program, "status", "--motd"],
            "status --prometheus": [*program, "status", "--prometheus"],
            "--run-scheduled": [*program, "--run-scheduled"],
        }
        commands = {name: Command(arguments, compiled) for name, arguments in shapes.items()}
        for command in commands.values():
            measure(command)
        for name, command in commands.items():
            cost, peak = middle(measure(command) for _ in range(given.rounds)), measure(command, _SAMPLE_S).peak
            times = f"{cost.wall * 1000:6.0f} ms wall {cost.processor * 1000:6.0f} ms cpu"
            print(f"{name:20} {times} {peak / 1e6:6.1f} MB at most")


def plant(work: Path, jobs: int, runs: int, snapshots: int) -> None:
    """Make a configuration in an empty directory, and a record in which all is well; nothing is backed up for it."""
    names = [f"job-{number:03}" for number in range(jobs)]
    (work / "password").write_text("correct horse battery staple")
    (work / "password").chmod(0o600)
    present = datetime.now(UTC)
    (work / "config.toml").write_text("".join(_configuration(work, names, present)))
    state = work / "state"
    state.mkdir(mode=0o700)
    History.open(state).close()
    database = Database(state / "history.db", print)
    with database.writing() as connection:
        for name in names:
            note_job(connection, name, present - timedelta(days=900))
            for run in _runs(name, runs // jobs, present):
                save(connection, run)
        held = [one for name in names for one in _snapshots(name, snapshots // jobs // len(REPOSITORIES), present)]
        packs = [f"{number:064x}" for number in range(_PACKS)]
        for repository in REPOSITORIES:
            remember_snapshots(connection, repository, held, present)
            record_space(connection, repository, 500 * 10**9, 10**12, present)
            needs = [(one.id, packs) for one in held]
            record(connection, repository, Findings(time=present, needs=needs, read=packs, complete=True))
    database.close()


def _configuration(work: Path, names: list[str], present: datetime) -> Iterator[str]:
    """Yield tables of jobs of which none comes due within two hours."""
    hour = present.astimezone(ZoneInfo("America/Sao_Paulo")).hour
    yield 'state_dir = "state"\ntimezone = "America/Sao_Paulo"\n'
    for repository in REPOSITORIES:
        yield f'[repositories.{repository}]\nformat = "restic"\nmin_free = "5%"\npassword = {{ file = "password" }}\n'
        yield f'store = {{ kind = "local", path = "{repository}" }}\n'
    for number, name in enumerate(names):
        yield f'[jobs.{name}]\nrepositories = ["local", "offsite"]\nexpected_every = "26h"\n'
        at = (hour + 2 + number % 21) % 24
        yield f'schedule = "{number % 60} {at} * * *"\nverify = "30 {at} * * 0"\nkeep = {{ daily = 7 }}\n'
        yield f'sources = [{{ kind = "files", paths = ["{work}"] }}]\n'


def _runs(job: str, count: int, present: datetime) -> Iterator[Run]:
    """Yield runs, each with a row for each repository; every tenth is a restore."""
    for number in range(count):
        started = present - number * _HOUR - timedelta(minutes=30)
        is_restore = number % 10 == 9
        for repository in REPOSITORIES[: 1 if is_restore else None]:
            yield Run(
                id=f"{started:%Y%m%dT%H%M%SZ}-{job[-3:]:0>8}",
                verb=Verb.RESTORE if is_restore else Verb.BACKUP,
                job=job,
                repository=repository,
                kind=None if is_restore else "scheduled",
                status=RunStatus.OK,
                started=started,
                duration=12.5,
                snapshot=f"{job}-{number}",
                bytes_added=14_000_000,
                bytes_processed=1_200_000_000,
                files=42_113,
                files_new=3,
                files_changed=12,
                files_unmodified=42_098,
            )


def _snapshots(job: str, count: int, present: datetime) -> Iterator[Snapshot]:
    for number in range(count):
        yield Snapshot(
            id=f"{job[-3:]:0>8}{number:056x}",
            time=present - number * _HOUR - timedelta(minutes=30),
            host=identity().hostname,
            paths=("/srv/site",),
            tags=("tui-backup", f"job={job}", "kind=scheduled"),
            job=job,
            kind="scheduled",
            files=42_113,
            size=1_200_000_000,
            added=14_000_000,
            duration=12.5,
            root=f"{number:064x}",
        )


if __name__ == "__main__":
    main()
