"""Seals: what was sealed comes back whole, and nothing else does."""

import io
import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.archives import KEY, Bytes
from tui_backup.errors import ConfigError, Corrupted, WrongPassword
from tui_backup.formats.archive.seal import (
    HEADER_BYTES,
    TAG_BYTES,
    Passphrase,
    SealedFile,
    SealedSink,
    first_segment,
    opened,
)
from tui_backup.primitives.secret import Secret

SEGMENT = 1 << 16
SEALED_SEGMENT = SEGMENT + TAG_BYTES
SIZES = [0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 3 * SEGMENT, 3 * SEGMENT + 5]
DOCUMENT = Path(__file__).parents[3] / "docs" / "archive-format.md"


def sealed(content: bytes, passphrase: Passphrase, salt: bytes = b"salt" * 4) -> bytes:
    out = Bytes()
    sink = SealedSink(out, passphrase, salt, 16)
    sink.write(content)
    sink.close()
    return bytes(out)


def read(content: bytes, passphrase: Passphrase) -> bytes:
    return opened(io.BytesIO(content), passphrase).read()


def segments(content: bytes) -> list[bytes]:
    body = content[HEADER_BYTES:]
    return [body[at : at + SEALED_SEGMENT] for at in range(0, len(body), SEALED_SEGMENT)]


