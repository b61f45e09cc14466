"""Repositories of archives: what is listed is whole whatever went wrong on the way, and nothing else stays for long."""

import json
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from itertools import count
from pathlib import Path

import msgspec
import pytest

from tests.support.archives import KEY, NIGHT, back_up, brief, entries_of, made, opened, opening, tar_gz
from tests.support.faulty import Fault, FaultyStore, unavailable
from tui_backup.errors import BackupError, ConfigError, NotFound, StoreError, WrongPassword
from tui_backup.formats.archive import spool
from tui_backup.formats.archive.repository import ArchiveRepository
from tui_backup.formats.base import Subset
from tui_backup.formats.registry import FORMATS
from tui_backup.model.entry import Entry
from tui_backup.model.snapshot import Snapshot, SnapshotStatus
from tui_backup.model.watch import Watch
from tui_backup.stores.memory import MemoryStore

FILES = {b"/srv/site/a.txt": b"first", b"/srv/site/more/b": bytes(300_000), b"/srv/site/not\xff": b"x"}
KINDS = ["tar.gz", "tar.zst", "zip"]
DAYS = 86_400


def keys(store: MemoryStore) -> list[str]:
    return sorted(found.key for found in store.objects())


def contents(repository: ArchiveRepository, snapshot: Snapshot) -> dict[bytes, bytes]:
    files = [entry for entry in repository.entries(snapshot) if entry.kind == "file"]
    found = {}
    for entry in files:
        with entry.origin.open(entry) as file:
            found[entry.path] = file.read()
    return found


@pytest.mark.parametrize("key", [None, KEY])
@pytest.mark.parametrize("kind", KINDS)
def test_what_was_backed_up_is_there_for_whoever_comes_next(store: MemoryStore, kind: str, key: str | None) -> None:
    given = opening(store, key=key)
    written = back_up(made(given, kind), FILES, brief(tags=["mine"]))
    repository = opened(given, kind)
    (found,) = repository.snapshots()
    assert found == written
    assert found.id == f"backup_2025-08-29T05-00-00.{kind}{'.enc' if key else ''}"
    assert (found.files, found.size, found.status) == (3, sum(map(len, FILES.values())), SnapshotStatus.OK)
    assert (found.job, found.kind, found.host, found.tags, found.time) == ("site", "manual", "web1", ("mine",), NIGHT)
    assert contents(repository, found) == FILES
    assert repository.encrypted == (key is not None)
    proof = repository.verify([], Subset(), Watch())
    assert (proof.problems, proof.read) == ((), (found.id,))


@pytest.mark.parametrize("key", [None, KEY])
def test_archives_of_another_kind_stay_in_reach(store: MemoryStore, key: str | None) -> None:
    written = [back_up(made(opening(store, key=key), "zip"), FILES)]
    later = brief(NIGHT + timedelta(hours=1))
    written.append(back_up(opened(opening(store, key=key), "tar.zst"), FILES, later))
    repository = opened(opening(store, key=key))
    assert repository.snapshots() == written
    for snapshot in written:
        assert contents(repository, snapshot) == FILES


def test_directories_are_shown_one_at_a_time(store: MemoryStore) -> None:
    repository = made(opening(store))
    snapshot = back_up(repository, FILES)
    top = repository.children(snapshot, b"/")
    assert [entry.path for entry in top] == [b"/srv"]
    assert [entry.path for entry in repository.children_of(snapshot, top[0])] == [b"/srv/site"]
    assert repository.entry(snapshot, b"/srv/site/not\xff").size == 1
    with pytest.raises(NotFound, match="has no /none"):
        repository.entry(snapshot, b"/none")
    with pytest.raises(BackupError, match="is no directory"):
        repository.children(snapshot, b"/srv/site/a.txt")
    with pytest.raises(NotFound):
        list(repository.entries(snapshot, b"/none"))


@pytest.mark.parametrize("in_order", [True, False])
def test_a_walk_goes_only_where_it_may(store: MemoryStore, *, in_order: bool) -> None:
    repository = made(opening(store))
    names = {"z/b": b"", "a/x": b"", "a/y/deep": b""} if not in_order else {"a/x": b"", "a/y/deep": b"", "z/b": b""}
    store.put("backup_1234567890.tar.gz", tar_gz(names))
    (snapshot,) = repository.snapshots()

    def paths(under: bytes = b"/", avoid: bytes = b"") -> list[bytes]:
        def enter(entry: Entry) -> bool:
            return entry.path != avoid

        return [entry.path for entry in repository.entries(snapshot, under, Watch(), enter)]

    assert paths() == [b"/a", b"/a/x", b"/a/y", b"/a/y/deep", b"/z", b"/z/b"]
    assert paths(avoid=b"/a") == [b"/a", b"/z", b"/z/b"]
    assert paths(b"/a", b"/a/y") == [b"/a/x", b"/a/y"]


