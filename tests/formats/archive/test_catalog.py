"""The catalog: archives of anybody are listed by what lies beside them, or by nothing but their names."""

import io
import json
import zipfile
from datetime import UTC, datetime

import msgspec
import pytest

from tests.support.archives import KEY, NIGHT, back_up, brief, made, opened, opening, tar_gz
from tests.support.faulty import FaultyStore
from tui_backup.errors import BackupError, NotFound, WrongPassword
from tui_backup.formats.archive.repository import ArchiveRepository
from tui_backup.model.entry import EntryKind
from tui_backup.model.snapshot import Snapshot, SnapshotStatus
from tui_backup.model.watch import Watch
from tui_backup.stores.memory import MemoryStore

FILES = {b"/srv/site/index.html": b"<html>", b"/srv/site/more/data": bytes(3000)}
PLAIN = tar_gz({"data/a.txt": b"hello", "data/sub/b.txt": b"world"})
OF_SEED_000 = {
    "timestamp": "2025-08-29T02:00:00.000Z",
    "size": len(PLAIN),
    "checksum": "sha256:abc123...",
    "compressed": True,
    "encrypted": False,
    "version": "1.0.0",
}


def foreign(store: MemoryStore, **objects: object) -> None:
    for name, content in objects.items():
        store.put(name, content if isinstance(content, bytes) else json.dumps(content).encode())


def the_only(repository: ArchiveRepository) -> Snapshot:
    (snapshot,) = repository.snapshots()
    return snapshot


def content(repository: ArchiveRepository, snapshot: Snapshot, path: bytes) -> bytes:
    entry = repository.entry(snapshot, path)
    with entry.origin.open(entry) as file:
        return file.read()


def test_an_archive_of_seed_000_is_listed_and_read(store: MemoryStore) -> None:
    name = "whatsapp-data-backup-2025-08-29T02-00-00-000Z.tar.gz"
    foreign(store, **{name: PLAIN, f"{name}.metadata.json": dict(OF_SEED_000)})
    repository = opened(opening(store))
    snapshot = the_only(repository)
    assert (snapshot.id, snapshot.time) == (name, datetime(2025, 8, 29, 2, tzinfo=UTC))
    assert (snapshot.job, snapshot.kind, snapshot.status) == (None, None, SnapshotStatus.OK)
    assert snapshot.size == len(PLAIN)
    assert content(repository, snapshot, b"/data/sub/b.txt") == b"world"
    assert [entry.path for entry in repository.entries(snapshot)] == [
        b"/data", b"/data/a.txt", b"/data/sub", b"/data/sub/b.txt",
    ]  # fmt: skip


def test_archives_without_anything_beside_them_are_known_by_their_names(store: MemoryStore) -> None:
    foreign(
        store,
        **{
            "backup_1234567890.tar.gz": PLAIN,
            "backup_20250831_215249_manual.tar.gz": PLAIN,
            "something.tgz": PLAIN,
            "notes.txt": b"",
            "sub/backup_1234567891.tar.gz": PLAIN,
        },
    )
    repository = opened(opening(store))
    first, second, third = repository.snapshots()
    assert first.time == datetime.fromtimestamp(1234567890, UTC)
    assert (second.kind, f"{second.time:%Y-%m-%dT%H:%M:%S.%f}") == ("manual", "2025-08-31T21:52:49.000000")
    assert third.id == "something.tgz"
    assert abs(third.time.timestamp() - store.info("something.tgz").modified) < 1
    assert content(repository, third, b"/data/a.txt") == b"hello"


def test_what_has_no_archive_is_no_snapshot(store: MemoryStore) -> None:
    foreign(store, **{"gone.tar.gz.metadata.json": dict(OF_SEED_000), "gone.tar.gz.entries.jsonl.zst": b""})
    made(opening(store))
    assert opened(opening(store)).snapshots() == []


def test_a_zip_of_seed_004_tells_inside_what_its_name_does_not(store: MemoryStore) -> None:
    told = {"id": 7, "name": "old", "type": "weekly", "timestamp": "2025-08-31T21:52:49", "status": "completed"}
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("config/env.example", "A=1")
        archive.writestr("backup_info.json", json.dumps(told))
    foreign(store, **{"old.zip": whole.getvalue(), "broken.zip": b"PK"})
    first, second = opened(opening(store)).snapshots()
    assert (first.id, first.kind) == ("old.zip", "weekly")
    assert f"{first.time:%Y-%m-%dT%H:%M:%S.%f}" == "2025-08-31T21:52:49.000000"
    assert second.id == "broken.zip"


