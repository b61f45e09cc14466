"""Prune a repository of which half is garbage, and copy one, with several programs in turn on equal repositories."""

import argparse
import random
import shutil
import tempfile
from collections import defaultdict
from pathlib import Path

import msgspec

from benchmarks.corpora import CORPORA, make
from benchmarks.measure import Command, Cost, measure, middle, size_of
from benchmarks.programs import PASSWORD, PROGRAMS, present

STEPS = ("prune", "copy")


class Place(msgspec.Struct, frozen=True):
    """A directory with the repositories `repository` and `other`, and a configuration for both."""

    work: Path

    def configure(self, source: Path) -> None:
        """Write configuration and password."""
        self.work.mkdir(parents=True, exist_ok=True)
        (self.work / "password").write_text(PASSWORD)
        (self.work / "password").chmod(0o600)
        (self.work / "config.toml").write_text(
            f"""
            state_dir = "state"
            repositories.repository.store = {{ kind = "local", path = "repository" }}
            repositories.repository.password = {{ file = "password" }}
            repositories.other.store = {{ kind = "local", path = "other" }}
            repositories.other.password = {{ file = "password" }}

            [jobs.half]
            repositories = ["repository"]
            sources = [{{ kind = "files", paths = ["{source}"] }}]

            [jobs.none]
            repositories = ["other"]
            sources = [{{ kind = "files", paths = ["password"] }}]
            """
        )

    def ours(self, *arguments: str) -> Command:
        """Return a call of this program."""
        program = PROGRAMS["ours"][1]
        return Command([program, "-c", str(self.work / "config.toml"), *arguments], {"PYTHONDONTWRITEBYTECODE": ""})

    def restic(self, name: str, *arguments: str, repository: str = "repository") -> Command:
        """Return a call of a restic."""
        return Command(
            [PROGRAMS[name][1], "--quiet", *arguments],
            {
                "RESTIC_REPOSITORY": str(self.work / repository),
                "RESTIC_PASSWORD": PASSWORD,
                "RESTIC_FROM_REPOSITORY": str(self.work / "repository"),
                "RESTIC_FROM_PASSWORD": PASSWORD,
                "RESTIC_CACHE_DIR": str(self.work / "cache"),
            },
        )

    def prune(self, name: str) -> Command:
        """Return what gives back the space of what was forgotten."""
        return self.ours("prune", "-r", "repository", "--yes") if name == "ours" else self.restic(name, "prune")

    def copy(self, name: str) -> Command:
        """Return what copies every snapshot to the other repository."""
        if name == "ours":
            return self.ours("copy", "latest", "--to", "other")
        return self.restic(name, "copy", "--from-repo", str(self.work / "repository"), repository="other")


def main() -> None:
    given = _arguments()
    names = present(given.programs)
    work = Path(tempfile.mkdtemp(prefix="benchmark-", dir=given.directory))
    try:
        for corpus in given.corpora.split(","):
            _compare(names, corpus, work / corpus, given)
    finally:
        shutil.rmtree(work)


def _compare(names: list[str], corpus: str, work: Path, given: argparse.Namespace) -> None:
    full, half = _prepare(corpus, work, given.scale)
    print(f"\n{corpus}: {size_of(half.work) / 1e6:.0f} MB, {given.rounds} rounds, medians", flush=True)
    costs: dict[tuple[str, str], list[Cost]] = defaultdict(list)
    left: dict[str, int] = {}
    for number in range(given.rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            for step, made in (("prune", half), ("copy", full)):
                place = Place(work / "trial")
                shutil.copytree(made.work, place.work)
                costs[name, step].append(measure(place.prune(name) if step == "prune" else place.copy(name)))
                checked = "repository" if step == "prune" else "other"
                measure(place.restic(names[-1], "check", repository=checked))
                left[name] = size_of(place.work / "repository") if step == "prune" else left[name]
                shutil.rmtree(place.work)
    for step in STEPS:
        row = ", ".join(f"{name} {middle(costs[name, step]).wall:.2f} s" for name in names)
        ours = middle(costs["ours", step]).wall
        ratios = ", ".join(f"{name} {middle(costs[name, step]).wall / ours:.2f}" for name in names[1:])
        print(f"{step:6} {row}; time divided by ours: {ratios}")
    print("left after prune, MB: " + ", ".join(f"{name} {left[name] / 1e6:.1f}" for name in names))


def _prepare(corpus: str, work: Path, scale: float) -> tuple[Place, Place]:
    """Return a place with one snapshot, and one where half of the files went and the snapshot that had them."""
    source = make(corpus, work / "source", scale)
    full, half = Place(work / "full"), Place(work / "half")
    full.configure(source)
    measure(full.ours("init"))
    measure(full.ours("run", "half"))
    shutil.copytree(full.work, half.work)
    chance = random.Random("half")
    files = sorted(path for path in source.rglob("*") if path.is_file())
    for path in chance.sample(files, len(files) // 2):
        path.unlink()
    measure(half.ours("run", "half"))
    measure(half.restic("restic", "forget", "--keep-last", "1", "--group-by", "host"))
    shutil.rmtree(source)
    return full, half


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", default="ours,restic,restic-current", help="the first one is ours")
    parser.add_argument("--corpora", default="random,text,source", help=", ".join(CORPORA))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0, help="size of the corpora, 0.01 for a smoke run")
    parser.add_argument("--directory", default="/dev/shm", help="on tmpfs: a disk's own noise hides everything else")
    return parser.parse_args()


if __name__ == "__main__":
    main()
