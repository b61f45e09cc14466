"""The browser in a real terminal, in a directory of 100,000 files: how long opening it takes, and answering a key."""

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.interface import program, show, write_config
from benchmarks.measure import Command, measure
from benchmarks.terminal import Terminal

FILES = 100_000

KEYS = [
    ("down", b"j", "file-000001"),
    ("last", b"G", f"file-{FILES - 1:06}"),
    ("first", b"g", "file-000000"),
    ("sort by name, backwards", b"ooO", "file-000010"),
    ("forwards", b"O", "file-000020"),
    ("mark all", b"*", "marked"),
    ("begin to filter", b"/", "only rows"),
    ("first letter", b"9", "file-000019"),
    ("second letter", b"9", "file-000199"),
    ("no filter", b"\x1b", "file-000098"),
]
"""What is done, the key, and what is on the screen then."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--directory", default="/dev/shm")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmark-", dir=given.directory) as work:
        config = prepared(Path(work))
        rounds = [keys(config) for _round in range(given.rounds)]
        for name in rounds[0]:
            show(f"{name}, s", [each[name] for each in rounds])
        waits = [wait for each in rounds for name, wait in each.items() if name != "open"]
        print(f"all keys: median {median(waits) * 1000:.0f} ms, worst {max(waits) * 1000:.0f} ms")


def prepared(work: Path) -> Path:
    """Back up a directory of so many small files; return the configuration."""
    source = work / "source"
    source.mkdir()
    for number in range(FILES):
        (source / f"file-{number:06}").write_bytes(b"%d\n" % number)
    (work / "site").mkdir()
    config = write_config(work / "site", ["big"], source)
    measure(Command(program(config, "init")))
    measure(Command(program(config, "run", "big")))
    return config


def keys(config: Path) -> dict[str, float]:
    """Open the newest snapshot from the dashboard, press each key; return the seconds until each was answered."""
    with Terminal(program(config)) as terminal:
        terminal.await_text("big", 10)
        time.sleep(1)
        taken = {"open": terminal.press(b"\r", "file-000000", 30)}
        time.sleep(3)
        for name, key, text in KEYS:
            taken[name] = terminal.press(key, text)
            time.sleep(0.7)
    return taken


if __name__ == "__main__":
    main()
