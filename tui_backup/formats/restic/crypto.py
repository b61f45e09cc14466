"""Seal and open: AES-256 in counter mode with Poly1305-AES over the ciphertext.

Source: restic's design document, section "Keys, Encryption and MAC". A sealed string is

    16s  nonce, random
    ...  ciphertext: AES-256-CTR(encrypt, nonce as the whole 128-bit big-endian counter block)
    16s  Poly1305(r and AES-128-ECB(k, nonce), ciphertext)
"""

import os
from threading import local

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.ciphers import Cipher as BlockCipher
from cryptography.hazmat.primitives.ciphers import algorithms, modes
from cryptography.hazmat.primitives.poly1305 import Poly1305

from tui_backup.errors import Corrupted
from tui_backup.primitives.i18n import _

NONCE = 16
TAG = 16
OVERHEAD = NONCE + TAG
"""Bytes by which a sealed string is longer than its plaintext."""

_SPARE = 15
"""Bytes that a cipher wants behind the end of its output."""

_CLAMP = 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF


class Keys(msgspec.Struct, frozen=True):
    """What opens everything in a repository."""

    encrypt: bytes
    """32 bytes, AES-256."""
    mac_k: bytes
    """16 bytes, AES-128."""
    mac_r: bytes
    """16 bytes; restic stores it clamped up to 0.16 and unclamped since 0.17."""

    def __repr__(self) -> str:
        return "Keys(********)"


def clamp(r: bytes) -> bytes:
    """Clear the bits of a Poly1305 key half that the algorithm wants cleared."""
    return (int.from_bytes(r, "little") & _CLAMP).to_bytes(16, "little")


class Cipher(local):
    """Seals and opens with one set of keys; every thread that uses it has ciphers of its own behind it."""

    def __init__(self, keys: Keys) -> None:
        self._counter = BlockCipher(algorithms.AES256(keys.encrypt), modes.CTR(bytes(NONCE))).encryptor()
        self._mask = BlockCipher(algorithms.AES128(keys.mac_k), modes.ECB()).encryptor()  # noqa: S305 - one block, as Poly1305-AES wants it
        self._r = clamp(keys.mac_r)

    def seal(self, plaintext: bytes | bytearray | memoryview) -> bytes:
        """Return the sealed string of `plaintext`."""
        nonce = os.urandom(NONCE)
        self._counter.reset_nonce(nonce)
        ciphertext = self._counter.update(plaintext)
        return b"".join((nonce, ciphertext, self._tag(nonce, ciphertext)))

    def seal_into(self, plaintext: bytes | memoryview, out: memoryview) -> int:
        """Write the sealed string to the start of `out`, which has room for it; return its length."""
        end = NONCE + len(plaintext)
        nonce = os.urandom(NONCE)
        out[:NONCE] = nonce
        self._counter.reset_nonce(nonce)
        self._counter.update_into(plaintext, out[NONCE : end + _SPARE])
        out[end : end + TAG] = self._tag(nonce, out[NONCE:end])
        return end + TAG

    def open(self, sealed: bytes | memoryview) -> bytes:
        """Return the plaintext of a sealed string.

        Raises:
            Corrupted: it is too short, or its tag does not match.
        """
        if len(sealed) < OVERHEAD:
            raise Corrupted(_("sealed data is cut short"))
        view = memoryview(sealed)
        nonce, ciphertext, tag = bytes(view[:NONCE]), view[NONCE:-TAG], bytes(view[-TAG:])
        if nonce == bytes(NONCE):
            raise Corrupted(_("sealed data has no nonce"))
        try:
            Poly1305.verify_tag(self._r + self._mask.update(nonce), ciphertext, tag)
        except InvalidSignature as error:
            raise Corrupted(_("the authentication tag does not match")) from error
        self._counter.reset_nonce(nonce)
        return self._counter.update(ciphertext)

    def _tag(self, nonce: bytes, ciphertext: bytes | memoryview) -> bytes:
        return Poly1305.generate_tag(self._r + self._mask.update(nonce), ciphertext)
