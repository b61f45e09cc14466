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

    def attempt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command and return how it ended, whatever that was."""
        program = self.program or restic() or "restic"
        environment = os.environ | {"RESTIC_REPOSITORY": str(self.repository), "RESTIC_PASSWORD": self.password}
        command = [program, "--no-cache", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def run(self, *arguments: str) -> str:
        """Run a command that must succeed and return what it printed."""
        ended = self.attempt(*arguments)
        assert ended.returncode == 0, f"restic {' '.join(arguments)}: {ended.returncode}\n{ended.stdout}{ended.stderr}"
        return ended.stdout

    def json(self, *arguments: str) -> Any:
        """Run a command with `--json` and return the one document that it printed."""
        return json.loads(self.run("--json", *arguments))

    def check(self) -> None:
        """Let restic read and check every byte."""
        report = self.run("check", "--read-data")
        assert "no errors were found" in report, report
