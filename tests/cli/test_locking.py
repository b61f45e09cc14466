"""`--no-lock`, `--retry-lock` and `unlock`, as users meet them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.cli.conftest import Pair
from tests.cli.site import Site
from tests.support.killing import Moment
from tests.support.mounts import read_only
from tests.support.processes import ended_pid
from tests.support.programs import install
from tests.support.repositories import open_repository
from tests.support.restic import Restic
from tests.support.victims import Doom, victim
from tui_backup.formats.restic.envelope import save_unpacked
from tui_backup.formats.restic.layout import FileKind
from tui_backup.formats.restic.times import format_time
from tui_backup.primitives.identity import identity
from tui_backup.services.storage.unlocking import holdings, remove
from tui_backup.services.workspace import Workspace

READING = ("ls", "find", "diff", "dump", "versions", "restore", "verify")
MINUTE = 60 * 10**9


def reading(pair: Pair, command: str, target: Path) -> tuple[str, ...]:
    """Return the arguments of a command that reads trees or data."""
    path = f"{pair.inside}/a.txt"
    return {
        "ls": ("ls", pair.first),
        "find": ("find", "*.txt"),
        "diff": ("diff", pair.first, pair.second),
        "dump": ("dump", pair.first, path),
        "versions": ("versions", path),
        "restore": ("restore", pair.first, "--target", str(target), "--yes"),
        "verify": ("verify", "--read-data"),
    }[command]


def leave(repository: Path, password: str, age_ns: int = 0, **fields: Any) -> str:
    """Leave the exclusive lock of a program of another host."""
    access = open_repository(repository, password).access
    owner = {"hostname": "db1", "username": "eve", "pid": 7085, "exclusive": True}
    document = {"time": format_time(time.time_ns() - age_ns)} | owner | fields
    return save_unpacked(access.store, FileKind.LOCK, msgspec.json.encode(document), access.version, access.cipher)


def leave_at(site: Site, age_ns: int = 0, **fields: Any) -> str:
    password = (site.directory / "backups.key").read_text().strip()
    return leave(site.directory / "backups", password, age_ns, **fields)


def locks_of(site: Site) -> list[str]:
    return os.listdir(site.directory / "backups" / "locks")


@pytest.fixture
def made(site: Site) -> Site:
    site.back_up()
    return site


@contextmanager
def locked(pair: Pair) -> Iterator[None]:
    site = pair.site
    name = leave_at(site)
    try:
        yield
    finally:
        (site.directory / "backups" / "locks" / name).unlink(missing_ok=True)


@pytest.mark.requires("tmpfs")
@pytest.mark.parametrize("command", READING)
def test_what_cannot_be_written_is_read_without_a_lock(pair: Pair, command: str, tmp_path: Path) -> None:
    with read_only(pair.site.directory / "backups"):
        refused = pair.call(*reading(pair, command, tmp_path / "one"))
        answer = pair.call(*reading(pair, command, tmp_path / "two"), "--no-lock")
    assert refused.code == 1
    assert "Read-only file system" in refused.err
    assert "--no-lock" in refused.err
    assert answer.code == 0, answer.err


@pytest.mark.requires("tmpfs")
def test_snapshots_are_listed_without_a_lock_anyway(pair: Pair) -> None:
    with read_only(pair.site.directory / "backups"):
        assert [pair.call("list", *options).code for options in ((), ("--no-lock",))] == [0, 0]


@pytest.mark.requires("root")
def test_somebody_who_may_only_read_does_so_without_a_lock(made: Site) -> None:
    repository = made.directory / "backups"
    subprocess.run(["chown", "-R", "65534:65534", repository], check=True)
    subprocess.run(["chmod", "-R", "a=rX", repository], check=True)
    powerless = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", sys.executable, "-m", "tui_backup"]
    call = [*powerless, "-c", str(made.config), "ls", "latest"]
    refused = subprocess.run(call, check=False, capture_output=True, text=True)
    assert refused.returncode == 1
    assert "Permission denied" in refused.stderr
    assert "--no-lock" in refused.stderr
    assert subprocess.run([*call, "--no-lock"], check=True, capture_output=True).stdout


@pytest.mark.parametrize("command", READING)
def test_what_somebody_else_holds_is_refused_and_read_without_a_lock(pair: Pair, command: str, tmp_path: Path) -> None:
    with locked(pair):
        refused = pair.call(*reading(pair, command, tmp_path / "one"))
        answer = pair.call(*reading(pair, command, tmp_path / "two"), "--no-lock")
    assert refused.code == 11
    assert "is locked exclusively by eve on db1 (pid 7085)" in refused.err
    assert answer.code == 0, answer.err


def test_nothing_is_written_without_a_lock(made: Site) -> None:
    assert made.call("run", "site", "--no-lock").code == 2
    assert made.call("tag", "latest", "add", "x", "--no-lock").code == 2


@pytest.mark.parametrize("text", ["5", "soon", "-5m"])
def test_a_wait_that_is_no_duration_is_refused(made: Site, text: str) -> None:
    answer = made.call("run", "site", f"--retry-lock={text}")
    assert answer.code == 2
    assert "--retry-lock: " in answer.err


def test_a_lock_that_goes_away_is_waited_for(made: Site) -> None:
    name = leave_at(made)
    with made.start("run", "site", "--retry-lock", "20s") as process:
        assert process.stderr is not None
        told = process.stderr.readline()
        (made.directory / "backups" / "locks" / name).unlink()
        _out, rest = process.communicate(timeout=60)
    assert told.startswith("waiting for at most ")
    assert "is locked exclusively by eve on db1 (pid 7085)" in told
    assert process.returncode == 0
    assert "waiting" not in rest


@pytest.mark.parametrize("command", [("run", "site"), ("ls", "latest")])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_waiting_ends_when_it_is_told_to(made: Site, command: tuple[str, ...], number: signal.Signals) -> None:
    name = leave_at(made)
    with made.start("--json", *command, "--retry-lock", "20m") as process:
        said = process.stdout if command[0] == "run" else process.stderr
        assert said is not None
        assert any(json.loads(line)["type"] == "waiting" for line in said)
        process.send_signal(number)
        process.communicate(timeout=20)
    assert process.returncode == 130
    assert locks_of(made) == [name]


def test_unlock_removes_the_dead_and_shows_the_rest(made: Site) -> None:
    dead = leave_at(made, age_ns=8 * MINUTE, hostname=identity().hostname, pid=ended_pid())
    theirs = leave_at(made)
    document = made.call("--json", "unlock", "--dry-run").document
    assert [each["object"] for each in document["done"]] == [dead]
    assert sorted(locks_of(made)) == sorted([dead, theirs])
    answer = made.call("unlock", "-r", "local")
    assert answer.code == 0
    assert "dead: its process" in answer.out
    assert "eve on db1 (pid 7085)" in answer.out
    assert locks_of(made) == [theirs]


def test_what_is_not_provably_dead_goes_only_by_force_and_consent(made: Site) -> None:
    theirs = leave_at(made)
    refused = made.call("unlock", "--force")
    assert refused.code == 2
    assert locks_of(made) == [theirs]
    answer = made.call("--json", "unlock", "--force", "--yes")
    assert answer.code == 0
    (done,) = answer.document["done"]
    assert (done["what"], done["object"], done["host"], done["life"]) == ("lock", theirs, "db1", "unknown")
    assert locks_of(made) == []
    assert made.call("unlock").code == 0


def test_a_run_that_lives_is_named_before_its_lock_goes_and_gets_no_signal(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "file").write_text("content")
    installation = install(tmp_path / "installation", tmp_path / "source")
    installation.back_up()
    (tmp_path / "source" / "file").write_text("other content")
    meanwhile = Doom(Moment.BEFORE, whom="nobody", what="owner put data")
    with victim(installation, meanwhile, "--json", "run", "site") as running:
        running.await_pause()
        blocked = installation.call("verify", "--retry-lock", "0s")
        kept = installation.call("--json", "unlock")
        forced = installation.call("--json", "unlock", "--force", "--yes")
        assert running.process.poll() is None
        running.resume()
        said = running.end()
    assert blocked.code == 0, "both locks are shared"
    (lock,) = json.loads(kept.out)["skipped"]
    assert (lock["life"], lock["pid"]) == ("alive", running.process.pid)
    assert f"the run {lock['run']} is at work there" in forced.err
    assert said.code == 11
    assert "removed by another program" in said.last["message"]
    assert len(installation.snapshots()) == 1


def test_a_lock_that_is_refreshed_while_somebody_decides_stays(made: Site) -> None:
    shown = leave_at(made)
    with Workspace.open(str(made.config)) as workspace:
        found = holdings(workspace).locks
        (made.directory / "backups" / "locks" / shown).unlink()
        refreshed = leave_at(made)
        assert remove(workspace, found) == []
    assert locks_of(made) == [refreshed]


def test_a_repository_that_cannot_be_reached_keeps_no_other_from_being_unlocked(made: Site) -> None:
    text = made.config.read_text()
    other = '[repositories.gone]\nstore = { kind = "local", path = "gone" }\npassword = { file = "backups.key" }\n'
    made.config.write_text(text + other)
    theirs = leave_at(made)
    answer = made.call("--json", "unlock", "--force", "--yes")
    assert answer.code == 10
    assert [each["object"] for each in answer.document["done"]] == [theirs]
    assert [each["object"] for each in answer.document["problems"]] == ["gone"]


@pytest.mark.requires("restic")
def test_what_we_leave_alone_restic_unlocks_and_the_other_way_round(made: Site) -> None:
    password = (made.directory / "backups.key").read_text().strip()
    restic = Restic(made.directory / "backups", password)
    theirs = leave_at(made, age_ns=31 * MINUTE)
    assert restic.run("list", "locks").split() == [theirs]
    assert made.call("unlock").code == 0
    assert locks_of(made) == [theirs]
    restic.run("unlock")
    assert locks_of(made) == []
