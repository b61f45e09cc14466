"""What the tables of a configuration file may hold, key by key."""

from typing import Any, Literal

import msgspec

from tui_backup.primitives.secret import SecretSource


class TopTable(msgspec.Struct, frozen=True, kw_only=True):
    """The keys before the first table, and the tables themselves."""

    timezone: str | None = None
    language: Literal["en", "pt_BR"] | None = None
    theme: str | None = None
    state_dir: str | None = None
    log_level: Literal["error", "warning", "info", "debug"] = "info"
    repositories: dict[str, Any] = {}
    jobs: dict[str, Any] = {}


class RepositoryTable(msgspec.Struct, frozen=True, kw_only=True):
    """`[repositories.NAME]`."""

    format: str = "restic"
    store: dict[str, Any]
    password: SecretSource
    compression: Literal["auto", "max", "off"] = "auto"
    min_free: str | int | None = None
    max_unused: str | int | None = None
    max_repack_size: str | int | None = None
    trusted: bool = True


class JobTable(msgspec.Struct, frozen=True, kw_only=True):
    """`[jobs.NAME]`."""

    repositories: list[str]
    sources: list[dict[str, Any]]
    timezone: str | None = None
    expected_every: str | None = None
    undo_keep: str | None = None
    on_change: Literal["warn", "incomplete"] = "warn"
    keep: dict[str, Any] | None = None
    max_backups: int | None = None
    """Short for `keep = { max_backups = N }`."""
    retention_days: int | None = None
    """Short for `keep = { retention_days = N }`."""
