"""Owners that die and leave workers behind, workers that die, signals in mid-run."""

import os
import signal
from pathlib import Path

import pytest

from tests.faults.conftest import copy_of
from tests.support.killing import Moment
from tests.support.programs import Installation, install
from tests.support.trees import traits_of, write_tree
from tests.support.victims import Doom, slay, victim

RUN = ("--json", "run", "site")


@pytest.fixture
def fresh(small_source: Path, tmp_path: Path) -> Installation:
    return install(tmp_path / "installation", small_source)


@pytest.fixture
def two_packs(tmp_path: Path) -> Installation:
    """A source that fills a pack of each worker."""
    files = {f"file-{number}": os.urandom(4 << 20) for number in range(12)}
    return install(tmp_path / "installation", write_tree(tmp_path / "source", files))


@pytest.mark.parametrize(
    "doom",
    [
        Doom(Moment.BEFORE, whom="owner", what="owner put data"),
        Doom(Moment.HALFWAY, whom="owner", what="worker put data"),
        Doom(Moment.AFTER, whom="owner", what="worker put data"),
    ],
)
def test_workers_end_by_themselves_when_a_backup_dies(fresh: Installation, doom: Doom) -> None:
    remains = slay(fresh, doom, *RUN)
    assert remains.was_killed
    assert len(remains.groups) == 2
    assert fresh.snapshots() == []
    fresh.back_up()
    assert fresh.leftovers() == []


def test_workers_end_by_themselves_when_a_restore_dies(backed_up: Installation, tmp_path: Path) -> None:
    installation = copy_of(backed_up, tmp_path / "installation")
    target = tmp_path / "target"
    doom = Doom(Moment.PLACED_HALF, 50, whom="owner", what="worker")
    remains = slay(installation, doom, "restore", "latest", "--target", str(target), "--yes")
    assert remains.was_killed
    assert len(remains.groups) == 2
    assert installation.restore(target).code == 0
    assert traits_of(installation.inside(target)) == traits_of(installation.source)


@pytest.mark.parametrize("what", ["worker put data", "owner put data"])
def test_a_backup_that_loses_a_worker_says_so(fresh: Installation, what: str) -> None:
    with victim(fresh, Doom(Moment.HALFWAY, whom="workers", what=what), *RUN) as bereaved:
        said = bereaved.end()
    assert said.code == 1
    assert said.last["status"] == "failed"
    assert "a worker process ended unexpectedly" in said.err
    assert fresh.snapshots() == []
    assert fresh.locks() == []
    assert fresh.back_up()["status"] == "ok"
    assert fresh.leftovers() == []


def test_a_restore_that_loses_a_worker_says_so(backed_up: Installation, tmp_path: Path) -> None:
    installation = copy_of(backed_up, tmp_path / "installation")
    target = tmp_path / "target"
    doom = Doom(Moment.PLACED_HALF, 50, whom="workers", what="worker")
    with victim(installation, doom, "restore", "latest", "--target", str(target), "--yes") as bereaved:
        said = bereaved.end()
    assert said.code == 1
    assert "a worker process ended unexpectedly" in said.err
    assert installation.locks() == []
    assert installation.restore(target).code == 0
    assert traits_of(installation.inside(target)) == traits_of(installation.source)


@pytest.mark.requires("restic")
def test_neither_a_hangup_nor_restic_unlock_ends_a_run_that_holds_a_lock(fresh: Installation) -> None:
    with victim(fresh, Doom(Moment.AFTER, whom="nobody", what="owner put locks"), *RUN) as running:
        running.await_pause()
        running.process.send_signal(signal.SIGHUP)
        fresh.restic.run("unlock")
        assert len(fresh.locks()) == 1
        running.resume()
        said = running.end()
    assert (said.code, said.last["status"]) == (0, "ok")


def test_a_suspended_run_goes_on(fresh: Installation) -> None:
    with victim(fresh, Doom(Moment.BEFORE, whom="nobody", what="owner put data"), *RUN) as running:
        running.await_pause()
        running.process.send_signal(signal.SIGSTOP)
        os.waitpid(running.process.pid, os.WUNTRACED)
        running.process.send_signal(signal.SIGCONT)
        running.resume()
        said = running.end()
    assert (said.code, said.last["status"]) == (0, "ok")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_a_cancelled_run_has_stored_is_used_by_the_next(two_packs: Installation, number: signal.Signals) -> None:
    with victim(two_packs, Doom(Moment.BEFORE, whom="nobody", what="owner put data"), *RUN) as running:
        running.await_pause()
        running.process.send_signal(number)
        running.resume()
        said = running.end()
    assert (said.code, said.last["status"]) == (130, "cancelled")
    assert two_packs.locks() == []
    assert two_packs.snapshots() == []
    assert len(list(two_packs.repository.glob("index/*"))) == 1
    assert 0 < two_packs.back_up()["bytes_added"] < 24 << 20