@pytest.mark.parametrize("key", [None, KEY])
def test_a_head_of_any_length_is_read(store: MemoryStore, key: str | None) -> None:
    import os

    given = opening(store, key=key)
    paths = tuple(os.urandom(30).hex() for _number in range(20_000))
    written = back_up(made(given), FILES, msgspec.structs.replace(brief(), paths=paths, excludes=paths))
    (found,) = opened(given).snapshots()
    assert found == written
    assert found.job == "site"
    assert 1000 < len(found.paths) < 20_000
    store.delete(f"{written.id}.metadata.json")
    assert opened(given).snapshots() == [written]


def test_one_that_another_program_encrypted_is_listed_and_refused(store: MemoryStore) -> None:
    noise = bytes(range(256)) * 8
    foreign(
        store,
        **{
            "backup_1234567890.tar.gz": noise,
            "backup_1234567890.tar.gz.metadata.json": OF_SEED_000 | {"encrypted": True},
            "backup_1234567891.tar.gz.enc": noise,
        },
    )
    for given in (opening(store), opening(store, key=KEY)):
        repository = opened(given)
        assert len(repository.snapshots()) == 2
        for snapshot in repository.snapshots():
            assert (snapshot.foreign, snapshot.encrypted) == (True, True)
            with pytest.raises(BackupError, match="encrypted by another program"):
                repository.children(snapshot, b"/")


def test_a_sidecar_that_calls_a_plain_archive_encrypted_is_not_believed(store: MemoryStore) -> None:
    foreign(
        store,
        **{
            "backup_1234567890.tar.gz": PLAIN,
            "backup_1234567890.tar.gz.metadata.json": OF_SEED_000 | {"encrypted": True},
        },
    )
    repository = opened(opening(store))
    assert content(repository, the_only(repository), b"/data/a.txt") == b"hello"


def test_broken_and_huge_sidecars_hide_no_archive(store: MemoryStore) -> None:
    foreign(
        store,
        **{
            "backup_1234567890.tar.gz": PLAIN,
            "backup_1234567890.tar.gz.metadata.json": b"{",
            "backup_1234567891.tar.gz": PLAIN,
            "backup_1234567891.tar.gz.metadata.json": b" " * (2 << 20) + b"{}",
        },
    )
    assert [each.time.timestamp() for each in opened(opening(store)).snapshots()] == [1234567890, 1234567891]


def test_of_a_sealed_archive_the_list_tells_what_the_sidecar_may_not(store: MemoryStore) -> None:
    given = opening(store, key=KEY)
    written = back_up(made(given), FILES, brief(tags=["x"]))
    found = the_only(opened(given))
    assert found == written
    assert (found.job, found.host, found.tags, found.paths) == ("site", "web1", ("x",), ("/srv/site",))
    blind = opened(opening(store))
    hidden = the_only(blind)
    assert (hidden.id, hidden.time, hidden.kind) == (written.id, NIGHT, "manual")
    assert (hidden.job, hidden.host, hidden.paths) == (None, "", ())
    with pytest.raises(WrongPassword, match="no encryption_key"):
        blind.children(hidden, b"/")
    for name in ("site", "web1", "srv"):
        assert name.encode() not in store.get(f"{written.id}.metadata.json")


def test_among_sealed_archives_nobody_can_pass_off_a_plain_one_as_ours(store: MemoryStore) -> None:
    given = opening(store, key=KEY)
    back_up(made(given), FILES)
    claims = {"timestamp": "2029-01-01T00:00:00Z", "tool": "tui-backup 1", "job": "site", "tags": ["pin"]}
    for name in ("backup_2029-01-01T00-00-00.tar.gz", "backup_2029-01-02T00-00-00.tar.gz.enc"):
        foreign(store, **{name: PLAIN, f"{name}.metadata.json": claims})
    ours, *others = opened(given).snapshots()
    assert ours.job == "site"
    assert [(each.job, each.tags) for each in others] == [(None, ()), (None, ())]


def test_an_old_sealed_archive_under_a_new_name_keeps_its_time(store: MemoryStore) -> None:
    given = opening(store, key=KEY)
    written = back_up(made(given), FILES)
    for found in list(store.objects()):
        if found.key.startswith(written.id):
            store.put(found.key.replace("2025", "2029"), store.get(found.key))
            store.delete(found.key)
    repository = opened(given)
    assert the_only(repository).time == NIGHT
    proof = repository.verify([], None, Watch())
    assert any("written under the name" in problem.message for problem in proof.problems)