def test_a_place_with_archives_of_others_is_known_by_where_it_is_until_one_of_ours_is_there(store: MemoryStore) -> None:
    assert not FORMATS.load("tar.gz").exists(store)
    store.put("backup_1234567890.tar.gz", tar_gz({"a": b""}))
    assert FORMATS.load("tar.gz").exists(store)
    first, second = opened(opening(store)), opened(opening(store))
    assert first.id == second.id
    assert "tui-backup.json" not in keys(store)
    back_up(first, FILES)
    assert "tui-backup.json" in keys(store)
    assert opened(opening(store)).id == first.id


def test_a_new_place_has_an_id_of_its_own_and_is_made_once(store: MemoryStore) -> None:
    repository = made(opening(store))
    assert repository.id != made(opening(MemoryStore())).id
    assert opened(opening(store), "zip").id == repository.id
    assert repository.snapshots() == []
    with pytest.raises(BackupError, match="already"):
        made(opening(store))


def test_no_repository_is_made_inside_one_of_restic(store: MemoryStore) -> None:
    store.put("config", b"sealed")
    with pytest.raises(BackupError, match="already"):
        made(opening(store))


def test_a_template_that_names_no_archive_is_refused_before_anything_is_made(store: MemoryStore) -> None:
    with pytest.raises(ConfigError, match="no field"):
        made(opening(store, name="{jbo}-{time:iso}"))
    assert keys(store) == []


def test_another_key_is_noticed_before_anything_is_written_with_it(store: MemoryStore) -> None:
    back_up(made(opening(store, key=KEY)), FILES)
    with pytest.raises(WrongPassword) as raised:
        opened(opening(store, key=KEY + "!"))
    assert raised.value.exit_code == 12


def test_nothing_plain_is_written_beside_what_is_sealed(store: MemoryStore) -> None:
    back_up(made(opening(store, key=KEY)), FILES)
    with pytest.raises(ConfigError, match="has no encryption_key"):
        back_up(opened(opening(store)), FILES)


def test_who_begins_to_seal_goes_on_with_the_plain_ones(store: MemoryStore) -> None:
    plain = back_up(made(opening(store)), FILES)
    repository = opened(opening(store, key=KEY))
    sealed = back_up(repository, FILES, brief(NIGHT + timedelta(hours=1)))
    assert [each.id for each in repository.snapshots()] == [plain.id, sealed.id]
    assert contents(repository, plain) == contents(repository, sealed) == FILES


def test_two_in_one_second_get_names_of_their_own(store: MemoryStore) -> None:
    repository = made(opening(store))
    names = [back_up(repository, FILES).id for _number in range(3)]
    assert len(set(names)) == 3
    assert names[0] == "backup_2025-08-29T05-00-00.tar.gz"
    assert all(name.startswith("backup_2025-08-29T05-00-00-") for name in names[1:])
    assert len(repository.snapshots()) == 3


def test_ten_at_the_same_moment_get_names_of_their_own(store: MemoryStore) -> None:
    made(opening(store))
    together = threading.Barrier(10, timeout=60)

    def run(number: int) -> str:
        repository = opened(opening(store))
        together.wait()
        return back_up(repository, {b"/%d" % number: b"x"}, brief(job=f"job-{number}")).id

    with ThreadPoolExecutor(10) as pool:
        names = list(pool.map(run, range(10)))
    assert len(set(names)) == 10
    found = opened(opening(store)).snapshots()
    assert {each.job for each in found} == {f"job-{number}" for number in range(10)}
    assert keys(store) == [key for key in keys(store) if not key.startswith("locks/")]


def test_what_another_program_has_put_there_is_not_written_over(store: MemoryStore) -> None:
    repository = made(opening(store))
    name = "backup_2025-08-29T05-00-00.tar.gz"
    with repository.begin(brief(), Watch()) as draft:
        store.put(name, b"of somebody else")
        with pytest.raises(BackupError, match="meanwhile"):
            draft.commit()
    assert store.get(name) == b"of somebody else"


def test_nothing_is_left_of_what_nobody_committed(store: MemoryStore) -> None:
    repository = made(opening(store))
    before = keys(store)
    with repository.begin(brief(), Watch()) as draft:
        draft.add(entries_of(FILES)[0])
    with pytest.raises(OSError, match="of the source"), repository.begin(brief(), Watch()):
        raise OSError("of the source")
    assert keys(store) == before
    assert repository.snapshots() == []


