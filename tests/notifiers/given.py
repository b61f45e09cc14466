"""Notices that tests send, and secrets that no one may see."""

from datetime import UTC, datetime
from typing import Any

from tui_backup.model.notice import Notice, Topic
from tui_backup.primitives.secret import Secret, SecretSource

NOW = datetime(2026, 11, 21, 5, 0, 0, 250_000, tzinfo=UTC)
RUN = "20261121T050000Z-1a2b3c4d"
HOSTILE = "a\r\nBcc: x@evil.example\r\n\r\n\x1b]0;owned\x07\u202e<b>[red]*x*</b> <!channel> @everyone $(id) `id`"


def secret(value: str) -> SecretSource:
    return SecretSource(literal=Secret(value))


def notice(**facts: Any) -> Notice:
    """Return what is told of a backup that went well."""
    given: dict[str, Any] = {
        "id": "0123456789abcdef0123456789abcdef",
        "topic": Topic.SUCCESS,
        "event": "backup_completed",
        "title": "web1: backup of sítio completed",
        "message": "site → local: ok: 1.5 MB\nsecond line: ção",
        "time": NOW,
        "host": "web1",
        "job": "site",
        "repository": "local",
        "run": RUN,
        "verb": "run",
        "status": "ok",
        "snapshot": "ab" * 32,
        "size": 5_000_000,
        "bytes_added": 2000,
        "duration": 12.5,
        **facts,
    }
    return Notice(**given)
