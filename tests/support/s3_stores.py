"""S3 stores in buckets of their own, on whichever server."""

import uuid
from typing import Any

from tests.support.servers.s3 import S3Server, made
from tui_backup.primitives.secret import SecretSource
from tui_backup.stores.s3.store import S3Store


def s3_store(server: S3Server, bucket: str = "", **options: Any) -> S3Store:
    """Return a store in a bucket that nobody else knows, or in a given one; nobody has made it yet."""
    given: dict[str, Any] = {name: value for name, value in server.options.items() if name != "kind"}
    for name in ("access_key", "secret_key"):
        given[name] = SecretSource.of(given[name])
    store = S3Store(bucket=bucket or f"tests-{uuid.uuid4().hex}", **(given | options))
    if not bucket:
        made.append((server, store.bucket))
    return store
