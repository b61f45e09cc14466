"""How long the program takes to say something: `--help`, and `status` of a job that has run."""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Command, measure, middle
from benchmarks.programs import PROGRAMS, start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--directory", default="/dev/shm")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmark-", dir=given.directory) as work:
        source = Path(work, "source")
        source.mkdir()
        (source / "file").write_text("content")
        measure(start("ours", Path(work, "ours"), source).backup())
        program = [PROGRAMS["ours"][1], "-c", f"{work}/ours/config.toml"]
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "--help": [*program, "--help"],
            "status": [*program, "status"],
            "restic version": ["restic", "version"],
        }
        for name, arguments in commands.items():
            cost = middle(measure(Command(arguments)) for _ in range(given.rounds))
            print(f"{name:16} {cost.wall * 1000:6.0f} ms wall {cost.processor * 1000:6.0f} ms cpu")


if __name__ == "__main__":
    main()
