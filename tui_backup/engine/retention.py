"""Retention: which snapshots of a job a policy keeps, and why.

The rules are restic's (0.17 to 0.19, `forget`): snapshots are looked at from the newest to the oldest; in each bucket
(last, hourly, daily, weekly by ISO 8601, monthly, yearly) one is kept when it is the first of its hour, day and so on
and the bucket has counts left; buckets overlap; the oldest one fills a bucket that has counts left. `within` counts
from the newest one that is not in the future, `tags` needs no counts.

Differences, all on purpose:

- Hours, days and `within` are counted in the zone of the job. restic takes the offset stored in each snapshot, which is
  the same for what was written in that zone.
- Only good snapshots count. One that is incomplete, or known to be damaged, stays as long as it would if it counted,
  and takes nobody's place. Safety copies of restores count for nothing. Two that differ in their tags only, as a change
  of tags leaves them that was killed, take one place.
- Pinned ones, safety copies, the newest good one and everything after it stay, whatever the policy says. Where there is
  no good one, all stay.
- A policy without a rule keeps everything; restic refuses it.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

import msgspec

from tui_backup.model.retention import Decision, Keep, Span
from tui_backup.model.snapshot import PIN, SAFETY, Snapshot, SnapshotStatus
from tui_backup.primitives.i18n import _

Reasons = dict[str, tuple[str, ...]]


class Present(msgspec.Struct, frozen=True, kw_only=True):
    """When and where a policy is applied."""

    now: datetime
    """Aware."""
    zone: tzinfo | None = None
    """Of the job; None: that of the machine."""
    damaged: frozenset[str] = frozenset()
    """Ids of the snapshots that are known to be damaged."""

    def local(self, time: datetime) -> datetime:
        """Return what the clock on the wall said."""
        return time.astimezone(self.zone)


def considered(snapshots: Iterable[Snapshot], job: str, host: str) -> list[Snapshot]:
    """Return the snapshots that a policy of a job on a host is about: nobody else's are ever touched."""
    return [snapshot for snapshot in snapshots if snapshot.job == job and snapshot.host == host]


def decide(snapshots: Iterable[Snapshot], keep: Keep, present: Present) -> list[Decision]:
    """Decide what becomes of each snapshot of one job, newest first."""
    ordered = sorted(snapshots, key=lambda one: (one.time, one.id), reverse=True)
    counted = [one for one in ordered if one.kind != SAFETY]
    good = [one for one in counted if is_good(one, present)]
    if_all_counted, if_good_count = _kept(counted, keep, present), _kept(good, keep, present)
    newest = good[0] if good else None
    decisions = []
    for one in ordered:
        kept = if_good_count if is_good(one, present) else if_all_counted
        reasons = (*_standing_reasons(one, newest), *kept.get(one.id, ()))
        decisions.append(Decision(one, bool(reasons), reasons))
    return decisions


def is_good(snapshot: Snapshot, present: Present) -> bool:
    """Whether a snapshot counts: nothing is missing in it, and nothing is known to be damaged."""
    return snapshot.status is SnapshotStatus.OK and snapshot.id not in present.damaged


def moment_before(time: datetime, span: Span, zone: tzinfo | None) -> datetime:
    """Return the time that lies a span before another, by the calendar of a zone; in UTC.

    A day that a month does not have is the one that many days after its last; what the clock on the wall shows twice
    or never is taken as Go's `time.Date` takes it, and so restic.
    """
    wall = time.astimezone(zone).replace(tzinfo=None)
    years, month = divmod(wall.year * 12 + wall.month - 1 - span.months, 12)
    try:
        first = wall.replace(year=years, month=month + 1, day=1)
        wall = first + timedelta(days=wall.day - 1 - span.days)
        instant = _from_wall(wall, zone) - timedelta(hours=span.hours)
    except (ValueError, OverflowError):
        return datetime.min.replace(tzinfo=UTC)
    return instant


