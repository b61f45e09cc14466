"""A real terminal: the program in a window of a tmux server of its own."""

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

DEADLINE_S = 15.0
_LOOK_S = 0.05


class Tmux:
    """A terminal of 80 columns and 24 lines with one program on it."""

    def __init__(self, directory: Path, command: Sequence[str], cwd: Path) -> None:
        self._socket = directory / "tmux"
        self._environment = {key: value for key, value in os.environ.items() if key not in {"TMUX", "TMUX_PANE"}}
        keep = ("set-option", "-g", "remain-on-exit", "on", ";")
        size = ("-x", "80", "-y", "24", "-c", str(cwd))
        self._call("start-server", ";", *keep, "new-session", "-d", *size, "--", *command)
        self.pid = int(self._call("display-message", "-p", "#{pane_pid}"))
        """Of the program."""

    def press(self, *keys: str) -> None:
        """Press keys, by the names that tmux has for them."""
        self._call("send-keys", *keys)

    @property
    def screen(self) -> str:
        """What is to be seen."""
        return self._call("capture-pane", "-p")

    def wait_for(self, text: str) -> str:
        """Wait until a text is to be seen; return the screen."""
        until(lambda: text in self.screen, lambda: f"{text!r} does not appear:\n{self.screen}")
        return self.screen

    def end(self) -> int:
        """Wait until the program has ended; return its exit code."""
        until(lambda: len(self._status.split()) == 2, lambda: f"it goes on:\n{self.screen}")
        return int(self._status.split()[1])

    @property
    def is_taken(self) -> bool:
        """Whether the program still shows itself in place of what was there."""
        return self._call("display-message", "-p", "#{alternate_on}") == "1"

    def vanish(self) -> None:
        """Go away, as a window that somebody closes does, and with it the terminal of the program."""
        subprocess.run(self._command("kill-server"), env=self._environment, check=False, capture_output=True)

    @property
    def _status(self) -> str:
        return self._call("display-message", "-p", "#{pane_dead} #{pane_dead_status}")

    def _call(self, *words: str) -> str:
        done = subprocess.run(self._command(*words), env=self._environment, check=True, capture_output=True, text=True)
        return done.stdout.strip("\n")

    def _command(self, *words: str) -> list[str]:
        return ["tmux", "-S", str(self._socket), "-f", "/dev/null", *words]


def until(condition: Callable[[], bool], complaint: Callable[[], str], deadline_s: float = DEADLINE_S) -> None:
    """Wait until something holds; raise TimeoutError with the complaint if it does not in time."""
    end = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(complaint())
        time.sleep(_LOOK_S)