@pytest.mark.parametrize(("key", "late", "step"), [(None, False, 1), (None, True, 1), (KEY, False, 4)])
def test_a_store_that_fails_at_any_moment_leaves_whole_archives_or_none(
    key: str | None, step: int, *, late: bool
) -> None:
    for number in count(1, step):
        store = MemoryStore()
        made(opening(store, key=key))
        faulty = FaultyStore(store, Fault(at=number, times=1, error=unavailable(), late=late))
        failed = False
        try:
            back_up(opened(opening(faulty, key=key)), FILES)
        except StoreError:
            failed = True
        again = opened(opening(store, key=key))
        for snapshot in again.snapshots():
            assert (snapshot.job, snapshot.files) == ("site", 3)
            assert contents(again, snapshot) == FILES
        assert failed or again.snapshots()
        assert again.verify([], Subset(), Watch()).problems == ()
        back_up(again, FILES)
        if len(faulty.log) < number:
            break
    assert number > 10


def test_everything_that_belongs_to_an_archive_is_there_before_it(store: MemoryStore) -> None:
    watched = FaultyStore(store)
    back_up(made(opening(watched)), FILES)
    name = "backup_2025-08-29T05-00-00.tar.gz"
    assert [key for operation, key in watched.log if operation == "put" and key.startswith(name)] == [
        f"{name}.entries.jsonl.zst", f"{name}.metadata.json", name,
    ]  # fmt: skip


def test_leftovers_of_ours_go_after_two_days_and_those_of_others_stay(store: MemoryStore) -> None:
    repository = made(opening(store))
    left = back_up(repository, FILES).id
    store.delete(left)
    store.put("locks/gone.0123456789abcdef", b"{}")
    store.put("foreign.tar.gz.metadata.json", b'{"timestamp": "2025-08-29T02:00:00.000Z", "version": "1.0.0"}')
    ours = [f"{left}.metadata.json", f"{left}.entries.jsonl.zst", "locks/gone.0123456789abcdef"]
    later = brief(NIGHT + timedelta(hours=1))
    back_up(repository, FILES, later)
    assert set(ours) < set(keys(store))
    for key in [*ours, "foreign.tar.gz.metadata.json"]:
        store._times[key] -= 3 * DAYS
    back_up(repository, FILES, later)
    assert not set(ours) & set(keys(store))
    assert "foreign.tar.gz.metadata.json" in keys(store)


@pytest.mark.parametrize("key", [None, KEY])
def test_what_is_forgotten_goes_with_all_that_lies_beside_it(store: MemoryStore, key: str | None) -> None:
    given = opening(store, key=key)
    repository = made(given)
    before = keys(store)
    snapshot = back_up(repository, FILES)
    watched = FaultyStore(store)
    opened(opening(watched, key=key)).forget([snapshot])
    assert next(key for operation, key in watched.log if operation == "delete") == snapshot.id
    assert keys(store) == before
    repository.forget([snapshot])
    assert repository.snapshots() == []


@pytest.mark.parametrize("key", [None, KEY])
@pytest.mark.parametrize("kind", KINDS)
def test_other_tags_change_nothing_else(store: MemoryStore, kind: str, key: str | None) -> None:
    given = opening(store, key=key)
    repository = made(given, kind)
    snapshot = back_up(repository, FILES, brief(tags=["old"]))
    renewed = repository.retag(snapshot, ["pin", "é"])
    assert renewed == msgspec.structs.replace(snapshot, tags=("pin", "é"))
    again = opened(given, kind)
    assert again.snapshots() == [renewed]
    assert contents(again, renewed) == FILES
    assert again.verify([], Subset(), Watch()).problems == ()


def test_what_others_made_has_no_tags(store: MemoryStore) -> None:
    store.put("backup_1234567890.tar.gz", tar_gz({"a": b""}))
    repository = opened(opening(store))
    with pytest.raises(BackupError, match="another program made it"):
        repository.retag(repository.snapshots()[0], ["pin"])


def test_the_history_file_tells_what_is_there(store: MemoryStore) -> None:
    theirs = {"id": "backup_1234567890", "name": "old", "type": "automated", "extra": [1], "status": "completed"}
    gone = {"id": "backup_1234567000", "name": "gone"}
    store.put("backup_1234567890.zip", b"")
    store.put("backup_history.json", json.dumps([theirs, gone]).encode())
    given = opening(store, name="backup_{time:compact}_{kind}", history=True)
    repository = opened(given, "zip")
    zone = timezone(timedelta(hours=-3))
    snapshot = back_up(repository, FILES, brief(datetime(2025, 8, 31, 21, 52, 49, tzinfo=zone)))
    mine = {
        "id": "backup_20250831_215249_manual",
        "name": "backup_20250831_215249_manual.zip",
        "type": "manual",
        "timestamp": "2025-08-31T21:52:49",
        "status": "completed",
        "size": store.info(snapshot.id).size,
    }
    assert json.loads(store.get("backup_history.json")) == [theirs, mine]
    repository.forget([snapshot])
    assert json.loads(store.get("backup_history.json")) == [theirs]


