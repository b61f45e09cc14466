"""What the policy of a job does after each run of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.estate import Estate, Ran, build_estate
from tests.support.faulty import Fault, FaultyStore, unavailable
from tests.support.histories import leave_lock, plant, with_keep
from tui_backup.errors import Locked, PlanHeld, StoreUnavailable
from tui_backup.history.verifications import Findings
from tui_backup.model.event import Tended
from tui_backup.model.retention import LastPrune
from tui_backup.model.trouble import Trouble, TroubleKind
from tui_backup.model.watch import Watch
from tui_backup.primitives.clock import now
from tui_backup.services.status.overview import report
from tui_backup.services.upkeep import pruning

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    estate = build_estate(tmp_path, ("local",))
    estate.run()
    with_keep(estate, "{ last = 3 }")
    return estate


def days_ago(*days: float) -> list[Any]:
    return [now() - day * DAY for day in days]


def ids(estate: Estate, name: str = "local") -> list[str]:
    return [snapshot.id for snapshot in estate.held(name)]


def tended(ran: Ran) -> list[Tended]:
    return [event for event in ran.events if isinstance(event, Tended)]


def troubles(estate: Estate) -> list[Trouble]:
    with estate.open() as workspace:
        return list(report(workspace.config, workspace.history, workspace.state_dir, now()).problems)


def objects(estate: Estate, prefix: str) -> set[str]:
    return {found.key for found in estate.store("local").objects(prefix)}


def planned(estate: Estate) -> list[str]:
    """Return what would stay of the one job, newest first."""
    with estate.open() as workspace:
        plan = pruning.plan(workspace, [workspace.job("site")], "local", Watch())
    return [each.snapshot.id for each in plan.jobs[0].decisions if each.keep]


def test_days_are_counted_in_the_zone_of_the_job(estate: Estate) -> None:
    """Kiritimati is 14 hours ahead: there the day begins at 10 o'clock UTC."""
    with_keep(estate, "{ daily = 50 }")
    day = (now() - 3 * DAY).replace(hour=0, minute=0)
    before, early, late = plant(estate, "local", [day - DAY, day + 9.5 * HOUR, day + 10.5 * HOUR])
    assert planned(estate) == [ids(estate)[-1], late, before]
    config = estate.directory / "config.toml"
    config.write_text('timezone = "Pacific/Kiritimati"\n' + config.read_text())
    assert planned(estate) == [ids(estate)[-1], late, early, before]


def test_what_is_known_to_be_damaged_takes_no_place(estate: Estate) -> None:
    old = plant(estate, "local", days_ago(9, 8, 7))
    newest = ids(estate)[-1]
    assert planned(estate) == [newest, old[2], old[1]]
    with estate.open() as workspace:
        damage = Findings(time=now(), needs=((newest, ("aa",)),), damaged=("aa",))
        workspace.history.record_verification("local", damage)
    assert planned(estate) == [newest, old[2], old[1], old[0]]


@pytest.mark.requires("restic")
def test_a_good_run_forgets_and_gives_the_space_back(estate: Estate) -> None:
    (estate.source / "a").write_bytes(bytes(range(256)) * 500)
    first = estate.run()
    (estate.source / "a").write_text("three\n")
    packs = objects(estate, "data/")
    assert [tended(ran) for ran in (first, estate.run())] == [[], []]
    ran = estate.run()
    assert ran.errors == []
    (event,) = tended(ran)
    assert (event.status, event.snapshots, event.job, event.repository) == ("ok", 1, "site", "local")
    assert event.bytes_freed > 0
    assert len(ids(estate)) == 3
    assert not packs <= objects(estate, "data/")
    estate.restic("local").check()
    assert troubles(estate) == []


def test_what_was_forgotten_is_on_record(estate: Estate) -> None:
    old = plant(estate, "local", days_ago(9, 8, 7))
    estate.run()
    with estate.open() as workspace:
        assert workspace.history.forgotten("local") == set(old[:2])
        done = workspace.history.last_prune("site", "local")
        assert done is not None
        assert (done.kept, done.removed) == (3, 2)
        assert {one.id for one in workspace.history.snapshots("local")} == set(ids(estate))
    assert ids(estate)[0] == old[2]


def test_without_a_policy_nothing_is_ever_forgotten(estate: Estate) -> None:
    with_keep(estate, "")
    plant(estate, "local", days_ago(9, 8, 7, 6))
    assert tended(estate.run()) == []
    assert len(ids(estate)) == 6


def test_a_run_that_was_incomplete_or_failed_prunes_nothing(estate: Estate) -> None:
    old = plant(estate, "local", days_ago(9, 8, 7, 6))
    with_keep(estate, "{ last = 1 }")
    config = estate.directory / "config.toml"
    config.write_text(config.read_text().replace('paths = ["source"]', 'paths = ["source", "nowhere"]'))
    ran = estate.run()
    assert ran.statuses == [("local", "incomplete")]
    assert tended(ran) == []
    config.write_text(config.read_text().replace('"source", "nowhere"', '"nowhere"'))
    assert estate.run().statuses == [("local", "failed")]
    assert set(old) < set(ids(estate))


def test_snapshots_of_others_are_never_touched(estate: Estate) -> None:
    others = [
        *plant(estate, "local", days_ago(9), job="mail"),
        *plant(estate, "local", days_ago(9), hostname="web2"),
        *plant(estate, "local", days_ago(9), job=None),
        *plant(estate, "local", days_ago(9), job=None, tags=("job=site",)),
        *plant(estate, "local", days_ago(9), tags=("pin",)),
    ]
    mine = plant(estate, "local", days_ago(9, 8, 7))
    estate.run()
    assert set(others) < set(ids(estate))
    assert set(mine) & set(ids(estate)) == {mine[2]}


