"""Back up, back up again, restore and check the same data with several programs in turn; print medians and ratios."""

import argparse
import shutil
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path

import msgspec

from benchmarks.corpora import CORPORA, changed, make
from benchmarks.measure import Cost, measure, middle, size_of
from benchmarks.programs import PROGRAMS, Program, present, start

STEPS = ("first backup", "nothing changed", "1 % changed", "restore", "check all data")

Costs = dict[tuple[str, str], list[Cost]]
"""(program, step) -> the cost in each round."""


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for."""

    work: Path
    programs: list[str]
    corpora: list[str]
    rounds: int
    scale: float
    sample_s: float


def main() -> None:
    setup = _arguments()
    try:
        for corpus in setup.corpora:
            _compare(setup, corpus)
    finally:
        shutil.rmtree(setup.work)


def _compare(setup: Setup, corpus: str) -> None:
    source = make(corpus, setup.work / corpus, setup.scale)
    size = size_of(source)
    print(f"\n{corpus}: {size / 1e6:.0f} MB, {setup.rounds} rounds, medians", flush=True)
    sizes: dict[str, int] = {}
    peaks: Costs = defaultdict(list)
    _round(setup, source, setup.programs, peaks, sizes, setup.sample_s)
    costs: Costs = defaultdict(list)
    for number in range(setup.rounds):
        turn = number % len(setup.programs)
        _round(setup, source, setup.programs[turn:] + setup.programs[:turn], costs, sizes)
    _print_table(setup, costs, peaks, sizes)
    shutil.rmtree(source)


def _round(
    setup: Setup, source: Path, names: list[str], costs: Costs, sizes: dict[str, int], sample_s: float | None = None
) -> None:
    programs = {name: start(name, setup.work / "programs" / name, source) for name in names}
    for name, program in programs.items():
        costs[name, "first backup"].append(measure(program.backup(), sample_s))
        costs[name, "nothing changed"].append(measure(program.backup(), sample_s))
    with changed(source):
        for name, program in programs.items():
            costs[name, "1 % changed"].append(measure(program.backup(), sample_s))
            costs[name, "restore"].append(_restore(setup, program, source, sample_s))
            costs[name, "check all data"].append(measure(program.check(), sample_s))
            sizes[name] = size_of(program.repository())
    shutil.rmtree(setup.work / "programs")


def _restore(setup: Setup, program: Program, source: Path, sample_s: float | None) -> Cost:
    """Restore, and see to it that everything came back."""
    target = setup.work / "restored"
    target.mkdir()
    cost = measure(program.restore(target), sample_s)
    subprocess.run(["diff", "-rq", source, f"{target}{source}"], check=True)
    shutil.rmtree(target)
    return cost


def _print_table(setup: Setup, costs: Costs, peaks: Costs, sizes: dict[str, int]) -> None:
    first = setup.programs[0]
    print(f"{'':24}" + "".join(f"{name:>28}" for name in setup.programs))
    print(f"{'':24}" + f"{'wall s   cpu s     MiB':>28}" * len(setup.programs))
    for step in STEPS:
        row = [(middle(costs[name, step]), middle(peaks[name, step]).peak) for name in setup.programs]
        cells = (f"{cost.wall:.2f} {cost.processor:7.2f} {peak / 2**20:7.0f}" for cost, peak in row)
        print(f"{step:24}" + "".join(f"{cell:>28}" for cell in cells))
    print(f"{'repository MB':24}" + "".join(f"{sizes[name] / 1e6:28.1f}" for name in setup.programs))
    for other in setup.programs[1:]:
        ratios = (middle(costs[other, step]).wall / middle(costs[first, step]).wall for step in STEPS)
        shown = ", ".join(f"{step} {ratio:.2f}" for step, ratio in zip(STEPS, ratios, strict=True))
        print(f"time of {other} / {first}: {shown}; size of {first} / {other} {sizes[first] / sizes[other]:.3f}")


def _arguments() -> Setup:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", default=",".join(PROGRAMS), help="the first one is compared with each other")
    parser.add_argument("--corpora", default="random,text,source", help=", ".join(CORPORA))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0, help="size of the corpora, 0.01 for a smoke run")
    parser.add_argument("--sample-ms", type=float, default=20, help="how often memory is looked at")
    parser.add_argument("--directory", default="/dev/shm", help="on tmpfs: a disk's own noise hides everything else")
    given = parser.parse_args()
    return Setup(
        work=Path(tempfile.mkdtemp(prefix="benchmark-", dir=given.directory)),
        programs=present(given.programs),
        corpora=given.corpora.split(","),
        rounds=given.rounds,
        scale=given.scale,
        sample_s=given.sample_ms / 1000,
    )


if __name__ == "__main__":
    main()
