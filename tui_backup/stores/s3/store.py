"""S3Store: objects of a bucket below a prefix, in the layout that restic expects."""

import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

import msgspec

from tui_backup.errors import ConfigError
from tui_backup.primitives.about import About
from tui_backup.primitives.i18n import N_, _
from tui_backup.primitives.secret import SecretSource
from tui_backup.stores.base import Body, ObjectInfo, Retention, Sink, Space, check_key
from tui_backup.stores.pacing import sending
from tui_backup.stores.recipes import recipe_of
from tui_backup.stores.s3.body import StreamBody
from tui_backup.stores.s3.bucket import Bucket
from tui_backup.stores.s3.client import CONNECTIONS, Way, secret_of
from tui_backup.stores.s3.creating import create
from tui_backup.stores.s3.deleting import delete, delete_all
from tui_backup.stores.s3.errors import Place
from tui_backup.stores.s3.listing import objects
from tui_backup.stores.s3.reading import look, read
from tui_backup.stores.s3.retention import S3Retention, locks_objects
from tui_backup.stores.s3.terms import Terms
from tui_backup.stores.s3.uploads import tidy
from tui_backup.stores.s3.writing import put, put_memory, writing

_SECRETS: Final = ("access_key", "secret_key", "session_token", "sse_c_key")
_AWS: Final = ".amazonaws.com"
_IN_ONE_REQUEST: Final = 32 * 1024 * 1024
"""A body of known size that is larger is sent in parts."""

_COPIED: Final = 1024 * 1024


