"""Archives as they are handed out: without their seal, and held against their checksum."""

import io
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from typing import BinaryIO, cast

from tui_backup.errors import Corrupted
from tui_backup.formats.archive.access import Access
from tui_backup.formats.archive.catalog import Archive, Encryption
from tui_backup.primitives.i18n import _
from tui_backup.primitives.raw_file import RawFile

_BUFFER = 1 << 20


@contextmanager
def plain(access: Access, archive: Archive) -> Iterator[BinaryIO]:
    """Give an archive as its container has it; reading it to its end raises Corrupted where it is not what it was.

    What is sealed is authenticated by its seal; of other programs' archives without a checksum nobody can tell.
    """
    with closing(access.opened(archive)) as file:
        if archive.encryption is Encryption.NONE and archive.said_sha256 is not None:
            yield cast(BinaryIO, io.BufferedReader(_Checked(file, archive), _BUFFER))
        else:
            yield file


class _Checked(RawFile):
    def __init__(self, file: BinaryIO, archive: Archive) -> None:
        super().__init__()
        self._file = file
        self._archive = archive
        self._digest = sha256()

    def take(self, most: int) -> bytes | memoryview:
        piece = self._file.read(most)
        if not piece and self._digest.hexdigest() != self._archive.said_sha256:
            raise Corrupted(_("{key} is not what its checksum says").format(key=self._archive.key))
        self._digest.update(piece)
        return piece
