"""Objects that are sent in parts."""

import itertools
import os
import subprocess
import sys
from collections.abc import Callable

import msgspec
import pytest

from tests.support.s3_stores import s3_store
from tests.support.servers.fault_proxy import FaultProxy, Rule
from tests.support.servers.s3 import S3Server
from tui_backup.errors import StoreError, StoreUnavailable
from tui_backup.stores.s3 import uploads, writing
from tui_backup.stores.s3.store import S3Store
from tui_backup.stores.s3.writing import PART, part_size

KEY = "backup.tar.gz"
MEBIBYTE = 1024 * 1024
MOST_PARTS = 10_000

radosgw_only = pytest.mark.requires("radosgw")


def leftovers(server: S3Server, store: S3Store) -> list[str]:
    return server.uploads(store.bucket) + server.keys(store.bucket, "place/.uploads")


def write(store: S3Store, size: int, then: Callable[[], None] = lambda: None) -> None:
    """Write an object, and do something before it is complete."""
    with store.writing(KEY) as sink:
        sink.write(os.urandom(size))
        then()


def test_ten_thousand_parts_make_the_largest_object_there_can_be() -> None:
    sizes = [part_size(number) for number in range(1, MOST_PARTS + 1)]
    assert sum(sizes) >= 5 * 1024**4
    assert max(sizes) <= 5 * 1024**3
    assert min(sizes) >= 5 * MEBIBYTE
    assert all(before <= after for before, after in itertools.pairwise(sizes))


@radosgw_only
def test_parts_may_wait_in_a_file(watched: S3Store, radosgw: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_LARGEST_IN_MEMORY", 0)
    content = os.urandom(2 * PART + MEBIBYTE)
    with watched.writing(KEY) as sink:
        sink.write(content)
    assert watched.get(KEY) == content
    assert leftovers(radosgw, watched) == []


@radosgw_only
def test_a_directory_for_temporary_files_that_is_not_there_is_named(
    watched: S3Store, radosgw: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "_LARGEST_IN_MEMORY", 0)
    monkeypatch.setattr("tempfile.tempdir", "/nonexistent")
    with pytest.raises(StoreError, match=r"directory for temporary files, /nonexistent: No such file"):
        write(watched, PART + 1)
    assert leftovers(radosgw, watched) == []


@radosgw_only
def test_a_completion_whose_answer_is_lost_has_happened(watched: S3Store, radosgw: S3Server, proxy: FaultProxy) -> None:
    content = os.urandom(PART + 5)
    proxy.set(Rule(method="POST", path="uploadId=", lose_answer=True, count=1))
    with watched.writing(KEY) as sink:
        sink.write(content)
    assert [seen.status for seen in proxy.seen if seen.rule == 0] == [0]
    assert watched.get(KEY) == content
    assert leftovers(radosgw, watched) == []


@radosgw_only
def test_an_upload_that_somebody_else_gave_up_has_not_happened(
    watched: S3Store, radosgw: S3Server, proxy: FaultProxy
) -> None:
    watched.put(KEY, bytes(PART + 5))

    def give_up() -> None:
        with radosgw.client() as client:
            (upload,) = client.list_multipart_uploads(Bucket=watched.bucket)["Uploads"]
            client.abort_multipart_upload(Bucket=watched.bucket, Key=upload["Key"], UploadId=upload["UploadId"])

    with pytest.raises(StoreError, match="NoSuchUpload"):
        write(watched, PART + 5, give_up)
    assert watched.get(KEY) == bytes(PART + 5)
    assert leftovers(radosgw, watched) == []


@radosgw_only
@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("path", ["partNumber=2", "uploads", "uploadId=[^&]*$"])
def test_an_upload_that_fails_leaves_nothing(watched: S3Store, radosgw: S3Server, proxy: FaultProxy, path: str) -> None:
    proxy.set(Rule(method="PUT|POST", path=path, status=503))
    with pytest.raises(StoreUnavailable):
        write(watched, 3 * PART)
    assert leftovers(radosgw, watched) == []
    assert list(watched.objects()) == []


_DIES = """
import os, signal, sys
from tui_backup.stores.recipes import opened
store = opened(("s3", sys.stdin.buffer.read()))
with store.writing("backup.tar.gz") as sink:
    sink.write(bytes(20 << 20))
    store.put("begun", b"")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@radosgw_only
def test_what_a_killed_writer_left_is_given_up_by_the_next_run(watched: S3Store, radosgw: S3Server) -> None:
    recipe = watched.recipe()
    assert recipe is not None
    subprocess.run([sys.executable, "-c", _DIES], input=recipe[1], check=False)
    assert radosgw.uploads(watched.bucket) == [f"place/{KEY}"]
    assert [found.key for found in watched.objects()] == ["begun"]
    with watched.writing("other") as sink:
        sink.write(bytes(PART + 1))
        watched.tidy()
        assert radosgw.uploads(watched.bucket) == ["place/other"]
    assert watched.info("other").size == PART + 1
    assert leftovers(radosgw, watched) == []


@radosgw_only
def test_uploads_of_others_are_given_up_after_a_day(
    watched: S3Store, radosgw: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with radosgw.client() as client:
        for name in (f"place/{KEY}", "elsewhere/object"):
            client.create_multipart_upload(Bucket=watched.bucket, Key=name)
    watched.tidy()
    assert len(radosgw.uploads(watched.bucket)) == 2
    monkeypatch.setattr(uploads, "_ABANDONED_AFTER_S", -60)
    watched.tidy()
    assert radosgw.uploads(watched.bucket) == ["elsewhere/object"]


_WRITES_MUCH = """
import resource, sys
from tui_backup.stores.recipes import opened
store = opened(("s3", sys.stdin.buffer.read()))
store.put("config", b"")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
piece = bytes(1 << 20)
with store.writing("backup.tar.gz") as sink:
    for number in range(200):
        sink.write(piece)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@radosgw_only
def test_writing_takes_little_memory(radosgw: S3Server) -> None:
    recipe = s3_store(radosgw, radosgw.new_bucket()).recipe()
    assert recipe is not None
    ended = subprocess.run([sys.executable, "-c", _WRITES_MUCH], input=recipe[1], capture_output=True, check=True)
    assert msgspec.json.decode(ended.stdout, type=int) < 90
