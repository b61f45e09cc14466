"""Object locks: what is locked when it is written, what every run extends, and what that keeps from going."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from tests.support.estate import Estate, Ran, build_estate, password_of, run_in
from tests.support.faulty import Fault, FaultyStore, unavailable
from tests.support.histories import plant, with_keep
from tests.support.repositories import open_repository
from tests.support.retained import Locks, RetainedStore
from tui_backup.config.check import check
from tui_backup.errors import Corrupted, NotFound, StoreError
from tui_backup.formats.restic.layout import FileKind, key_of
from tui_backup.formats.restic.pack import BlobType
from tui_backup.model.event import Warned
from tui_backup.model.trouble import TroubleKind
from tui_backup.model.watch import Watch
from tui_backup.primitives.clock import now
from tui_backup.services.status.overview import report
from tui_backup.services.storage.lock_memory import load_memory, save_memory
from tui_backup.services.storage.snapshots import Filter, reach
from tui_backup.services.upkeep import forgetting, pruning
from tui_backup.services.workspace import Workspace
from tui_backup.stores.base import Store

DAYS = 30
DAY = timedelta(days=1)

Later = Callable[[timedelta], None]


class Bucket:
    """An estate whose one repository lies in a place with object lock."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self.locks: Locks | None = Locks()
        self.beneath: Store = estate.store("local")
        self.days: int | None = DAYS

    def open(self) -> Workspace:
        store = RetainedStore(beneath=self.beneath, locks=self.locks)
        workspace = self.estate.open(local=store)
        config = msgspec.structs.replace(workspace.config.repositories["local"], object_lock_days=self.days)
        repositories = {**workspace.config.repositories, "local": config}
        return Workspace(msgspec.structs.replace(workspace.config, repositories=repositories))

    def run(self) -> Ran:
        with self.open() as workspace:
            return run_in(workspace)

    def change(self, content: str) -> Ran:
        """Write something into the one file, then back up."""
        (self.estate.source / "a").write_text(content)
        return self.run()

    @property
    def ends(self) -> dict[str, datetime]:
        assert self.locks is not None
        return self.locks.ends

    def stored(self, prefix: str = "") -> set[str]:
        return {found.key for found in self.estate.store("local").objects(prefix)}

    def extended(self) -> list[str]:
        """Return what was extended since this was asked last."""
        assert self.locks is not None
        extended, self.locks.extended = self.locks.extended, []
        return extended

    def packs_of(self, *snapshots: str) -> set[str]:
        """Return the packs that some snapshots live on."""
        repository = open_repository(self.estate.store("local"), password_of("local"))
        chosen = [snapshot for snapshot in repository.snapshots() if snapshot.id in snapshots]
        return {key for key in repository.needed_objects(chosen, Watch()) if key.startswith("data/")}

    @property
    def ids(self) -> list[str]:
        return [snapshot.id for snapshot in self.estate.held("local")]


@pytest.fixture
def bucket(tmp_path: Path) -> Bucket:
    bucket = Bucket(build_estate(tmp_path, ("local",)))
    assert bucket.locks is not None
    for key in bucket.stored():
        bucket.locks.ends[key] = now()
    return bucket


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    """Have runs take place so much later than now."""

    def later(delay: timedelta) -> None:
        monkeypatch.setattr("tui_backup.services.upkeep.lock_extension.now", lambda: now() + delay)

    return later


def warnings(ran: Ran) -> list[str]:
    return [event.message for event in ran.events if isinstance(event, Warned)]


