"""MultipartUpload: an object that is sent in parts, several at once; it appears when all of them are there."""

import hashlib
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from tui_backup.errors import NotFound, StoreError
from tui_backup.stores.s3.body import Body
from tui_backup.stores.s3.bucket import Bucket
from tui_backup.stores.s3.errors import READ, WRITE, code_of
from tui_backup.stores.s3.retention import S3Retention
from tui_backup.stores.s3.uploads import abort, mark, unmark

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MEMORY: Final = 56 * 1024 * 1024
"""Bytes of parts that may be under way at once; one more is being filled meanwhile."""

_THREADS: Final = 6


class MultipartUpload:
    """One upload; for one thread, which hands over the parts in their order."""

    def __init__(self, bucket: Bucket, key: str) -> None:
        """Begin it; raises StoreError."""
        self._bucket = bucket
        self._key = key
        self._named = bucket.object(key)
        self._note = mark(bucket, key)
        self._id = self._begun()
        self._pool = ThreadPoolExecutor(_THREADS)
        self._under_way: dict[Future[str], Body] = {}
        self._parts: list[Future[str]] = []
        self._size = 0
        self._is_over = False

    def _begun(self) -> str:
        terms = self._bucket.terms.of_new(self._key)
        try:
            answer = self._bucket.ask(
                WRITE, self._key, lambda client: client.create_multipart_upload(**self._named, **terms)
            )
        except StoreError:
            unmark(self._bucket, self._note)
            raise
        return answer["UploadId"]

    def send(self, body: Body) -> None:
        """Send the next part, once there is room for it; raises StoreError where one before it failed."""
        while self._under_way and sum(map(len, self._under_way.values())) + len(body) > MEMORY:
            self._reap(wait(self._under_way, return_when=FIRST_COMPLETED).done)
        self._size += len(body)
        part = self._pool.submit(self._send, len(self._parts) + 1, body)
        self._under_way[part] = body
        self._parts.append(part)

    def complete(self) -> None:
        """Have the object appear; raises StoreError where any part failed."""
        self._reap(wait(self._under_way).done)
        self._pool.shutdown()
        marks = [part.result() for part in self._parts]
        parts = [{"PartNumber": number, "ETag": mark} for number, mark in enumerate(marks, 1)]
        call = self._completing(parts)
        try:
            self._bucket.ask(WRITE, self._key, call)
        except StoreError as error:
            if code_of(error.__cause__) != "NoSuchUpload" or not self._is_there(marks):
                raise
        unmark(self._bucket, self._note)
        if until := self._bucket.terms.locked_until(self._key):
            S3Retention(self._bucket).extend([self._key], until)  # radosgw 16 forgets what was asked at the beginning

    def abort(self) -> None:
        """Give it up, and what was sent of it."""
        self._is_over = True
        self._pool.shutdown(cancel_futures=True)
        for body in self._under_way.values():
            body.close()
        with suppress(StoreError):
            abort(self._bucket, self._key, self._id)
        unmark(self._bucket, self._note)

    def _completing(self, parts: list[dict[str, Any]]) -> "Callable[[S3Client], object]":
        def call(client: "S3Client") -> object:
            return client.complete_multipart_upload(
                **self._named,
                UploadId=self._id,
                MultipartUpload={"Parts": parts},  # type: ignore[typeddict-item]  # a part is a dict of these two
            )

        return call

    def _send(self, number: int, body: Body) -> str:
        named = self._named | {"PartNumber": number, "UploadId": self._id}
        digest = body.digest()

        def call(client: "S3Client") -> str:
            if self._is_over:
                raise _GivenUp
            answer = client.upload_part(**named, Body=body, ContentMD5=digest, **self._bucket.terms.known())  # type: ignore[arg-type]  # a body of ours is sent piece by piece
            return answer["ETag"]

        return self._bucket.ask(WRITE, self._key, call)

    def _reap(self, done: set[Future[str]]) -> None:
        for part in done:
            self._under_way.pop(part).close()
            part.result()

    def _is_there(self, marks: list[str]) -> bool:
        """Whether the object is the one of these parts: its completion was carried out, and the answer was lost."""
        try:
            found = self._bucket.ask(
                READ, self._key, lambda client: client.head_object(**self._named, **self._bucket.terms.known())
            )
        except NotFound:
            return False
        return found["ContentLength"] == self._size and _is_made_of(marks, found["ETag"].strip('"'))


class _GivenUp(Exception):
    """Nobody waits for the part any more."""


def _is_made_of(marks: list[str], mark: str) -> bool:
    """Whether an ETag is that of an object of such parts: the MD5 of their MD5s, and how many they are."""
    try:
        digests = b"".join(bytes.fromhex(part.strip('"')) for part in marks)
    except ValueError:
        return mark.endswith(f"-{len(marks)}")
    return mark == f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(marks)}"
