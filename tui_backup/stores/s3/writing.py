"""Writing: an object of any size, in one request or in parts that are sent while the next one is filled.

A multipart upload may have 10,000 parts; none but the last may be smaller than 5 MiB. The size of an object that is
written piece by piece is not known before its end, so parts grow: 8 MiB, and twice that after each thousand of them,
which reaches 5 TiB. Parts from 64 MiB on, beyond the first 56 GiB, wait in a temporary file instead of in memory.
"""

import hashlib
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Final

from tui_backup.errors import StoreError
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of
from tui_backup.stores.s3.body import Body, FileBody, MemoryBody
from tui_backup.stores.s3.bucket import Bucket
from tui_backup.stores.s3.client import Way
from tui_backup.stores.s3.errors import WRITE, code_of
from tui_backup.stores.s3.multipart import MultipartUpload

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PART: Final = 8 * 1024 * 1024

_SHA256: Final = re.compile("[0-9a-f]{64}")
_WANTS_MD5: Final = "InvalidRequest"
"""What AWS says where a bucket locks whatever is put into it, and no digest stands in a header of its own."""
_DOUBTED: Final = {"BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", _WANTS_MD5}
"""Codes of errors where the bytes may have another digest than their name says, or were damaged on their way."""

_insisting: set[tuple[Way, str]] = set()
"""Buckets that take nothing without an MD5."""

_GROWS_AFTER: Final = 1000
_LARGEST_IN_MEMORY: Final = 32 * 1024 * 1024


def part_size(number: int) -> int:
    """Return the size of a part, counted from 1."""
    return PART << (number - 1) // _GROWS_AFTER


def put_memory(bucket: Bucket, key: str, content: bytes | bytearray | memoryview) -> None:
    """Keep bytes under a key by one request."""
    put(bucket, key, MemoryBody(content))


def put(bucket: Bucket, key: str, body: Body) -> None:
    """Keep a body under a key by one request.

    The last part of most keys is the SHA-256 of what they stand for: then the server is told that, instead of an MD5.
    """
    named = bucket.object(key) | {"Body": body} | bucket.terms.of_new(key)
    body.sha256 = _digest_in(key, bucket)
    if not body.sha256:
        named["ContentMD5"] = body.digest()

    def call(client: "S3Client") -> None:
        try:
            client.put_object(**named)
        except client.exceptions.ClientError as error:
            if not body.sha256 or code_of(error) not in _DOUBTED:
                raise
            body.sha256 = ""
            named["ContentMD5"] = body.digest()
            client.put_object(**named)
            if code_of(error) == _WANTS_MD5:
                _insisting.add((bucket.way, bucket.name))

    bucket.ask(WRITE, key, call)


def _digest_in(key: str, bucket: Bucket) -> str:
    """Return the SHA-256 that a key ends with; empty where there is none, or the bucket wants an MD5 all the same."""
    name = key.rpartition("/")[2]
    wants_md5 = bucket.terms.locked_until(key) is not None or (bucket.way, bucket.name) in _insisting
    return name if _SHA256.fullmatch(name) and not wants_md5 else ""


@contextmanager
def writing(bucket: Bucket, key: str) -> Iterator["Writer"]:
    """Give what takes an object piece by piece; it appears when the block has ended, or nothing does."""
    bucket.object(key)
    writer = Writer(bucket, key)
    try:
        yield writer
        writer.finish()
    except BaseException:
        writer.abort()
        raise


class Writer:
    """Fills one part after the other and sends them."""

    def __init__(self, bucket: Bucket, key: str) -> None:
        self._bucket = bucket
        self._key = key
        self._upload: MultipartUpload | None = None
        self._number = 1
        self._part: _Part = _MemoryPart()

    def write(self, piece: bytes | bytearray | memoryview) -> None:
        """Take the next bytes; raises StoreError where some before them could not be sent."""
        rest = memoryview(piece).cast("B")
        while rest:
            room = part_size(self._number) - self._part.size
            if not room:
                self._send()
                self._part = _MemoryPart() if part_size(self._number) <= _LARGEST_IN_MEMORY else _FilePart()
                continue
            self._part.add(rest[:room])
            rest = rest[room:]

    def finish(self) -> None:
        """Send what is left, and have the object appear."""
        if self._upload is None and isinstance(self._part, _MemoryPart):
            put_memory(self._bucket, self._key, self._part.content)
            return
        upload = self._send()
        upload.complete()

    def abort(self) -> None:
        """Leave nothing behind."""
        self._part.body().close()
        if self._upload is not None:
            self._upload.abort()

    def _send(self) -> MultipartUpload:
        """Send the part that was filled."""
        if self._upload is None:
            self._upload = MultipartUpload(self._bucket, self._key)
        self._upload.send(self._part.body())
        self._number += 1
        return self._upload


class _MemoryPart:
    def __init__(self) -> None:
        self.content = bytearray()

    @property
    def size(self) -> int:
        return len(self.content)

    def add(self, piece: memoryview) -> None:
        self.content += piece

    def body(self) -> Body:
        return MemoryBody(self.content)


class _FilePart:
    def __init__(self) -> None:
        self.size = 0
        self._md5 = hashlib.md5(usedforsecurity=False)
        with _explaining():
            self._file: IO[bytes] = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  # closed by its body

    def add(self, piece: memoryview) -> None:
        self._md5.update(piece)
        with _explaining():
            rest = piece
            while rest:
                rest = rest[self._file.write(rest) :]
        self.size += len(piece)

    def body(self) -> Body:
        return FileBody(self._file, self.size, self._md5.digest())


_Part = _MemoryPart | _FilePart


@contextmanager
def _explaining() -> Iterator[None]:
    """Say of what goes wrong with the system that a part cannot wait in a file."""
    try:
        yield
    except OSError as error:
        directory = tempfile.gettempdir()
        message = _("cannot write into the directory for temporary files, {path}: {reason}")
        text = message.format(path=directory, reason=reason_of(error))
        raise StoreError(text, hint=_("make room there, or set TMPDIR to a directory that has some")) from error
