"""Repositories on real servers, read and written by restic and by us, in turn and at once."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support import components
from tests.support.distant import (
    Distant,
    install_on,
    new_place,
    restic_on_s3,
    restic_on_sftp,
    s3_table,
    sftp_table,
    store_of,
)
from tests.support.repositories import access_of, open_repository
from tests.support.restic import Restic
from tests.support.servers.s3 import S3Server
from tests.support.servers.sshd import SshServer
from tests.support.trees import random_tree, traits_of
from tui_backup.model.watch import Watch

pytestmark = pytest.mark.requires("restic")

Place = tuple[dict[str, str], Restic]
"""A `store` table, and restic's way there."""


def _in_bucket(server: S3Server) -> Place:
    bucket, prefix = server.new_bucket(), new_place()
    return s3_table(server, bucket, prefix), restic_on_s3(server, bucket, prefix)


def _over_http(request: pytest.FixtureRequest) -> Place:
    return _in_bucket(request.getfixturevalue("radosgw"))


def _over_https(request: pytest.FixtureRequest) -> Place:
    return _in_bucket(request.getfixturevalue("radosgw_tls"))


def _over_ssh(request: pytest.FixtureRequest) -> Place:
    server: SshServer = request.getfixturevalue("ssh")
    path = f"{server.files}/{new_place()}"
    return sftp_table(server, path), restic_on_sftp(server, path)


@pytest.fixture(
    params=[
        pytest.param(_over_http, marks=pytest.mark.requires("radosgw"), id="s3"),
        pytest.param(_over_https, marks=pytest.mark.requires("radosgw"), id="s3-tls"),
        pytest.param(_over_ssh, marks=pytest.mark.requires("sshd"), id="sftp"),
    ]
)
def place(request: pytest.FixtureRequest) -> Place:
    made: Callable[[pytest.FixtureRequest], Place] = request.param
    return made(request)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return random_tree(tmp_path / "tree", files=30, largest=2_000_000)


@pytest.fixture
def distant(place: Place, tree: Path, tmp_path: Path) -> Distant:
    table, restic = place
    return install_on(tmp_path / "distant", tree, table, restic)


def programs() -> list[str]:
    """Every restic that is here."""
    return [program for program in (components.restic(), components.restic_current()) if program]


def using(restic: Restic, program: str) -> Restic:
    """The same repository through another restic."""
    return Restic(restic.repository, restic.password, program, restic.environment, restic.options)


def test_what_we_keep_restic_checks_and_puts_back(distant: Distant, tmp_path: Path) -> None:
    snapshot = distant.back_up()["snapshot"]
    for number, program in enumerate(programs()):
        restic = using(distant.restic, program)
        restic.check()
        restic.run("restore", snapshot, "--target", str(tmp_path / str(number)))
        assert traits_of(distant.inside(tmp_path / str(number))) == traits_of(distant.source)


def test_what_restic_keeps_we_verify_and_put_back(distant: Distant, tmp_path: Path) -> None:
    restic = distant.restic
    restic.run("init")
    restic.run("backup", str(distant.source))
    (listed,) = distant.snapshots()
    assert listed["id"] == restic.json("snapshots")[0]["id"]
    verified = distant.call("verify", "--read-data")
    assert verified.code == 0, verified
    assert distant.restore(tmp_path / "back").code == 0
    assert traits_of(distant.inside(tmp_path / "back")) == traits_of(distant.source)


def test_each_prunes_what_the_other_has_written(distant: Distant) -> None:
    ours = distant.back_up()["snapshot"]
    (distant.source / "directory-0/file-0").write_bytes(os.urandom(100_000))
    distant.restic.run("backup", str(distant.source))
    distant.restic.run("forget", "--prune", ours)
    distant.restic.check()
    second = distant.back_up()["snapshot"]
    distant.restic.run("forget", *(found["id"] for found in distant.restic.json("snapshots") if found["id"] != second))
    pruned = distant.call("prune", "--yes")
    assert pruned.code == 0, pruned
    distant.restic.check()
    assert [found["id"] for found in distant.snapshots()] == [second]


@contextmanager
def restic_at_work(restic: Restic) -> Iterator[None]:
    """Have restic back up what it is not told the end of, with a shared lock."""
    command = [components.restic() or "restic", "--no-cache", *restic.options, "backup", "--stdin"]
    own = {"RESTIC_REPOSITORY": str(restic.repository), "RESTIC_PASSWORD": restic.password}
    environment = os.environ | own | dict(restic.environment)
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        while not restic.run("--no-lock", "list", "locks"):
            assert process.poll() is None
        yield
        process.communicate(b"content")
    assert process.returncode == 0


def test_locks_of_both_are_heeded_by_both(place: Place, distant: Distant) -> None:
    first = distant.back_up()["snapshot"]
    (distant.source / "directory-0/file-0").unlink()
    distant.back_up()
    distant.restic.run("forget", first)
    with restic_at_work(distant.restic):
        refused = distant.call("prune", "--yes")
        assert refused.code == 11, refused
        distant.back_up()
    with access_of(open_repository(store_of(place[0]))).exclusive(Watch()):
        refused_too = distant.restic.attempt("backup", str(distant.source))
    assert refused_too.returncode != 0
    assert "already locked exclusively" in refused_too.stderr
    distant.restic.check()
    assert len(distant.snapshots()) == 3
