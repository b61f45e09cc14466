"""journald in its own language, against a socket of the test and against a real one."""

import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.journal import with_journald
from tui_backup.primitives.journald import Journal, journal_behind_stderr


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.bind(str(tmp_path / "socket"))
        daemon.settimeout(10)
        yield daemon


def fields(content: bytes) -> dict[str, str]:
    """Return what an entry holds, read as the protocol has it."""
    found: dict[str, str] = {}
    while content:
        line, content = content.split(b"\n", 1)
        name, is_short, value = line.partition(b"=")
        if not is_short:
            (length,) = struct.unpack("<Q", content[:8])
            value, end, content = content[8 : 8 + length], content[8 + length : 9 + length], content[9 + length :]
            assert end == b"\n"
        assert name.decode() not in found
        found[name.decode()] = value.decode()
    return found


@pytest.mark.parametrize("message", ["run ended", "", "a=b", "several\nlines\n", "é\x1b[31m"])
def test_an_entry_has_its_fields(tmp_path: Path, daemon: socket.socket, message: str) -> None:
    entry = {"MESSAGE": message, "PRIORITY": "6", "SYSLOG_IDENTIFIER": "tui-backup", "TUI_BACKUP_JOB": "site"}
    assert Journal(str(tmp_path / "socket")).send(entry)
    assert fields(daemon.recv(65536)) == entry


def test_a_large_entry_travels_as_a_sealed_file(tmp_path: Path, daemon: socket.socket) -> None:
    entry = {"MESSAGE": "x" * 3_000_000, "TUI_BACKUP_JOB": "site"}
    assert Journal(str(tmp_path / "socket")).send(entry)
    content, (descriptor,), _flags, _address = socket.recv_fds(daemon, 65536, 1)
    try:
        assert content == b""
        size = os.fstat(descriptor).st_size
        assert fields(os.pread(descriptor, size, 0)) == entry
        with pytest.raises(PermissionError):
            os.pwrite(descriptor, b"y", 0)
    finally:
        os.close(descriptor)


def test_where_nobody_listens_it_is_left_alone_for_a_while(tmp_path: Path) -> None:
    seconds = [0.0]
    journal = Journal(str(tmp_path / "socket"), lambda: seconds[0])
    assert not journal.send({"MESSAGE": "lost"})
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.bind(str(tmp_path / "socket"))
        assert not journal.send({"MESSAGE": "lost too"})
        seconds[0] = 61
        assert journal.send({"MESSAGE": "there"})
        assert daemon.recv(100) == b"MESSAGE=there\n"


def test_a_daemon_that_is_stuck_costs_one_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui_backup.primitives.journald._WAIT_S", 0.05)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.bind(str(tmp_path / "socket"))
        journal = Journal(str(tmp_path / "socket"))
        sent = 0
        while journal.send({"MESSAGE": "x" * 1000}):
            sent += 1
        monkeypatch.setattr("tui_backup.primitives.journald._WAIT_S", 3600)
        assert not journal.send({"MESSAGE": "x"})
    assert sent > 0


def test_the_journal_is_known_by_where_stderr_leads(tmp_path: Path) -> None:
    with (tmp_path / "stream").open("w") as stream, (tmp_path / "other").open("w") as other:
        status = os.fstat(stream.fileno())
        known = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        assert journal_behind_stderr(known, stream.fileno()) is not None
        assert journal_behind_stderr(known, other.fileno()) is None
        assert journal_behind_stderr({}, stream.fileno()) is None
        assert journal_behind_stderr({"JOURNAL_STREAM": "elsewhere"}, stream.fileno()) is None
    assert journal_behind_stderr(known, 10_000) is None


@pytest.mark.requires("journald")
def test_a_real_journald_keeps_the_fields(tmp_path: Path) -> None:
    say = """
import sys
from pathlib import Path
from tui_backup.primitives.journald import Journal
from tui_backup.services.log import ProgramLog
log = ProgramLog(Path(sys.argv[1]), journal=Journal())
log.warning("run ended", run="20261121T020000Z-1a2b3c4d", job="site", result="incomplete", bytes_added=5)
try:
    raise ValueError("x" * 300_000)
except ValueError as error:
    log.unexpected(error)
"""
    ask = """
import json, subprocess
said = subprocess.run(["journalctl", "-t", "tui-backup", "-o", "json", "--all"], capture_output=True, check=True).stdout
first, second = map(json.loads, said.splitlines())
print(first["PRIORITY"], first["MESSAGE"], first["TUI_BACKUP_JOB"], first["TUI_BACKUP_RESULT"])
print(second["PRIORITY"], second["MESSAGE"], len(second["TUI_BACKUP_TRACEBACK"]) > 300_000)
one = subprocess.run(["journalctl", "TUI_BACKUP_JOB=site", "-o", "cat"], capture_output=True, check=True, text=True)
print(one.stdout, end="")
"""
    sentence = "run ended run=20261121T020000Z-1a2b3c4d job=site result=incomplete bytes_added=5"
    assert with_journald(say, ask, str(tmp_path)).splitlines() == [
        f"4 {sentence} site incomplete",
        "3 ValueError True",
        sentence,
    ]
