"""Tar archives of our own, unpacked by every Python: that of Debian 12 knows no filters, later ones ask for one."""

import tarfile
from pathlib import Path


def unpack(archive: tarfile.TarFile, directory: Path, *, with_owners: bool = False) -> None:
    """Unpack an archive; `with_owners` takes everything as it stands there."""
    name = "fully_trusted_filter" if with_owners else "data_filter"
    archive.extraction_filter = getattr(tarfile, name, None)
    archive.extractall(directory)
