"""Data to back up, the same at every call: seeded, and scaled by a factor."""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path

MEBIBYTE = 1024 * 1024


def make_random(root: Path, scale: float) -> None:
    """Write 4 files of 128 MiB that neither compress nor repeat."""
    for number in range(4):
        chance = random.Random(f"random {number}")
        with (root / f"random-{number}.bin").open("wb") as file:
            for _ in range(max(1, round(128 * scale))):
                file.write(chance.randbytes(MEBIBYTE))


def make_text(root: Path, scale: float) -> None:
    """Write 3 files of 60 MiB like dumps of a database."""
    for number in range(3):
        rows = _rows(random.Random(f"text {number}"))
        left = round(60 * MEBIBYTE * scale)
        with (root / f"dump-{number}.sql").open("w", encoding="ascii") as file:
            while left > 0:
                left -= file.write(next(rows))


def make_source(root: Path, scale: float) -> None:
    """Write 30,000 files of median 3 KiB, like the source of programs, into 300 directories."""
    chance = random.Random("source")
    author = _Author(chance)
    directories = max(1, round(300 * scale))
    for number in range(directories):
        directory = root / f"project-{number % 17:02}" / f"module-{number:03}"
        directory.mkdir(parents=True)
        for part in range(100):
            size = min(round(3072 * chance.lognormvariate(0, 1)), 256 * 1024)
            (directory / f"file_{part:02}.py").write_text(author.write(size), encoding="ascii")


def make_tiny(root: Path, scale: float) -> None:
    """Write 1,000,000 files of one byte into 1,000 directories."""
    for number in range(max(1, round(1000 * scale))):
        directory = root / f"{number:03}"
        directory.mkdir()
        for part in range(1000):
            descriptor = os.open(directory / f"{part:03}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
            os.write(descriptor, bytes([(number + part) % 256]))
            os.close(descriptor)


CORPORA: dict[str, Callable[[Path, float], None]] = {
    "random": make_random,
    "text": make_text,
    "source": make_source,
    "tiny": make_tiny,
}


def make(name: str, root: Path, scale: float = 1.0) -> Path:
    """Write a corpus into the new directory `root` and return it."""
    root.mkdir(parents=True)
    CORPORA[name](root, scale)
    return root


@contextmanager
def changed(root: Path, fraction: float = 0.01) -> Iterator[None]:
    """Change this fraction: so many of the files where there are a hundred or more, else that part of each file."""
    chance = random.Random("changes")
    files = sorted(path for path in root.rglob("*") if path.is_file())
    picked = chance.sample(files, round(len(files) * fraction)) if len(files) >= 100 else files
    kept = []
    for path in picked:
        size = path.stat().st_size
        length = min(size, 100) if len(files) >= 100 else round(size * fraction)
        kept.append((path, chance.randrange(size - length + 1), length))
    originals = [_overwrite(path, at, chance.randbytes(length)) for path, at, length in kept]
    try:
        yield
    finally:
        for (path, at, _length), original in zip(kept, originals, strict=True):
            _overwrite(path, at, original)


def _overwrite(path: Path, at: int, content: bytes) -> bytes:
    """Write `content` at a place of a file and return what was there."""
    with path.open("r+b") as file:
        file.seek(at)
        before = file.read(len(content))
        file.seek(at)
        file.write(content)
    return before


def _rows(chance: random.Random) -> Iterator[str]:
    names = _words(chance, 3000)
    towns = names[:200]
    number = 0
    while True:
        number += 1
        name, other = chance.choices(names, k=2)
        town = towns[min(int(chance.expovariate(0.05)), 199)]
        price = chance.randrange(100, 50000, 50) / 100
        hour, minute = divmod(number // 40 % 1440, 60)
        yield (
            f"INSERT INTO `orders` VALUES ({number},'{name} {other}','{name}.{other}@{town}.example','{town}',"
            f"{price:.2f},'2026-{number // 60000 % 12 + 1:02}-11 {hour:02}:{minute:02}:00',"
            f"{chance.randrange(9999)},'paid',NULL,NULL,0);\n"
        )


def _words(chance: random.Random, count: int) -> list[str]:
    return ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(3, 10))) for _ in range(count)]


class _Author:
    """Writes lines of code: some words and some lines come up much more often than others."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        words = _words(chance, 2000)
        self._lines = [self._line(words) for _ in range(20_000)]
        self._weights = list(accumulate(1 / (rank + 20) for rank in range(len(self._lines))))

    def write(self, size: int) -> str:
        lines = self._chance.choices(self._lines, cum_weights=self._weights, k=size // 25 + 1)
        return f"# {self._chance.getrandbits(32):08x}\n{''.join(lines)}"[:size]

    def _line(self, words: list[str]) -> str:
        shapes = (
            "    {} = {}({}, {})\n",
            "        return {}.{}[{}]\n",
            "def {}({}, {}):\n",
            "    if {} != {}:\n",
            "        {}.{}({})\n",
            "\n",
        )
        shape = self._chance.choice(shapes)
        return shape.format(*(words[min(int(self._chance.expovariate(0.005)), 1999)] for _ in range(shape.count("{}"))))
