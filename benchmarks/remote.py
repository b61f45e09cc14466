"""Back up to servers, restore, and look into a repository of 2,000 packs there, beside restic on the same server.

S3 is `rclone serve s3`, SFTP is OpenSSH's server, both on this host; a relay before them adds latency. What the server
and the relay need counts for both programs: on two cores it hides half of the difference.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest.mock import patch

import msgspec

from benchmarks.corpora import CORPORA, make
from benchmarks.measure import Command, Cost, measure, middle, size_of
from benchmarks.programs import PASSWORD, PROGRAMS, present
from tests.support.repositories import keep, new_repository
from tests.support.servers.daemons import daemon, free_port, wait_until_it_listens
from tests.support.servers.rclone import rclone_server
from tests.support.servers.s3 import S3Server
from tests.support.servers.sshd import SshServer, ssh_server
from tui_backup.stores.local import LocalStore

BACKUPS = ("first backup", "nothing changed", "restore")
LOOKS = ("snapshots", "ls", "check")
_PACKS = 2000

Costs = dict[tuple[str, str], list[Cost]]
"""(program, step) -> the cost in each round."""


class Server(msgspec.Struct, frozen=True):
    """Where repositories lie, as both programs are told; a repository has a name."""

    title: str
    files: Path
    """Where the server keeps its files, a directory for each repository."""
    store: Callable[[str], str]
    """Our `store` table."""
    restic: Callable[[str], tuple[list[str], dict[str, str]]]
    """Options and environment."""
    fill: Callable[[Path, str], object]
    """Puts a repository there."""


class Trial(msgspec.Struct, frozen=True):
    """One program with one repository on a server; its own files lie in `work`."""

    program: str
    server: Server
    repository: str
    work: Path
    source: Path

    def prepare(self) -> None:
        """Write what the program wants to know."""
        self.work.mkdir(parents=True)
        (self.work / "password").write_text(PASSWORD)
        (self.work / "password").chmod(0o600)
        (self.work / "config.toml").write_text(
            f"""
            state_dir = "state"
            [repositories.far]
            format = "restic"
            password = {{ file = "password" }}
            store = {{ {self.server.store(self.repository)} }}
            [jobs.everything]
            repositories = ["far"]
            [[jobs.everything.sources]]
            kind = "files"
            paths = ["{self.source}"]
            """
        )

    def command(self, step: str) -> Command:
        """Return the call for a step."""
        target = str(self.work / "restored")
        ours = {
            "init": ["init"],
            "first backup": ["run", "everything"],
            "nothing changed": ["run", "everything"],
            "restore": ["restore", "latest", "--target", target, "--yes"],
            "snapshots": ["list"],
            "ls": ["ls", "latest", "--recursive"],
            "check": ["verify"],
        }
        restic = {
            "first backup": ["backup", str(self.source)],
            "nothing changed": ["backup", str(self.source)],
            "restore": ["restore", "latest", "--target", target],
            "ls": ["ls", "latest"],
        }
        program = PROGRAMS[self.program][1]
        if self.program == "ours":
            as_installed = {"PYTHONDONTWRITEBYTECODE": ""}
            return Command([program, "-c", str(self.work / "config.toml"), *ours[step]], as_installed)
        options, environment = self.server.restic(self.repository)
        environment |= {"RESTIC_PASSWORD": PASSWORD, "RESTIC_CACHE_DIR": str(self.work / "cache")}
        return Command([program, "--quiet", *options, *restic.get(step, [step])], environment)


def main() -> None:
    given = _arguments()
    names = present(given.programs)
    work = Path(tempfile.mkdtemp(prefix="benchmark-", dir=given.directory))
    try:
        made = _made_of_small_packs(work) if given.looks else None
        for kind in given.stores.split(","):
            for latency in map(float, given.latencies.split(",")):
                with _server(kind, work / "server", latency) as server:
                    print(f"\n{server.title}", flush=True)
                    for corpus in filter(None, given.corpora.split(",")):
                        _compare_backups(names, server, corpus, work, given)
                    if made is not None:
                        _compare_looks(names, server, made, work, given.rounds)
                shutil.rmtree(work / "server")
    finally:
        shutil.rmtree(work)


def _compare_backups(names: list[str], server: Server, corpus: str, work: Path, given: argparse.Namespace) -> None:
    source = make(corpus, work / corpus, given.scale)
    print(f"{corpus}: {size_of(source) / 1e6:.0f} MB, {given.rounds} rounds, medians", flush=True)
    peaks, costs = defaultdict[tuple[str, str], list[Cost]](list), defaultdict[tuple[str, str], list[Cost]](list)
    for number in range(given.rounds + 1):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            trial = Trial(name, server, f"{corpus}-{name}-{number}", work / "trial", source)
            sample_s = None if number else given.sample_ms / 1000
            for step, cost in _backed_up(trial, sample_s):
                (costs if number else peaks)[name, step].append(cost)
            shutil.rmtree(trial.work)
            shutil.rmtree(server.files / trial.repository)
    _print_table(names, BACKUPS, costs, peaks)
    shutil.rmtree(source)


def _backed_up(trial: Trial, sample_s: float | None) -> Iterator[tuple[str, Cost]]:
    trial.prepare()
    (trial.work / "restored").mkdir()
    measure(trial.command("init"))
    for step in BACKUPS:
        yield step, measure(trial.command(step), sample_s)
    subprocess.run(["diff", "-rq", trial.source, f"{trial.work}/restored{trial.source}"], check=True)


def _compare_looks(names: list[str], server: Server, made: Path, work: Path, rounds: int) -> None:
    """Look into a repository of many packs, with everything at hand that the programs keep, as on any second day."""
    print(f"a repository of {_PACKS} packs, {rounds} rounds, medians", flush=True)
    costs = defaultdict[tuple[str, str], list[Cost]](list)
    server.fill(made, "many")
    for name in names:
        trial = Trial(name, server, "many", work / "trial", made)
        trial.prepare()
        for number in range(rounds + 1):
            for step in LOOKS:
                cost = measure(trial.command(step))
                costs[name, step if number else f"{step}, cold"].append(cost)
        shutil.rmtree(trial.work)
    _print_table(names, (*(f"{step}, cold" for step in LOOKS), *LOOKS), costs, costs)


def _print_table(names: list[str], steps: tuple[str, ...], costs: Costs, peaks: Costs) -> None:
    print(f"{'':24}" + "".join(f"{name:>28}" for name in names))
    print(f"{'':24}" + f"{'wall s   cpu s     MiB':>28}" * len(names))
    for step in steps:
        row = [(middle(costs[name, step]), middle(peaks[name, step]).peak) for name in names]
        cells = (f"{cost.wall:.2f} {cost.processor:7.2f} {peak / 2**20:7.0f}" for cost, peak in row)
        print(f"{step:24}" + "".join(f"{cell:>28}" for cell in cells))
    for other in names[1:]:
        ratios = (middle(costs[other, step]).wall / middle(costs[names[0], step]).wall for step in steps)
        shown = ", ".join(f"{step} {ratio:.2f}" for step, ratio in zip(steps, ratios, strict=True))
        print(f"time of {other} / {names[0]}: {shown}", flush=True)


@contextmanager
def _server(kind: str, directory: Path, latency_ms: float) -> Iterator[Server]:
    directory.mkdir()
    with ExitStack() as stack:
        title = f"{kind}, {latency_ms:g} ms added to each round trip"
        if kind == "s3":
            server = stack.enter_context(rclone_server(directory))
            port = stack.enter_context(_relayed(int(server.endpoint.rpartition(":")[2]), latency_ms, directory))
            yield _of_s3(server.through(f"http://127.0.0.1:{port}"), directory, title)
        else:
            sshd = stack.enter_context(ssh_server(directory))
            port = stack.enter_context(_relayed(sshd.port, latency_ms, directory))
            yield _of_sftp(sshd if port == sshd.port else sshd.behind(port), title)


@contextmanager
def _relayed(port: int, latency_ms: float, directory: Path) -> Iterator[int]:
    """Put a relay before a port, if that is to be farther away."""
    if not latency_ms:
        yield port
        return
    log, near = directory / "relay.log", free_port()
    command = [sys.executable, "-m", "benchmarks.relay", str(near), str(port), str(latency_ms / 2)]
    with daemon(command, log) as process:
        wait_until_it_listens(near, process, log)
        yield near


def _of_s3(server: S3Server, directory: Path, title: str) -> Server:
    (directory / "buckets" / "bucket").mkdir()
    shown = ", ".join(f'{name} = "{value}"' for name, value in server.options.items())

    def restic(name: str) -> tuple[list[str], dict[str, str]]:
        return ["-r", f"s3:{server.endpoint}/bucket/{name}"], dict(server.environment)

    def fill(made: Path, name: str) -> None:
        with server.client() as client:
            for path in filter(Path.is_file, made.rglob("*")):
                client.upload_file(str(path), "bucket", f"{name}/{path.relative_to(made)}")

    files = directory / "buckets" / "bucket"
    return Server(title, files, lambda name: f'{shown}, bucket = "bucket", prefix = "{name}"', restic, fill)


def _of_sftp(server: SshServer, title: str) -> Server:
    def store(name: str) -> str:
        url = f"sftp://{server.user}@127.0.0.1:{server.port}{server.files}/{name}"
        keys = f'key_file = "{server.key_file}", known_hosts = "{server.known_hosts}"'
        return f'kind = "sftp", url = "{url}", {keys}'

    def restic(name: str) -> tuple[list[str], dict[str, str]]:
        return ["-r", f"sftp:tests:{server.files}/{name}", "-o", f"sftp.command={server.restic_command}"], {}

    files = Path(server.files)
    return Server(title, files, store, restic, lambda made, name: shutil.copytree(made, files / name))


def _made_of_small_packs(work: Path) -> Path:
    """Make a repository with many packs of one file each."""

    class Alone(LocalStore, frozen=True):
        """Workers would fill packs as usual."""

        def recipe(self) -> None:
            return None

    source = work / "many-files"
    source.mkdir()
    for number in range(_PACKS):
        (source / f"{number:04}").write_bytes(os.urandom(20_000))
    with patch("tui_backup.formats.restic.blob.TARGET", 10_000):
        keep(new_repository(Alone(str(work / "many")), PASSWORD), source)
    shutil.rmtree(source)
    return work / "many"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", default="ours,restic,restic-current", help="the first one is ours")
    parser.add_argument("--stores", default="s3,sftp")
    parser.add_argument("--latencies", default="0,20", help="milliseconds that a round trip takes longer")
    parser.add_argument("--corpora", default="random,text,source", help=", ".join(CORPORA))
    parser.add_argument("--looks", action=argparse.BooleanOptionalAction, default=True, help="at many packs")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="size of the corpora, 0.01 for a smoke run")
    parser.add_argument("--sample-ms", type=float, default=20, help="how often memory is looked at")
    parser.add_argument("--directory", default="/dev/shm", help="on tmpfs: a disk's own noise hides everything else")
    return parser.parse_args()


if __name__ == "__main__":
    main()
