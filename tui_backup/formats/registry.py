"""FORMATS: kind -> class of repository."""

from tui_backup.formats.base import Format
from tui_backup.primitives.registry import Registry

FORMATS: Registry[Format] = Registry("format", {"restic": "tui_backup.formats.restic.gate:ResticFormat"})
