"""Backups for the servers of small teams, in restic's own format.

`Engine`, and its methods as functions for the configuration that the command line would find, are imported when they
are first asked for.
"""

from typing import Any

__version__ = "0.1.0"

_OFFERED = {
    "Engine",
    "create_backup",
    "delete_backup",
    "get_backup_status",
    "list_backups",
    "restore_backup",
    "verify_backup",
}


def __getattr__(name: str) -> Any:
    if name not in _OFFERED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module("tui_backup.api.functions"), name)
