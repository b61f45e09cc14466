"""Tar, plain or compressed."""

from typing import BinaryIO, ClassVar

from tui_backup.formats.containers.base import MemberReader, MemberWriter, Refuse
from tui_backup.formats.containers.compression import Compression, Plain
from tui_backup.formats.containers.gzipped import Gzip
from tui_backup.formats.containers.tar_header import TYPES
from tui_backup.formats.containers.tar_reader import TarReader
from tui_backup.formats.containers.tar_writer import TarWriter
from tui_backup.formats.containers.zstd import Zstd
from tui_backup.model.entry import EntryKind
from tui_backup.stores.base import Sink


class Tar:
    """POSIX tar; also the head of the compressed ones."""

    extension: ClassVar[str] = ".tar"
    links: ClassVar[bool] = True
    compression: ClassVar[Compression] = Plain()

    def holds(self, kind: EntryKind) -> bool:
        """Whether tar has a type for it."""
        return kind in TYPES

    def writer(self, out: Sink, level: int) -> MemberWriter:
        """Begin an archive."""
        return TarWriter(self.compression.compressor(out, level))

    def reader(self, file: BinaryIO, refuse: Refuse) -> MemberReader:
        """Read an archive from its start to its end."""
        return TarReader(self.compression.unfold(file), refuse)


class TarGz(Tar):
    """Tar compressed with gzip."""

    extension = ".tar.gz"
    compression = Gzip()


class TarZst(Tar):
    """Tar compressed with zstd."""

    extension = ".tar.zst"
    compression = Zstd()
