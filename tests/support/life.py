"""What a repository on a server has to live through, whatever lies between."""

import random
from pathlib import Path

from tests.support.distant import Distant
from tests.support.trees import traits_of, write_tree

_MEBIBYTE = 1024 * 1024

KEEPING_ONE = "keep = { last = 1 }"
"""A line of the job: the second run gives back what only the first one needed."""


def estate(directory: Path) -> Path:
    """Write some small files and two that fill more than a pack; return where they lie."""
    chance = random.Random(5)
    small = {f"small/{number}": chance.randbytes(number * 100) for number in range(30)}
    large = {name: chance.randbytes(10 * _MEBIBYTE) for name in ("stays", "goes")}
    return write_tree(directory, small | large)


def live(distant: Distant, environment: dict[str, str] | None = None) -> None:
    """Back up, change, back up once more and reclaim, restore, verify, prune: all of it has to go well."""

    def call(*arguments: str) -> None:
        with distant.start(*arguments, environment=environment) as process:
            out, err = process.communicate(timeout=120)
        assert process.returncode == 0, (arguments, out, err)

    call("run", "site")
    (distant.source / "goes").unlink()
    write_tree(distant.source, {"small/new": b"new"})
    call("run", "site")
    target = distant.directory / "restored"
    call("restore", "latest", "--target", str(target), "--yes")
    assert traits_of(distant.inside(target)) == traits_of(distant.source)
    call("verify", "--read-data")
    call("prune", "--yes")


def assert_sound(distant: Distant, snapshots: int = 1) -> None:
    """Let restic look at what is there, without whatever lies between."""
    distant.restic.check()
    assert len(distant.restic.json("snapshots")) == snapshots
    assert distant.restic.run("--no-lock", "list", "locks") == ""
