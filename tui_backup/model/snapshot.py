"""Snapshot: one point in time that can be restored, whatever the format."""

import re
from datetime import datetime
from enum import StrEnum

import msgspec

PIN = "pin"
"""The tag that keeps a snapshot from every policy."""

SAFETY = "safety"
"""Kind of the snapshots that a restore makes of what it replaces; undo deals with them."""


_DIGEST = re.compile(r"[0-9a-f]{64}")


def short(id_: str, digits: int = 8) -> str:
    """Return the id of a snapshot as people know it: the first digits of a hash, the name of an archive whole."""
    return id_[:digits] if _DIGEST.fullmatch(id_) else id_


def is_reserved(tag: str) -> bool:
    """Whether only the program itself gives a tag."""
    return tag in {"tui-backup", "incomplete"} or tag.startswith(("job=", "kind="))


class SnapshotStatus(StrEnum):
    """How complete a snapshot is."""

    OK = "ok"
    INCOMPLETE = "incomplete"


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """One point in time that can be restored; unknown facts are None."""

    id: str
    """64 hex digits (restic) or the archive's name."""
    time: datetime
    """Start of the backup, aware, in the offset it was written with."""
    host: str
    paths: tuple[str, ...]
    tags: tuple[str, ...] = ()
    """Every tag as stored, ours among them."""
    job: str | None = None
    kind: str | None = None
    """manual, scheduled, pre-operation, safety, or a schedule's label; None where another program made it."""
    status: SnapshotStatus = SnapshotStatus.OK
    username: str = ""
    excludes: tuple[str, ...] = ()
    files: int | None = None
    size: int | None = None
    """Bytes of all files."""
    added: int | None = None
    """Bytes that this snapshot added to the store."""
    duration: float | None = None
    """Seconds."""
    parent: str | None = None
    original: str | None = None
    """Id of the first of the snapshots of which this is a copy, or one with other tags."""
    copy_of: str | None = None
    """Id of the snapshot, in another repository, from which this was copied."""
    root: str = ""
    """What the format needs to reach the content (restic: the id of the root tree)."""
    content: str | None = None
    """What stands for the content of a copy across formats: the root of the snapshot that was first stored."""
    program: str = ""
    encrypted: bool | None = None
    """Whether it is encrypted; None: as the repository says."""
    foreign: bool = False
    """Whether another program has encrypted it, which alone can open it."""
    unproven: bool = False
    """Whether nothing that is authenticated tells what it is, in a repository where that should be."""

    @property
    def short_id(self) -> str:
        """The id as people know it."""
        return short(self.id)

    @property
    def identity(self) -> str:
        """What all copies of a snapshot share: the id under which it was first stored."""
        return self.original or self.id

    @property
    def kin(self) -> tuple[str, str]:
        """What its copies share as long as nobody has rewritten their content: identity, and what stands for that."""
        return self.identity, self.root if self.content is None else self.content
