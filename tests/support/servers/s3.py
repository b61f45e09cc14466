"""An S3 server as its clients see it."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

REGION = "us-east-1"

_FEW_KEYS = 1000

made: list[tuple["S3Server", str]] = []
"""Buckets of this process, with a server that lets us empty them."""


class S3Server(msgspec.Struct, frozen=True):
    """Where it listens and with which keys."""

    endpoint: str
    access_key: str
    secret_key: str
    authority: str = ""
    """File of the authority that signed its certificate; empty without TLS."""

    @property
    def options(self) -> dict[str, str]:
        """The keys of a `store` table that say how to reach it."""
        keys = {"endpoint": self.endpoint, "access_key": self.access_key, "secret_key": self.secret_key}
        return {"kind": "s3", "region": REGION, **keys, **({"ca_file": self.authority} if self.authority else {})}

    @property
    def environment(self) -> dict[str, str]:
        """What restic needs to be told beside `-r s3:...` (and `--cacert`)."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": REGION,
        }

    def through(self, url: str) -> "S3Server":
        """Return the same server as it is reached through a proxy without TLS."""
        return msgspec.structs.replace(self, endpoint=url, authority="")

    @contextmanager
    def client(self) -> Iterator["S3Client"]:
        """boto3's own client, for tests that look behind the store; it tries everything once."""
        import boto3
        from botocore.config import Config

        config = Config(
            s3={"addressing_style": "path"},
            retries={"total_max_attempts": 1},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        client: S3Client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            verify=self.authority or None,
            config=config,
        )
        try:
            yield client
        finally:
            client.close()

    def new_bucket(self, **options: bool) -> str:
        """Make a bucket of which nobody else knows; `options` are those of `create_bucket`."""
        name = f"tests-{os.getpid()}-{uuid.uuid4().hex[:12]}"
        with self.client() as client:
            made.append((self, name))
            client.create_bucket(Bucket=name, **options)  # type: ignore[arg-type]  # each is of a type of its own
        return name

    def empty(self, bucket: str) -> None:
        """Remove all that lies in a bucket, whoever still uses it."""
        with self.client() as client:
            keys = self.keys(bucket)
            for start in range(0, len(keys), _FEW_KEYS):
                some: list[ObjectIdentifierTypeDef] = [{"Key": key} for key in keys[start : start + _FEW_KEYS]]
                client.delete_objects(Bucket=bucket, Delete={"Objects": some, "Quiet": True})

    def remove_bucket(self, bucket: str) -> None:
        """Remove a bucket and all that lies in it."""
        self.empty(bucket)
        with self.client() as client:
            client.delete_bucket(Bucket=bucket)

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """Return what lies in a bucket."""
        with self.client() as client:
            pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            return [found["Key"] for page in pages for found in page.get("Contents", [])]

    def uploads(self, bucket: str) -> list[str]:
        """Return the keys of multipart uploads that nobody has completed."""
        with self.client() as client:
            return [upload["Key"] for upload in client.list_multipart_uploads(Bucket=bucket).get("Uploads", [])]


def give_back(before: int) -> None:
    """Empty the buckets that were made since there were `before`, as far as their owners let us."""
    if len(made) == before:
        return
    from botocore.exceptions import BotoCoreError, ClientError

    while len(made) > before:
        server, bucket = made.pop()
        with suppress(BotoCoreError, ClientError):
            server.empty(bucket)