@pytest.mark.parametrize("size", SIZES)
def test_what_was_sealed_comes_back(passphrase: Passphrase, size: int) -> None:
    content = os.urandom(size)
    whole = sealed(content, passphrase)
    assert len(whole) == HEADER_BYTES + size + TAG_BYTES * max(1, -(-size // SEGMENT))
    assert read(whole, passphrase) == content


def test_pieces_of_any_size_make_the_same_file(passphrase: Passphrase) -> None:
    content = os.urandom(3 * SEGMENT + 7)
    for step in (1000, SEGMENT, SEGMENT + 1, len(content)):
        out = Bytes()
        sink = SealedSink(out, passphrase, b"salt" * 4, 16)
        for at in range(0, len(content), step):
            sink.write(memoryview(content)[at : at + step])
        sink.close()
        assert read(bytes(out), passphrase) == content


def test_any_part_is_read_by_itself(passphrase: Passphrase) -> None:
    content = os.urandom(3 * SEGMENT + 5)
    file = opened(io.BytesIO(sealed(content, passphrase)), passphrase)

    @given(st.integers(0, len(content) + 10), st.integers(0, 2 * SEGMENT))
    @settings(max_examples=50)
    def is_read(start: int, count: int) -> None:
        file.seek(start)
        assert file.read(count) == content[start : start + count]

    is_read()
    assert file.seek(0, os.SEEK_END) == len(content)


def test_two_files_of_one_content_and_salt_have_nothing_in_common(passphrase: Passphrase) -> None:
    first, second = (segments(sealed(b"content" * SEGMENT, passphrase)) for _number in range(2))
    assert set(first).isdisjoint(second)


@pytest.mark.parametrize("size", SIZES)
def test_a_file_that_was_cut_off_is_refused(passphrase: Passphrase, size: int) -> None:
    whole = sealed(os.urandom(size), passphrase)
    ends = {len(whole) - 1, len(whole) - TAG_BYTES, len(whole) - TAG_BYTES - 1, HEADER_BYTES, HEADER_BYTES - 1, 8, 0}
    ends |= {HEADER_BYTES + number * SEALED_SEGMENT for number in range(len(segments(whole)))}
    for end in ends:
        with pytest.raises(Corrupted):
            read(whole[:end], passphrase)


def test_a_file_that_was_lengthened_is_refused(passphrase: Passphrase) -> None:
    for size in (0, SEGMENT, SEGMENT + 9):
        whole = sealed(os.urandom(size), passphrase)
        for more in (b"x", bytes(TAG_BYTES), bytes(SEALED_SEGMENT), segments(whole)[-1]):
            with pytest.raises(Corrupted):
                read(whole + more, passphrase)


def test_segments_in_another_order_are_refused(passphrase: Passphrase) -> None:
    whole = sealed(os.urandom(3 * SEGMENT), passphrase)
    first, second, last = segments(whole)
    header = whole[:HEADER_BYTES]
    for others in ((second, first, last), (first, first, last), (first, last), (last, second, first), (first, second)):
        with pytest.raises(Corrupted):
            read(header + b"".join(others), passphrase)


def test_segments_of_another_file_are_refused(passphrase: Passphrase) -> None:
    content = os.urandom(2 * SEGMENT)
    mine, other = (sealed(content, passphrase) for _number in range(2))
    with pytest.raises(Corrupted):
        read(mine[:HEADER_BYTES] + segments(other)[0] + segments(mine)[1], passphrase)
    with pytest.raises(Corrupted):
        read(other[:HEADER_BYTES] + mine[HEADER_BYTES:], passphrase)


def test_no_bit_can_be_flipped(passphrase: Passphrase) -> None:
    whole = sealed(b"content" * 20, passphrase)
    beyond_scrypt = [*range(8), 11, *range(28, HEADER_BYTES + 156)]
    for at in beyond_scrypt[::3]:
        changed = bytearray(whole)
        changed[at] ^= 1 << at % 8
        with pytest.raises((Corrupted, WrongPassword)):
            read(bytes(changed), passphrase)


def test_damage_is_noticed_only_where_it_is_reached(passphrase: Passphrase) -> None:
    content = os.urandom(3 * SEGMENT)
    changed = bytearray(sealed(content, passphrase))
    changed[-1] ^= 1
    file = opened(io.BytesIO(bytes(changed)), passphrase)
    assert file.read(100) == content[:100]
    file.seek(2 * SEGMENT)
    with pytest.raises(Corrupted, match="segment 3"):
        file.read(1)


def test_another_passphrase_is_told_from_damage(passphrase: Passphrase) -> None:
    with pytest.raises(WrongPassword) as raised:
        read(sealed(b"content", passphrase), Passphrase(Secret(KEY + "!")))
    assert raised.value.exit_code == 12


def test_a_header_that_asks_for_too_much_is_refused_before_anything_is_derived(passphrase: Passphrase) -> None:
    whole = sealed(b"content", passphrase)
    for at, value in ((8, 21), (8, 0), (9, 17), (9, 0), (10, 5), (10, 0), (11, 15), (11, 25)):
        changed = bytearray(whole)
        changed[at] = value
        with pytest.raises(Corrupted, match="asks for too much"):
            SealedFile(io.BytesIO(bytes(changed)), passphrase)


@pytest.mark.parametrize("size", [0, 100, SEGMENT, SEGMENT + 1])
def test_the_first_segment_is_had_without_the_others(passphrase: Passphrase, size: int) -> None:
    content = os.urandom(size)
    whole = sealed(content, passphrase)
    assert first_segment(whole[: HEADER_BYTES + SEALED_SEGMENT], len(whole), passphrase) == content[:SEGMENT]


def test_a_short_key_says_how_long_it_must_be() -> None:
    Passphrase(Secret("x" * 32))
    with pytest.raises(ConfigError, match="at least 32 characters, this one has 31"):
        Passphrase(Secret("x" * 31))


def test_a_passphrase_does_not_print(passphrase: Passphrase) -> None:
    assert KEY not in repr(passphrase)


def script(directory: Path) -> Path:
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    made = directory / "unseal.py"
    made.write_text(code)
    return made


def unseal(directory: Path, content: bytes, key: str = KEY) -> tuple[int, bytes]:
    source, target = directory / "sealed", directory / "plain"
    source.write_bytes(content)
    target.unlink(missing_ok=True)
    command = [sys.executable, str(script(directory)), str(source), str(target)]
    ended = subprocess.run(command, env={"BACKUP_ENCRYPTION_KEY": key}, capture_output=True, check=False)
    return ended.returncode, target.read_bytes()


@pytest.mark.usefixtures("real_costs")
@pytest.mark.parametrize("size", [0, 1, SEGMENT, 2 * SEGMENT + 5])
def test_the_script_of_the_document_opens_what_was_sealed(passphrase: Passphrase, tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    assert unseal(tmp_path, sealed(content, passphrase)) == (0, content)


def test_the_script_of_the_document_refuses_everything_else(passphrase: Passphrase, tmp_path: Path) -> None:
    whole = sealed(os.urandom(2 * SEGMENT + 5), passphrase)
    first, second, last = segments(whole)
    header = whole[:HEADER_BYTES]
    flipped = bytearray(whole)
    flipped[-1] ^= 1
    for other in (
        header + first + second,
        whole[:20],
        whole + bytes(TAG_BYTES),
        header + second + first + last,
        bytes(flipped),
    ):
        code, _content = unseal(tmp_path, other)
        assert code == 1
    assert unseal(tmp_path, whole, KEY + "!")[0] == 1


@pytest.mark.usefixtures("real_costs")
def test_the_layout_is_the_one_that_is_documented(passphrase: Passphrase) -> None:
    whole = sealed(b"", passphrase, b"0123456789abcdef")
    magic, cost, block, lanes, size, salt = struct.unpack_from(">8s4B16s", whole)
    assert (magic, cost, block, lanes, size, salt) == (b"TUIBKP\0\1", 15, 8, 1, 16, b"0123456789abcdef")
    assert HEADER_BYTES == 67
