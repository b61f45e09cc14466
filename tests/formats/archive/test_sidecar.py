"""Sidecars: ours have the documented fields, and those of others are understood as far as that goes."""

import json
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.archives import brief
from tui_backup.formats.archive import sidecar
from tui_backup.formats.archive.facts import Facts, facts_of
from tui_backup.model.snapshot import SnapshotStatus

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SHA = "ab" * 32
DOCUMENTED = ["timestamp", "size", "checksum", "compressed", "encrypted", "version"]

OF_SEED_000 = b"""{
  "timestamp": "2025-08-29T02:00:00.000Z",
  "size": 1048576,
  "checksum": "sha256:abc123...",
  "compressed": true,
  "encrypted": true,
  "version": "1.0.0"
}"""
OF_SEED_004 = b"""{"id": 7, "name": "backup_20250831_215249_manual", "type": "manual", "status": "completed",
  "timestamp": "2025-08-31T21:52:49.123456", "size": 1234, "components": {"database": true}}"""


def test_ours_has_the_documented_fields_first() -> None:
    facts = facts_of(brief(tags=["x"]), "root")
    fields = json.loads(sidecar.encode("tar.gz", facts, size=12, sha256=SHA, encrypted=False))
    assert list(fields)[:6] == DOCUMENTED
    assert fields["timestamp"] == "2025-08-29T05:00:00.000Z"
    assert (fields["size"], fields["checksum"]) == (12, f"sha256:{SHA}")
    assert (fields["compressed"], fields["encrypted"], fields["version"]) == (True, False, "1.0.0")
    assert (fields["job"], fields["host"], fields["kind"], fields["tags"]) == ("site", "web1", "manual", ["x"])


def test_that_of_a_sealed_archive_tells_nothing_else() -> None:
    fields = json.loads(sidecar.encode("tar.gz", facts_of(brief(), "root"), size=12, sha256=SHA, encrypted=True))
    assert list(fields) == [*DOCUMENTED, "format", "kind"]


def test_what_lies_inside_a_zip_knows_neither_size_nor_checksum() -> None:
    fields = json.loads(sidecar.encode_inside("zip", facts_of(brief(), "root")))
    assert not {"size", "checksum"} & fields.keys()
    assert {"timestamp", "compressed", "encrypted", "version", "job", "entries"} <= fields.keys()


def test_everything_comes_back() -> None:
    facts = Facts(
        time=datetime(2025, 8, 29, 2, 0, 0, 123456, tzinfo=timezone(timedelta(hours=-3))),
        job="site",
        host="web1",
        kind="weekly",
        paths=("/srv", "/etc"),
        tags=("pin",),
        status=SnapshotStatus.INCOMPLETE,
        username="root",
        excludes=("*.log",),
        entries=7,
        files=5,
        bytes=1 << 40,
        duration=1.5,
        content="",
        original="a" * 64,
        copy_of="b" * 64,
        notes=("no sockets",),
    )
    read = sidecar.decode(sidecar.encode("zip", facts, size=12, sha256=SHA, encrypted=False), EPOCH)
    assert read == sidecar.Sidecar(facts=facts, size=12, sha256=SHA, encrypted=False, tells_kind=True)


def test_marks_of_the_restic_format_are_no_tags_here() -> None:
    assert facts_of(brief(tags=["tui-backup", "job=x", "kind=y", "incomplete", "mine", "mine"]), "").tags == ("mine",)


def test_that_of_seed_000_is_understood() -> None:
    read = sidecar.decode(OF_SEED_000, EPOCH)
    assert read is not None
    assert read.facts.time == datetime(2025, 8, 29, 2, tzinfo=UTC)
    assert (read.size, read.encrypted, read.sha256) == (1048576, True, None)
    assert (read.facts.job, read.facts.tool) == (None, "")


def test_that_of_seed_004_is_understood() -> None:
    read = sidecar.decode(OF_SEED_004, EPOCH)
    assert read is not None
    assert f"{read.facts.time:%Y-%m-%dT%H:%M:%S.%f}" == "2025-08-31T21:52:49.123456"
    assert (read.facts.kind, read.facts.status) == ("manual", SnapshotStatus.OK)


def test_a_job_counts_only_where_this_program_named_it() -> None:
    read = sidecar.decode(b'{"job": "site", "tags": ["pin"], "status": "incomplete", "tool": "other 1"}', EPOCH)
    assert read is not None
    assert (read.facts.job, read.facts.tags, read.facts.status) == (None, (), SnapshotStatus.OK)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"7", b'"text"', b"\xff", b"[" * 100_000, b'{"a": 1e999999}'])
def test_what_is_no_sidecar_is_none(content: bytes) -> None:
    assert sidecar.decode(content, EPOCH) is None


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*msgspec.structs.asdict(Facts(time=EPOCH)), *DOCUMENTED, "type"]), VALUES))
def test_odd_fields_are_passed_over(fields: dict[str, object]) -> None:
    read = sidecar.decode(json.dumps(fields | {"tool": "tui-backup 9"}).encode("utf-8", "replace"), EPOCH)
    assert read is not None
    assert read.facts.time.tzinfo is not None
    assert read.size is None or read.size >= 0
    assert read.sha256 is None or len(read.sha256) == 64
    assert all(isinstance(tag, str) for tag in (*read.facts.tags, *read.facts.paths))
    msgspec.json.encode(read.facts)


@pytest.mark.parametrize(
    "time", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "yesterday", 5, "2025-13-01", "x" * 99]
)
def test_a_time_that_no_calendar_has_is_none(time: object) -> None:
    read = sidecar.decode(json.dumps({"timestamp": time}).encode(), EPOCH)
    assert read is not None
    assert read.facts.time == EPOCH


def test_other_tags_change_nothing_else() -> None:
    content = sidecar.encode("tar.gz", facts_of(brief(), "root"), size=12, sha256=SHA, encrypted=False)
    before, after = sidecar.decode(content, EPOCH), sidecar.decode(sidecar.retagged(content, ("pin",)), EPOCH)
    assert before is not None
    assert after == msgspec.structs.replace(before, facts=msgspec.structs.replace(before.facts, tags=("pin",)))
