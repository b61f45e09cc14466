"""The real program, run as a process over a configuration of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from tests.support.restic import Restic
from tui_backup.formats.restic.crypto import Cipher
from tui_backup.formats.restic.keys import _derive, read_key
from tui_backup.formats.restic.layout import FileKind, id_of, key_of
from tui_backup.primitives.secret import Secret
from tui_backup.stores.local import LocalStore

_CONFIG = """
state_dir = "{state}"
[repositories.local]
store = {{ kind = "local", path = "{repository}" }}
password = {{ file = "repository.key" }}
[jobs.site]
repositories = ["local"]
sources = [{{ kind = "files", paths = ["{source}"] }}]
"""
_PASSWORD = "correct horse"
_DEADLINE_S = 120


class Said(NamedTuple):
    """How a call of the program ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def events(self) -> list[Any]:
        """The lines of JSON."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def last(self) -> Any:
        """The last line of JSON."""
        return self.events[-1]


class Program(msgspec.Struct, frozen=True):
    """The program over a configuration with one job, `site`."""

    directory: Path
    source: Path

    def start(self, *arguments: str, environment: dict[str, str] | None = None) -> "subprocess.Popen[str]":
        """Start the program in a session of its own."""
        command = [sys.executable, "-m", "tui_backup", "-c", str(self.directory / "config.toml"), *arguments]
        return subprocess.Popen(
            command,
            env={**os.environ, **(environment or {})},
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def call(self, *arguments: str) -> Said:
        """Run the program to its end."""
        with self.start(*arguments) as process:
            return ended(process)

    def back_up(self) -> Any:
        """Run the job, which must go well; return the line that says how it ended."""
        said = self.call("--json", "run", "site")
        assert said.code == 0, said
        return said.last

    def restore(self, target: Path, snapshot: str = "latest") -> Said:
        """Restore a snapshot below a directory."""
        return self.call("--json", "restore", snapshot, "--target", str(target), "--yes")

    def inside(self, target: Path) -> Path:
        """Return where the source lies once it is restored below a directory."""
        return target / str(self.source).lstrip("/")

    def snapshots(self) -> list[Any]:
        """Return the snapshots as `list` shows them, the oldest first."""
        said = self.call("list", "--json")
        assert said.code == 0, said
        return sorted(json.loads(said.out), key=lambda snapshot: str(snapshot["time"]))


class Installation(Program, frozen=True):
    """A configuration with one job and one repository in a directory."""

    repository: Path
    state: Path

    @property
    def restic(self) -> Restic:
        """The real restic on the repository."""
        return Restic(self.repository, _PASSWORD)

    def leftovers(self) -> list[Path]:
        """Return the files of the repository that have temporary names."""
        return [path for path in self.repository.rglob("*") if "-tmp-" in path.name]

    def locks(self) -> list[Path]:
        """Return the locks of the repository."""
        return [path for path in self.repository.glob("locks/*") if len(path.name) == 64]


def install(
    directory: Path, source: Path, *, repository: Path | None = None, state: Path | None = None
) -> Installation:
    """Write a configuration; repository and state lie in its directory unless another place is given."""
    directory.mkdir(exist_ok=True)
    made = Installation(directory, source, repository or directory / "repository", state or directory / "state")
    text = _CONFIG.format(source=source, repository=made.repository, state=made.state)
    (directory / "config.toml").write_text(text)
    key = directory / "repository.key"
    key.touch(0o600)
    key.write_text(_PASSWORD)
    return made


def ended(process: "subprocess.Popen[str]") -> Said:
    """Wait for a started program; return how it ended."""
    try:
        out, err = process.communicate(timeout=_DEADLINE_S)
    except BaseException:
        process.kill()
        raise
    return Said(process.returncode, out, err)


def cheapen(installation: Installation) -> None:
    """Replace the repository's key file by one that opens at once, for tests that open it many times."""
    store, password = LocalStore(str(installation.repository)), Secret(_PASSWORD)
    (path,) = installation.repository.glob("keys/*")
    costly = read_key(store, path.name, path.stat().st_size)
    cheap = msgspec.structs.replace(costly, cost=2)
    plaintext = Cipher(_derive(costly, password)).open(costly.data)
    stored = msgspec.json.encode(msgspec.structs.replace(cheap, data=Cipher(_derive(cheap, password)).seal(plaintext)))
    store.put(key_of(FileKind.KEY, id_of(stored)), stored)
    store.delete(key_of(FileKind.KEY, path.name))
