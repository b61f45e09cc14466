"""What goes wrong between us and an S3 server, in words for whoever has to mend it."""

import os
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import msgspec

from tui_backup.errors import NotFound, PlaceMissing, StoreError, StoreFull, StoreUnavailable
from tui_backup.primitives.i18n import N_, _
from tui_backup.primitives.reasons import reason_of

_PASSING: Final = {
    "BadDigest", "BandwidthLimitExceeded", "IncompleteBody", "InternalError", "LimitExceededException",
    "OperationAborted", "PriorRequestNotComplete", "RequestLimitExceeded", "RequestThrottled",
    "RequestThrottledException", "RequestTimeout", "RequestTimeoutException", "ServiceUnavailable", "SlowDown",
    "Throttling", "ThrottlingException", "TooManyRequests", "TooManyRequestsException", "XAmzContentSHA256Mismatch",
}  # fmt: skip
"""Codes of errors that may be others next time; a digest that does not fit was damaged on its way."""

_FULL: Final = {"InsufficientCapacity", "InsufficientStorage", "QuotaExceeded", "StorageFull", "XMinioStorageFull"}
_NO_OBJECT: Final = {"NoSuchKey", "NoSuchVersion", "404", "NotFound"}
_CLOCK: Final = {"RequestExpired", "RequestInTheFuture", "RequestTimeTooSkewed"}
_OLD_TOKEN: Final = {"ExpiredToken", "ExpiredTokenException", "InvalidToken", "TokenRefreshRequired"}
_UNKNOWN_KEY: Final = {"InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException"}
_WRONG_KEY: Final = {"SignatureDoesNotMatch", "XAmzCredentialError"}
_SUSPENDED: Final = {"UserSuspended", "AccountSuspended"}
_ELSEWHERE: Final = {"AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect", "301"}

REFUSED_KEYS: Final = _OLD_TOKEN | _UNKNOWN_KEY | _WRONG_KEY
"""Codes of errors after which the keys should be looked up anew."""

DENIED: Final = {"AccessDenied", "AccessDeniedException", "AccountProblem", "AllAccessDisabled", "Forbidden", "403"}

NOT_SUPPORTED: Final = {"MethodNotAllowed", "NotImplemented", "501", "405"}

_UNAVAILABLE_FOR_GOOD: Final = {501, 505, 507}
_LONGEST_WISH_S: Final = 60.0


class Deed(msgspec.Struct, frozen=True):
    """What a request is to do."""

    message: str
    """`cannot write {path}: {reason}`, marked by N_."""
    permission: str
    """What a policy calls it."""


WRITE: Final = Deed(N_("cannot write {path}: {reason}"), "s3:PutObject")
READ: Final = Deed(N_("cannot read {path}: {reason}"), "s3:GetObject")
LIST: Final = Deed(N_("cannot list {path}: {reason}"), "s3:ListBucket")
DELETE: Final = Deed(N_("cannot delete {path}: {reason}"), "s3:DeleteObject")
MAKE: Final = Deed(N_("cannot make {path}: {reason}"), "s3:CreateBucket")
ABORT: Final = Deed(N_("cannot give up the upload of {path}: {reason}"), "s3:AbortMultipartUpload")
UPLOADS: Final = Deed(N_("cannot list the uploads to {path}: {reason}"), "s3:ListBucketMultipartUploads")
ASK_LOCKING: Final = Deed(
    N_("cannot tell whether {path} locks objects: {reason}"), "s3:GetBucketObjectLockConfiguration"
)
LOCK: Final = Deed(N_("cannot lock {path}: {reason}"), "s3:PutObjectRetention")
ASK_LOCK: Final = Deed(N_("cannot tell until when {path} is locked: {reason}"), "s3:GetObjectRetention")


class Place(msgspec.Struct, frozen=True):
    """Where a request goes, for people."""

    bucket: str
    endpoint: str
    """`AWS`, or an address."""


class Unintelligible(StoreUnavailable):
    """An answer broke off, or is none that S3 gives; it is tried again, but not for long."""


class BucketMissing(PlaceMissing):
    """There is no bucket of that name."""


