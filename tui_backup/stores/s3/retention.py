"""Retention by object lock: nobody, the owner of the bucket included, can delete a version before its time."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from tui_backup.errors import NotFound, StoreError
from tui_backup.stores.s3.bucket import Bucket
from tui_backup.stores.s3.client import CONNECTIONS, Way
from tui_backup.stores.s3.errors import ASK_LOCK, ASK_LOCKING, DENIED, LOCK, NOT_SUPPORTED, code_of
from tui_backup.stores.s3.terms import LOCK_MODE

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectLockConfigurationTypeDef

_NO_LOCKING: Final = NOT_SUPPORTED | {
    "InvalidRequest", "NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFound",
    "ObjectLockConfigurationNotFoundError",
}  # fmt: skip
_TOGETHER: Final = 2 * CONNECTIONS

_configurations: dict[tuple[Way, str], "ObjectLockConfigurationTypeDef"] = {}


class S3Retention:
    """Keeps the current version of objects, in the mode that nobody can shorten."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def extend(self, keys: Iterable[str], until: datetime) -> None:
        """Keep objects until then at least; raises the first StoreError once all others are kept."""

        def work(key: str) -> StoreError | None:
            try:
                self._extend(key, until)
            except StoreError as error:
                return error
            return None

        with ThreadPoolExecutor(_TOGETHER) as pool:
            errors = [error for error in pool.map(work, keys) if error is not None]
        if errors:
            raise errors[0]

    def until(self, key: str) -> datetime | None:
        """Return until when an object is kept; None where it can be deleted."""
        named = self._bucket.object(key)
        try:
            found = self._bucket.ask(ASK_LOCK, key, lambda client: client.get_object_retention(**named))
        except StoreError as error:
            if code_of(error.__cause__) in _NO_LOCKING:
                return None
            raise
        until = found.get("Retention", {}).get("RetainUntilDate")
        return until if until is not None and until > datetime.now(UTC) else None

    def by_default(self) -> bool:
        """Whether the bucket locks whatever is put into it."""
        return "DefaultRetention" in _configuration(self._bucket).get("Rule", {})

    def _extend(self, key: str, until: datetime) -> None:
        named = self._bucket.object(key)

        def call(client: "S3Client") -> object:
            return client.put_object_retention(**named, Retention={"Mode": LOCK_MODE, "RetainUntilDate": until})

        try:
            self._bucket.ask(LOCK, key, call)
        except NotFound:
            raise
        except StoreError:
            known = self.until(key)
            if known is None or known < until:
                raise


def locks_objects(bucket: Bucket) -> bool:
    """Whether a bucket was made to lock objects.

    Who may not know that, and locks nothing, is told that it was not: deletes and overwrites work all the same. Raises
    StoreError where nobody can tell.
    """
    try:
        return _configuration(bucket).get("ObjectLockEnabled") == "Enabled"
    except StoreError as error:
        if code_of(error.__cause__) in DENIED and not bucket.terms.lock_days:
            return False
        raise


def _configuration(bucket: Bucket) -> "ObjectLockConfigurationTypeDef":
    """Return what a bucket does about locking, as the server said when it was first asked."""
    known = _configurations.get((bucket.way, bucket.name))
    if known is None:
        known = _configurations[bucket.way, bucket.name] = _asked(bucket)
    return known


def _asked(bucket: Bucket) -> "ObjectLockConfigurationTypeDef":
    try:
        told = bucket.ask(ASK_LOCKING, "", lambda client: client.get_object_lock_configuration(Bucket=bucket.name))
    except StoreError as error:
        if code_of(error.__cause__) in _NO_LOCKING:
            return {}
        raise
    return told.get("ObjectLockConfiguration", {})
