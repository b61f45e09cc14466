from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from tests.support.samples import SAMPLES, sample_store, vectors
from tui_backup.errors import Corrupted
from tui_backup.formats.base import Brief
from tui_backup.formats.restic.crypto import Cipher, Keys
from tui_backup.formats.restic.envelope import load_unpacked, save_unpacked
from tui_backup.formats.restic.layout import FileKind, names
from tui_backup.formats.restic.snapshot import (
    SnapshotDocument,
    Summary,
    compose,
    decode_snapshot,
    encode_snapshot,
    load_snapshot,
    snapshot_of,
    with_tags,
)
from tui_backup.model.snapshot import SnapshotStatus
from tui_backup.primitives.identity import identity
from tui_backup.stores.memory import MemoryStore

ID = "ab" * 32
TREE = "cd" * 32
WHEN = datetime(2026, 11, 21, 2, 0, 0, 123456, tzinfo=timezone(timedelta(hours=-3)))
SUMMARY = Summary(
    backup_start="2026-11-21T02:00:00-03:00",
    backup_end="2026-11-21T02:00:12.5-03:00",
    data_added_packed=14,
    total_files_processed=3,
    total_bytes_processed=1200,
)


def brief(**changes: Any) -> Brief:
    return msgspec.structs.replace(
        Brief(job="site", kind="scheduled", time=WHEN, host="web1", paths=("/srv/site",)), **changes
    )


def document(status: SnapshotStatus = SnapshotStatus.OK, **changes: Any) -> SnapshotDocument:
    return compose(brief(**changes), TREE, parent=None, summary=SUMMARY, status=status)


def minimal(**fields: Any) -> bytes:
    return msgspec.json.encode({"time": "2026-11-21T02:00:00Z", "tree": TREE} | fields)


@pytest.mark.parametrize("sample", SAMPLES)
def test_snapshots_of_restic_are_written_again_byte_for_byte(sample: str, sample_keys: dict[str, Keys]) -> None:
    store, cipher, version = sample_store(sample), Cipher(sample_keys[sample]), 1 if sample == "v1" else 2
    for name in names(store, FileKind.SNAPSHOT):
        read = load_snapshot(store, name, version, cipher)
        assert encode_snapshot(read.document) == load_unpacked(store, FileKind.SNAPSHOT, name, version, cipher)


@pytest.mark.parametrize(
    "known", vectors()["snapshots"] + vectors()["snapshots_0191"], ids=lambda v: v["file_name"][:8]
)
def test_the_known_documents_are_written_again_byte_for_byte(known: dict[str, str]) -> None:
    read = decode_snapshot(known["file_name"], known["json"].encode())
    assert encode_snapshot(read.document).decode() == known["json"]


def test_a_snapshot_of_another_program_has_no_job_and_is_whole() -> None:
    known = vectors()["snapshots_0191"][0]
    snapshot = snapshot_of(decode_snapshot(known["file_name"], known["json"].encode()))
    assert (snapshot.job, snapshot.kind, snapshot.status) == (None, None, SnapshotStatus.OK)
    assert (snapshot.host, snapshot.paths, snapshot.program) == ("sample-host", ("/srv/sample/data",), "restic 0.19.1")
    assert (snapshot.files, snapshot.size, snapshot.added) == (18, 1209, 4399)
    assert snapshot.duration == pytest.approx(0.698633612)
    assert snapshot.time == datetime(2024, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=1)))


def test_a_snapshot_of_ours_tells_everything_back() -> None:
    snapshot = snapshot_of(decode_snapshot(ID, encode_snapshot(document(tags=("pin",), excludes=("*.tmp",)))))
    assert (snapshot.job, snapshot.kind, snapshot.status) == ("site", "scheduled", SnapshotStatus.OK)
    assert snapshot.tags == ("tui-backup", "job=site", "kind=scheduled", "pin")
    assert (snapshot.time, snapshot.time.utcoffset()) == (WHEN, timedelta(hours=-3))
    assert (snapshot.host, snapshot.paths, snapshot.excludes) == ("web1", ("/srv/site",), ("*.tmp",))
    assert (snapshot.root, snapshot.files, snapshot.size, snapshot.added) == (TREE, 3, 1200, 14)
    assert snapshot.duration == 12.5


