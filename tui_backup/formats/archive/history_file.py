"""`backup_history.json`: the list of all backups that one of the documented systems keeps beside its archives.

An array of objects with id, name, type, timestamp (local, without a zone), status and size. What other programs wrote
about an archive that is there stays as it is.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from tui_backup.errors import Corrupted, NotFound
from tui_backup.formats.archive.catalog import Archive
from tui_backup.formats.archive.layout import HISTORY, stem_of
from tui_backup.model.snapshot import SnapshotStatus
from tui_backup.primitives.i18n import _
from tui_backup.stores.base import Store

_LARGEST: Final = 64 << 20


def keep_true(store: Store, archives: Iterable[Archive]) -> None:
    """Have the file list these archives and no others.

    Raises:
        StoreError: it cannot be written.
        Corrupted: what is there under its name is no list; it is left as it is.
    """
    former = _former(store)
    told = _told(former)
    listed = [told.get(each.key) or told.get(stem_of(each.key)) or _entry(each) for each in archives]
    if listed != former:
        store.put(HISTORY, msgspec.json.format(msgspec.json.encode(listed), indent=2) + b"\n")


def _entry(archive: Archive) -> dict[str, Any]:
    facts = archive.facts
    return {
        "id": stem_of(archive.key),
        "name": archive.key,
        "type": facts.kind,
        "timestamp": facts.time.replace(tzinfo=None).isoformat(timespec="seconds"),
        "status": "completed" if facts.status is SnapshotStatus.OK else "incomplete",
        "size": archive.stored.size,
    }


def _told(former: list[Any]) -> dict[str, dict[str, Any]]:
    """Return what the file tells, by the names and ids of archives."""
    entries = [each for each in former if isinstance(each, dict)]
    names = ((each.get(field), each) for each in entries for field in ("id", "name"))
    return {name: each for name, each in names if isinstance(name, str)}


def _former(store: Store) -> list[Any]:
    try:
        if store.info(HISTORY).size > _LARGEST:
            raise Corrupted(_("it is too large"))
        return msgspec.json.decode(store.get(HISTORY), type=list[Any])
    except NotFound:
        return []
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Corrupted(_("it is no list of backups, and left as it is")) from error