def test_a_history_file_that_cannot_be_written_is_told_and_spoils_no_backup(store: MemoryStore) -> None:
    given = opening(FaultyStore(store, Fault(on="put", prefix="backup_history", error=unavailable())), history=True)
    warnings: list[str] = []
    repository = made(given)
    with repository.begin(brief(), Watch(on_warning=lambda _path, message: warnings.append(message))) as draft:
        for entry in entries_of(FILES):
            draft.add(entry)
        draft.commit()
    assert len(repository.snapshots()) == 1
    assert warnings == ["backup_history.json was not kept true: the store does not answer"]


def test_a_history_file_that_is_none_of_ours_is_left_alone(store: MemoryStore) -> None:
    store.put("backup_history.json", b'{"backups": []}')
    warnings: list[str] = []
    with made(opening(store, history=True)).begin(
        brief(), Watch(on_warning=lambda _at, text: warnings.append(text))
    ) as draft:
        draft.commit()
    assert store.get("backup_history.json") == b'{"backups": []}'
    assert len(warnings) == 1


def test_a_copy_names_its_original(store: MemoryStore) -> None:
    original = Snapshot(
        id="a" * 64, time=datetime(2025, 1, 1, tzinfo=UTC), host="web1", paths=("/srv",), root="b" * 64, job="site"
    )
    repository = made(opening(store))
    copy = back_up(repository, FILES, msgspec.structs.replace(brief(), original=original))
    assert (copy.copy_of, copy.original, copy.kin) == (original.id, original.id, original.kin)
    assert opened(opening(store)).snapshots() == [copy]


def test_a_damaged_list_keeps_nobody_from_the_archive(store: MemoryStore) -> None:
    repository = made(opening(store))
    snapshot = back_up(repository, FILES)
    store.put(f"{snapshot.id}.entries.jsonl.zst", b"rubbish")
    again = opened(opening(store))
    assert contents(again, again.snapshots()[0]) == FILES
    assert again.verify([], None, Watch()).problems


def test_a_hundred_thousand_names_in_a_directory_are_no_burden(store: MemoryStore) -> None:
    from tests.formats.archive.test_entry_list import listed
    from tui_backup.formats.containers.base import Member
    from tui_backup.model.entry import EntryKind

    repository = made(opening(store))
    snapshot = back_up(repository, {})
    members = [Member(path=b"/d", kind=EntryKind.DIR)]
    members += [Member(path=b"/d/%06d" % number, kind=EntryKind.FILE, size=number) for number in range(100_000)]
    store.put(f"{snapshot.id}.entries.jsonl.zst", listed(members).getvalue())
    repository.renew()
    (again,) = repository.snapshots()
    found = repository.children(again, b"/d")
    assert (len(found), found[-1].path, found[-1].size) == (100_000, b"/d/099999", 99_999)


def test_a_list_of_directories_without_end_takes_no_memory_without_end(store: MemoryStore) -> None:
    from tests.formats.archive.test_entry_list import listed
    from tui_backup.formats.containers.base import Member
    from tui_backup.model.entry import EntryKind

    snapshot = back_up(made(opening(store)), {})
    deep = [Member(path=b"/%04d" % number + b"/a" * 4000, kind=EntryKind.FILE) for number in range(100)]
    for members, refused in (([Member(path=b"/a" * 100_000, kind=EntryKind.FILE)], True), (deep, False)):
        store.put(f"{snapshot.id}.entries.jsonl.zst", listed(members).getvalue())
        again = opened(opening(store))
        if refused:
            watch = Watch()
            assert list(again.entries(again.snapshots()[0], watch=watch)) == []
            assert watch.warnings
        else:
            with pytest.raises(BackupError, match="more names than memory can hold"):
                again.children(again.snapshots()[0], b"/")


def test_no_room_for_temporary_files_is_said_plainly(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    repository = made(opening(store))
    monkeypatch.setattr(spool, "IN_MEMORY", 1)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(BackupError, match=r"no temporary file can be written in .*gone") as raised:
        back_up(repository, FILES)
    assert "TMPDIR" in (raised.value.hint or "")
    assert repository.snapshots() == []
