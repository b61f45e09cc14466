"""Back up into plain archives and get them back, beside tar with gzip, pigz or zstd, and zip, in one run."""

import argparse
import shutil
import tempfile
from collections import defaultdict
from pathlib import Path

import msgspec

from benchmarks.corpora import CORPORA, make
from benchmarks.measure import Command, Cost, measure, middle
from benchmarks.programs import PROGRAMS

_KEY = "a passphrase of more than thirty-two characters"


class Case(msgspec.Struct, frozen=True):
    """One of our formats, and what others are called to do the same: shell commands in a directory with the source."""

    format: str
    level: int
    sealed: bool
    others: dict[str, tuple[str, str]]
    """Name -> how it packs `source` into `archive`, and how it unpacks that into `out`."""


_GZIP = {
    "tar | gzip -6": ("tar cf - source | gzip -6 > archive", "tar xzf archive -C out"),
    "tar | pigz -6": ("tar cf - source | pigz -6 > archive", "tar xf archive -I pigz -C out"),
}
_ZSTD = {"tar | zstd -3 -T2": ("tar cf - source | zstd -q -3 -T2 > archive", "tar xf archive --zstd -C out")}
CASES = {
    "tar.gz": Case("tar.gz", 6, False, _GZIP),
    "tar.gz sealed": Case("tar.gz", 6, True, {}),
    "tar.zst": Case("tar.zst", 3, False, _ZSTD),
    "zip": Case("zip", 6, False, {"zip -6": ("zip -qr6 archive.zip source", "unzip -q archive.zip -d out")}),
}


def main() -> None:
    """Print medians, and the others' times divided by ours."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory(dir=arguments.directory) as directory:
        for corpus in arguments.corpora.split(","):
            source = make(corpus, Path(directory) / corpus / "source", arguments.scale)
            for name in arguments.cases.split(","):
                _compare(corpus, name, source, arguments.rounds)
            shutil.rmtree(source)


def _compare(corpus: str, name: str, source: Path, rounds: int) -> None:
    costs: dict[tuple[str, str], list[Cost]] = defaultdict(list)
    sizes: dict[str, int] = {}
    others = {
        other: how for other, how in CASES[name].others.items() if shutil.which(other.split(" | ")[-1].split()[0])
    }
    for _round in range(rounds):
        work = source.parent / "ours"
        costs["ours", "pack"].append(_pack(CASES[name], work, source))
        sizes["ours"] = max(path.stat().st_size for path in (work / "archives").iterdir() if path.is_file())
        costs["ours", "unpack"].append(
            measure(_ours(work, "restore", "latest", "--target", str(work / "out"), "--yes"))
        )
        shutil.rmtree(work)
        for other, (pack, unpack) in others.items():
            costs[other, "pack"].append(measure(Command(["sh", "-c", pack], directory=source.parent)))
            (archive,) = source.parent.glob("archive*")
            sizes[other] = archive.stat().st_size
            (source.parent / "out").mkdir()
            costs[other, "unpack"].append(measure(Command(["sh", "-c", unpack], directory=source.parent)))
            shutil.rmtree(source.parent / "out")
            archive.unlink()
    for step in ("pack", "unpack"):
        ours = middle(costs["ours", step])
        row = f"{corpus:7} {name:14} {step:7} {ours.wall:.2f} s, processor {ours.processor:.2f} s"
        ratios = ", ".join(f"{other} {middle(costs[other, step]).wall / ours.wall:.2f}" for other in others)
        print(f"{row}; time divided by ours: {ratios}" if others else row)
    bytes_ = ", ".join(f"{other} {sizes['ours'] / sizes[other]:.3f}" for other in others)
    print(f"{corpus:7} {name:14} {sizes['ours'] / 1e6:.1f} MB; ours divided by: {bytes_}")


def _pack(case: Case, work: Path, source: Path) -> Cost:
    work.mkdir()
    sealed = f'repositories.r.encryption_key = "{_KEY}"' if case.sealed else ""
    (work / "config.toml").write_text(
        f"""
        state_dir = "state"
        repositories.r.format = "{case.format}"
        repositories.r.compression_level = {case.level}
        repositories.r.store = {{ kind = "local", path = "archives" }}
        {sealed}

        [jobs.j]
        repositories = ["r"]
        sources = [{{ kind = "files", paths = ["{source}"] }}]
        """
    )
    measure(_ours(work, "init"))
    return measure(_ours(work, "run", "j"))


def _ours(work: Path, *arguments: str) -> Command:
    return Command([PROGRAMS["ours"][1], "-c", str(work / "config.toml"), *arguments])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", default="random,text,source", help=", ".join(CORPORA))
    parser.add_argument("--cases", default=",".join(CASES), help="of ours")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0, help="size of the corpora, 0.01 for a smoke run")
    parser.add_argument("--directory", default="/dev/shm", help="on tmpfs: a disk's own noise hides everything else")
    return parser.parse_args()


if __name__ == "__main__":
    main()
