"""What the options of an S3 store mean."""

import base64
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.s3_stores import s3_store
from tests.support.servers.s3 import S3Server
from tui_backup.errors import ConfigError, StoreError
from tui_backup.primitives.secret import SecretSource
from tui_backup.stores.recipes import opened
from tui_backup.stores.s3.client import line_to
from tui_backup.stores.s3.store import S3Store, _bucket
from tui_backup.stores.s3.terms import Terms

KEYS: dict[str, Any] = {"access_key": SecretSource.of("an access key"), "secret_key": SecretSource.of("a secret key")}


def host_and_path(**options: Any) -> tuple[str | None, str]:
    """Return where an object of the bucket `b` is asked for."""
    client = _bucket(S3Store(**(KEYS | {"bucket": "b-1"} | options))).client

    def refuse(request: Any, **_others: object) -> None:
        raise ConnectionError(request.url)

    client.meta.events.register("before-send.s3.HeadObject", refuse, unique_id="refuse")
    with pytest.raises(ConnectionError) as raised:
        client.head_object(Bucket="b-1", Key="k")
    url = urlsplit(str(raised.value))
    return url.hostname, url.path


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ("b-1.s3.amazonaws.com", "/k")),
        ({"region": "eu-west-1"}, ("b-1.s3.eu-west-1.amazonaws.com", "/k")),
        ({"region": "eu-west-1", "addressing": "path"}, ("s3.eu-west-1.amazonaws.com", "/b-1/k")),
        ({"endpoint": "https://s3.eu-west-1.amazonaws.com"}, ("b-1.s3.eu-west-1.amazonaws.com", "/k")),
        ({"endpoint": "https://s3.eu-west-1.amazonaws.com", "bucket": "b.c"}, ("s3.eu-west-1.amazonaws.com", "/b-1/k")),
        ({"endpoint": "https://s3.example.org"}, ("s3.example.org", "/b-1/k")),
        ({"endpoint": "http://127.0.0.1:9000/"}, ("127.0.0.1", "/b-1/k")),
        ({"endpoint": "https://s3.example.org", "addressing": "virtual"}, ("b-1.s3.example.org", "/k")),
    ],
)
def test_where_the_name_of_the_bucket_stands(options: dict[str, Any], expected: tuple[str, str]) -> None:
    assert host_and_path(**options) == expected


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ({}, "s3:b"),
        ({"prefix": "/web1/x/"}, "s3:b/web1/x"),
        ({"endpoint": "https://s3.example.org/"}, "s3:https://s3.example.org/b"),
        ({"endpoint": "http://host:9000", "prefix": "web1"}, "s3:http://host:9000/b/web1"),
    ],
)
def test_a_place_is_called_as_restic_calls_it(options: dict[str, Any], place: str) -> None:
    assert S3Store(bucket="b", **options).describe() == place


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"bucket": ""}, "bucket: "),
        ({"bucket": "a/b"}, "bucket: "),
        ({"endpoint": "s3.example.org"}, "endpoint: "),
        ({"endpoint": "https://host/path"}, "endpoint: "),
        ({"endpoint": "https://me:a%20secret@host"}, "endpoint: keys do not belong here"),
        ({"prefix": "a/../b"}, "prefix: "),
        ({"secret_key": KEYS["secret_key"]}, "access_key: "),
        ({"sse_kms_key": "alias/x"}, "sse_kms_key: "),
    ],
)
def test_what_cannot_be_meant_is_refused(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint) as raised:
        S3Store(**{"bucket": "b", **options})
    assert "a secret" not in str(raised.value)


def test_secrets_are_shown_to_nobody_but_other_processes(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("a secret key\n")
    (tmp_path / "secret").chmod(0o600)
    store = S3Store(
        bucket="b",
        access_key=SecretSource.of("an access key"),
        secret_key=SecretSource.of({"file": "secret"}),
        session_token=SecretSource.of({"command": ["sh", "-c", f"echo >> {tmp_path}/asked; echo a token"]}),
        ca_file="ca.pem",
    ).rooted(str(tmp_path))
    assert not any(secret in repr(store) for secret in ("an access key", "a secret key", "a token"))
    recipe = store.recipe()
    assert recipe == store.recipe()
    assert recipe is not None
    other = opened(recipe)
    assert isinstance(other, S3Store)
    assert other.ca_file == str(tmp_path / "ca.pem")
    assert other.secret_key == SecretSource.of("a secret key").rooted("")
    assert other.session_token == SecretSource.of("a token").rooted("")
    assert (tmp_path / "asked").read_text() == "\n", "the command is asked once"


def test_a_secret_that_is_missing_is_named() -> None:
    store = S3Store(bucket="b", access_key=SecretSource.of({"env": "NOT_SET"}), secret_key=SecretSource.of("s"))
    with pytest.raises(ConfigError, match="access_key: the environment variable NOT_SET is not set"):
        store.get("config")


def test_stores_of_one_way_share_a_client() -> None:
    first, second = (_bucket(S3Store(bucket=name, region="eu-west-1", **KEYS)) for name in ("one", "two"))
    assert first.client is second.client
    assert first.client is not _bucket(S3Store(bucket="one", region="eu-west-2", **KEYS)).client
    assert line_to(first.way).client is first.client


def test_archive_classes_are_for_packs_alone() -> None:
    for name in ("GLACIER", "DEEP_ARCHIVE"):
        terms = Terms(storage_class=name)
        assert terms.of_new("data/3f/pack") == {"StorageClass": name}
        assert terms.of_new("index/3f") == terms.of_new("backup.tar.gz") == {}
    assert Terms(storage_class="STANDARD_IA").of_new("index/3f") == {"StorageClass": "STANDARD_IA"}


def test_locks_are_never_locked() -> None:
    terms = Terms(lock_days=3, sse="aws:kms", sse_kms_key="alias/x")
    encrypted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "alias/x"}
    assert terms.of_new("locks/3f") == encrypted
    assert terms.of_new("data/3f")["ObjectLockMode"] == "COMPLIANCE"


@pytest.mark.requires("radosgw")
def test_a_key_of_the_customers_own_is_needed_for_all_that_it_encrypts(radosgw_tls: S3Server) -> None:
    bucket = radosgw_tls.new_bucket()
    key = SecretSource.of(base64.b64encode(os.urandom(32)).decode())
    sealed, plain = s3_store(radosgw_tls, bucket, sse_c_key=key), s3_store(radosgw_tls, bucket)
    content = os.urandom(9 << 20)
    with sealed.writing("large") as sink:
        sink.write(content)
    sealed.put("small", b"content")
    assert sealed.get("large") == content
    assert (sealed.get("small", 3), sealed.info("small").size) == (b"tent", 7)
    with pytest.raises(StoreError):
        plain.get("small")


def test_a_customers_key_that_is_none_is_refused() -> None:
    store = S3Store(bucket="b", sse_c_key=SecretSource.of("too short"), **KEYS)
    with pytest.raises(ConfigError, match="sse_c_key: must be 32 bytes"):
        store.put("key", b"")