class S3Store(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keys are the names of objects, below `prefix`; restic's `s3:ENDPOINT/BUCKET/PREFIX` is the same place.

    Without keys it takes those that boto3 finds: variables, profile, role of the machine.
    """

    bucket: Annotated[str, About(N_("Bucket"), N_("Made if there is none"))]
    prefix: Annotated[str, About(N_("Prefix"), N_("Directory in the bucket; empty: all of it"))] = ""
    region: Annotated[str | None, About(N_("Region"), N_("Such as eu-central-1; most own servers need none"))] = None
    endpoint: Annotated[str | None, About(N_("Endpoint"), N_("https://s3.example.org; empty: AWS"))] = None
    access_key: Annotated[
        SecretSource | None, About(N_("Access key"), N_("Empty: from AWS_* variables, profile or role"))
    ] = None
    secret_key: Annotated[SecretSource | None, About(N_("Secret key"), N_("Belongs to the access key"))] = None
    session_token: Annotated[SecretSource | None, About(N_("Session token"), N_("Of temporary keys only"))] = None
    storage_class: Annotated[
        str | None, About(N_("Storage class"), N_("STANDARD_IA...; archive classes: packs only"))
    ] = None
    sse: Annotated[
        Literal["AES256", "aws:kms"] | None, About(N_("Encryption"), N_("By the server, beside our own"))
    ] = None
    sse_kms_key: Annotated[str | None, About(N_("KMS key"), N_("For aws:kms; empty: the account's own"))] = None
    sse_c_key: Annotated[
        SecretSource | None, About(N_("Customer key"), N_("SSE-C: 32 bytes as base64; restic has no such"))
    ] = None
    ca_file: Annotated[str | None, About(N_("CA file"), N_("Who signed the server's certificate"), "path")] = None
    addressing: Annotated[
        Literal["auto", "path", "virtual"], About(N_("Addressing"), N_("Where the bucket's name stands"))
    ] = "auto"
    lock_days: int | None = None
    """For how long new objects outside `locks/` are locked; not for configurations: see `locking`."""

    def __post_init__(self) -> None:
        if not self.bucket or "/" in self.bucket or not self.bucket.isascii() or not self.bucket.isprintable():
            raise ConfigError(_("bucket: must be the name of a bucket; what follows a slash is the prefix"))
        if self.endpoint is not None:
            _check_endpoint(self.endpoint)
        if (self.access_key is None) != (self.secret_key is None):
            missing = "access_key" if self.access_key is None else "secret_key"
            raise _wrong(missing, _("access_key and secret_key belong together"))
        if self.sse_kms_key is not None and self.sse != "aws:kms":
            raise _wrong("sse_kms_key", _("is for sse = aws:kms alone"))
        msgspec.structs.force_setattr(self, "prefix", self.prefix.strip("/"))
        try:
            check_key(self.prefix or "-")
        except ValueError as error:
            raise _wrong("prefix", _("must be a path without empty or hidden parts")) from error

    @property
    def connections(self) -> int:
        """How many requests are worth having in flight."""
        return CONNECTIONS

    @property
    def retention(self) -> Retention | None:
        """Object lock, where the bucket was made with it; the server is asked once."""
        bucket = _bucket(self)
        return S3Retention(bucket) if locks_objects(bucket) else None

    def locking(self, days: int) -> Self:
        """Return the same store, which locks what it puts outside `locks/` for so long."""
        return msgspec.structs.replace(self, lock_days=days)

    def rooted(self, base: str) -> Self:
        """Return the same store with the paths of secrets and certificates taken from `base`."""
        sources = {name: source and source.rooted(base) for name in _SECRETS if (source := getattr(self, name))}
        ca_file = self.ca_file and str(Path(base, os.path.expanduser(self.ca_file)).absolute())
        return msgspec.structs.replace(self, **sources, ca_file=ca_file)

    def recipe(self) -> tuple[str, bytes] | None:
        """Return kind and options, with the secrets in clear."""
        known = {name: secret_of(name, getattr(self, name)) for name in _SECRETS}
        clear = {name: SecretSource(literal=secret) for name, secret in known.items() if secret is not None}
        return recipe_of("s3", msgspec.structs.replace(self.rooted(os.getcwd()), **clear))

    def create(self) -> None:
        """Make the bucket if there is none."""
        create(_bucket(self), self.region, is_aws=_is_aws(self.endpoint), locks=self.lock_days is not None)

    def put(self, key: str, body: Body) -> None:
        """Keep an object: in one request, or a large one in parts."""
        bucket = _bucket(self)
        if isinstance(body, bytes | bytearray | memoryview):
            if memoryview(body).nbytes <= _IN_ONE_REQUEST:
                put_memory(bucket, key, body)
                return
            with writing(bucket, key) as sink:
                sink.write(body)
            return
        size = body.seek(0, os.SEEK_END)
        if size <= _IN_ONE_REQUEST:
            put(bucket, key, StreamBody(body, size))
            return
        body.seek(0)
        source = sending(body)
        with writing(bucket, key) as sink:
            while piece := source.read(_COPIED):
                sink.write(piece)

    def writing(self, key: str) -> AbstractContextManager[Sink]:
        """Give what takes an object piece by piece; parts are sent meanwhile."""
        return writing(_bucket(self), key)

    def info(self, key: str) -> ObjectInfo:
        """Return what a listing would show of one object."""
        return look(_bucket(self), key)

    def get(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        """Return bytes of an object; many are fetched by several requests at once."""
        return read(_bucket(self), key, start, length)

    def objects(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Yield what lies below a prefix."""
        return objects(_bucket(self), prefix)

    def delete(self, key: str) -> None:
        """Remove an object."""
        delete(_bucket(self), key)

    def delete_all(self, keys: Iterable[str]) -> None:
        """Remove objects, a thousand by each request."""
        delete_all(_bucket(self), keys)

    def space(self) -> Space | None:
        """Return None: nobody can know."""
        return None

    def describe(self) -> str:
        """Return `s3:bucket/prefix`, with the endpoint before it where that is not AWS."""
        address = "" if self.endpoint is None else f"{self.endpoint.rstrip('/')}/"
        return f"s3:{address}{self.bucket}{'/' if self.prefix else ''}{self.prefix}"

    def tidy(self, key: str = "") -> None:
        """Give up the uploads of programs that no longer live."""
        tidy(_bucket(self), key)


@lru_cache(maxsize=64)
def _bucket(store: S3Store) -> Bucket:
    """Return what makes the requests of a store."""
    return Bucket(
        way=_way(store),
        name=store.bucket,
        prefix=f"{store.prefix}/" if store.prefix else "",
        place=Place(store.bucket, store.endpoint or "AWS"),
        shown=store.describe(),
        terms=Terms(
            storage_class=store.storage_class,
            sse=store.sse,
            sse_kms_key=store.sse_kms_key,
            sse_c_key=store.sse_c_key,
            lock_days=store.lock_days or 0,
        ),
    )


def _way(store: S3Store) -> Way:
    return Way(
        endpoint=store.endpoint,
        region=store.region,
        access_key=store.access_key,
        secret_key=store.secret_key,
        session_token=store.session_token,
        ca_file=store.ca_file,
        path_style=_has_path_style(store),
    )


def _has_path_style(store: S3Store) -> bool | None:
    """Return whether the bucket stands in the path; None where botocore knows best: it knows AWS, if left to itself."""
    if store.addressing != "auto":
        return store.addressing == "path"
    if store.endpoint is None:
        return None
    return not _is_aws(store.endpoint) or "." in store.bucket  # no certificate is for a name with more dots


def _is_aws(endpoint: str | None) -> bool:
    return endpoint is None or (urlsplit(endpoint).hostname or "").endswith(_AWS)


def _check_endpoint(endpoint: str) -> None:
    parts = urlsplit(endpoint)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise _wrong("endpoint", _("must be https:// or http:// and a host, without a path"))
    if parts.username or parts.password:
        raise _wrong("endpoint", _("keys do not belong here: use access_key and secret_key"))


def _wrong(key: str, reason: str) -> ConfigError:
    return ConfigError(f"{key}: {reason}")
