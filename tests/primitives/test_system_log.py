import re
import socket
from pathlib import Path

import pytest

from tui_backup.primitives.system_log import tell_system


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM], ids=["datagrams", "stream"])
def test_a_line_has_the_form_of_syslog(tmp_path: Path, kind: socket.SocketKind) -> None:
    path = str(tmp_path / "log")
    with socket.socket(socket.AF_UNIX, kind) as daemon:
        daemon.bind(path)
        daemon.settimeout(10)
        if kind is socket.SOCK_STREAM:
            daemon.listen()
        assert tell_system("audit n=1 café", path)
        taken = daemon if kind is socket.SOCK_DGRAM else daemon.accept()[0]
        with taken:
            said = taken.recv(4096).decode()
    assert re.fullmatch(r"<86>[A-Z][a-z]{2} [ 123]\d \d\d:\d\d:\d\d tui-backup\[\d+\]: audit n=1 café\0?", said)


def test_where_nobody_listens_nothing_happens(tmp_path: Path) -> None:
    assert not tell_system("audit", str(tmp_path / "nothing"))
    (tmp_path / "file").touch()
    assert not tell_system("audit", str(tmp_path / "file"))


def test_a_daemon_that_is_stuck_holds_nobody_up(tmp_path: Path) -> None:
    path = str(tmp_path / "log")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.bind(path)
        while tell_system("x" * 1000, path):
            pass
