"""Zip, with ZIP64 where sizes need it."""

from typing import BinaryIO, ClassVar

from tui_backup.formats.containers.base import MemberReader, MemberWriter, Refuse
from tui_backup.formats.containers.zip_reader import ZipReader
from tui_backup.formats.containers.zip_records import TYPES
from tui_backup.formats.containers.zip_writer import ZipWriter
from tui_backup.model.entry import EntryKind
from tui_backup.stores.base import Sink


class Zip:
    """Zip: members can be opened one by one; files, directories and symbolic links only."""

    extension: ClassVar[str] = ".zip"
    links: ClassVar[bool] = False

    def holds(self, kind: EntryKind) -> bool:
        """Whether programs that unpack zip would make one."""
        return kind in TYPES

    def writer(self, out: Sink, level: int) -> MemberWriter:
        """Begin an archive."""
        return ZipWriter(out, level)

    def reader(self, file: BinaryIO, refuse: Refuse) -> MemberReader:
        """Read an archive; the file must be able to seek."""
        return ZipReader(file, refuse)
