"""An S3 server that is killed while a program works with it, and what becomes of both."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.support.distant import Distant, install_on, new_place, restic_on_s3, s3_table
from tests.support.life import assert_sound, estate
from tests.support.programs import Said, ended
from tests.support.servers.ceph import Ceph
from tests.support.servers.daemons import free_port, until
from tests.support.servers.fault_proxy import FaultProxy, Rule
from tests.support.servers.s3 import S3Server

pytestmark = pytest.mark.requires("radosgw", "restic")


class Mortal:
    """One more S3 server over the same buckets, behind a proxy, which can be killed and started again."""

    def __init__(self, ceph: Ceph, directory: Path, stack: ExitStack) -> None:
        self._ceph, self._directory, self._stack = ceph, directory, stack
        self._port = free_port()
        self._life = ExitStack()
        self.start()
        self.proxy = stack.enter_context(FaultProxy(f"http://127.0.0.1:{self._port}"))
        stack.callback(self.kill)

    def start(self) -> None:
        gateway = self._ceph.gateway(self._directory / "gateway.log", self._port, {})
        self._process = self._life.enter_context(gateway)

    def kill(self) -> None:
        self._process.kill()
        self._life.close()


@pytest.fixture
def mortal(ceph: Ceph, tmp_path: Path) -> Iterator[Mortal]:
    with ExitStack() as stack:
        yield Mortal(ceph, tmp_path, stack)


@pytest.fixture
def distant(mortal: Mortal, radosgw: S3Server, tmp_path: Path) -> Distant:
    bucket = radosgw.new_bucket()
    table = s3_table(radosgw.through(mortal.proxy.url), bucket, new_place())
    restic = restic_on_s3(radosgw, bucket, table["prefix"])
    return install_on(tmp_path / "distant", estate(tmp_path / "source"), table, restic)


@contextmanager
def at_work(distant: Distant, mortal: Mortal, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """Start a command with little patience, and go on when it sends or fetches packs; these take their time."""
    mortal.proxy.set(Rule(path="/data/[0-9a-f]{2}/", delay=0.5))
    with distant.start(*arguments, environment=distant.with_little_patience()) as process:
        until(
            lambda: any(seen.rule is not None for seen in mortal.proxy.seen) or process.poll() is not None,
            lambda: "it does nothing",
        )
        yield process


def assert_one_clear_line(said: Said) -> None:
    assert said.code == 1, said
    errors = [line for line in said.err.splitlines() if line.startswith("tui-backup: error: ")]
    assert len(errors) == 1, said
    assert "the connection to http://127.0.0.1:" in errors[0]
    assert errors[0].endswith(" broke: the server closed it")
    assert "Traceback" not in said.err


def test_a_backup_goes_on_when_the_server_is_back(mortal: Mortal, distant: Distant) -> None:
    with at_work(distant, mortal, "run", "site") as process:
        mortal.kill()
        mortal.proxy.set()
        mortal.start()
        said = ended(process)
    assert said.code == 0, said
    assert_sound(distant)


def forget_the_first(distant: Distant) -> None:
    """Leave something to prune: a snapshot that shares a pack with another is forgotten."""
    (distant.source / "goes").unlink()
    distant.back_up()
    distant.restic.run("forget", distant.snapshots()[0]["id"])


@pytest.mark.parametrize("verb", ["run", "restore", "prune"])
def test_what_loses_its_server_says_so_and_leaves_no_damage(mortal: Mortal, distant: Distant, verb: str) -> None:
    arguments = {
        "run": ["run", "site"],
        "restore": ["restore", "latest", "--target", str(distant.directory / "target"), "--yes"],
        "prune": ["prune", "--yes"],
    }[verb]
    if verb != "run":
        distant.back_up()
    if verb == "prune":
        forget_the_first(distant)
    with at_work(distant, mortal, *arguments) as process:
        mortal.kill()
        mortal.proxy.set()
        assert_one_clear_line(ended(process))
    mortal.start()
    mortal.proxy.set()
    distant.restic.run("unlock")
    distant.restic.check()
    distant.back_up()
    assert_sound(distant, snapshots=1 if verb == "run" else 2)