def test_an_incomplete_snapshot_says_so() -> None:
    written = encode_snapshot(document(status=SnapshotStatus.INCOMPLETE))
    assert snapshot_of(decode_snapshot(ID, written)).status is SnapshotStatus.INCOMPLETE


def test_a_job_cannot_call_its_snapshots_incomplete_by_a_tag_of_its_own() -> None:
    written = encode_snapshot(document(tags=("incomplete", "job=other")))
    snapshot = snapshot_of(decode_snapshot(ID, written))
    assert (snapshot.status, snapshot.job) == (SnapshotStatus.OK, "site")


def test_tags_of_ours_mean_nothing_on_snapshots_of_others() -> None:
    snapshot = snapshot_of(decode_snapshot(ID, minimal(tags=["job=site", "kind=manual", "incomplete"])))
    assert (snapshot.job, snapshot.kind, snapshot.status) == (None, None, SnapshotStatus.OK)


def test_root_is_left_out_and_everybody_else_is_written() -> None:
    fields = msgspec.json.decode(encode_snapshot(document()), type=dict[str, Any])
    owner = identity()
    assert fields.get("uid", 0) == owner.uid
    assert ("uid" in fields) == (owner.uid != 0)
    assert ("gid" in fields) == (owner.gid != 0)


def test_fields_come_in_the_order_of_restic_and_empty_ones_not_at_all() -> None:
    fields = [
        name for name in msgspec.json.decode(encode_snapshot(document()), type=dict[str, Any]) if name[1:] != "id"
    ]
    assert fields == ["time", "tree", "paths", "hostname", "username", "tags", "program_version", "summary"]
    assert encode_snapshot(document()).count(b"program_version") == 1


def test_a_summary_has_every_field_zero_or_not() -> None:
    fields = msgspec.json.decode(encode_snapshot(document()), type=dict[str, Any])["summary"]
    assert list(fields) == list(Summary.__struct_fields__)


@pytest.mark.parametrize(
    "nulls", [{}, dict.fromkeys(["paths", "tags", "excludes", "hostname", "uid", "parent"])], ids=len
)
def test_a_minimal_snapshot_is_read(nulls: dict[str, Any]) -> None:
    snapshot = snapshot_of(decode_snapshot(ID, minimal(**nulls)))
    assert (snapshot.paths, snapshot.tags, snapshot.host, snapshot.files) == ((), (), "", None)


@pytest.mark.parametrize("summary", [{}, [], "many", {"backup_start": 1}, None])
def test_a_summary_of_another_shape_does_not_hide_the_snapshot(summary: Any) -> None:
    assert snapshot_of(decode_snapshot(ID, minimal(summary=summary))).size is None


def test_a_tree_in_upper_case_is_read_as_restic_reads_it() -> None:
    assert snapshot_of(decode_snapshot(ID, minimal(tree=TREE.upper()))).root == TREE


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b"\xff", minimal(tree=None), minimal(tree="abc"), minimal(time="yesterday"), minimal(paths=7)],
)
def test_what_is_no_snapshot_is_named(content: bytes) -> None:
    with pytest.raises(Corrupted, match=f"snapshots/{ID}"):
        decode_snapshot(ID, content)


def test_new_tags_keep_unknown_fields_and_remember_the_first_file() -> None:
    old = decode_snapshot(ID, minimal(label="precious", delete="Never", tags=["a"]))
    once = decode_snapshot("0" * 64, with_tags(old, ["b", "c"]))
    assert (once.fields["label"], once.fields["delete"]) == ("precious", "Never")
    assert snapshot_of(once).tags == ("b", "c")
    assert snapshot_of(decode_snapshot(ID, with_tags(once, []))).original == ID


def test_paths_that_are_not_utf_8_do_not_stop_the_snapshot(store: MemoryStore, cipher: Cipher) -> None:
    written = encode_snapshot(document(paths=("/srv/caf\udce9",), tags=("\udcff",)))
    name = save_unpacked(store, FileKind.SNAPSHOT, written, 2, cipher)
    assert load_snapshot(store, name, 2, cipher).document.paths == ("/srv/caf�",)
