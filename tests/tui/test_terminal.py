"""The UI on a real terminal: left, lost, and told to stop, while a run goes on."""

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from tests.support.gated import Gated, gated
from tests.support.tmux import Tmux, until
from tui_backup.primitives.processes import has_ended

pytestmark = [pytest.mark.requires("tmux"), pytest.mark.requires("restic")]

_IDLE_S = 1.0
_THREADS = 3
"""Of a UI that has begun: its own, and those that read, write and look out."""


class Interface:
    """The program on a terminal, over a job whose repository opens as soon as `release` lets it."""

    def __init__(self, job: Gated) -> None:
        self.job = job
        self._terminals: list[Tmux] = []

    def open(self, *, prefix: str = "", program: str = "-m tui_backup") -> Tmux:
        """Show the UI; `prefix` is what the shell does before it becomes the program."""
        directory = self.job.estate.directory
        line = f"{prefix} exec {sys.executable} {program} -c {self.job.config}"
        terminal = Tmux(directory, line, directory)
        self._terminals.append(terminal)
        terminal.wait_for("site")
        return terminal

    def back_up(self, terminal: Tmux) -> None:
        """Start the job, and wait until it goes on."""
        terminal.press("B")
        until(lambda: self.job.goes_on, lambda: f"no run begins:\n{terminal.screen}")

    def follow(self, key: str) -> Tmux:
        """Show the UI, start the job, leave by a key, and follow what goes on."""
        terminal = self.open()
        self.back_up(terminal)
        terminal.press(key)
        terminal.wait_for("Leave and follow")
        terminal.press("Right", "Enter")
        return terminal

    @property
    def log(self) -> str:
        """The program's log."""
        return (self.job.estate.directory / "state" / "log" / "tui-backup.log").read_text()

    def close(self) -> None:
        """Let nothing go on."""
        self.job.release()
        for terminal in self._terminals:
            terminal.vanish()
            until(partial(has_ended, terminal.pid), lambda: "it goes on without a terminal")


@pytest.fixture
def interface(tmp_path: Path) -> Iterator[Interface]:
    with gated(tmp_path / "e") as job:
        interface = Interface(job)
        yield interface
        interface.close()


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def input_of(pid: int) -> str:
    with suppress(OSError):
        return os.readlink(f"/proc/{pid}/fd/0")
    return ""


@pytest.mark.parametrize("prefix", ["", "trap '' HUP;"])
def test_a_run_outlives_the_terminal_and_the_ui_does_not(interface: Interface, prefix: str) -> None:
    terminal = interface.open(prefix=prefix)
    interface.back_up(terminal)
    terminal.vanish()
    until(lambda: input_of(terminal.pid) == os.devnull, lambda: "it still reads from its terminal")
    before = cpu_s(terminal.pid)
    time.sleep(_IDLE_S)
    assert cpu_s(terminal.pid) - before < _IDLE_S / 5
    interface.job.release()
    until(lambda: has_ended(terminal.pid), lambda: "it goes on")
    assert interface.job.statuses == ["ok"]
    interface.job.estate.restic("local").check()


def test_a_ui_without_a_run_ends_with_its_terminal(interface: Interface) -> None:
    terminal = interface.open()
    terminal.vanish()
    until(lambda: has_ended(terminal.pid), lambda: "it goes on")


def test_a_hangup_alone_ends_neither_the_ui_nor_the_run(interface: Interface) -> None:
    terminal = interface.open()
    interface.back_up(terminal)
    os.kill(terminal.pid, signal.SIGHUP)
    terminal.press("?")
    terminal.wait_for("Help")
    terminal.press("Escape")
    interface.job.release()
    terminal.wait_for("backed up")
    terminal.press("q")
    assert terminal.end() == 0
    assert interface.job.statuses == ["ok"]


def test_what_goes_on_can_be_followed_to_its_end_without_the_ui(interface: Interface) -> None:
    terminal = interface.follow("q")
    terminal.wait_for("site → local: starting")
    interface.job.release()
    assert terminal.end() == 0
    assert "site → local: ok: backed up" in terminal.screen
    assert interface.job.statuses == ["ok"]


def test_a_run_that_is_followed_outlives_the_terminal_too(interface: Interface) -> None:
    terminal = interface.follow("q")
    terminal.wait_for("site → local: starting")
    terminal.vanish()
    interface.job.release()
    until(lambda: has_ended(terminal.pid), lambda: "it goes on")
    assert interface.job.statuses == ["ok"]


def test_ctrl_c_while_following_cancels_the_run(interface: Interface) -> None:
    interface.job.make_busy()
    terminal = interface.follow("C-c")
    terminal.wait_for("━")
    terminal.press("C-c")
    assert terminal.end() == 130
    assert "site → local: cancelled" in terminal.screen
    assert interface.job.statuses == ["cancelled"]