def failures() -> tuple[type[Exception], ...]:
    """Return what a request to a server can raise."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError
    from urllib3.exceptions import HTTPError

    return BotoCoreError, ClientError, ResponseParserError, HTTPError, OSError


def code_of(error: BaseException | None) -> str:
    """Return what the server calls an error; empty where none has answered with one."""
    return str(_response(error).get("Error", {}).get("Code", ""))


def status_of(error: BaseException | None) -> int:
    """Return the status of the answer (HTTP), 0 where there was none."""
    return int(_response(error).get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def has_answered(error: BaseException | None) -> bool:
    """Whether a server has answered, be it with an error: of an error of ours, what it was made of is looked at."""
    return bool(_response(error.__cause__ if isinstance(error, StoreError) else error))


def wait_wished(error: BaseException | None) -> float:
    """Return how many seconds the server asks us to wait (Retry-After)."""
    headers = _headers(error.__cause__ if isinstance(error, StoreError) else error)
    with suppress(ValueError):
        return min(max(float(headers.get("retry-after", 0)), 0.0), _LONGEST_WISH_S)
    return 0.0


def explained(error: Exception, deed: Deed, path: str, place: Place) -> StoreError:
    """Return the error of a store for one of the library; `path` is what the deed is done to."""
    response = _response(error)
    if not response:
        return _explained_silence(error, deed, path, place)
    code, status = code_of(error), status_of(error)
    if code == str(status) and _has_body(error):
        reason = _("{endpoint} gives an answer that makes no sense ({status})")
        return Unintelligible(
            _said(deed, path, reason.format(endpoint=place.endpoint, status=status)),
            hint=_("check that the endpoint is that of an S3 server, and what stands before it"),
        )
    for known, explain in _EXPLANATIONS:
        if code in known:
            return explain(error, deed, path, place)
    if code in _PASSING or status in {408, 429} or (status >= 500 and status not in _UNAVAILABLE_FOR_GOOD):
        reason = _("the server is too busy or in trouble ({code})").format(code=code or status)
        return StoreUnavailable(_said(deed, path, reason), hint=_("it was tried for a while; try again later"))
    if status == 507:
        return _full(error, deed, path, place)
    message = response.get("Error", {}).get("Message") or _("it said nothing")
    return StoreError(_said(deed, path, f"{code or status}: {message}"))


def _explained_silence(error: Exception, deed: Deed, path: str, place: Place) -> StoreError:
    """Return the error for one that no answer of a server is behind."""
    from botocore import exceptions

    keys = (
        exceptions.NoCredentialsError,
        exceptions.PartialCredentialsError,
        exceptions.CredentialRetrievalError,
        exceptions.ProfileNotFound,
    )
    if isinstance(error, keys):
        message = _("there are no keys for S3 at {endpoint}: {reason}").format(endpoint=place.endpoint, reason=error)
        return StoreError(message, hint=_("give access_key and secret_key, or set AWS_ACCESS_KEY_ID and its secret"))
    untrusted = next((each for each in _causes(error) if isinstance(each, ssl.SSLCertVerificationError)), None)
    if untrusted is not None:
        return StoreError(
            _no_connection(place, untrusted.verify_message),
            hint=_("if its certificate is from an authority of your own, name its file as ca_file"),
        )
    if isinstance(error, exceptions.ConnectionError) and not isinstance(error, exceptions.ConnectionClosedError):
        return StoreUnavailable(
            _no_connection(place, _reason(error)), hint=_("check the endpoint, the network, and that the server runs")
        )
    silent = (exceptions.HTTPClientError, exceptions.ResponseStreamingError, exceptions.IncompleteReadError)
    if isinstance(error, exceptions.BotoCoreError) and not isinstance(error, silent):
        return StoreError(_said(deed, path, str(error)))
    reason = _("the connection to {endpoint} broke: {reason}").format(endpoint=place.endpoint, reason=_reason(error))
    return StoreUnavailable(_said(deed, path, reason), hint=_("it was tried for a while; try again later"))


def _said(deed: Deed, path: str, reason: str) -> str:
    return _(deed.message).format(path=path, reason=reason)


def _no_connection(place: Place, reason: str) -> str:
    return _("cannot connect to S3 at {endpoint}: {reason}").format(endpoint=place.endpoint, reason=reason)


def _reason(error: BaseException) -> str:
    """Return the reason that the system gives, which lies below several others; else that of the library."""
    for each in _causes(error):
        if isinstance(each, socket.gaierror):
            return _("nobody knows the name of the host")
        if isinstance(each, ssl.SSLError) and each.reason:
            return _("no encrypted connection can be made ({reason})").format(reason=each.reason)
        if isinstance(each, TimeoutError) or "timed out" in str(each).lower():
            return _("it does not answer in time")
        if isinstance(each, OSError) and each.errno and each.strerror == os.strerror(each.errno):
            return reason_of(each)
    from botocore.exceptions import ConnectionClosedError

    return _("the server closed it") if isinstance(error, ConnectionClosedError) else str(error)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all that it came of, the nearest first."""
    waiting: list[BaseException] = [error]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        below = (each.__cause__, each.__context__, getattr(each, "reason", None), *each.args)
        library = getattr(each, "kwargs", None)
        inner = (library or {}).get("error") if isinstance(library, dict) else None
        waiting += [other for other in (*below, inner) if isinstance(other, BaseException)]


def _response(error: BaseException | None) -> dict[str, Any]:
    response = getattr(error, "response", None)
    return response if isinstance(response, dict) else {}


