"""What a policy keeps, by the real restic of today."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tests.support.aging import as_directory
from tests.support.components import restic_current
from tests.support.handmade import Handmade, tree_of
from tests.support.restic import Restic
from tui_backup.engine.retention import Present, decide
from tui_backup.formats.restic.snapshot import decode_snapshot, snapshot_of
from tui_backup.model.retention import Keep, Span
from tui_backup.model.snapshot import Snapshot
from tui_backup.stores.memory import MemoryStore

pytestmark = pytest.mark.requires("restic-current")

ZONES = ("America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "UTC")
HISTORIES = 130
"""For each zone."""
POLICIES = 4
"""Random ones for each zone; each decides all its histories."""
EDGES = (Keep(within=Span(days=1)), Keep(within=Span(months=1)), Keep(weekly=-1, yearly=2))
"""Policies that meet the edges of calendars."""
TAGS = ("a", "b", "c")
LANDMARKS = (
    datetime(2024, 2, 29, 12, tzinfo=UTC), datetime(2024, 3, 10, 7, tzinfo=UTC), datetime(2025, 3, 30, 1, tzinfo=UTC),
    datetime(2025, 10, 26, 1, tzinfo=UTC), datetime(2025, 11, 2, 6, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC), datetime(2026, 3, 31, 10, tzinfo=UTC),
)  # fmt: skip
"""The newest snapshot of a history often lies near one of these: leap days, changes of the clock, ends of months."""


def moments(chance: random.Random) -> list[datetime]:
    """Return the times of a random history, all different."""
    time = chance.choice(LANDMARKS) + timedelta(seconds=chance.randrange(-7200, 7200))
    if chance.random() < 0.1:
        time = datetime.now(UTC) + timedelta(days=chance.randrange(1, 400))
    step = chance.choice((900, 3600, 20_000, 86_400, 86_400, 600_000, 2_700_000, 364 * 86_400))
    found = []
    if chance.random() < 0.3:
        found.append(time + timedelta(days=chance.choice((1, 28, 30, 31))))
        time, step = time + timedelta(hours=2), 900
    for _number in range(chance.randrange(1, 32)):
        found.append(time)
        time -= timedelta(seconds=chance.choice((step, 1 + chance.randrange(2 * step))))
    return found


def policy(chance: random.Random) -> Keep:
    """Return a random policy with at least one rule that counts."""
    while True:
        counts = {
            name: chance.choice((1, 2, 3, 5, 12, 40, -1)) if chance.random() < 0.35 else 0
            for name in ("last", "hourly", "daily", "weekly", "monthly", "yearly")
        }
        within = None
        if chance.random() < 0.5:
            within = Span(
                months=chance.choice((0, 0, 1, 2, 12, 25)),
                days=chance.choice((0, 1, 7, 30)),
                hours=chance.choice((0, 0, 2, 25)),
            )
        tags = (tuple(chance.sample(TAGS, chance.choice((1, 2)))),) if chance.random() < 0.3 else ()
        keep = Keep(**counts, within=within if within != Span() else None, tags=tags)
        if any(counts.values()) or keep.within:
            return keep


def arguments(keep: Keep) -> list[str]:
    """Return a policy as restic takes it."""
    found = [f"--keep-{name}={count}" for name, count in msgspec.structs.asdict(keep).items() if isinstance(count, int)]
    found = [each.replace("=-1", "=unlimited") for each in found if not each.endswith("=0")]
    if keep.within:
        found.append(f"--keep-within={keep.within.months}m{keep.within.days}d{keep.within.hours}h")
    return found + [f"--keep-tag={','.join(group)}" for group in keep.tags]


class Histories:
    """A repository of restic's with many histories, one a host, in one zone."""

    def __init__(self, place: Path, zone: ZoneInfo, chance: random.Random) -> None:
        made = Handmade(MemoryStore())
        tree = tree_of()
        self.snapshots: dict[str, list[Snapshot]] = {}
        for number in range(HISTORIES):
            for time in moments(chance):
                tags = chance.sample(TAGS, chance.randrange(len(TAGS))) if chance.random() < 0.3 else None
                wall = time.astimezone(zone).isoformat()
                id_ = made.snapshot(tree, time=wall, hostname=f"host{number}", paths=["/srv"], tags=tags)
                body = made.cipher.open(made.store.get(f"snapshots/{id_}"))
                self.snapshots.setdefault(f"host{number}", []).append(snapshot_of(decode_snapshot(id_, bytes(body))))
        self.restic = Restic(as_directory(made.store, place), program=restic_current())

    def kept(self, keep: Keep, zone: str) -> dict[str, set[str]]:
        """Return which snapshots of each host restic keeps."""
        groups = self.restic.json("forget", "--dry-run", "--group-by=host", "--no-lock", *arguments(keep))
        return {group["host"]: {one["id"] for one in group["keep"] or ()} for group in groups}


@pytest.mark.parametrize("name", ZONES)
def test_restic_keeps_the_same_snapshots(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(name)
    zone = ZoneInfo(name)
    monkeypatch.setenv("TZ", name)
    histories = Histories(tmp_path, zone, chance)
    present = Present(now=datetime.now(UTC), zone=zone)
    for keep in (*EDGES, *(policy(chance) for _number in range(POLICIES))):
        theirs = histories.kept(keep, name)
        assert len(theirs) == HISTORIES
        for host, snapshots in histories.snapshots.items():
            ours = {each.snapshot.id for each in decide(snapshots, keep, present) if each.keep}
            newest = max(snapshots, key=lambda one: one.time)
            assert ours == theirs[host] | {newest.id}, (keep, host)
