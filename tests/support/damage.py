"""A small repository in memory, whole or damaged in any way."""

import os
import random
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.support.repositories import keep, new_repository, opening
from tests.support.trees import write_tree
from tui_backup.engine.restore import execute
from tui_backup.engine.restore_plan import plan_restore
from tui_backup.engine.restore_request import Overwrite, RestoreRequest
from tui_backup.errors import BackupError
from tui_backup.formats.restic.config import RepositoryConfig, read_config
from tui_backup.formats.restic.crypto import Cipher, Keys
from tui_backup.formats.restic.keys import unlock
from tui_backup.formats.restic.pack import LENGTH, BlobType, header_span, read_header
from tui_backup.formats.restic.repository import ResticRepository
from tui_backup.model.run import RunStatus
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.watch import Watch
from tui_backup.stores.memory import MemoryStore

Objects = Mapping[str, bytes]


class Specimen(NamedTuple):
    """A repository with two snapshots; the second has one file more."""

    objects: Objects
    config: RepositoryConfig
    keys: Keys
    trees: dict[str, Path]
    """Snapshot id -> a directory like the one that was backed up."""
    source: Path
    """The directory that was backed up."""

    @property
    def added(self) -> str:
        """Path of the file that only the second snapshot has."""
        return f"{self.source}/deep/added"

    def opened(self, objects: Objects | None = None) -> ResticRepository:
        """Open these objects, without deriving the keys again."""
        return ResticRepository(opening(self.store(objects)), self.config, self.keys)

    def store(self, objects: Objects | None = None) -> MemoryStore:
        """Return a store that holds these objects."""
        store = MemoryStore()
        for key, content in (self.objects if objects is None else objects).items():
            store.put(key, content)
        return store

    def keys_of(self, kind: str) -> list[str]:
        """Return the keys of a kind: `index`, `data`, `config`."""
        return [key for key in self.objects if key.partition("/")[0] == kind]

    def packs_of(self, type_: BlobType, *, added: bool) -> list[str]:
        """Return the packs of a type that the first or only the second backup made."""
        packs = [key for key in self.keys_of("data") if read_header(self.objects[key], self.cipher)[0].type is type_]
        return packs[1:] if added else packs[:1]

    @property
    def cipher(self) -> Cipher:
        """What opens and seals."""
        return Cipher(self.keys)


def make_specimen(directory: Path) -> Specimen:
    """Back up a directory twice."""
    source = write_tree(
        directory / "source",
        {
            "empty": b"",
            "one": b"1",
            "deep/text": b"the same words again and again, " * 400,
            "deep/random": random.Random(1).randbytes(5000),
        },
    )
    store = MemoryStore()
    repository = new_repository(store)
    trees = dict([_kept(repository, source)])
    write_tree(source, {"deep/added": random.Random(2).randbytes(3000)})
    trees |= dict([_kept(repository, source)])
    keys, _name = unlock(store, opening(store).password)
    objects = {found.key: store.get(found.key) for found in store.objects()}
    return Specimen(objects, read_config(store, Cipher(keys)), keys, trees, source)


def _kept(repository: ResticRepository, source: Path) -> tuple[str, Path]:
    snapshot: Snapshot = keep(repository, source).snapshot
    copy = source.parent / f"as-of-{snapshot.id[:8]}"
    shutil.copytree(source, copy)
    return snapshot.id, copy


def telling_bits(specimen: Specimen, key: str, chosen: int, seed: int = 0) -> Iterator[int]:
    """Yield bits of an object: one at either side of each seam in it, and some more by chance."""
    content = specimen.objects[key]
    chance = random.Random(f"{seed}{key.partition('/')[0]}")
    places = {chance.randrange(len(content)) for _bit in range(chosen)}
    for seam in seams(specimen, key):
        places |= {place for place in (seam - 1, seam) if 0 <= place < len(content)}
    for place in sorted(places):
        yield place * 8 + chance.randrange(8)


def seams(specimen: Specimen, key: str) -> list[int]:
    """Return the offsets at which something begins in an object: nonces, ciphertexts, tags, the header, its length."""
    content = specimen.objects[key]
    if not key.startswith("data/"):
        return [0, 16, len(content) - 16, len(content)]
    start, end = header_span(content[-LENGTH.size :], len(content))
    found = [start, start + 16, end - 16, end, len(content)]
    for blob in read_header(content, specimen.cipher):
        found += [blob.offset, blob.offset + 16, blob.offset + blob.length - 16, blob.offset + blob.length]
    return found


class Restored:
    """What a restore of one snapshot brings back from a sick repository, over files that were there before."""

    def __init__(self, specimen: Specimen, repository: ResticRepository, snapshot: str, target: Path) -> None:
        self._tree, self._target = specimen.trees[snapshot], target
        self._inside = target / str(specimen.source).lstrip("/")
        self._warned: set[bytes | None] = set()
        self._refused = False
        self._status = RunStatus.RUNNING
        write_tree(self._inside, {"one": b"old", "deep/text": b"old"})
        try:
            for found in repository.snapshots():
                if found.id == snapshot:
                    self._restore(repository, found)
        except BackupError:
            self._refused = True

    def _restore(self, repository: ResticRepository, snapshot: Snapshot) -> None:
        watch = Watch(on_warning=lambda path, _message: self._warned.add(path))
        request = RestoreRequest(target=bytes(self._target), trusted=True, overwrite=Overwrite.ALWAYS)
        self._status = execute(plan_restore(repository, snapshot, request, watch), repository, watch).status

    def assert_nothing_wrong_in_silence(self) -> None:
        """Every file is right, or it is old or missing, and somebody said so."""
        for path in self._tree.rglob("*"):
            if path.is_dir():
                continue
            place = self._inside / path.relative_to(self._tree)
            content = place.read_bytes() if place.exists() else None
            if content != path.read_bytes():
                assert content in (None, b"old")
                assert self._status is not RunStatus.OK
                assert self._refused or not self._warned or self._names(place)

    def _names(self, place: Path) -> bool:
        """Whether a warning names a file, or a directory that it is in."""
        named = {place, *place.parents}
        return any(self._target / os.fsdecode(path).lstrip("/") in named for path in self._warned if path)
