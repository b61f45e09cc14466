"""STORES: kind -> class of store."""

from tui_backup.primitives.registry import Registry
from tui_backup.stores.base import Store

STORES: Registry[Store] = Registry(
    "store",
    {
        "local": "tui_backup.stores.local:LocalStore",
        "memory": "tui_backup.stores.memory:MemoryStore",
    },
)
