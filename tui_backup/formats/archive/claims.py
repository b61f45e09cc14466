"""Claims: how two that begin an archive at the same time, on whatever hosts, get names that nobody else has.

Whoever wants a name puts an object below `locks/`, then lists what is there: who sees nobody else's claim and no
archive of that name has it. Two that see each other both go on to other names. The claim stays until the archive is
there.
"""

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import msgspec

from tui_backup.errors import BackupError, NotFound, StoreError
from tui_backup.formats.archive.layout import LOCKS, owner_of, sidecar_key
from tui_backup.formats.archive.sidecar import LARGEST, is_ours
from tui_backup.formats.naming import candidates
from tui_backup.primitives.i18n import _
from tui_backup.primitives.identity import identity
from tui_backup.stores.base import ObjectInfo, Store

_TRIES = 1000
_ABANDONED_AFTER_S = 48 * 3600


@contextmanager
def claimed(store: Store, name: str) -> Iterator[str]:
    """Give a free name, the one that is wished for or one like it, and keep it until the block ends.

    What others who were interrupted left behind is removed by the way.
    """
    claim = ""
    try:
        for candidate in candidates(name, secrets.randbelow):
            if candidate.endswith(f"-{_TRIES}"):
                raise BackupError(_("no name like {name} is free").format(name=name))
            if claim:
                store.delete(claim)
            claim = f"{LOCKS}{candidate}.{os.urandom(8).hex()}"
            store.put(claim, _about())
            found = list(store.objects())
            if not _is_taken(found, candidate, claim):
                break
        with suppress(StoreError):
            _tidy(store, found, claim)
        yield candidate
    finally:
        if claim:
            with suppress(StoreError):
                store.delete(claim)


def _is_taken(found: list[ObjectInfo], name: str, claim: str) -> bool:
    mine, others = f"{name}.", f"{LOCKS}{name}."
    return any(each.key.startswith((mine, others)) and each.key != claim for each in found)


def _tidy(store: Store, found: list[ObjectInfo], claim: str) -> None:
    """Remove claims, sidecars and lists of archives that were never finished; the store's own clock tells how old."""
    there = {each.key: each for each in found}
    if claim not in there:
        return
    for each in found:
        if there[claim].modified - each.modified < _ABANDONED_AFTER_S:
            continue
        owner = owner_of(each.key)
        if each.key.startswith(LOCKS) or (owner and owner not in there and _is_own_orphan(store, owner, there)):
            store.delete(each.key)


def _is_own_orphan(store: Store, owner: str, there: Mapping[str, ObjectInfo]) -> bool:
    """Whether this program wrote what lies beside an archive that is not there: nobody else writes lists."""
    sidecar = there.get(sidecar_key(owner))
    if sidecar is None:
        return True
    with suppress(NotFound):
        return sidecar.size <= LARGEST and is_ours(store.get(sidecar.key))
    return True


def _about() -> bytes:
    who = identity()
    return msgspec.json.encode({"host": who.hostname, "pid": who.pid})
