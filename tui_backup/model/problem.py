"""Problem: something that verification found wrong."""

from enum import StrEnum

import msgspec


class ProblemKind(StrEnum):
    """What is wrong, named after the kind of object."""

    CONFIG = "config"
    KEY = "key"
    INDEX = "index"
    PACK_MISSING = "pack-missing"
    PACK_SIZE = "pack-size"
    PACK_DAMAGED = "pack-damaged"
    PACK_UNLISTED = "pack-unlisted"
    BLOB_MISSING = "blob-missing"
    BLOB_DAMAGED = "blob-damaged"
    TREE = "tree"
    SNAPSHOT = "snapshot"


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One damaged or missing object, and what depends on it."""

    kind: ProblemKind
    object: str
    """Key of the store object, or id of the blob."""
    message: str
    snapshots: tuple[str, ...] = ()
    """Ids of the snapshots affected."""
    paths: tuple[bytes, ...] = ()
    """Paths affected, raw; at most a hundred per problem."""
    hint: bool = False
    """Whether it only wants tidying (an unreferenced pack) and endangers nothing."""
