"""What systemd is told, over a socket of the test's own."""

import os
import socket
from pathlib import Path

import pytest

from tui_backup.primitives.service_manager import ServiceManager


@pytest.mark.parametrize("is_abstract", [False, True])
def test_each_message_is_a_datagram(tmp_path: Path, is_abstract: bool) -> None:
    name = f"tui-backup-{os.getpid()}" if is_abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0{name}" if is_abstract else name)
        manager = ServiceManager({"NOTIFY_SOCKET": f"@{name}" if is_abstract else name, "WATCHDOG_USEC": "3000000"})
        manager.ready("next:\n02:00")
        manager.reloading()
        manager.alive()
        manager.stopping()
        heard = [listener.recv(4096).decode() for _message in range(4)]
    assert heard[0] == "READY=1\nSTATUS=next: 02:00"
    assert heard[1].startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert heard[2:] == ["WATCHDOG=1", "STOPPING=1"]
    assert manager.watchdog_s == 3.0


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "soon"},
        {"NOTIFY_SOCKET": "/nonexistent/notify"},
    ],
)
def test_without_anybody_who_listens_nothing_happens(environment: dict[str, str]) -> None:
    manager = ServiceManager(environment)
    manager.ready("")
    manager.alive()
    assert manager.watchdog_s is None
