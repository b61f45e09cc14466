"""SOURCES: kind -> class of source."""

from tui_backup.primitives.registry import Registry
from tui_backup.sources.base import Source

SOURCES: Registry[Source] = Registry("source", {"files": "tui_backup.sources.files:FilesSource"})
