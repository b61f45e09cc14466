"""STORES: kind -> class of store."""

from tui_backup.primitives.registry import Registry
from tui_backup.stores.base import Store

STORES: Registry[Store] = Registry(
    "store",
    {
        "local": "tui_backup.stores.local:LocalStore",
        "memory": "tui_backup.stores.memory:MemoryStore",
        "s3": "tui_backup.stores.s3.store:S3Store",
        "sftp": "tui_backup.stores.sftp.store:SftpStore",
        "cached": "tui_backup.stores.cached:CachedStore",
        "guarded": "tui_backup.stores.guarded:GuardedStore",
        "limited": "tui_backup.stores.limited:LimitedStore",
        "single": "tui_backup.stores.single:SingleStore",
    },
)

IN_FRONT = frozenset({"cached", "guarded", "limited", "single"})
"""Kinds that stand in front of another store, as other keys of a repository want it; no configuration names them."""
