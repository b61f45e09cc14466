"""CONTAINERS: extension without its first dot -> class of container."""

from tui_backup.formats.containers.base import Container
from tui_backup.primitives.registry import Registry

CONTAINERS: Registry[Container] = Registry(
    "container",
    {
        "tar": "tui_backup.formats.containers.tar:Tar",
        "tar.gz": "tui_backup.formats.containers.tar:TarGz",
        "tar.zst": "tui_backup.formats.containers.tar:TarZst",
        "zip": "tui_backup.formats.containers.zip:Zip",
    },
)