def test_what_is_written_is_locked_and_locks_are_not(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui_backup.services.upkeep.lock_extension.extend", lambda *_arguments: 0)
    bucket.run()
    written = bucket.stored() - bucket.stored("keys/") - {"config"}
    assert {key.partition("/")[0] for key in written} == {"data", "index", "snapshots"}
    assert all(bucket.ends[key] > now() + DAYS * DAY for key in written)
    assert all(end < now() for key, end in bucket.ends.items() if key.startswith("locks/"))


def test_a_run_locks_everything_that_is_needed(bucket: Bucket) -> None:
    assert bucket.run().errors == []
    assert all(bucket.ends[key] >= now() + DAYS * DAY for key in bucket.stored())
    assert set(bucket.extended()) == bucket.stored()


def test_a_run_soon_after_extends_only_what_is_new(bucket: Bucket) -> None:
    bucket.run()
    before = bucket.stored()
    bucket.extended()
    bucket.change("two\n")
    assert set(bucket.extended()) == bucket.stored() - before
    assert bucket.stored() - before


def test_a_run_later_extends_what_new_snapshots_live_on(bucket: Bucket, later: Later) -> None:
    """The file is stored once, by the first run; the last snapshot needs it as well."""
    bucket.run()
    old = bucket.packs_of(*bucket.ids)
    bucket.extended()
    later(2 * DAY)
    bucket.run()
    assert old <= bucket.packs_of(bucket.ids[-1])
    assert set(bucket.extended()) == bucket.stored()
    assert all(bucket.ends[key] >= now() + (DAYS + 2) * DAY for key in bucket.stored())
    assert len(bucket.ids) == 2


@pytest.mark.parametrize("hours", [6, 23, 25, 47])
def test_after_every_run_all_is_locked_for_as_long_as_promised(bucket: Bucket, later: Later, hours: int) -> None:
    bucket.run()
    later(timedelta(hours=hours))
    bucket.change("two\n")
    promised = now() + timedelta(days=DAYS, hours=hours) - timedelta(minutes=5)
    needed = bucket.packs_of(*bucket.ids) | bucket.stored("snapshots/") | bucket.stored("index/")
    assert all(bucket.ends[key] >= promised for key in needed)


def test_what_is_needed_again_is_extended_again(bucket: Bucket, later: Later) -> None:
    """What the second run wrote is given up, and a later snapshot lives on it once more, on the same day."""
    bucket.run()
    bucket.change("two\n" * 1000)
    second = bucket.ids[-1]
    once_needed = bucket.packs_of(second)
    bucket.estate.store("local").delete(key_of(FileKind.SNAPSHOT, second))
    bucket.change("one\n")
    later(2 * DAY)
    bucket.extended()
    bucket.run()
    given_up = once_needed - bucket.packs_of(*bucket.ids)
    assert given_up
    assert not given_up & set(bucket.extended())
    bucket.change("two\n" * 1000)
    revived = given_up & bucket.packs_of(bucket.ids[-1])
    assert revived
    assert revived <= set(bucket.extended())


@pytest.mark.requires("restic")
def test_what_the_policy_gives_up_stays_until_its_lock_has_run_out(bucket: Bucket, later: Later) -> None:
    with_keep(bucket.estate, "{ last = 1 }")
    bucket.run()
    bucket.change("two\n" * 1000)
    bucket.change("three\n" * 1000)
    old = bucket.ids[:2]
    gone = bucket.packs_of(*old) - bucket.packs_of(bucket.ids[-1])
    assert gone
    assert len(bucket.ids) == 3
    bucket.extended()
    later(2 * DAY)
    assert bucket.run().errors == []
    extended = set(bucket.extended())
    assert not extended & (gone | {key_of(FileKind.SNAPSHOT, id_) for id_ in old})
    assert bucket.packs_of(bucket.ids[-1]) <= extended
    assert bucket.locks is not None
    bucket.locks.expire(*gone)
    for id_ in old:
        bucket.locks.expire(key_of(FileKind.SNAPSHOT, id_))
        assert bucket.run().errors == []
    assert not set(old) & set(bucket.ids)
    assert not gone & bucket.stored()
    bucket.estate.restic("local").check()


def test_a_plan_says_what_is_locked_and_until_when(bucket: Bucket) -> None:
    bucket.run()
    bucket.change("two\n" * 1000)
    with_keep(bucket.estate, "{ last = 1 }")
    with bucket.open() as workspace:
        plan = pruning.plan(workspace, [workspace.job("site")], "local", Watch())
    (part,) = plan.jobs
    assert part.gone == ()
    until = bucket.ends[key_of(FileKind.SNAPSHOT, bucket.ids[0])]
    assert part.decisions[-1].reasons == (f"locked until {until.astimezone():%Y-%m-%d %H:%M:%S}",)
    assert plan.is_idle


def test_packs_that_are_locked_are_left_to_a_later_prune(bucket: Bucket) -> None:
    bucket.run()
    bucket.change("two\n" * 1000)
    gone = bucket.ids[-1]
    lost = bucket.packs_of(gone) - bucket.packs_of(bucket.ids[0])
    bucket.estate.store("local").delete(key_of(FileKind.SNAPSHOT, gone))
    with bucket.open() as workspace:
        plan = pruning.plan(workspace, [], "local", Watch())
        assert plan.reclaim is not None
        assert {each.key for each in plan.reclaim.locked} == lost
        assert {each.until for each in plan.reclaim.locked} == {bucket.ends[key] for key in lost}
        assert "locked" in pruning.locked_words(plan.reclaim)
        assert plan.is_idle
        pruning.prune(workspace, plan)
    assert lost <= bucket.stored()
    assert bucket.locks is not None
    bucket.locks.expire(*lost)
    with bucket.open() as workspace:
        plan = pruning.plan(workspace, [], "local", Watch())
        assert plan.reclaim is not None
        assert plan.reclaim.locked == ()
        pruning.prune(workspace, plan)
    assert not lost & bucket.stored()


def test_a_pack_that_no_index_knows_stays_while_it_is_locked(bucket: Bucket) -> None:
    bucket.run()
    orphan = f"data/ab/{'ab' * 32}"
    bucket.estate.store("local").put(orphan, b"left behind")
    bucket.ends[orphan] = now() + DAY
    with bucket.open() as workspace:
        plan = pruning.plan(workspace, [], "local", Watch())
        assert plan.reclaim is not None
        assert [(each.key, each.size) for each in plan.reclaim.locked] == [(orphan, 11)]
    bucket.ends[orphan] = now() - DAY
    with bucket.open() as workspace:
        pruning.prune(workspace, pruning.plan(workspace, [], "local", Watch()))
    assert orphan not in bucket.stored()


def test_forgetting_says_until_when_that_is_not_possible(bucket: Bucket, later: Later) -> None:
    bucket.run()
    bucket.run()
    old, new = bucket.ids
    said = f"snapshot {old[:8]} in local is locked until 20"
    with bucket.open() as workspace:
        plan = forgetting.plan(reach(workspace, "local"), [old], Filter())
        assert any(warning.startswith(said) for warning in plan.warnings)
        (result,) = forgetting.forget(workspace, plan)
        assert result.error is not None
        assert result.error.message.startswith(said)
        assert "forget it again then" in str(result.error.hint)
    assert bucket.ids == [old, new]
    bucket.extended()
    later(2 * DAY)
    bucket.run()
    key = key_of(FileKind.SNAPSHOT, old)
    assert key not in bucket.extended()
    assert bucket.locks is not None
    bucket.locks.expire(key)
    with bucket.open() as workspace:
        (result,) = forgetting.forget(workspace, forgetting.plan(reach(workspace, "local"), [old], Filter()))
        assert result.error is None
    assert old not in bucket.ids


def test_a_failure_is_told_and_shown_until_it_is_over(bucket: Bucket) -> None:
    assert bucket.locks is not None
    bucket.locks.error = unavailable()
    ran = bucket.run()
    assert ran.statuses == [("local", "ok")]
    assert len(ran.errors) == 1
    assert any("object locks of local could not be extended" in each for each in warnings(ran))
    with bucket.open() as workspace:
        (trouble,) = report(workspace.config, workspace.history, workspace.state_dir, now()).problems
        assert (trouble.kind, trouble.repository) == (TroubleKind.UNLOCKED, "local")
        assert "does not answer" in trouble.message
    bucket.locks.error = None
    assert bucket.run().errors == []
    assert all(bucket.ends[key] >= now() + DAYS * DAY for key in bucket.stored())
    with bucket.open() as workspace:
        assert report(workspace.config, workspace.history, workspace.state_dir, now()).problems == ()


def test_a_run_without_a_backup_extends_all_the_same(bucket: Bucket, later: Later) -> None:
    bucket.run()
    bucket.extended()
    later(2 * DAY)
    (bucket.estate.source / "a").unlink()
    bucket.estate.source.rmdir()
    ran = bucket.run()
    assert ran.errors
    assert len(bucket.ids) == 1
    assert set(bucket.extended()) == bucket.stored()


def test_a_store_that_does_not_answer_is_asked_once(bucket: Bucket) -> None:
    bucket.run()
    bucket.beneath = FaultyStore(bucket.beneath, Fault(error=unavailable()))
    ran = bucket.run()
    assert ran.statuses == [("local", "failed")]
    assert len(ran.errors) == 1


def test_without_object_lock_nothing_is_backed_up(bucket: Bucket) -> None:
    bucket.locks = None
    ran = bucket.run()
    (error,) = ran.outcome.errors
    assert isinstance(error, StoreError)
    assert "does not lock objects, as object_lock_days of local wants" in error.message
    assert "another bucket" in str(error.hint)
    assert bucket.ids == []
    with bucket.open() as workspace:
        (doubt,) = (each for each in check(workspace.config) if "object_lock_days" in each.key)
        assert (doubt.key, doubt.message) == ("repositories.local.object_lock_days", error.message)


def test_a_bucket_that_locks_the_locks_is_warned_of(bucket: Bucket) -> None:
    assert bucket.locks is not None
    bucket.locks.is_default = True
    ran = bucket.run()
    assert ran.errors == []
    assert any("locks everything by default" in each for each in warnings(ran))
    with bucket.open() as workspace:
        assert any("locks everything by default" in each.message for each in check(workspace.config))


def test_snapshots_of_other_hosts_are_theirs_to_extend(bucket: Bucket, later: Later) -> None:
    bucket.run()
    theirs, strangers = (
        plant(bucket.estate, "local", [now() - DAY], hostname="web9", job=job)[0] for job in ("site", None)
    )
    for id_ in (theirs, strangers):
        bucket.ends[key_of(FileKind.SNAPSHOT, id_)] = now()
    bucket.run()
    assert bucket.ends[key_of(FileKind.SNAPSHOT, theirs)] < now()
    assert bucket.ends[key_of(FileKind.SNAPSHOT, strangers)] > now() + DAYS * DAY


def test_what_is_lost_keeps_nothing_else_from_being_locked(bucket: Bucket, later: Later) -> None:
    bucket.run()
    bucket.change("two\n" * 1000)
    repository = open_repository(bucket.estate.store("local"), password_of("local"))
    first, second = repository.snapshots()
    (place,) = repository.access.load().index.places(BlobType.TREE, bytes.fromhex(first.root))
    lost = key_of(FileKind.DATA, place.pack.hex())
    bucket.estate.store("local").delete(lost)
    del bucket.ends[lost]
    bucket.extended()
    later(2 * DAY)
    ran = bucket.change("three\n" * 1000)
    assert {type(error) for error in ran.outcome.errors} <= {NotFound, Corrupted, StoreError}
    assert ran.outcome.errors
    assert bucket.packs_of(second.id) - {lost} <= set(bucket.ends)
    assert all(bucket.ends[key] >= now() + DAYS * DAY for key in bucket.packs_of(bucket.ids[-1]))


@pytest.mark.parametrize("loss", ["lost", "broken", "another"])
def test_a_memory_that_is_lost_costs_requests_alone(bucket: Bucket, loss: str) -> None:
    bucket.run()
    bucket.extended()
    state = bucket.estate.directory / "state"
    path = state / "object-locks" / "local.json"
    assert path.stat().st_mode & 0o777 == 0o600
    match loss:
        case "lost":
            path.unlink()
        case "broken":
            path.write_bytes(b"{")
        case "another":
            memory = load_memory(state, "local")
            memory.repository = "cd" * 32
            save_memory(state, "local", memory)
    bucket.run()
    assert set(bucket.extended()) == bucket.stored()


def test_without_the_key_nothing_is_locked(bucket: Bucket) -> None:
    bucket.days = None
    bucket.run()
    assert bucket.extended() == []
    assert all(end <= now() for end in bucket.ends.values())


def test_append_only_beside_it_keeps_every_snapshot_locked(bucket: Bucket, later: Later) -> None:
    with_keep(bucket.estate, "{ last = 1 }")
    bucket.estate.directory.joinpath("config.toml").write_text(
        bucket.estate.directory.joinpath("config.toml")
        .read_text()
        .replace("[repositories.local]", "[repositories.local]\nappend_only = true")
    )
    bucket.run()
    bucket.run()
    bucket.extended()
    later(2 * DAY)
    assert bucket.run().errors == []
    assert set(bucket.extended()) == bucket.stored()
    assert len(bucket.ids) == 3
