"""Deleting: objects one by one, and in batches."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from tui_backup.errors import NotFound, StoreError
from tui_backup.stores.s3.bucket import Bucket
from tui_backup.stores.s3.client import CONNECTIONS
from tui_backup.stores.s3.errors import DELETE, NOT_SUPPORTED, BucketMissing, code_of, explained, status_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ErrorTypeDef

_BATCH: Final = 1000
"""The most keys that a request to delete may name."""

_NOT_UNDERSTOOD: Final = NOT_SUPPORTED | {
    "InvalidArgument",
    "InvalidRequest",
    "MalformedXML",
    "MissingContentMD5",
    "NoSuchKey",
}
_GONE: Final = {"NoSuchKey", "NoSuchVersion"}


def delete(bucket: Bucket, key: str) -> None:
    """Remove an object; one that does not exist is no error."""
    named = bucket.object(key)

    def call(client: "S3Client") -> None:
        try:
            client.delete_object(**named)
        except client.exceptions.ClientError as error:
            if status_of(error) < 500 or is_there(client):
                raise

    def is_there(client: "S3Client") -> bool:
        """Whether there is such an object: rclone is in trouble where there is none of that name, but a directory."""
        try:
            client.head_object(**named, **bucket.terms.known())
        except client.exceptions.ClientError as error:
            return status_of(error) != 404
        return True

    try:
        bucket.ask(DELETE, key, call)
    except BucketMissing:
        raise
    except NotFound:
        return


def delete_all(bucket: Bucket, keys: Iterable[str]) -> None:
    """Remove objects; raise the first StoreError once all others are removed as far as that is possible."""
    trouble: StoreError | None = None
    waiting = iter(keys)
    while batch := list(islice(waiting, _BATCH)):
        trouble = _delete_batch(bucket, batch) or trouble
    if trouble is not None:
        raise trouble


def _delete_batch(bucket: Bucket, keys: list[str]) -> StoreError | None:
    """Remove some objects by one request, or by one for each where the server does not understand that."""
    left = {bucket.object(key)["Key"]: key for key in keys}

    def call(client: "S3Client") -> None:
        told = client.delete_objects(
            Bucket=bucket.name, Delete={"Objects": [{"Key": name} for name in left], "Quiet": True}
        )
        errors = {error["Key"]: error for error in told.get("Errors", []) if error.get("Code") not in _GONE}
        troubles = [_trouble(bucket, left[name], error) for name, error in errors.items() if name in left]
        for name in [name for name in left if name not in errors]:
            del left[name]
        if troubles:
            raise next((trouble for trouble in troubles if trouble.transient), troubles[0])

    try:
        bucket.ask(DELETE, keys[0] if len(keys) == 1 else "", call)
    except StoreError as error:
        if isinstance(error, BucketMissing):
            raise
        if code_of(error.__cause__) in _NOT_UNDERSTOOD and len(left) == len(keys):
            return _delete_each(bucket, keys)
        return error
    return None


def _trouble(bucket: Bucket, key: str, error: "ErrorTypeDef") -> StoreError:
    """Return what the server says of one key of a batch."""
    from botocore.exceptions import ClientError

    told: Any = {"Error": {"Code": error.get("Code", ""), "Message": error.get("Message", "")}}
    cause = ClientError(told, "DeleteObjects")
    trouble = explained(cause, DELETE, bucket.path(key), bucket.place)
    trouble.__cause__ = cause
    return trouble


def _delete_each(bucket: Bucket, keys: Iterable[str]) -> StoreError | None:
    def work(key: str) -> StoreError | None:
        try:
            delete(bucket, key)
        except StoreError as error:
            return error
        return None

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return next((error for error in list(pool.map(work, keys)) if error is not None), None)
