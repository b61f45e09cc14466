"""What a policy keeps beyond what restic would, and the plans that wait for somebody to look at them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_backup.engine.retention import Present, considered, decide, moment_before
from tui_backup.engine.retention_guard import CLOCK_TOLERANCE, held_for
from tui_backup.model.retention import Decision, Keep, LastPrune, Span
from tui_backup.model.snapshot import Snapshot, SnapshotStatus

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
PRESENT = Present(now=NOON + timedelta(hours=1), zone=UTC)
DAY = timedelta(days=1)
BAD = SnapshotStatus.INCOMPLETE


def made(days: float, **fields: Any) -> Snapshot:
    """Return a snapshot that many days old, named by its age."""
    usual: dict[str, Any] = {"id": f"{days:g}", "host": "web1", "job": "site", "kind": "manual", "paths": ("/srv",)}
    return Snapshot(**(usual | {"time": NOON - days * DAY} | fields))


def kept(snapshots: list[Snapshot], keep: Keep, present: Present = PRESENT) -> list[str]:
    return [each.snapshot.id for each in decide(snapshots, keep, present) if each.keep]


def reasons(snapshots: list[Snapshot], keep: Keep, present: Present = PRESENT) -> dict[str, tuple[str, ...]]:
    return {each.snapshot.id: each.reasons for each in decide(snapshots, keep, present)}


def test_every_reason_is_given() -> None:
    snapshots = [made(0), made(0.1), made(1), made(2, tags=("a", "b")), made(40)]
    assert reasons(snapshots, Keep(last=1, daily=5, within=Span(days=1), tags=(("a", "b"), ("c",)))) == {
        "0": ("newest good snapshot", "within 1d", "last snapshot", "daily snapshot"),
        "0.1": ("within 1d",),
        "1": ("daily snapshot",),
        "2": ("has tags a, b", "daily snapshot"),
        "40": ("daily snapshot",),
    }
    assert reasons([made(0), made(0.1), made(0.2)], Keep(daily=2)) == {
        "0": ("newest good snapshot", "daily snapshot"),
        "0.1": (),
        "0.2": ("oldest daily snapshot",),
    }


def test_a_policy_without_a_rule_keeps_everything() -> None:
    assert kept([made(0), made(400)], Keep()) == ["0", "400"]


def test_what_a_killed_change_of_tags_left_twice_takes_one_place() -> None:
    twins = [made(1), made(1, id="twin", original="1", tags=("x",))]
    assert kept([made(0), *twins, made(2), made(3)], Keep(last=3)) == ["0", "twin", "1", "2"]
    assert kept([made(0), *twins, made(2)], Keep(last=1)) == ["0"]
    assert kept([made(0), made(1, id="other"), made(1), made(2)], Keep(last=3)) == ["0", "other", "1"]
    assert kept([made(0), *twins], Keep(last=1, tags=(("x",),))) == ["0", "twin"]


def test_incomplete_ones_ride_along_and_displace_nobody() -> None:
    good = [made(day) for day in (1, 3, 5)]
    bad = [made(day, status=BAD) for day in (2, 4, 6)]
    assert kept(good + bad, Keep(last=2)) == ["1", "2", "3"]
    assert kept(good + bad, Keep(last=4)) == ["1", "2", "3", "4", "5"]
    assert kept([made(0.1), made(0, status=BAD), made(1)], Keep(daily=1)) == ["0", "0.1"]


def test_what_is_known_to_be_damaged_counts_as_little_as_what_is_incomplete() -> None:
    snapshots = [made(day) for day in range(6)]
    present = Present(now=PRESENT.now, zone=UTC, damaged=frozenset({"0", "2"}))
    assert kept(snapshots, Keep(last=2), present) == ["0", "1", "3"]


def test_the_newest_good_one_and_everything_after_it_stay() -> None:
    snapshots = [made(0, status=BAD), made(1, status=BAD), made(2), made(3, tags=("a",)), made(4)]
    found = reasons(snapshots, Keep(tags=(("a",),)))
    assert found == {
        "0": ("newer than the newest good snapshot",),
        "1": ("newer than the newest good snapshot",),
        "2": ("newest good snapshot",),
        "3": ("has tags a",),
        "4": (),
    }


def test_without_a_good_one_all_stay() -> None:
    assert kept([made(day, status=BAD) for day in range(5)], Keep(last=1)) == ["0", "1", "2", "3", "4"]


def test_pinned_ones_stay_and_safety_copies_count_for_nothing() -> None:
    safety = [made(0, kind="safety"), made(9, kind="safety")]
    snapshots = [*safety, made(1), made(2), made(3, tags=("pin",))]
    assert reasons(snapshots, Keep(last=1)) == {
        "0": ("safety copy", "newer than the newest good snapshot"),
        "1": ("newest good snapshot", "last snapshot"),
        "2": (),
        "3": ("pinned",),
        "9": ("safety copy",),
    }


def test_only_snapshots_of_the_job_and_the_host_are_considered() -> None:
    mine = made(0)
    others = [made(1, job="mail"), made(2, host="web2"), made(3, job=None, kind=None)]
    assert considered([mine, *others], "site", "web1") == [mine]


def test_days_are_those_of_the_zone_of_the_job() -> None:
    """Both are of the 20th in New York; in UTC they are of two days."""
    late, later = datetime(2026, 11, 20, 23, tzinfo=UTC), datetime(2026, 11, 21, 2, tzinfo=UTC)
    snapshots = [made(0, id="late", time=late), made(0, id="later", time=later), made(9, id="old")]
    assert kept(snapshots, Keep(daily=2)) == ["later", "late"]
    assert kept(snapshots, Keep(daily=2), Present(now=NOON, zone=ZoneInfo("America/New_York"))) == ["later", "old"]


def test_within_counts_from_the_newest_that_is_not_in_the_future() -> None:
    snapshots = [made(-30), made(1), made(2), made(4)]
    assert kept(snapshots, Keep(within=Span(days=2))) == ["-30", "1", "2"]


SNAPSHOTS = st.lists(
    st.builds(
        made,
        st.integers(0, 900).map(lambda quarter: quarter / 4),
        status=st.sampled_from(SnapshotStatus),
        kind=st.sampled_from(["manual", "manual", "manual", "safety"]),
        tags=st.sampled_from([(), (), (), ("pin",), ("a",)]),
    ),
    max_size=30,
    unique_by=lambda one: one.time,
)
KEEPS = st.builds(
    Keep,
    **{name: st.integers(-1, 4) for name in ("last", "hourly", "daily", "weekly", "monthly", "yearly")},
    within=st.none() | st.builds(Span, months=st.integers(0, 3), days=st.integers(0, 9)),
    tags=st.sampled_from([(), (("a",),)]),
)


@given(SNAPSHOTS, KEEPS)
def test_what_holds_for_every_history_and_policy(snapshots: list[Snapshot], keep: Keep) -> None:
    decisions = decide(snapshots, keep, PRESENT)
    staying = [each.snapshot for each in decisions if each.keep]
    assert sorted(each.snapshot.id for each in decisions) == sorted(one.id for one in snapshots)
    assert all(each.keep == bool(each.reasons) for each in decisions)
    good = [one for one in snapshots if one.status is SnapshotStatus.OK and one.kind != "safety"]
    newest = max((one.time for one in good), default=None)
    for one in snapshots:
        if one.kind == "safety" or "pin" in one.tags or newest is None or one.time >= newest:
            assert one in staying
    if good:
        assert [one for one in staying if one in good] == [
            one for one in sorted(good, key=lambda o: o.time, reverse=True) if one.id in kept(good, keep)
        ]
    left = decide(staying, keep, PRESENT)
    if not keep.within and not keep.tags:
        assert {each.snapshot.id for each in left if each.keep} >= {one.id for one in staying if one in good}


@pytest.mark.parametrize(
    ("zone", "time", "span", "before"),
    [
        ("UTC", "2024-03-31T10:00+00:00", Span(months=1), "2024-03-02T10:00+00:00"),
        ("UTC", "2024-02-29T10:00+00:00", Span(months=12), "2023-03-01T10:00+00:00"),
        ("UTC", "2026-01-15T00:00+00:00", Span(months=2, days=15, hours=1), "2025-10-30T23:00+00:00"),
        ("Europe/Berlin", "2026-03-30T02:30+02:00", Span(days=1), "2026-03-29T03:30+02:00"),
        ("Europe/Berlin", "2026-10-26T02:30+01:00", Span(days=1), "2026-10-25T02:30+01:00"),
        ("Europe/Berlin", "2026-10-26T02:30+01:00", Span(hours=24), "2026-10-25T02:30+01:00"),
        ("Europe/Berlin", "2026-10-26T12:00+01:00", Span(days=2), "2026-10-24T12:00+02:00"),
        ("America/New_York", "2026-03-09T02:30-04:00", Span(days=1), "2026-03-08T01:30-05:00"),
        ("America/New_York", "2026-11-02T01:30-05:00", Span(days=1), "2026-11-01T01:30-04:00"),
        ("UTC", "2026-03-09T02:30+00:00", Span(months=40_000), "0001-01-01T00:00+00:00"),
    ],
)
def test_time_before_by_the_calendar(zone: str, time: str, span: Span, before: str) -> None:
    assert moment_before(datetime.fromisoformat(time), span, ZoneInfo(zone)) == datetime.fromisoformat(before)


def plan(kept_: int, removed: int, newest: datetime = NOON) -> list[Decision]:
    one = made(0, time=newest)
    return [Decision(one, True, ("last snapshot",))] * kept_ + [Decision(one, False, ())] * removed


@pytest.mark.parametrize(
    ("kept_", "removed", "before", "held"),
    [
        (3, 4, 1, True),
        (3, 4, 0, True),
        (1, 3, 1, False),
        (4, 4, 1, False),
        (10, 90, 30, False),
        (10, 91, 30, True),
        (0, 9, None, False),
    ],
)
def test_a_plan_is_held_that_drops_more_than_half_and_far_more_than_the_last(
    kept_: int, removed: int, before: int | None, held: bool
) -> None:
    last = None if before is None else LastPrune(NOON - DAY, 20, before)
    assert (held_for(plan(kept_, removed), last, NOON) is not None) is held


def test_a_plan_is_held_where_the_newest_snapshot_has_not_come_yet() -> None:
    ahead = NOON + CLOCK_TOLERANCE
    assert held_for(plan(9, 1, ahead), None, NOON) is None
    reason = held_for(plan(9, 1, ahead + timedelta(seconds=1)), None, NOON)
    assert reason is not None
    assert "has not come yet" in reason
    assert held_for(plan(9, 0, ahead + DAY), None, NOON) is None
