"""A million files: the first backup, then backups of which nothing has changed, as whole programs."""

import argparse
import shutil
import tempfile
from pathlib import Path

import msgspec

from benchmarks.corpora import make
from benchmarks.measure import Cost, measure, middle
from benchmarks.programs import start, version

_SAMPLE_S = 0.1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", default="ours,restic-current")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0, help="1.0 takes 6 GB of memory on tmpfs")
    parser.add_argument("--directory", default="/dev/shm")
    given = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="benchmark-", dir=given.directory))
    try:
        source = make("tiny", work / "tiny", given.scale)
        files = sum(1 for _ in source.glob("*/*"))
        print(f"{files} files in {sum(1 for _ in source.iterdir())} directories", flush=True)
        programs = {name: start(name, work / name, source) for name in given.programs.split(",") if version(name)}
        for name, program in programs.items():
            _print(name, "first backup", files, measure(program.backup(), _SAMPLE_S))
        peaks = {name: measure(program.backup(), _SAMPLE_S).peak for name, program in programs.items()}
        costs: dict[str, list[Cost]] = {name: [] for name in programs}
        for _ in range(given.rounds):
            for name, program in programs.items():
                costs[name].append(measure(program.backup()))
        for name in programs:
            cost = msgspec.structs.replace(middle(costs[name]), peak=peaks[name])
            _print(name, "nothing changed", files, cost)
    finally:
        shutil.rmtree(work)


def _print(name: str, step: str, files: int, cost: Cost) -> None:
    print(
        f"{name:16} {step:16} {cost.wall:7.2f} s wall {cost.processor:7.2f} s cpu {cost.peak / 2**20:6.0f} MiB"
        f" {files / cost.wall:9.0f} files/s",
        flush=True,
    )


if __name__ == "__main__":
    main()
