"""A small site to back up: a source, a configuration, a local repository."""

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tests.cli.calling import Answer, Call
from tests.support.configurations import SITE


class Site(NamedTuple):
    directory: Path
    program: Call

    @property
    def source(self) -> Path:
        return self.directory / "source"

    @property
    def config(self) -> Path:
        return self.directory / "config.toml"

    @property
    def inside(self) -> str:
        """The source as the snapshot names it."""
        return str(self.source)

    def call(self, *arguments: str) -> Answer:
        return self.program("--config", str(self.config), *arguments)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start the program as a process of its own."""
        command = [sys.executable, "-m", "tui_backup", "--config", str(self.config), *arguments]
        return subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.directory,
            start_new_session=True,
        )

    def back_up(self) -> str:
        """Run the job and return the id of the snapshot."""
        answer = self.call("--json", "run", "site")
        assert answer.code == 0, answer.err
        snapshot = answer.lines[-1]["snapshot"]
        assert isinstance(snapshot, str)
        return snapshot


def build_site(directory: Path, program: Call) -> Site:
    directory.mkdir(exist_ok=True)
    (directory / "config.toml").write_text(SITE)
    site = Site(directory, program)
    site.source.mkdir()
    (site.source / "a.txt").write_text("one\n")
    return site
