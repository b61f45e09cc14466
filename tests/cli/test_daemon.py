"""`daemon` as systemd starts it, with a socket of the test's own in its place."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cli.site import Site
from tests.support.servers.daemons import until
from tests.support.services import leave_stopped

DEADLINE_S = 60
WATCHDOG_S = 1.5
EVERY_MINUTE = 'schedule = "* * * * *"\nverify = "* * * * *"'


class Service:
    """A daemon, and what it tells."""

    def __init__(self, site: Site, process: "subprocess.Popen[str]", listener: socket.socket) -> None:
        self.site, self.process = site, process
        self._listener = listener
        self.heard: list[tuple[float, str]] = []

    def await_message(self, is_wanted: Callable[[str], bool]) -> str:
        """Return the next message of a kind; no two are further apart than the watchdog allows."""
        end = time.monotonic() + DEADLINE_S
        while time.monotonic() < end:
            message = self._listener.recv(4096).decode()
            self.heard.append((time.monotonic(), message))
            if is_wanted(message):
                return message
        raise TimeoutError(str(self.heard))

    def begins(self, word: str) -> str:
        return self.await_message(lambda message: message.startswith(word))

    def until_runs(self, job: str, count: int = 1) -> list[Any]:
        """Wait for so many ended backups of a job, and return the runs as `history` has them."""
        found: list[Any] = []

        def are_there() -> bool:
            self.listen()
            found[:] = self.site.call("history", "--job", job, "--json").document
            return len([run for run in found if run["status"] != "running"]) >= count

        until(are_there, lambda: str(found), DEADLINE_S)
        return found

    def listen(self) -> None:
        """Take what it has told meanwhile."""
        self._listener.setblocking(False)
        try:
            while True:
                self.heard.append((time.monotonic(), self._listener.recv(4096).decode()))
        except BlockingIOError:
            self._listener.settimeout(DEADLINE_S)

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        self.process.send_signal(number)
        _out, err = self.process.communicate(timeout=DEADLINE_S)
        return self.process.returncode, err


@contextmanager
def service(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A daemon over a configuration that is some minutes old."""
    age(site)
    address = str(site.directory / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address)
        listener.settimeout(DEADLINE_S)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        monkeypatch.setenv("WATCHDOG_USEC", str(int(WATCHDOG_S * 1_000_000)))
        process = site.start("daemon")
        try:
            yield Service(site, process, listener)
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate()


def age(site: Site) -> None:
    then = time.time() - 300
    os.utime(site.config, (then, then))


def add(site: Site, text: str) -> None:
    site.config.write_text(site.config.read_text() + text)
    age(site)


def job(name: str, source: Path, keys: str) -> str:
    return (
        f'\n[jobs.{name}]\nrepositories = ["local"]\nsources = [{{ kind = "files", paths = ["{source}"] }}]\n{keys}\n'
    )


def test_it_runs_what_is_due_and_ends_cleanly(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    add(site, 'schedule = "0 0 1 1 *"\n')
    with service(site, monkeypatch) as daemon:
        assert "STATUS=next: " in daemon.begins("READY=1")
        add(site, job("new", site.source, 'schedule = "* * * * *"'))
        daemon.process.send_signal(signal.SIGHUP)
        assert "MONOTONIC_USEC=" in daemon.begins("RELOADING=1")
        daemon.begins("READY=1")
        (first, *_rest) = daemon.until_runs("new")
        assert (first["kind"], first["status"]) == ("scheduled", "ok")
        assert daemon.stop() == (0, "")
        daemon.begins("STOPPING=1")


def test_a_configuration_that_is_wrong_is_told_and_the_former_one_stays(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(site, 'schedule = "0 0 1 1 *"\n')
    with service(site, monkeypatch) as daemon:
        daemon.begins("READY=1")
        sound = site.config.read_text()
        site.config.write_text(sound + "nonsense = 1\n")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.begins("RELOADING=1")
        daemon.begins("READY=1")
        site.config.write_text(sound)
        add(site, job("new", site.source, 'schedule = "* * * * *"'))
        daemon.process.send_signal(signal.SIGHUP)
        daemon.until_runs("new")
        code, err = daemon.stop()
        assert code == 0
        assert err.startswith("tui-backup: warning: the configuration was not taken over, the former one stays: ")
        assert err.count("\n") == 1


def test_what_goes_on_is_cancelled_cleanly_and_due_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    add(site, 'schedule = "* * * * *"\n')
    with open(site.source / "large", "wb") as file:
        file.truncate(3 << 29)
    with service(site, monkeypatch) as daemon:
        until(lambda: bool(site.call("runs", "--json").document), lambda: "nothing runs", DEADLINE_S)
        code, err = daemon.stop()
    assert code == 0
    assert err.startswith("tui-backup: error: site: cancelled")
    assert [run["status"] for run in site.call("history", "--json").document] == ["cancelled"]
    os.truncate(site.source / "large", 0)
    assert site.call("--run-scheduled").code == 0
    assert [run["status"] for run in site.call("history", "--json").document] == ["ok", "cancelled"]


def test_a_run_of_hours_keeps_neither_the_watchdog_nor_other_moments_from_being_seen(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.back_up()
    add(
        site,
        f"""
[repositories.slow]
store = {{ kind = "local", path = "slow" }}
password = {{ command = ["cat", "{site.directory}/hold"] }}
[jobs.long]
repositories = ["slow"]
sources = [{{ kind = "files", paths = ["source"] }}]
schedule = "* * * * *"
{job("soon", site.source, EVERY_MINUTE)}""",
    )
    os.mkfifo(site.directory / "hold")
    started = leave_stopped(site.directory / "state")
    with service(site, monkeypatch) as daemon:
        until(started.exists, lambda: "what is left stopped waits for a repository that does not answer", DEADLINE_S)

        def has_verified() -> bool:
            daemon.listen()
            runs = site.call("history", "--json").document
            return any((run["verb"], run["status"]) == ("verify", "ok") for run in runs)

        until(has_verified, lambda: str(daemon.heard), DEADLINE_S)
        assert "long" in [run["job"] for run in site.call("runs", "--json").document]
        assert site.call("history", "--job", "soon", "--json").document == []
        waiting = {run["job"]: run["waiting"] for run in site.call("runs", "--json").document}
        assert waiting["long"] is None
        assert waiting["soon"] == "waits for its turn: what is due is done one after the other"
        end = time.monotonic() + 2 * WATCHDOG_S
        while time.monotonic() < end:
            daemon.begins("WATCHDOG=1")
        signs = [at for at, message in daemon.heard if message.startswith("WATCHDOG=1")]
        assert max(later - earlier for earlier, later in zip(signs[-6:], signs[-5:], strict=False)) < WATCHDOG_S
        with open(site.directory / "hold", "w", encoding="utf-8") as password:
            password.write("secret\n")
        daemon.until_runs("long")
        daemon.until_runs("soon")
        assert daemon.stop()[0] == 0
