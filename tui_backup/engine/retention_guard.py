"""Guards of retention: plans that nobody should have carried out without looking at them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from tui_backup.model.retention import Decision, LastPrune
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import moment

CLOCK_TOLERANCE = timedelta(minutes=10)
"""How far ahead of the present the newest snapshot may lie: a clock that is set right a little, not one that jumped."""

FAR_MORE = 3
"""How many times as many snapshots as the last plan dropped (at least one) may go before that is far more."""


def held_for(decisions: Sequence[Decision], last: LastPrune | None, now: datetime) -> str | None:
    """Return why a plan for one job waits for somebody to look at it; None: it may be carried out.

    A plan that removes nothing is never held, and the first one for its size neither.
    """
    removed = sum(not each.keep for each in decisions)
    if not removed:
        return None
    newest = max(each.snapshot.time for each in decisions)
    if newest > now + CLOCK_TOLERANCE:
        text = _("the newest snapshot is of {time}, which has not come yet; has a clock jumped?")
        return text.format(time=moment(newest))
    if last is None or removed * 2 <= len(decisions) or removed <= FAR_MORE * max(last.removed, 1):
        return None
    text = ngettext(
        "{removed} of {count} snapshot would go, far more than the {before} of the last time",
        "{removed} of {count} snapshots would go, far more than the {before} of the last time",
        len(decisions),
    )
    return text.format(removed=removed, count=len(decisions), before=last.removed)
