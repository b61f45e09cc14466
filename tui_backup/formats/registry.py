"""FORMATS: kind -> class of repository."""

from typing import Final

from tui_backup.formats.base import Format
from tui_backup.primitives.registry import Registry

ARCHIVES: Final = ("tar.gz", "tar.zst", "zip")
"""The formats of which each snapshot is one plain file."""

FORMATS: Registry[Format] = Registry(
    "format",
    {
        "restic": "tui_backup.formats.restic.gate:ResticFormat",
        "tar.gz": "tui_backup.formats.archive.gate:TarGzFormat",
        "tar.zst": "tui_backup.formats.archive.gate:TarZstFormat",
        "zip": "tui_backup.formats.archive.gate:ZipFormat",
    },
)
