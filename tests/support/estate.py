"""A job with several repositories, each with a password of its own; their keys are derived at once."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from tests.support.programs import Installation
from tests.support.repositories import open_repository
from tests.support.restic import Restic
from tui_backup.config.load import load_config
from tui_backup.errors import BackupError
from tui_backup.formats.restic.browse import NodeOrigin
from tui_backup.formats.restic.config import RepositoryConfig, write_config
from tui_backup.formats.restic.crypto import Cipher
from tui_backup.formats.restic.keys import KeyFile, _derive, _Mac, _Master, new_keys
from tui_backup.formats.restic.layout import FileKind, id_of, key_of
from tui_backup.formats.restic.pack import BlobType
from tui_backup.model.event import Event, Finished, Started
from tui_backup.model.snapshot import Snapshot
from tui_backup.primitives.secret import Secret
from tui_backup.services.backup.backups import BackupOptions, Outcome, run_jobs
from tui_backup.services.storage.snapshots import open_shelf
from tui_backup.services.workspace import Workspace
from tui_backup.stores.base import Store
from tui_backup.stores.local import LocalStore

_REPOSITORY = """
[repositories.{name}]
store = {{ kind = "local", path = "{name}" }}
password = {{ file = "{name}.key" }}
"""
_ARCHIVES = """
[repositories.{name}]
format = "{format}"
store = {{ kind = "local", path = "{name}" }}
"""
_JOB = """
[jobs.{job}]
repositories = [{names}]
sources = [{{ kind = "files", paths = ["{source}"] }}]
"""


class Ran(NamedTuple):
    """A run of one job, and what was heard of it."""

    outcome: Outcome
    events: list[Event]

    @property
    def ended(self) -> list[Finished]:
        return [event for event in self.events if isinstance(event, Finished)]

    @property
    def statuses(self) -> list[tuple[str | None, str]]:
        return [(event.repository, event.status) for event in self.ended]

    @property
    def started(self) -> list[str | None]:
        return [event.repository for event in self.events if isinstance(event, Started)]

    @property
    def errors(self) -> list[type[BackupError]]:
        return [type(error) for error in self.outcome.errors]


class Estate(NamedTuple):
    """A directory with a configuration, what it backs up, and its repositories."""

    directory: Path
    names: tuple[str, ...]

    @property
    def source(self) -> Path:
        return self.directory / "source"

    @property
    def installation(self) -> Installation:
        """The same as a program in processes of its own; its repository is the first."""
        return Installation(self.directory, self.source, self.directory / self.names[0], self.directory / "state")

    def open(self, **stores: Store) -> Workspace:
        """Open the configuration as a new process would; some repositories lie in other stores."""
        config = load_config(str(self.directory / "config.toml"))
        repositories = {
            name: msgspec.structs.replace(each, store=stores.get(name, each.store))
            for name, each in config.repositories.items()
        }
        return Workspace(msgspec.structs.replace(config, repositories=repositories))

    def store(self, name: str) -> LocalStore:
        return LocalStore(str(self.directory / name))

    def run(self, job: str = "site", **stores: Store) -> Ran:
        """Back up as a process of its own would."""
        with self.open(**stores) as workspace:
            return run_in(workspace, job)

    def held(self, name: str) -> list[Snapshot]:
        """Return the snapshots of a repository, oldest first."""
        with self.open() as workspace:
            return list(open_shelf(workspace, name).snapshots)

    def restic(self, name: str) -> Restic:
        return Restic(self.directory / name, password_of(name))

    def lose_tree(self, name: str, snapshot: Snapshot) -> None:
        """Have the pack with the root tree of a snapshot go."""
        repository = open_repository(self.store(name), password_of(name))
        (place,) = repository.access.load().index.places(BlobType.TREE, bytes.fromhex(snapshot.root))
        self.store(name).delete(key_of(FileKind.DATA, place.pack.hex()))

    def spoil(self, name: str, snapshot: Snapshot, path: bytes) -> None:
        """Have the first blob of a file of a snapshot be damaged."""
        repository = open_repository(self.store(name), password_of(name))
        origin = repository.entry(snapshot, path).origin
        assert isinstance(origin, NodeOrigin)
        assert origin.node.content
        index = repository.access.load().index
        (place,) = index.places(BlobType.DATA, bytes.fromhex(origin.node.content[0]))
        pack = self.directory / name / "data" / place.pack.hex()[:2] / place.pack.hex()
        content = bytearray(pack.read_bytes())
        content[place.offset + 20] ^= 1
        pack.chmod(0o600)
        pack.write_bytes(content)

    def hide(self, name: str) -> None:
        """Have a repository vanish as a disk does."""
        os.rename(self.directory / name, self.directory / f"{name}.hidden")

    def show(self, name: str) -> None:
        os.rename(self.directory / f"{name}.hidden", self.directory / name)


def run_in(workspace: Workspace, job: str = "site") -> Ran:
    """Back up in an open workspace."""
    events: list[Event] = []
    unsubscribe = workspace.bus.subscribe(events.append)
    (outcome,) = run_jobs(workspace, [workspace.job(job)], BackupOptions())
    unsubscribe()
    return Ran(outcome, events)


def build_estate(
    directory: Path,
    names: Iterable[str] = ("local", "offsite"),
    *,
    spare: Iterable[str] = (),
    made: bool = True,
    archives: Mapping[str, str] | None = None,
) -> Estate:
    """Write a configuration whose job uses `names`; `spare` are repositories that no job uses.

    `archives` has the formats of those that hold archives; the first run makes these.
    """
    archives = archives or {}
    estate = Estate(directory, tuple(names))
    estate.source.mkdir(parents=True)
    (estate.source / "a").write_text("one\n")
    every = (*estate.names, *spare)
    text = 'state_dir = "state"\n' + "".join(
        _ARCHIVES.format(name=name, format=archives[name]) if name in archives else _REPOSITORY.format(name=name)
        for name in every
    )
    (directory / "config.toml").write_text(text + job_text("site", estate.names))
    for name in every if made else ():
        if name in archives:
            continue
        cheap_repository(estate.store(name), password_of(name))
        key = directory / f"{name}.key"
        key.touch(0o600)
        key.write_text(password_of(name))
    return estate


def job_text(job: str, names: Iterable[str], source: str = "source") -> str:
    """Return a job as the configuration has it."""
    return _JOB.format(job=job, names=", ".join(f'"{name}"' for name in names), source=source)


def password_of(name: str) -> str:
    return f"password of {name}"


def cheap_repository(store: Store, password: str) -> None:
    """Make an empty repository whose password opens it without much work."""
    keys = new_keys()
    store.create()
    salt = os.urandom(64)
    file = KeyFile(created="2026-11-21T02:00:00Z", cost=2, block=8, parallel=1, salt=salt, data=b"")
    master = _Master(_Mac(keys.mac_k, keys.mac_r), keys.encrypt)
    sealed = Cipher(_derive(file, Secret(password))).seal(msgspec.json.encode(master))
    stored = msgspec.json.encode(msgspec.structs.replace(file, data=sealed))
    store.put(key_of(FileKind.KEY, id_of(stored)), stored)
    config = RepositoryConfig(version=2, id=os.urandom(32).hex(), chunker_polynomial=0x3DA3358B4DC173)
    write_config(store, config, Cipher(keys))