def _has_body(error: BaseException) -> bool:
    """Whether an answer should say more than its status; that to a HEAD never does."""
    length = _headers(error).get("content-length", "0")
    return length not in {"", "0"} and not str(getattr(error, "operation_name", "")).startswith("Head")


def _headers(error: BaseException | None) -> dict[str, str]:
    headers: dict[str, str] = _response(error).get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return headers


def _no_bucket(_error: Exception, _deed: Deed, _path: str, place: Place) -> StoreError:
    message = _("bucket {bucket} does not exist at {endpoint}").format(bucket=place.bucket, endpoint=place.endpoint)
    return BucketMissing(message, hint=_("check its name, region and endpoint"))


def _no_name(_error: Exception, _deed: Deed, _path: str, place: Place) -> StoreError:
    message = _("no bucket can have the name {bucket}").format(bucket=place.bucket)
    return StoreError(message, hint=_("3 to 63 small letters, digits and dashes"))


def _no_object(_error: Exception, deed: Deed, path: str, _place: Place) -> StoreError:
    return NotFound(_said(deed, path, _("there is no such object")))


def _full(_error: Exception, deed: Deed, path: str, place: Place) -> StoreError:
    reason = _("the quota of the account or of the bucket {bucket} is used up").format(bucket=place.bucket)
    return StoreFull(_said(deed, path, reason), hint=_("raise it, or forget snapshots and prune"))


def _skewed(error: Exception, _deed: Deed, _path: str, place: Place) -> StoreError:
    ours, theirs = datetime.now(UTC), _date(error)
    clock = "%Y-%m-%d %H:%M:%SZ"
    message = _("S3 at {endpoint} refuses our clock: it is {ours} here and {theirs} there").format(
        endpoint=place.endpoint, ours=ours.strftime(clock), theirs=theirs.strftime(clock) if theirs else "?"
    )
    return StoreError(message, hint=_("set the clock of whichever is wrong; see timedatectl"))


def _date(error: BaseException) -> datetime | None:
    with suppress(TypeError, ValueError):
        return parsedate_to_datetime(_headers(error).get("date", "")).astimezone(UTC)
    return None


def _outlived(_error: Exception, _deed: Deed, _path: str, place: Place) -> StoreError:
    message = _("the session token for S3 at {endpoint} has expired or is none").format(endpoint=place.endpoint)
    return StoreError(message, hint=_("get new temporary keys"))


def _unknown_key(_error: Exception, _deed: Deed, _path: str, place: Place) -> StoreError:
    message = _("wrong keys: S3 at {endpoint} does not know the access key").format(endpoint=place.endpoint)
    return StoreError(message, hint=_("check access_key, and that the endpoint is the one that it is for"))


def _wrong_key(_error: Exception, _deed: Deed, _path: str, place: Place) -> StoreError:
    message = _("wrong keys: the secret key does not fit the access key at {endpoint}").format(endpoint=place.endpoint)
    return StoreError(message, hint=_("check secret_key: a blank or a line may have come along when it was copied"))


def _suspended(_error: Exception, _deed: Deed, _path: str, place: Place) -> StoreError:
    message = _("S3 at {endpoint} has suspended the account of these keys").format(endpoint=place.endpoint)
    return StoreError(message, hint=_("ask whoever runs it"))


def _denied(_error: Exception, deed: Deed, path: str, place: Place) -> StoreError:
    reason = _("access denied ({permission})").format(permission=deed.permission)
    hint = _("the policy of these keys must allow {permission} in the bucket {bucket}")
    return StoreError(_said(deed, path, reason), hint=hint.format(permission=deed.permission, bucket=place.bucket))


def _elsewhere(error: Exception, deed: Deed, path: str, place: Place) -> StoreError:
    region = _response(error).get("Error", {}).get("Region") or _headers(error).get("x-amz-bucket-region")
    reason = _("the bucket {bucket} is in another region").format(bucket=place.bucket)
    return StoreError(_said(deed, path, reason), hint=_("set region to {region}").format(region=region or "..."))


def _archived(_error: Exception, deed: Deed, path: str, _place: Place) -> StoreError:
    reason = _("it lies in an archive class and cannot be read at once")
    return StoreError(_said(deed, path, reason), hint=_("have the bucket's packs restored from the archive first"))


_EXPLANATIONS: Final[tuple[tuple[set[str], Callable[[Exception, Deed, str, Place], StoreError]], ...]] = (
    ({"NoSuchBucket"}, _no_bucket),
    (_NO_OBJECT, _no_object),
    ({"InvalidBucketName"}, _no_name),
    (_FULL, _full),
    (_CLOCK, _skewed),
    (_OLD_TOKEN, _outlived),
    (_UNKNOWN_KEY, _unknown_key),
    (_WRONG_KEY, _wrong_key),
    (_SUSPENDED, _suspended),
    (DENIED, _denied),
    (_ELSEWHERE, _elsewhere),
    ({"InvalidObjectState"}, _archived),
)
