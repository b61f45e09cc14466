"""Files of our own, as others read them."""

import io
import os

import pytest

from tui_backup.primitives.raw_file import RawFile, SeekableFile

CONTENT = bytes(range(256)) * 20


class Slow(RawFile):
    """Gives three bytes at a time, as views."""

    def __init__(self) -> None:
        super().__init__()
        self._rest = memoryview(CONTENT)

    def take(self, most: int) -> bytes | memoryview:
        piece = self._rest[: min(most, 3)]
        self._rest = self._rest[len(piece) :]
        return piece


class Anywhere(SeekableFile):
    """Reads from where it stands."""

    def __init__(self) -> None:
        super().__init__(len(CONTENT))

    def take(self, most: int) -> bytes | memoryview:
        piece = CONTENT[self.at : self.at + most]
        self.at += len(piece)
        return piece


def test_all_of_it_is_read_however_it_comes() -> None:
    assert Slow().read() == CONTENT
    assert io.BufferedReader(Slow(), 1000).read() == CONTENT


def test_a_piece_is_as_long_as_comes_at_once() -> None:
    file = Slow()
    assert (file.read(10), file.read(2), file.read(0), file.read(1)) == (CONTENT[:3], CONTENT[3:5], b"", CONTENT[5:6])
    buffer = bytearray(2)
    assert file.readinto(memoryview(buffer)) == 2
    assert buffer == CONTENT[6:8]


def test_nothing_comes_at_the_end() -> None:
    file = Anywhere()
    file.seek(0, os.SEEK_END)
    assert (file.read(1), file.read()) == (b"", b"")


@pytest.mark.parametrize(
    ("offset", "whence", "place"),
    [(100, os.SEEK_SET, 100), (-50, os.SEEK_END, len(CONTENT) - 50), (5, os.SEEK_CUR, 15), (-50, os.SEEK_CUR, 0)],
)
def test_reading_goes_on_from_anywhere(offset: int, whence: int, place: int) -> None:
    file = Anywhere()
    file.read(10)
    assert file.seek(offset, whence) == file.tell() == place
    assert file.read(4) == CONTENT[place : place + 4]


def test_what_cannot_seek_says_so() -> None:
    assert Slow().readable()
    assert not Slow().seekable()
    assert Anywhere().seekable()
