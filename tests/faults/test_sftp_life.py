"""Trouble between us and an SSH server: a life goes well, or ends with one clear line and no damage."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.distant import install_on, new_place, restic_on_sftp, sftp_table
from tests.support.life import KEEPING_ONE, assert_sound, estate, live
from tests.support.programs import ended
from tests.support.servers.daemons import until
from tests.support.servers.relay import Relay, Trouble
from tests.support.servers.sshd import SshServer, ssh_server

pytestmark = pytest.mark.requires("sshd", "restic")

MEBIBYTE = 1024 * 1024

TROUBLE = [
    Trouble(nth=1, count=1, up=MEBIBYTE),
    Trouble(nth=2, count=1, refuse=True),
    Trouble(nth=3, count=1, up=3 * MEBIBYTE, flip=True),
    Trouble(nth=4, count=1, down=20_000),
    Trouble(nth=6, count=1, down=100_000),
]


def test_a_life_goes_well_in_trouble(relay: Relay, ssh: SshServer, relayed_ssh: SshServer, tmp_path: Path) -> None:
    path = f"{ssh.files}/{new_place()}"
    table, restic = sftp_table(relayed_ssh, path), restic_on_sftp(ssh, path)
    distant = install_on(tmp_path / "distant", estate(tmp_path / "source"), table, restic, KEEPING_ONE)
    relay.set(*TROUBLE)
    live(distant)
    assert relay.connections > TROUBLE[-1].nth
    assert_sound(distant)
    assert [found for found in Path(path).rglob("*") if "-tmp-" in found.name] == []


@pytest.fixture
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    """A server that can be killed."""
    with ssh_server(tmp_path_factory.mktemp("mortal")) as server:
        yield server


def test_a_backup_that_loses_its_server_says_so_and_leaves_no_damage(mortal: SshServer, tmp_path: Path) -> None:
    path = f"{mortal.files}/{new_place()}"
    table, restic = sftp_table(mortal, path), restic_on_sftp(mortal, path)
    source = estate(tmp_path / "source")
    distant = install_on(tmp_path / "distant", source, table, restic, "")
    distant.back_up()
    (source / "new").write_bytes(os.urandom(40 * MEBIBYTE))
    packs = count_of(path)
    with distant.start("run", "site", environment=distant.with_little_patience()) as process:
        until(lambda: count_of(path) > packs, lambda: "no pack came")
        for pid in (*sessions_of(mortal.pid), mortal.pid):
            os.kill(pid, signal.SIGKILL)
        said = ended(process)
    assert said.code == 1, said
    assert "Traceback" not in said.err
    assert len([line for line in said.err.splitlines() if "error: " in line]) == 1, said.err
    with ssh_server(Path(mortal.ssh_config).parent, port=mortal.port):
        restic.run("unlock")
        assert_sound(distant)
        distant.back_up()
        assert_sound(distant, 2)


def count_of(path: str) -> int:
    return sum(1 for _found in Path(path, "data").rglob("*"))


def sessions_of(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [each for child in map(int, children) for each in (*sessions_of(child), child)]
