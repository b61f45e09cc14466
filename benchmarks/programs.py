"""The programs that are compared, each with a fresh repository and a fresh cache in its own directory."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Protocol

import msgspec

from benchmarks.measure import Command, measure

PASSWORD = "correct horse battery staple"


class Program(Protocol):
    """One backup program at work in one directory."""

    def prepare(self) -> None:
        """Make the repository."""
        ...

    def backup(self) -> Command:
        """Back the source up."""
        ...

    def restore(self, target: Path) -> Command:
        """Bring the newest snapshot back below the empty directory `target`."""
        ...

    def check(self) -> Command:
        """Read and authenticate all data."""
        ...

    def repository(self) -> Path:
        """Where the repository lies."""
        ...


class Ours(msgspec.Struct, frozen=True):
    """This program."""

    program: str
    work: Path
    source: Path

    def prepare(self) -> None:
        (self.work / "password").write_text(PASSWORD)
        (self.work / "password").chmod(0o600)
        (self.work / "config.toml").write_text(
            f"""
            state_dir = "state"

            [repositories.local]
            format = "restic"
            store = {{ kind = "local", path = "repository" }}
            password = {{ file = "password" }}

            [jobs.everything]
            repositories = ["local"]

            [[jobs.everything.sources]]
            kind = "files"
            paths = ["{self.source}"]
            """
        )
        measure(self._command("init"))

    def backup(self) -> Command:
        return self._command("run", "everything")

    def restore(self, target: Path) -> Command:
        return self._command("restore", "latest", "--target", str(target), "--yes")

    def check(self) -> Command:
        return self._command("verify", "--read-data")

    def repository(self) -> Path:
        return self.work / "repository"

    def _command(self, *arguments: str) -> Command:
        as_installed = {"PYTHONDONTWRITEBYTECODE": ""}
        return Command([self.program, "-c", str(self.work / "config.toml"), *arguments], as_installed)


class Restic(msgspec.Struct, frozen=True):
    """restic, any version."""

    program: str
    work: Path
    source: Path

    def prepare(self) -> None:
        measure(self._command("init"))

    def backup(self) -> Command:
        return self._command("backup", str(self.source))

    def restore(self, target: Path) -> Command:
        return self._command("restore", "latest", "--target", str(target))

    def check(self) -> Command:
        return self._command("check", "--read-data")

    def repository(self) -> Path:
        return self.work / "repository"

    def _command(self, *arguments: str) -> Command:
        return Command(
            [self.program, "--quiet", *arguments],
            {
                "RESTIC_REPOSITORY": str(self.repository()),
                "RESTIC_PASSWORD": PASSWORD,
                "RESTIC_CACHE_DIR": str(self.work / "cache"),
            },
        )


class Borg(msgspec.Struct, frozen=True):
    """borg 1.x: repokey, zstd level 3."""

    program: str
    work: Path
    source: Path

    def prepare(self) -> None:
        measure(self._command("init", "--encryption", "repokey"))

    def backup(self) -> Command:
        return self._command("create", "--compression", "zstd,3", "::{now:%H%M%S%f}", str(self.source))

    def restore(self, target: Path) -> Command:
        listed = self._command("list", "--last", "1", "--short")
        name = subprocess.check_output(listed.arguments, env=os.environ | listed.environment, text=True).strip()
        return self._command("extract", f"::{name}", directory=target)

    def check(self) -> Command:
        return self._command("check", "--verify-data")

    def repository(self) -> Path:
        return self.work / "repository"

    def _command(self, *arguments: str, directory: Path | None = None) -> Command:
        return Command(
            [self.program, *arguments],
            {
                "BORG_REPO": str(self.repository()),
                "BORG_PASSPHRASE": PASSWORD,
                "BORG_BASE_DIR": str(self.work / "borg"),
            },
            directory,
        )


PROGRAMS: dict[str, tuple[type[Ours] | type[Restic] | type[Borg], str]] = {
    "ours": (Ours, str(Path(sys.executable).parent / "tui-backup")),
    "restic": (Restic, "restic"),
    "restic-current": (Restic, os.environ.get("RESTIC_CURRENT", "restic-current")),
    "borg": (Borg, "borg"),
}
"""Name -> adapter and where the program is found."""


def present(names: str) -> list[str]:
    """Return which of these programs, with commas between them, are here; print what was found."""
    found = {name: version(name) for name in names.split(",")}
    for name, told in found.items():
        print(f"{name}: {told}" if told else f"{name} is not here")
    return [name for name, told in found.items() if told]


def version(name: str) -> str:
    """Return what a program says of its version; empty where it is not installed."""
    kind, program = PROGRAMS[name]
    if shutil.which(program) is None:
        return ""
    argument = "version" if kind is Restic else "--version"
    return subprocess.check_output([program, argument], text=True).strip()


def start(name: str, work: Path, source: Path) -> Program:
    """Return a program with a fresh repository in the new directory `work`."""
    work.mkdir(parents=True)
    kind, path = PROGRAMS[name]
    program = kind(path, work, source)
    program.prepare()
    return program
