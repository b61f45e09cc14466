"""Seals: what an archive is encrypted with, segment by segment, so that any part of it can be read and is proven.

A sealed file, described with a script that opens it in docs/archive-format.md; integers are big-endian:

    8s    TUIBKP, 0, 1
    u8    log2 N, u8 r, u8 p: of scrypt
    u8    log2 of the segment size in bytes
    16s   salt
    7s    nonce prefix
    32s   key check
    segments: AES-256-GCM of that many bytes each, of fewer in the last, each with its tag of 16 bytes behind it

The header is everything before the segments. (key, check) = scrypt(passphrase, salt) -> 64 bytes; segment i has the
nonce prefix || u32 i || u8 is-last and the header as associated data. Only an empty file has an empty segment.
"""

import hmac
import io
import os
import struct
from functools import lru_cache
from typing import TYPE_CHECKING, BinaryIO, Final, cast

import msgspec

from tui_backup.errors import Corrupted, WrongPassword
from tui_backup.formats.encryption_key import check_encryption_key
from tui_backup.primitives.i18n import _
from tui_backup.primitives.raw_file import SeekableFile
from tui_backup.primitives.secret import Secret
from tui_backup.stores.base import Sink

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC: Final = b"TUIBKP\0\1"

SEGMENT_LOG: Final = 20
"""Of archives: 1 MiB."""
SMALL_SEGMENT_LOG: Final = 16
"""Of entry lists, so that their first lines are had for 64 KiB."""

SALT_BYTES: Final = 16
TAG_BYTES: Final = 16

_HEADER = struct.Struct(">8s4B16s7s32s")
HEADER_BYTES: Final = _HEADER.size
_PREFIX_BYTES = 7
_COST_LOG, _BLOCK, _LANES = 15, 8, 1
_LARGEST_COST_LOG, _LARGEST_BLOCK, _MOST_LANES = 20, 16, 4
_MOST_SEGMENTS = 1 << 32


class Header(msgspec.Struct, frozen=True):
    """What a sealed file begins with."""

    cost_log: int
    block: int
    lanes: int
    segment_log: int
    salt: bytes
    prefix: bytes
    check: bytes

    @property
    def encoded(self) -> bytes:
        """The bytes in the file."""
        numbers = self.cost_log, self.block, self.lanes, self.segment_log
        return _HEADER.pack(MAGIC, *numbers, self.salt, self.prefix, self.check)

    @property
    def segment(self) -> int:
        """Bytes of plaintext in a segment."""
        return 1 << self.segment_log


def parse_header(content: bytes) -> Header:
    """Return the header with which a sealed file begins.

    Raises:
        Corrupted: it is none of ours, or asks for more than any file of ours does.
    """
    if not content.startswith(MAGIC):
        raise Corrupted(_("it is not sealed by this program: its first bytes are others"))
    if len(content) < HEADER_BYTES:
        raise Corrupted(_("the sealed file ends within its header"))
    header = Header(*_HEADER.unpack_from(content)[1:])
    sound = (
        0 < header.cost_log <= _LARGEST_COST_LOG
        and 0 < header.block <= _LARGEST_BLOCK
        and 0 < header.lanes <= _MOST_LANES
        and 16 <= header.segment_log <= 24
    )
    if not sound:
        raise Corrupted(_("the header of the sealed file is damaged: it asks for too much"))
    return header


class Passphrase:
    """What seals and opens files; keys are derived once for each salt, and kept as long as the process lives."""

    def __init__(self, secret: Secret) -> None:
        """Take the passphrase; raises ConfigError where it is too short to be one."""
        check_encryption_key(secret, "encryption_key")
        self._bytes = secret.reveal().encode("utf-8", "surrogateescape")

    def __repr__(self) -> str:
        return "Passphrase(********)"

    def new_header(self, salt: bytes, segment_log: int = SEGMENT_LOG) -> Header:
        """Return the header of a new file; the salt may serve many files, their nonce prefixes are random."""
        _key, check = _derived(self._bytes, salt, _COST_LOG, _BLOCK, _LANES)
        return Header(_COST_LOG, _BLOCK, _LANES, segment_log, salt, os.urandom(_PREFIX_BYTES), check)

    def opens(self, header: Header) -> bool:
        """Whether a file with that header was sealed with this passphrase."""
        _key, check = _derived(self._bytes, header.salt, header.cost_log, header.block, header.lanes)
        return hmac.compare_digest(check, header.check)

    def cipher(self, header: Header) -> "AESGCM":
        """Return what seals and opens the segments of a file.

        Raises:
            WrongPassword: it was sealed with another passphrase, or the header is damaged.
        """
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        if not self.opens(header):
            raise WrongPassword(
                _("the encryption key does not open it"),
                hint=_("it was sealed with another key; if nobody changed the key, its first bytes are damaged"),
            )
        return AESGCM(_derived(self._bytes, header.salt, header.cost_log, header.block, header.lanes)[0])


@lru_cache(maxsize=256)
def _derived(passphrase: bytes, salt: bytes, cost_log: int, block: int, lanes: int) -> tuple[bytes, bytes]:
    """Return key and key check; at most 2 GiB of memory are taken meanwhile, 32 MiB for files of ours."""
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    made = Scrypt(salt=salt, length=64, n=1 << cost_log, r=block, p=lanes).derive(passphrase)
    return made[:32], made[32:]