def test_quitting_can_cancel_what_goes_on_and_waits_for_that(interface: Interface) -> None:
    interface.job.make_busy()
    terminal = interface.open()
    interface.back_up(terminal)
    terminal.press("C-q")
    terminal.wait_for("Cancel it")
    terminal.press("Right", "Right", "Enter")
    assert terminal.end() == 0
    assert interface.job.statuses == ["cancelled"]


def test_staying_leaves_everything_as_it_is(interface: Interface) -> None:
    terminal = interface.open()
    interface.back_up(terminal)
    terminal.press("q")
    terminal.wait_for("Stay")
    terminal.press("Enter")
    interface.job.release()
    terminal.wait_for("backed up")
    assert interface.job.statuses == ["ok"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_cancels_the_run_and_restores_the_terminal(interface: Interface, number: signal.Signals) -> None:
    interface.job.make_busy()
    terminal = interface.open()
    interface.back_up(terminal)
    os.kill(terminal.pid, number)
    assert terminal.end() == 130
    assert not terminal.is_taken
    assert interface.job.statuses == ["cancelled"]


def test_a_fault_of_the_ui_ends_no_run_and_shows_no_traceback(interface: Interface) -> None:
    program = interface.job.estate.directory / "faulty.py"
    program.write_text(
        "from tui_backup.cli.main import main\n"
        "from tui_backup.tui.page import Page\n"
        "Page.action_help = lambda page: 1 / 0\n"
        "main()\n"
    )
    terminal = interface.open(program=str(program))
    interface.back_up(terminal)
    terminal.press("?")
    shown = terminal.wait_for("tui-backup: error: unexpected error: ZeroDivisionError")
    assert "Traceback" not in shown
    assert "hint:" in shown
    interface.job.release()
    assert terminal.end() == 1
    assert interface.job.statuses == ["ok"]
    assert "ZeroDivisionError" in interface.log


class Stalled:
    """The UI on a terminal that takes nothing any more, as that of a connection that is frozen."""

    def __init__(self, config: Path) -> None:
        self._ours, theirs = pty.openpty()
        os.set_blocking(theirs, False)
        with suppress(BlockingIOError):
            while True:
                os.write(theirs, bytes(64))
        os.set_blocking(theirs, True)
        words = ["setsid", "--ctty", sys.executable, "-m", "tui_backup", "-c", str(config)]
        self.process = subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        tasks = Path(f"/proc/{self.process.pid}/task")
        until(lambda: len(list(tasks.iterdir())) > _THREADS, lambda: "it does not begin")
        time.sleep(_IDLE_S)

    def vanish(self) -> None:
        os.close(self._ours)
        self._ours = -1

    def close(self) -> None:
        if self._ours >= 0:
            self.vanish()
        self.process.wait(timeout=10)


@pytest.fixture
def stalled(interface: Interface) -> Iterator[Stalled]:
    stalled = Stalled(interface.job.config)
    yield stalled
    stalled.close()


def test_a_terminal_that_takes_nothing_is_not_waited_for(stalled: Stalled) -> None:
    stalled.process.send_signal(signal.SIGTERM)
    assert stalled.process.wait(timeout=10) == 130


def test_a_terminal_that_takes_nothing_may_vanish(stalled: Stalled) -> None:
    stalled.vanish()
    assert stalled.process.wait(timeout=10) == 0


def test_what_libraries_write_on_stderr_goes_to_the_log(interface: Interface) -> None:
    program = interface.job.estate.directory / "noisy.py"
    program.write_text(
        "import os\n"
        "from tui_backup.cli.main import main\n"
        "from tui_backup.tui.page import Page\n"
        "Page.action_help = lambda page: (os.write(2, b'noise'), page.notify('written'))\n"
        "main()\n"
    )
    terminal = interface.open(program=str(program))
    terminal.press("?")
    assert "noise" not in terminal.wait_for("written")
    assert interface.log.endswith("noise")


def test_a_program_that_is_lent_the_terminal_has_stderr_there(interface: Interface) -> None:
    program = interface.job.estate.directory / "lending.py"
    program.write_text(
        "import subprocess\n"
        "from tui_backup.cli.main import main\n"
        "from tui_backup.tui.page import Page\n"
        "def lend(page):\n"
        "    with page.app.suspend():\n"
        "        subprocess.run(['sh', '-c', 'echo on the terminal >&2; read _'])\n"
        "Page.action_help = lend\n"
        "main()\n"
    )
    terminal = interface.open(program=str(program))
    terminal.press("?")
    terminal.wait_for("on the terminal")
    terminal.press("Enter")
    terminal.wait_for("Command")
    assert terminal.is_taken
    terminal.press("q")
    assert terminal.end() == 0
