"""Who called, as a process in real surroundings sees it."""

import os
import pty
import pwd
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tui_backup.primitives.caller import Caller, caller

ROOT = Path(__file__).parent.parent.parent
ASK = [sys.executable, "-c", "from tui_backup.primitives.caller import caller; print(caller())"]
ME = f"{pwd.getpwuid(os.getuid()).pw_name} (uid {os.getuid()}"


def asked(command: list[str], **environment: str) -> str:
    ended = subprocess.run(
        command, env={"PATH": os.environ["PATH"], **environment}, capture_output=True, text=True, check=True, cwd=ROOT
    )
    return ended.stdout.strip()


def test_a_process_that_nobody_is_behind_is_the_user_and_its_pid() -> None:
    text = asked(["setsid", "--wait", *ASK])
    assert re.fullmatch(re.escape(ME) + r"(, login \w+)?\)( .*)? pid \d+", text)


def test_sudo_and_the_address_come_from_the_environment() -> None:
    text = asked(ASK, SUDO_USER="alice", SSH_CONNECTION="192.0.2.7 50000 192.0.2.1 22")
    assert text.startswith(f"{ME}, sudo alice")
    assert " from 192.0.2.7 " in text


def test_an_address_that_sudo_has_dropped_is_found_in_the_processes_above() -> None:
    inner = ["env", "-i", f"PATH={os.environ['PATH']}", *ASK]
    shell = ["sh", "-c", '"$@"; exit $?', "sh", *inner]
    assert " from 2001:db8::7 " in asked(shell, SSH_CLIENT="2001:db8::7 50000 22")


@pytest.mark.parametrize("client", ["", "\x1b[31m 1", "; rm -rf / 1", "a" * 65])
def test_what_is_no_address_is_none(client: str) -> None:
    above = os.environ.get("SSH_CONNECTION")
    assert caller({"SSH_CONNECTION": client}).address in {None, above and above.split()[0]}


def test_the_controlling_terminal_is_told_even_if_all_streams_are_elsewhere() -> None:
    leader, follower = pty.openpty()
    name = os.ttyname(follower).removeprefix("/dev/")
    script = ["setsid", "--ctty", "--wait", "sh", "-c", '"$@" </dev/null >out 2>&1', "sh", *ASK]
    try:
        directory = Path(os.environ["HOME"])
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        subprocess.run(script, stdin=follower, check=True, cwd=directory, env=environment)
    finally:
        os.close(leader)
        os.close(follower)
    assert f") {name} " in (directory / "out").read_text()


@pytest.mark.requires("root")
def test_cron_is_told_by_a_process_of_root_above(tmp_path: Path) -> None:
    cron = tmp_path / "cron"
    cron.symlink_to("/bin/sh")
    assert " by cron " in asked([str(cron), "-c", '"$@"; exit $?', "sh", *ASK])


def test_a_caller_is_one_readable_line() -> None:
    text = str(Caller(uid=0, pid=4711, sudo="alice", terminal="pts/0", address="192.0.2.7"))
    assert text == "root (uid 0, sudo alice) pts/0 from 192.0.2.7 pid 4711"
    assert str(Caller(uid=0, pid=1, login="alice", by="cron")) == "root (uid 0, login alice) by cron pid 1"
    assert str(Caller(uid=4_000_000_000, pid=1)) == "- (uid 4000000000) pid 1"