def _standing_reasons(one: Snapshot, newest_good: Snapshot | None) -> Iterable[str]:
    """Yield why a snapshot stays whatever a policy says."""
    if one.kind == SAFETY:
        yield _("safety copy")
    if PIN in one.tags:
        yield _("pinned")
    if newest_good is None:
        yield _("there is no good snapshot")
    elif one == newest_good:
        yield _("newest good snapshot")
    elif one.time >= newest_good.time:
        yield _("newer than the newest good snapshot")


def _kept(ordered: Sequence[Snapshot], keep: Keep, present: Present) -> Reasons:
    """Return why a policy keeps snapshots, by id; those that it does not keep are left out."""
    if keep.is_empty:
        return {one.id: (_("there is no rule"),) for one in ordered}
    buckets = [_Bucket(*each) for each in _rules(keep) if each[0]]
    since = _since(ordered, keep, present)
    kept: Reasons = {}
    count = len({_content(one) for one in ordered})
    taken: dict[tuple[str, str, datetime], list[str]] = {}
    for one in ordered:
        reasons = [
            _("has tags {tags}").format(tags=", ".join(group)) for group in keep.tags if set(group) <= set(one.tags)
        ]
        if since is not None and one.time > since:
            reasons.append(_("within {span}").format(span=keep.within))
        if _content(one) not in taken:
            wall, number = present.local(one.time), len(taken)
            found = (bucket.take(wall, number, is_oldest=number == count - 1) for bucket in buckets)
            taken[_content(one)] = [reason for reason in found if reason]
        reasons += taken[_content(one)]
        if reasons:
            kept[one.id] = tuple(reasons)
    return kept


def _content(one: Snapshot) -> tuple[str, str, datetime]:
    """Return what a snapshot shares with what became of it under other tags."""
    return *one.kin, one.time


def _since(ordered: Sequence[Snapshot], keep: Keep, present: Present) -> datetime | None:
    """Return the time after which everything is within the span of a policy; None where there is no such rule."""
    if keep.within is None:
        return None
    newest = max((one.time for one in ordered if one.time < present.now), default=None)
    if newest is None:
        return datetime.min.replace(tzinfo=UTC)
    return moment_before(newest, keep.within, present.zone)


class _Bucket:
    """One rule that keeps a number of snapshots."""

    def __init__(self, count: int, key: Callable[[datetime, int], object], reason: str, oldest: str) -> None:
        self._left = count
        self._key = key
        self._reason = reason
        self._oldest = oldest
        self._last: object = None

    def take(self, wall: datetime, number: int, *, is_oldest: bool) -> str | None:
        """Return why the bucket keeps a snapshot, None if it does not; `number` counts from the newest."""
        key = self._key(wall, number)
        if not self._left or (key == self._last and not is_oldest):
            return None
        reason = self._oldest if key == self._last else self._reason
        self._last = key
        self._left -= self._left > 0
        return reason


def _rules(keep: Keep) -> Iterable[tuple[int, Callable[[datetime, int], object], str, str]]:
    """Yield count, key and reasons of every bucket."""
    yield keep.last, lambda _wall, number: number, _("last snapshot"), _("oldest last snapshot")
    yield keep.hourly, _hour, _("hourly snapshot"), _("oldest hourly snapshot")
    yield keep.daily, lambda wall, _number: wall.date(), _("daily snapshot"), _("oldest daily snapshot")
    yield keep.weekly, lambda wall, _number: wall.isocalendar()[:2], _("weekly snapshot"), _("oldest weekly snapshot")
    yield (
        keep.monthly,
        lambda wall, _number: (wall.year, wall.month),
        _("monthly snapshot"),
        _("oldest monthly snapshot"),
    )
    yield keep.yearly, lambda wall, _number: wall.year, _("yearly snapshot"), _("oldest yearly snapshot")


def _hour(wall: datetime, _number: int) -> object:
    return wall.date(), wall.hour


def _from_wall(wall: datetime, zone: tzinfo | None) -> datetime:
    """Return the instant at which the clock on the wall of a zone shows a time."""
    guess = wall.replace(tzinfo=UTC)
    guess = wall.replace(tzinfo=UTC) - _offset(guess, zone)
    return wall.replace(tzinfo=UTC) - _offset(guess, zone)


def _offset(instant: datetime, zone: tzinfo | None) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta()
