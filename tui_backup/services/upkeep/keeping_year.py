"""A year of keeping: which of a year's daily snapshots a policy would leave."""

from datetime import datetime, timedelta, tzinfo

from tui_backup.engine.retention import Present, decide
from tui_backup.model.retention import Keep
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.watch import Watch

DAYS = 365


def kept_days(keep: Keep | None, now: datetime, zone: tzinfo | None, watch: Watch) -> list[bool]:
    """Return for each of the last 365 days, oldest first, whether its snapshot would still be there.

    One good snapshot a day is assumed, and that the policy acted after each of them. None keeps everything.
    """
    if keep is None:
        return [True] * DAYS
    held: list[Snapshot] = []
    for day in range(DAYS):
        watch.check()
        time = now - timedelta(days=DAYS - 1 - day)
        held.append(Snapshot(id=f"{day:064x}", time=time, host="", paths=(), root=f"{day:064x}"))
        decisions = decide(held, keep, Present(now=time, zone=zone))
        held = [decision.snapshot for decision in decisions if decision.keep]
    left = {snapshot.id for snapshot in held}
    return [f"{day:064x}" in left for day in range(DAYS)]
