"""Renderings of a notice that several kinds share: its fields for programs, its text within bounds."""

from datetime import datetime
from typing import Any, Final

import msgspec

from tui_backup.model.notice import Notice
from tui_backup.primitives.clock import rfc3339
from tui_backup.primitives.text import printable

_MIB: Final = 1024 * 1024


def fields_of(notice: Notice) -> dict[str, Any]:
    """Return a notice as programs get it (`docs/notifications.md`).

    `event`, `backup_id`, `backup_name`, `timestamp` and `size_mb` are always there; of the rest, what is known.
    """
    known = msgspec.to_builtins(notice, builtin_types=(datetime,))
    shown = {name: _plain(name, value) for name, value in known.items() if value is not None}
    return {
        "event": shown["event"],
        "backup_id": shown.get("snapshot") or shown.get("run"),
        "backup_name": shown.get("job"),
        "timestamp": shown["time"],
        "size_mb": None if notice.size is None else round(notice.size / _MIB, 2),
        **shown,
    }


def one_line(text: str) -> str:
    """Return text that stays on one line and does nothing to who shows it."""
    return printable(text)


def lines(text: str) -> str:
    """Return text of several lines that does nothing but end lines."""
    return "\n".join(printable(line) for line in text.split("\n"))


def within(text: str, most: int) -> str:
    """Return text of no more than so many bytes of UTF-8, cut where it is longer."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= most:
        return raw.decode("utf-8")
    return raw[: most - 3].decode("utf-8", "ignore") + "…"


def _plain(name: str, value: Any) -> Any:
    match value:
        case datetime():
            return rfc3339(value)
        case str():
            return lines(value) if name == "message" else one_line(value)
    return value
