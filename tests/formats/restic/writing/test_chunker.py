"""Cuts: decided by content, the same however a file is read."""

import io
import random
from itertools import accumulate, pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tests.support.instant import instant_repository
from tests.support.repositories import keep
from tui_backup.formats.restic.writing.chunker import AVERAGE, LARGEST, SEGMENT, SMALLEST, cut, make_chunker, seam
from tui_backup.formats.restic.writing.reading import stream_chunks

POLYNOMIAL = 0x3DA3358B4DC173
NOISE = random.Random(7).randbytes(24 << 20)


def cuts(content: bytes, polynomial: int = POLYNOMIAL) -> list[int]:
    """Return where the chunks of a whole file end."""
    return list(accumulate(cut(make_chunker(polynomial), memoryview(content), whole=True)))


def cuts_in_windows(content: bytes, steps: list[int]) -> list[int]:
    """Return the cuts of a file of which another few bytes become known at each step."""
    chunker, ends, start, known = make_chunker(POLYNOMIAL), [0], 0, 0
    for step in [*steps, len(content)]:
        known = min(known + step, len(content))
        window = memoryview(content)[start : min(known, start + LARGEST)]
        for length in cut(chunker, window, whole=known == len(content) and start + len(window) == known):
            start += length
            ends.append(start)
    while start < len(content):
        window = memoryview(content)[start : start + LARGEST]
        for length in cut(chunker, window, whole=start + len(window) == len(content)):
            start += length
            ends.append(start)
    return ends[1:]


class Trickle(io.RawIOBase):
    """A stream that gives a few bytes at a time."""

    def __init__(self, content: bytes, most: int) -> None:
        super().__init__()
        self._content = io.BytesIO(content)
        self._chance = random.Random(most)
        self._most = most

    def read(self, size: int = -1) -> bytes:
        return self._content.read(self._chance.randint(1, min(size, self._most)))


@settings(max_examples=15, deadline=None)
@given(steps=some.lists(some.integers(1, 9 << 20), max_size=8))
def test_the_cuts_are_the_same_however_a_file_is_windowed(steps: list[int]) -> None:
    assert cuts_in_windows(NOISE, steps) == cuts(NOISE)


@pytest.mark.parametrize("most", [100_000, 5 << 20, 64 << 20])
def test_a_stream_is_cut_like_a_file(most: int) -> None:
    trickle = Trickle(NOISE, most)
    chunks = list(map(bytes, stream_chunks(make_chunker(POLYNOMIAL), trickle)))  # type: ignore[arg-type]  # only read is used
    assert b"".join(chunks) == NOISE
    assert list(accumulate(map(len, chunks))) == cuts(NOISE)


@pytest.mark.parametrize("content", [b"", b"x", bytes(SMALLEST), NOISE[: LARGEST + 1]])
def test_a_stream_of_any_length_comes_whole(content: bytes) -> None:
    assert b"".join(map(bytes, stream_chunks(make_chunker(POLYNOMIAL), io.BytesIO(content)))) == content


def test_chunks_have_their_limits_and_about_their_average() -> None:
    ends = [0, *cuts(NOISE)]
    lengths = [after - before for before, after in pairwise(ends)]
    assert all(SMALLEST <= length <= LARGEST for length in lengths[:-1])
    assert AVERAGE / 2 < len(NOISE) / len(lengths) < AVERAGE * 2.5


def test_zeros_are_cut_into_equal_pieces() -> None:
    assert len({after - before for before, after in pairwise([0, *cuts(bytes(64 << 20))])}) == 1


def test_every_repository_cuts_in_its_own_way_and_always_alike() -> None:
    assert cuts(NOISE) == cuts(NOISE)
    assert cuts(NOISE) != cuts(NOISE, POLYNOMIAL + 2)


def test_bytes_in_front_move_the_cuts_along() -> None:
    moved = {end - 1000 for end in cuts(b"x" * 1000 + NOISE)}
    assert len(moved & set(cuts(NOISE))) >= len(moved) - 4


def seam_at(content: bytes, position: int) -> int:
    return seam(make_chunker(POLYNOMIAL), lambda at, count: content[at : at + count], position)


@pytest.mark.parametrize("position", [5 << 20, 8 << 20, (12 << 20) + 17, 20 << 20])
def test_a_seam_lies_at_or_behind_its_place_and_at_a_cut_of_the_whole(position: int) -> None:
    found = seam_at(NOISE, position)
    assert position <= found <= position + LARGEST
    assert found in cuts(NOISE)


@pytest.mark.parametrize("content", [NOISE, bytes(24 << 20), NOISE[: 13 << 20] + bytes(11 << 20)])
@pytest.mark.parametrize("position", [8 << 20, 16 << 20])
def test_both_neighbours_find_the_same_seam(content: bytes, position: int) -> None:
    assert seam_at(content, position) == seam_at(content, position)
    assert position <= seam_at(content, position) <= len(content)


def test_without_a_cut_behind_it_the_seam_is_the_end() -> None:
    content = NOISE[: (8 << 20) + 1000]
    assert seam_at(content, (8 << 20) + 900) == len(content)


def test_a_seam_is_decided_by_what_is_near_and_not_by_what_is_far() -> None:
    other = bytearray(NOISE)
    other[: 2 << 20] = bytes(2 << 20)
    other[23 << 20 :] = bytes(1 << 20)
    assert seam_at(bytes(other), 12 << 20) == seam_at(NOISE, 12 << 20)


@pytest.mark.parametrize("extra", [b"", b"x" * 777])
def test_a_file_that_grows_at_its_front_is_mostly_known(tmp_path: Path, extra: bytes) -> None:
    content = random.Random(5).randbytes(3 * SEGMENT + (4 << 20))
    large = tmp_path / "data" / "large"
    large.parent.mkdir()
    large.write_bytes(content)
    repository = instant_repository()
    keep(repository, large.parent)
    large.write_bytes(extra + content)
    tally = keep(repository, large.parent).tally
    assert (tally.files_changed, tally.bytes_processed) == (1, len(extra + content))
    assert tally.bytes_added < len(content) * 0.06