def test_each_repository_with_the_backup_keeps_by_the_policy(tmp_path: Path) -> None:
    estate = build_estate(tmp_path)
    estate.run()
    plant(estate, "offsite", days_ago(9, 8))
    with_keep(estate, "{ last = 1 }")
    broken = FaultyStore(estate.store("offsite"), Fault(on="put", prefix="snapshots", error=unavailable()))
    ran = estate.run(offsite=broken)
    assert ran.errors == [StoreUnavailable]
    assert [event.repository for event in tended(ran)] == ["local"]
    assert [len(ids(estate, name)) for name in estate.names] == [1, 3]
    ran = estate.run()
    assert sorted(event.repository or "" for event in tended(ran)) == ["local", "offsite"]
    assert [len(ids(estate, name)) for name in estate.names] == [1, 1]
    assert [one.identity for one in estate.held("local")] == [one.identity for one in estate.held("offsite")]


def test_a_plan_that_drops_far_more_than_the_last_one_is_held_until_it_is_carried_out(estate: Estate) -> None:
    old = plant(estate, "local", days_ago(9, 8, 7, 6, 5, 4))
    with estate.open() as workspace:
        workspace.history.note_prune("site", "local", LastPrune(now() - DAY, 6, 1))
    ran = estate.run()
    assert ran.statuses == [("local", "ok")]
    assert ran.errors == [PlanHeld]
    assert "5 of 8 snapshots would go, far more than the 1 of the last time" in ran.outcome.errors[0].message
    assert "prune --job site -r local --yes" in (ran.outcome.errors[0].hint or "")
    assert set(old) < set(ids(estate))
    (trouble,) = troubles(estate)
    assert (trouble.kind, trouble.job, trouble.repository) == (TroubleKind.HELD, "site", "local")
    with_keep(estate, "{ last = 6 }")
    assert estate.run().errors == []
    assert troubles(estate) == []


def test_a_first_plan_is_not_held_for_its_size(estate: Estate) -> None:
    plant(estate, "local", [now() - number * DAY for number in range(1, 60)])
    assert estate.run().errors == []
    assert len(ids(estate)) == 3


def test_nothing_is_forgotten_while_the_newest_snapshot_has_not_come_yet(estate: Estate) -> None:
    plant(estate, "local", days_ago(9, 8, 7, -40))
    ran = estate.run()
    assert ran.errors == [PlanHeld]
    assert "has a clock jumped?" in ran.outcome.errors[0].message
    assert len(ids(estate)) == 6


def test_a_repository_that_is_in_use_is_left_for_the_next_run(estate: Estate) -> None:
    plant(estate, "local", days_ago(9, 8, 7))
    leave_lock(estate)
    with estate.open() as workspace:
        workspace.history.hold("site", "local", "this does not apply any more")
    ran = estate.run()
    assert ran.errors == []
    (event,) = tended(ran)
    assert (event.status, event.snapshots) == ("ok", 0)
    assert (event.message or "").startswith("put off to the next run: ")
    assert "web2" in (event.message or "")
    assert len(ids(estate)) == 5
    assert troubles(estate) == []
    with estate.open() as workspace:
        assert workspace.history.forgotten("local") == set()
    for key in objects(estate, "locks/"):
        estate.store("local").delete(key)
    assert tended(estate.run())[0].snapshots == 3


def test_what_is_put_off_for_weeks_is_trouble(estate: Estate) -> None:
    plant(estate, "local", days_ago(9, 8, 7))
    leave_lock(estate)
    with estate.open() as workspace:
        workspace.history.note_prune("site", "local", LastPrune(now() - 15 * DAY, 6, 1))
    ran = estate.run()
    assert ran.statuses == [("local", "ok")]
    assert ran.errors == [Locked]
    assert [trouble.kind for trouble in troubles(estate)] == [TroubleKind.HELD]


def test_a_backup_that_comes_between_plan_and_deed_puts_it_off(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(estate, "local", days_ago(9, 8, 7))
    with meanwhile(estate, monkeypatch):
        ran = estate.run()
    assert ran.errors == []
    assert "has changed since this was planned" in (tended(ran)[0].message or "")
    assert len(ids(estate)) == 6


@contextmanager
def meanwhile(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let another host add a snapshot between every plan and its execution."""
    from tui_backup.formats.restic.upkeep.reclaiming import ResticReclaimer

    execute = ResticReclaimer.execute

    def late(self: ResticReclaimer, plan: Any, watch: Watch) -> Any:
        plant(estate, "local", days_ago(0), hostname="web2")
        return execute(self, plan, watch)

    with monkeypatch.context() as patched:
        patched.setattr(ResticReclaimer, "execute", late)
        yield


def test_pruning_that_fails_is_told_of_and_leaves_the_backup_good(estate: Estate) -> None:
    plant(estate, "local", days_ago(9, 8, 7))
    broken = FaultyStore(estate.store("local"), Fault(on="delete", prefix="snapshots", error=unavailable()))
    ran = estate.run(local=broken)
    assert ran.statuses == [("local", "ok")]
    assert ran.errors == [StoreUnavailable]
    assert [event.status for event in tended(ran)] == ["failed"]
    assert [trouble.kind for trouble in troubles(estate)] == [TroubleKind.HELD]
    assert estate.run().errors == []
    assert len(ids(estate)) == 3
    assert troubles(estate) == []


def test_a_hold_is_no_trouble_where_no_policy_asks_for_it(estate: Estate) -> None:
    with estate.open() as workspace:
        for job, repository in (("site", "local"), ("site", "elsewhere"), ("gone", "local")):
            workspace.history.hold(job, repository, "too much")
    assert [(each.job, each.repository) for each in troubles(estate)] == [("site", "local")]
    with_keep(estate, "")
    assert troubles(estate) == []
