"""The real restic (marker `requires("restic")`)."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import msgspec

from tests.support.components import restic


class Restic(msgspec.Struct, frozen=True):
    """One repository, as restic's own command line sees it."""

    repository: Path | str
    password: str = "correct horse"
    program: str | None = None
    """Another restic than the one that the tests use."""
    environment: tuple[tuple[str, str], ...] = ()
    """What else it needs to know, as pairs of names and values."""
    options: tuple[str, ...] = ()
    """Options of every command."""

    def attempt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command and return how it ended, whatever that was."""
        ended = self._ended(*arguments)
        out, trouble = ended.stdout.decode(errors="replace"), ended.stderr.decode(errors="replace")
        return subprocess.CompletedProcess(ended.args, ended.returncode, out, trouble)

    def run(self, *arguments: str) -> str:
        """Run a command that must succeed and return what it printed."""
        ended = self.attempt(*arguments)
        assert ended.returncode == 0, f"restic {' '.join(arguments)}: {ended.returncode}\n{ended.stdout}{ended.stderr}"
        return ended.stdout

    def json(self, *arguments: str) -> Any:
        """Run a command with `--json` and return the one document that it printed."""
        return json.loads(self.run("--json", *arguments))

    def lines(self, *arguments: str) -> list[Any]:
        """Run a command with `--json` and return what it printed, a document a line."""
        return [json.loads(line) for line in self.run("--json", *arguments).splitlines()]

    def output(self, *arguments: str) -> bytes:
        """Run a command that must succeed and return the bytes that it printed."""
        ended = self._ended(*arguments)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def check(self) -> None:
        """Let restic read and check every byte."""
        report = self.run("check", "--read-data")
        assert "no errors were found" in report, report

    def _ended(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        program = self.program or restic() or "restic"
        own = {"RESTIC_REPOSITORY": str(self.repository), "RESTIC_PASSWORD": self.password}
        environment = os.environ | own | dict(self.environment)
        command = [program, "--no-cache", *self.options, *arguments]
        return subprocess.run(command, env=environment, capture_output=True, check=False)
