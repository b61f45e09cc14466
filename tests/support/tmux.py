"""A real terminal: the program in a window of a tmux server of its own."""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from shlex import quote

DEADLINE_S = 15.0
_LOOK_S = 0.05


class Tmux:
    """A terminal of 80 columns and 24 lines with one program on it, which a shell has started."""

    def __init__(self, directory: Path, command: str, cwd: Path) -> None:
        """`command` is a line for the shell; it ends with `exec`, so that its pid is that of the program."""
        self._socket = directory / "tmux"
        self._code = directory / "code"
        self._pid = directory / "pid"
        self._environment = {key: value for key, value in os.environ.items() if key not in {"TMUX", "TMUX_PANE"}}
        begin = f"sh -c {quote(f'echo $$ > {quote(str(self._pid))}; {command}')}"
        line = f"trap : INT; {begin}; echo $? > {quote(str(self._code))}; exec sleep {DEADLINE_S}"
        self._call("new-session", "-d", "-x", "80", "-y", "24", "-c", str(cwd), "--", "sh", "-c", line)
        until(lambda: self._said(self._pid) != "", lambda: "it does not begin")
        self.pid = int(self._said(self._pid))
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
        until(lambda: self._said(self._code) != "", lambda: f"it goes on:\n{self.screen}")
        return int(self._said(self._code))

    @property
    def is_taken(self) -> bool:
        """Whether the program still shows itself in place of what was there."""
        return self._call("display-message", "-p", "#{alternate_on}") == "1"

    def vanish(self) -> None:
        """Go away, as a window that somebody closes does, and with it the terminal of the program."""
        subprocess.run(self._command("kill-server"), env=self._environment, check=False, capture_output=True)

    @staticmethod
    def _said(path: Path) -> str:
        return path.read_text().strip() if path.exists() else ""

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