def test_five_hundred_archives_cost_one_listing_and_a_sidecar_each_once(store: MemoryStore) -> None:
    for number in range(500):
        name = f"backup_{1234567890 + number}.tar.gz"
        foreign(store, **{name: b"", f"{name}.metadata.json": dict(OF_SEED_000)})
    counted = FaultyStore(store)
    repository = opened(opening(counted))
    counted.log.clear()
    assert len(repository.snapshots()) == 500
    assert (counted.counts["objects"], counted.counts["get"]) == (1, 500)
    counted.log.clear()
    assert len(repository.snapshots()) == 500
    assert counted.counts == {"objects": 1}
    foreign(store, **{"backup_1234567890.tar.gz.metadata.json": OF_SEED_000 | {"type": "weekly"}})
    assert [each.kind for each in repository.snapshots()].count("weekly") == 1
    assert counted.counts["get"] == 1


def test_sidecars_are_fetched_at_the_same_time_where_that_pays(store: MemoryStore) -> None:
    import threading

    class Slow(FaultyStore):
        together = threading.Barrier(4, timeout=30)

        @property
        def connections(self) -> int:
            return 4

        def get(self, key: str, start: int = 0, length: int | None = None) -> bytes:
            if key.endswith(".metadata.json"):
                self.together.wait()
            return super().get(key, start, length)

    for number in range(8):
        name = f"backup_{1234567890 + number}.tar.gz"
        foreign(store, **{name: b"", f"{name}.metadata.json": dict(OF_SEED_000)})
    assert len(opened(opening(Slow(store))).snapshots()) == 8


def test_an_archive_that_vanishes_while_it_is_looked_at_is_missed(store: MemoryStore) -> None:
    repository = made(opening(store))
    snapshot = back_up(repository, FILES)
    opened(opening(store)).forget([snapshot])
    with pytest.raises(NotFound):
        repository.children(snapshot, b"/")
    with pytest.raises(NotFound, match="no longer in memory"):
        repository.retag(snapshot, ["pin"])
    repository.renew()
    with pytest.raises(NotFound, match="no longer in memory"):
        repository.children(snapshot, b"/")


def test_looking_around_in_an_archive_asks_the_store_once(store: MemoryStore) -> None:
    back_up(made(opening(store)), FILES)
    counted = FaultyStore(store)
    repository = opened(opening(counted))
    (snapshot,) = repository.snapshots()
    repository.children(snapshot, b"/")
    counted.log.clear()
    for path in (b"/", b"/srv", b"/srv/site", b"/srv/site/more"):
        assert repository.children(snapshot, path)
    assert [entry.path for entry in repository.entries(snapshot)][:2] == [b"/srv", b"/srv/site"]
    assert counted.log == []


def test_hard_links_of_other_programs_are_names_of_one_file(store: MemoryStore) -> None:
    import tarfile

    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:gz") as archive:
        first = tarfile.TarInfo("a")
        first.size = 5
        archive.addfile(first, io.BytesIO(b"hello"))
        second = tarfile.TarInfo("b")
        second.type, second.linkname = tarfile.LNKTYPE, "a"
        archive.addfile(second)
    foreign(store, **{"backup_1234567890.tar.gz": whole.getvalue()})
    repository = opened(opening(store))
    one, other = repository.children(the_only(repository), b"/")
    assert (one.kind, one.size, one.links, one.inode) == (EntryKind.FILE, 5, 2, other.inode)
    assert msgspec.structs.replace(other, path=one.path, origin=one.origin) == one
    assert content(repository, the_only(repository), b"/b") == b"hello"


@pytest.mark.parametrize("key", [None, KEY])
@pytest.mark.parametrize("ending", ["", ".metadata.json", ".entries.jsonl.zst"])
def test_a_kind_that_nobody_knows_is_none(store: MemoryStore, key: str | None, ending: str) -> None:
    """As of what another program has made and was copied; whatever lies beside it may be lost."""
    name = "backup_{time:compact}_{kind}"
    snapshot = back_up(made(opening(store, name, key)), {b"/a": b"a"}, brief(job="", kind=""))
    assert (snapshot.kind, snapshot.job) == (None, None)
    for each in [each.key for each in store.objects(snapshot.id) if ending and ending in each.key]:
        store.delete(each)
    for given in (opening(store, name, key), opening(store, name)):
        try:
            (found,) = opened(given).snapshots()
        except WrongPassword:
            continue
        assert found.kind is None
