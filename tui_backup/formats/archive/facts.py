"""Facts: what is said of an archive, in its sidecar, inside a zip, and at the head of its entry list."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, Final

import msgspec

from tui_backup import __version__
from tui_backup.formats.base import Brief
from tui_backup.model.snapshot import SnapshotStatus, is_reserved

TOOL: Final = f"tui-backup {__version__}"
VERSION: Final = "1.0.0"
"""Of the documented fields."""

_LONGEST_TEXT = 4096
_MOST_TEXTS = 10_000
_LARGEST = 1 << 62
_ROOM = 128 << 10
"""Bytes of all paths that are told, and of all excludes."""
_AROUND = 8
OURS: Final = "tui-backup "
"""How `tool` begins where this program wrote it."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a snapshot that is one archive; unknown facts are None."""

    time: datetime
    """Start of the backup; aware."""
    tool: str = TOOL
    """Program that made the archive; empty where nobody knows."""
    job: str | None = None
    host: str = ""
    kind: str | None = None
    paths: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    status: SnapshotStatus = SnapshotStatus.OK
    username: str = ""
    excludes: tuple[str, ...] = ()
    entries: int | None = None
    files: int | None = None
    bytes: int | None = None
    """Of all files, as they were."""
    duration: float | None = None
    """Seconds."""
    content: str | None = None
    """What stands for the content of the snapshot of which this is a copy."""
    original: str | None = None
    copy_of: str | None = None
    notes: tuple[str, ...] = ()
    """What the container could not carry."""


def facts_of(brief: Brief, username: str) -> Facts:
    """Return what is known of a snapshot before its first entry; only tags that are no marks of other formats stay."""
    original = brief.original
    return Facts(
        time=brief.time.replace(tzinfo=timezone(brief.time.utcoffset() or timedelta())),
        job=_as_kept(brief.job) or None,
        host=_as_kept(brief.host),
        kind=_as_kept(brief.kind) or None,
        paths=_as_many(brief.paths),
        tags=own_tags(brief.tags),
        username=username,
        excludes=_as_many(brief.excludes),
        content=original.kin[1] if original else None,
        original=original.identity if original else None,
        copy_of=original.id if original else None,
    )


def own_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Return the tags that people gave, each once; what the restic format notes in tags has fields of its own here."""
    given = (_as_kept(tag) for tag in tags if not is_reserved(tag))
    return tuple(dict.fromkeys(given))


def fields_of(facts: Facts) -> dict[str, Any]:
    """Return facts as JSON has them."""
    fields: dict[str, Any] = msgspec.to_builtins(facts)
    fields["time"] = facts.time.isoformat()
    return fields


def read_facts(fields: Mapping[str, Any], time: datetime) -> Facts:
    """Return what JSON of unknown origin tells; a field that is none is passed over. `time` is for want of another.

    Job, host, tags and so on count only where this program wrote them.
    """
    tool = _text(fields, "tool") or ""
    written = moment(fields.get("time")) or moment(fields.get("timestamp")) or time
    kind = _text(fields, "kind") or _text(fields, "type")
    if not tool.startswith(OURS):
        return Facts(time=written, tool=tool, kind=kind)
    return Facts(
        time=written,
        tool=tool,
        job=_text(fields, "job"),
        host=_text(fields, "host") or "",
        kind=kind,
        paths=_texts(fields, "paths"),
        tags=_texts(fields, "tags"),
        status=SnapshotStatus.INCOMPLETE if fields.get("status") == "incomplete" else SnapshotStatus.OK,
        username=_text(fields, "username") or "",
        excludes=_texts(fields, "excludes"),
        entries=number(fields.get("entries")),
        files=number(fields.get("files")),
        bytes=number(fields.get("bytes")),
        duration=_seconds(fields.get("duration")),
        content="" if fields.get("content") == "" else _text(fields, "content"),
        original=_text(fields, "original"),
        copy_of=_text(fields, "copy_of"),
        notes=_texts(fields, "notes"),
    )


def moment(value: object) -> datetime | None:
    """Return the time that a text stands for, where it has no zone in that of the machine; None where it is none."""
    if not isinstance(value, str) or len(value) > 64:
        return None
    try:
        time = datetime.fromisoformat(value)
        if not 1 < time.year < 9999:
            return None
        return time if time.tzinfo else time.astimezone()
    except (ValueError, OverflowError, OSError):
        return None


def number(value: object) -> int | None:
    """Return a count or size; None where it is none."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST:
        return value
    return None


def _seconds(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LARGEST:
        return float(value)
    return None


def _text(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    return value if isinstance(value, str) and value and len(value) <= _LONGEST_TEXT else None


def _texts(fields: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = fields.get(name)
    if not isinstance(values, list):
        return ()
    return tuple(one for one in values[:_MOST_TEXTS] if isinstance(one, str) and len(one) <= _LONGEST_TEXT)


def _as_many(texts: Iterable[str]) -> tuple[str, ...]:
    """Return texts as JSON can hold them, as many as what is to be read at once has room for."""
    kept: list[str] = []
    room = _ROOM
    for text in map(_as_kept, texts):
        room -= len(text.encode()) + _AROUND
        if room < 0:
            break
        kept.append(text)
    return tuple(kept)


def _as_kept(text: str) -> str:
    """Return `text` as JSON can hold it: bytes that are not UTF-8 become U+FFFD."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
