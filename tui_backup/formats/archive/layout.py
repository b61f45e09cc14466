"""Layout: how the objects of an archive are called, and which objects are archives."""

from typing import Final

from tui_backup.formats.archive import entry_list, sidecar
from tui_backup.formats.containers.registry import CONTAINERS

SEALED: Final = ".enc"
LOCKS: Final = "locks/"
HISTORY: Final = "backup_history.json"

_CONTAINERS: Final = {**{f".{kind}": kind for kind in CONTAINERS}, ".tgz": "tar.gz", ".tzst": "tar.zst"}
"""Extension -> kind of container."""


def container_of(key: str) -> str | None:
    """Return the kind of container that an object is by its name, sealed or not; None where it is none."""
    if "/" in key:
        return None
    name = key.removesuffix(SEALED)
    return next((kind for extension, kind in _CONTAINERS.items() if name.endswith(extension)), None)


def stem_of(key: str) -> str:
    """Return the name of an archive without its extensions."""
    name = key.removesuffix(SEALED)
    return next((name.removesuffix(extension) for extension in _CONTAINERS if name.endswith(extension)), name)


def key_of(stem: str, container: str, *, sealed: bool) -> str:
    """Return the full name of an archive."""
    return f"{stem}.{container}{SEALED if sealed else ''}"


def sidecar_key(key: str) -> str:
    """Return the name of an archive's sidecar."""
    return key + sidecar.ENDING


def list_key(key: str) -> str:
    """Return the name of an archive's entry list, sealed like the archive."""
    return key + entry_list.ENDING + (SEALED if key.endswith(SEALED) else "")


def owner_of(key: str) -> str | None:
    """Return the name of the archive that a sidecar or entry list belongs to; None where the object is neither."""
    for ending in (sidecar.ENDING, entry_list.ENDING + SEALED, entry_list.ENDING):
        owner = key.removesuffix(ending)
        if owner != key and container_of(owner):
            return owner
    return None
