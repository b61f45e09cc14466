"""Reading: bytes of an object exactly as asked for, gone on with where a body breaks off, long ones side by side."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from tui_backup.errors import Corrupted, NotFound, StoreError
from tui_backup.primitives.i18n import _
from tui_backup.stores.base import ObjectInfo
from tui_backup.stores.s3.bucket import Bucket
from tui_backup.stores.s3.errors import READ, BucketMissing, code_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SPAN: Final = 32 * 1024 * 1024
"""Bytes read by one request at most; what is longer is read by several at once."""

_TOGETHER: Final = 4
_BLOCK: Final = 1024 * 1024
_RANGE: Final = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_OUT_OF_RANGE: Final = {"InvalidRange", "416"}
_REPLACED: Final = {"PreconditionFailed", "412"}
_UNEXPLAINED: Final = {"400", "403", "Forbidden", "BadRequest"}


class _Changed(Exception):
    """The object is another one than its first bytes are from."""


def read(bucket: Bucket, key: str, start: int, length: int | None) -> bytes:
    """Return `length` bytes from `start`, or all from there; raises as `Store.get` says."""
    if length is not None and length <= 0:
        return _nothing(bucket, key, start, length)
    while True:
        try:
            return _read(bucket, key, start, length)
        except _Changed:
            continue


def look(bucket: Bucket, key: str) -> ObjectInfo:
    """Return what a listing would show of an object; raises NotFound."""
    named = bucket.object(key)
    try:
        found = bucket.ask(READ, key, lambda client: client.head_object(**named, **bucket.terms.known()))
    except StoreError as error:
        if code_of(error.__cause__) in _UNEXPLAINED:
            bucket.ask(READ, key, lambda client: client.get_object(**named, **bucket.terms.known())["Body"].close())
        raise
    return ObjectInfo(key, found["ContentLength"], found["LastModified"].timestamp())


def _nothing(bucket: Bucket, key: str, start: int, length: int) -> bytes:
    if length < 0 or start > look(bucket, key).size:
        raise _cut_short(bucket, key)
    return b""


def _read(bucket: Bucket, key: str, start: int, length: int | None) -> bytes:
    end = start + (SPAN if length is None else min(length, SPAN))
    first = _Stretch(bucket, key, start, end)
    try:
        first.fetch()
    except StoreError as error:
        if code_of(error.__cause__) not in _OUT_OF_RANGE:
            raise
        if length is None and start == look(bucket, key).size:
            return b""
        raise _cut_short(bucket, key) from error
    end = first.total if length is None else start + length
    if end > first.total:
        raise _cut_short(bucket, key)
    begins = range(first.end, end, SPAN)
    if not begins:
        return first.content()
    rest = [_Stretch(bucket, key, begin, min(begin + SPAN, end), first.mark) for begin in begins]
    with ThreadPoolExecutor(_TOGETHER) as pool:
        list(pool.map(_Stretch.fetch, rest))
    return b"".join([*first.parts, *(part for stretch in rest for part in stretch.parts)])


class _Stretch:
    """A part of an object that one request can bring, or several where bodies break off."""

    def __init__(self, bucket: Bucket, key: str, start: int, end: int, mark: str = "") -> None:
        """`end` may lie beyond that of the object; `mark` says which object it must be."""
        self._bucket = bucket
        self._key = key
        self._named = bucket.object(key)
        self._at = start
        self.end = end
        self.mark = mark
        self.total = end
        """Size of the whole object."""
        self.parts: list[bytes] = []
        self._at_once = SPAN
        """Bytes read in one piece, which costs least; if that fails, smaller ones, so that they are not lost again."""

    def fetch(self) -> None:
        """Have all of it; raises StoreError or _Changed."""
        try:
            self._bucket.ask(READ, self._key, self._go_on)
        except StoreError as error:
            if self.mark and code_of(error.__cause__) in _REPLACED:
                raise _Changed from error
            if self.mark and isinstance(error, NotFound) and not isinstance(error, BucketMissing):
                raise _Changed from error
            raise

    def content(self) -> bytes:
        """Return what was fetched."""
        return self.parts[0] if len(self.parts) == 1 else b"".join(self.parts)

    def _go_on(self, client: "S3Client") -> None:
        condition: dict[str, Any] = {"IfMatch": self.mark} if self.mark else {}
        answer = client.get_object(
            **self._named, Range=f"bytes={self._at}-{self.end - 1}", **condition, **self._bucket.terms.known()
        )
        body = answer["Body"]
        at_once, self._at_once = self._at_once, _BLOCK
        left = 1
        try:
            left = self._promised(answer)
            while left > 0:
                block = body.read(min(left, at_once))
                if not block:
                    raise ConnectionResetError(104, "Connection reset by peer")
                self.parts.append(block)
                self._at += len(block)
                left -= len(block)
        finally:
            if left:
                body.close()

    def _promised(self, answer: Any) -> int:
        """Return how many bytes of an answer to read; note what it says of the whole."""
        told = _RANGE.fullmatch(answer.get("ContentRange") or "")
        if told is None or int(told[1]) != self._at:
            message = _("cannot read {path}: {reason}").format(
                path=self._bucket.path(self._key), reason=_("the server does not give a part of it")
            )
            raise StoreError(message)
        self.mark = answer.get("ETag", "")
        self.total = int(told[3])
        self.end = min(self.end, self.total)
        return self.end - self._at


def _cut_short(bucket: Bucket, key: str) -> Corrupted:
    return Corrupted(_("{path} is shorter than it should be").format(path=bucket.path(key)))
