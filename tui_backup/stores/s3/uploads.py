"""Uploads: which of those that are not completed are still being worked on.

A server tells of an upload its key and when it began, not who began it. So whoever begins one leaves an empty object
`.uploads/KEY-tmp-WRITER` (see `stores.temporary`) first, which no store lists, and removes it when it has ended.
"""

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tui_backup.errors import StoreError
from tui_backup.stores.s3.body import MemoryBody
from tui_backup.stores.s3.bucket import Bucket
from tui_backup.stores.s3.errors import ABORT, DELETE, UPLOADS, WRITE, code_of
from tui_backup.stores.s3.listing import names
from tui_backup.stores.temporary import is_abandoned, is_temporary, temporary_name

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ListMultipartUploadsOutputTypeDef

_PLACE: Final = ".uploads/"
_END: Final = "-tmp-"
_ABANDONED_AFTER_S: Final = 24 * 3600
"""For uploads of other programs, which leave no marks."""


class _Upload(msgspec.Struct, frozen=True):
    key: str
    id: str
    begun: float
    """Seconds since the epoch."""


def mark(bucket: Bucket, key: str) -> str:
    """Note that this process is about to begin an upload; return the name of the note."""
    body = MemoryBody(b"")
    name = f"{bucket.prefix}{_PLACE}{temporary_name(key)}"
    named: dict[str, Any] = {"Bucket": bucket.name, "Key": name, "Body": body, "ContentMD5": body.digest()}
    bucket.ask(WRITE, key, lambda client: client.put_object(**named, **bucket.terms.of_note()))
    return name


def unmark(bucket: Bucket, name: str) -> None:
    """Remove a note; where that fails, the next `tidy` does so."""
    with suppress(StoreError):
        bucket.ask(DELETE, "", lambda client: client.delete_object(Bucket=bucket.name, Key=name), briefly=True)


def abort(bucket: Bucket, key: str, upload: str) -> None:
    """Give up an upload; one that is gone is no error."""
    named = bucket.object(key)
    try:
        bucket.ask(ABORT, key, lambda client: client.abort_multipart_upload(**named, UploadId=upload), briefly=True)
    except StoreError as error:
        if code_of(error.__cause__) != "NoSuchUpload":
            raise


def tidy(bucket: Bucket, prefix: str) -> None:
    """Give up uploads that nobody works on any more; a server that lets nobody do so is left alone."""
    with suppress(StoreError):
        uploads = list(_uploads(bucket, prefix))
        if not uploads:
            return
        dead, living = _marks(bucket, prefix)
        for upload in uploads:
            is_dead = upload.key in dead and upload.key not in living
            if is_dead or time.time() - upload.begun > _ABANDONED_AFTER_S:
                abort(bucket, upload.key, upload.id)
        for marks in dead.values():
            for name in marks:
                unmark(bucket, name)


def _marks(bucket: Bucket, prefix: str) -> tuple[dict[str, list[str]], set[str]]:
    """Return the notes of writers that are gone, by key, and the keys of those that may live."""
    dead: dict[str, list[str]] = {}
    living: set[str] = set()
    place = f"{bucket.prefix}{_PLACE}"
    for found in names(bucket, f"{_PLACE}{prefix}"):
        if not is_temporary(found.key):
            continue
        key = found.key[len(place) : found.key.rindex(_END)]
        if is_abandoned(found.key, found.modified):
            dead.setdefault(key, []).append(found.key)
        else:
            living.add(key)
    return dead, living


def _uploads(bucket: Bucket, prefix: str) -> Iterator[_Upload]:
    """Yield the uploads that are not completed."""
    after: dict[str, Any] = {}
    while True:
        page = _page(bucket, prefix, after)
        for upload in page.get("Uploads", []):
            key = bucket.key_of(upload["Key"])
            if key is not None:
                yield _Upload(key, upload["UploadId"], upload["Initiated"].timestamp())
        if not page.get("IsTruncated"):
            return
        after = {"KeyMarker": page["NextKeyMarker"], "UploadIdMarker": page["NextUploadIdMarker"]}


def _page(bucket: Bucket, prefix: str, after: dict[str, Any]) -> "ListMultipartUploadsOutputTypeDef":
    named: dict[str, Any] = {"Bucket": bucket.name, "Prefix": f"{bucket.prefix}{prefix}"}
    return bucket.ask(UPLOADS, "", lambda client: client.list_multipart_uploads(**named, **after), briefly=True)
