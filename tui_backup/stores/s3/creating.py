"""Creating: a bucket where there is none."""

from typing import TYPE_CHECKING, Any, Final

from tui_backup.errors import StoreError
from tui_backup.primitives.i18n import _
from tui_backup.stores.s3.bucket import Bucket
from tui_backup.stores.s3.client import DEFAULT_REGION
from tui_backup.stores.s3.errors import LIST, MAKE, BucketMissing, code_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_IS_OURS: Final = "BucketAlreadyOwnedByYou"
_IS_OF_OTHERS: Final = "BucketAlreadyExists"


def create(bucket: Bucket, region: str | None, *, is_aws: bool, locks: bool) -> None:
    """Make a bucket if there is none; with `locks`, one that can lock objects."""

    def look(client: "S3Client") -> object:
        return client.list_objects_v2(Bucket=bucket.name, Prefix=bucket.prefix, MaxKeys=1)

    try:
        bucket.ask(LIST, "", look)
    except BucketMissing:
        _make(bucket, _asked(region if is_aws else None, locks=locks))


def _asked(region: str | None, *, locks: bool) -> dict[str, Any]:
    """Return what a new bucket shall be; only AWS knows its regions by name."""
    asked: dict[str, Any] = {"ObjectLockEnabledForBucket": True} if locks else {}
    if region not in {None, DEFAULT_REGION}:
        asked["CreateBucketConfiguration"] = {"LocationConstraint": region}
    return asked


def _make(bucket: Bucket, asked: dict[str, Any]) -> None:
    try:
        bucket.ask(MAKE, "", lambda client: client.create_bucket(Bucket=bucket.name, **asked))
    except StoreError as error:
        code = code_of(error.__cause__)
        if code == _IS_OF_OTHERS:
            message = _("the name {bucket} belongs to a bucket of somebody else").format(bucket=bucket.name)
            raise StoreError(
                message, hint=_("buckets of all customers share their names: choose another one")
            ) from error
        if code != _IS_OURS:
            raise
