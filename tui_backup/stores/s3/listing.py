"""Listing: the objects below a prefix, page by page."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tui_backup.stores.base import ObjectInfo
from tui_backup.stores.s3.bucket import Bucket
from tui_backup.stores.s3.errors import LIST

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef


def objects(bucket: Bucket, prefix: str) -> Iterator[ObjectInfo]:
    """Yield the objects whose key begins with a prefix; what no store could have as a key is passed over."""
    for found in names(bucket, prefix):
        key = bucket.key_of(found.key)
        if key is not None:
            yield ObjectInfo(key, found.size, found.modified)


def names(bucket: Bucket, prefix: str) -> Iterator[ObjectInfo]:
    """Yield whatever lies below a prefix, by the names that the bucket has for it."""
    after: dict[str, Any] = {}
    while True:
        page = _page(bucket, prefix, after)
        for found in page.get("Contents", []):
            modified = found["LastModified"].replace(microsecond=0)  # as a HEAD has it
            yield ObjectInfo(found["Key"], found["Size"], modified.timestamp())
        if not page.get("IsTruncated"):
            return
        after = {"ContinuationToken": page["NextContinuationToken"]}


def _page(bucket: Bucket, prefix: str, after: dict[str, Any]) -> "ListObjectsV2OutputTypeDef":
    return bucket.ask(
        LIST,
        prefix.rstrip("/"),
        lambda client: client.list_objects_v2(Bucket=bucket.name, Prefix=f"{bucket.prefix}{prefix}", **after),
    )