def is_sealed(beginning: bytes) -> bool:
    """Whether a file that begins so was sealed by this program."""
    return beginning.startswith(MAGIC)


class SealedSink:
    """Writes what it is given, sealed, to another sink; nothing is whole before `close`."""

    def __init__(self, out: Sink, passphrase: Passphrase, salt: bytes, segment_log: int = SEGMENT_LOG) -> None:
        self._out = out
        header = passphrase.new_header(salt, segment_log)
        self._cipher = passphrase.cipher(header)
        self._prefix = header.prefix
        self._aad = header.encoded
        self._segment = memoryview(bytearray(header.segment))
        self._filled = 0
        self._number = 0
        out.write(self._aad)

    def write(self, piece: bytes | bytearray | memoryview) -> None:
        """Take the next bytes."""
        view = memoryview(piece).cast("B")
        while view:
            if self._filled == len(self._segment):
                self._seal(is_last=False)
            taken = view[: len(self._segment) - self._filled]
            self._segment[self._filled : self._filled + len(taken)] = taken
            self._filled += len(taken)
            view = view[len(taken) :]

    def close(self) -> None:
        """Write the last segment."""
        self._seal(is_last=True)

    def _seal(self, *, is_last: bool) -> None:
        if self._number >= _MOST_SEGMENTS:
            raise Corrupted(_("a sealed file cannot be larger than four billion segments"))
        nonce = _nonce(self._prefix, self._number, is_last=is_last)
        self._out.write(self._cipher.encrypt(nonce, self._segment[: self._filled], self._aad))
        self._filled = 0
        self._number += 1


class SealedFile(SeekableFile):
    """The plaintext of a sealed file that can seek; each segment is authenticated when it is read.

    What was cut off, put in, put elsewhere or changed is noticed where it is reached: at the very end by who reads that
    far. For one thread.
    """

    def __init__(self, file: BinaryIO, passphrase: Passphrase) -> None:
        """Read the header and the size.

        Raises:
            WrongPassword: the passphrase is not the one.
            Corrupted: it is no sealed file, or too short to be one.
        """
        super().__init__(0)
        self._file = file
        self._header = parse_header(file.read(HEADER_BYTES))
        self._cipher = passphrase.cipher(self._header)
        body = file.seek(0, os.SEEK_END) - HEADER_BYTES
        whole = self._header.segment + TAG_BYTES
        self._count = max(-(-body // whole), 1)
        """Of segments."""
        self.size = body - self._count * TAG_BYTES
        if self.size < 0 or (self._count > 1 and body - (self._count - 1) * whole <= TAG_BYTES):
            raise Corrupted(_("the sealed file is cut short"))
        self._place = HEADER_BYTES + body
        self._open: tuple[int, memoryview] = (-1, memoryview(b""))

    def take(self, most: int) -> bytes | memoryview:
        """Return what comes next, as far as one segment goes; raises Corrupted where that is not what was sealed."""
        if self.at > self.size or (self.at == self.size and self.size > 0):
            return b""
        number, offset = divmod(self.at, self._header.segment)
        part = self._segment(number)[offset : offset + most]
        self.at += len(part)
        return part

    def close(self) -> None:
        """Close the file beneath, too."""
        if not self.closed:
            self._file.close()
        super().close()

    def _segment(self, number: int) -> memoryview:
        if self._open[0] != number:
            whole = self._header.segment + TAG_BYTES
            start = HEADER_BYTES + number * whole
            if self._place != start:
                self._file.seek(start)
            sealed = self._file.read(min(whole, self.size + (number + 1) * TAG_BYTES - number * self._header.segment))
            self._place = start + len(sealed)
            plain = _unsealed(self._cipher, self._header, sealed, number, self._count)
            self._open = (number, memoryview(plain))
        return self._open[1]


def first_segment(beginning: bytes, size: int, passphrase: Passphrase) -> bytes:
    """Return the plaintext of the first segment of a sealed file of `size` bytes, given that much of it at least.

    Raises:
        WrongPassword, Corrupted: as SealedFile does.
    """
    header = parse_header(beginning)
    cipher = passphrase.cipher(header)
    end = HEADER_BYTES + header.segment + TAG_BYTES
    return _unsealed(cipher, header, beginning[HEADER_BYTES:end], 0, 1 if size <= end else 2)


def opened(file: BinaryIO, passphrase: Passphrase) -> BinaryIO:
    """Return the plaintext of a sealed file, buffered; errors as those of SealedFile."""
    return cast(BinaryIO, io.BufferedReader(SealedFile(file, passphrase), 1 << 17))


def _unsealed(cipher: "AESGCM", header: Header, sealed: bytes, number: int, count: int) -> bytes:
    """Return the plaintext of a segment, one of `count`."""
    from cryptography.exceptions import InvalidTag

    nonce = _nonce(header.prefix, number, is_last=number == count - 1)
    try:
        return cipher.decrypt(nonce, sealed, header.encoded)
    except InvalidTag as error:
        message = _("the seal is broken: segment {number} is not what was written")
        raise Corrupted(message.format(number=number + 1)) from error


def _nonce(prefix: bytes, number: int, *, is_last: bool) -> bytes:
    return prefix + struct.pack(">IB", number, is_last)
