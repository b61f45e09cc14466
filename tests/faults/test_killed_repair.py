"""SIGKILL of the program behind every write and every delete of a repair."""

import os
from pathlib import Path

import pytest

from tests.faults.conftest import copy_of
from tests.support.aging import assert_whole
from tests.support.faulty import flipped
from tests.support.killing import Moment
from tests.support.programs import Installation
from tests.support.repositories import open_repository
from tests.support.victims import Doom, Remains, slay, slay_at_every

pytestmark = pytest.mark.requires("restic")

REPAIR = ("repair", "packs", "-r", "local", "--yes")


def spoil(installation: Installation) -> Installation:
    """Damage the header of a pack of data, and the index."""
    packs = sorted(installation.repository.glob("data/*/*"), key=lambda path: path.stat().st_size)
    for path in (packs[-1], *installation.repository.glob("index/*")):
        os.chmod(path, 0o600)
        path.write_bytes(flipped(path.read_bytes(), 8 * path.stat().st_size - 300))
    return installation


def test_a_repair_that_died_is_simply_done_again(backed_up: Installation, tmp_path: Path) -> None:
    def scene(doom: Doom) -> Remains:
        installation = spoil(copy_of(backed_up, tmp_path / f"{doom.number}"))
        remains = slay(installation, doom, *REPAIR)
        again = installation.call("--json", *REPAIR)
        assert again.code == 0, again
        assert installation.leftovers() == []
        assert installation.locks() == []
        assert_whole(open_repository(installation.repository), 1)
        if doom.number % 4 == 1:
            installation.restic.check()
        return remains

    deaths = slay_at_every(Moment.AFTER, scene)
    assert {remains.last for remains in deaths} >= {
        "put locks", "put data", "put index", "delete index", "delete data", "delete locks",
    }  # fmt: skip
