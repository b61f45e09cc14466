"""How long snapshots are kept, and how much space may stay unused: from what a file says to policies, and back."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import msgspec

from tui_backup.model.retention import Keep, Span
from tui_backup.model.upkeep import ReclaimLimits
from tui_backup.primitives.about import About
from tui_backup.primitives.i18n import N_, _
from tui_backup.primitives.units import parse_percent, parse_size, parse_span

V = TypeVar("V")
T = TypeVar("T")

UNLIMITED = "unlimited"

_COUNTS = ("last", "hourly", "daily", "weekly", "monthly", "yearly")


class KeepTable(msgspec.Struct, frozen=True, kw_only=True):
    """The `keep` of a job."""

    last: Annotated[int | str, About(N_("Last"), N_("So many of the newest; -1: all of them"))] = 0
    hourly: Annotated[int | str, About(N_("Hourly"), N_("The newest of each of so many hours"))] = 0
    daily: Annotated[int | str, About(N_("Daily"), N_("The newest of each of so many days"))] = 0
    weekly: Annotated[int | str, About(N_("Weekly"), N_("The newest of each of so many weeks"))] = 0
    monthly: Annotated[int | str, About(N_("Monthly"), N_("The newest of each of so many months"))] = 0
    yearly: Annotated[int | str, About(N_("Yearly"), N_("The newest of each of so many years"))] = 0
    within: Annotated[
        str | None, About(N_("Within"), N_("All that are no older than this: 30d, 6mo, 1y6mo"), "span")
    ] = None
    tags: Annotated[list[str], About(N_("Tags"), N_("All that have these; a,b: both of them"))] = []
    max_backups: Annotated[int | None, About(N_("Kept backups"), N_("The same as last"), short_for="last")] = None
    """The same as `last`."""
    retention_days: Annotated[
        int | None, About(N_("Kept days"), N_("The same as within that many days"), short_for="within")
    ] = None
    """The same as `within` that many days."""


def keep_of(table: KeepTable) -> Keep:
    """Return the policy that a table describes.

    Raises:
        ValueError: it describes none; where one key is to blame the message is `key: reason`.
    """
    counts = {name: _count(name, getattr(table, name)) for name in _COUNTS}
    within = None if table.within is None else _span("within", table.within)
    if table.max_backups is not None:
        if counts["last"]:
            raise _blaming("max_backups", _("the same as last; give one of them"))
        counts["last"] = _count("max_backups", table.max_backups)
    if table.retention_days is not None:
        if within is not None:
            raise _blaming("retention_days", _("the same as within; give one of them"))
        within = _span("retention_days", f"{table.retention_days}d")
    keep = Keep(**counts, within=within, tags=tuple(map(_group, table.tags)))
    if keep.is_empty:
        raise ValueError(_("this keeps nothing; take it out to keep everything, or say what to keep"))
    return keep


def keep_table(keep: Keep) -> dict[str, Any]:
    """Return a policy as a file has it."""
    counts = {name: count for name in _COUNTS if (count := getattr(keep, name))}
    within = {"within": str(keep.within)} if keep.within else {}
    tags = {"tags": [",".join(group) for group in keep.tags]} if keep.tags else {}
    return counts | within | tags


def limits_of(max_unused: str | int | None, max_repack_size: str | int | None) -> ReclaimLimits:
    """Return how much may be left unused and be rewritten.

    Raises:
        ValueError: one of them is no such thing; the message is `key: reason`.
    """
    repack = None if max_repack_size is None else _checked("max_repack_size", parse_size, max_repack_size)
    if max_unused is None:
        return ReclaimLimits(max_repack_bytes=repack)
    if max_unused == UNLIMITED:
        return ReclaimLimits(max_unused_percent=None, max_repack_bytes=repack)
    if isinstance(max_unused, str) and max_unused.endswith("%"):
        percent = _checked("max_unused", parse_percent, max_unused)
        if percent >= 100:
            raise _blaming("max_unused", _("must be below 100%, or unlimited"))
        return ReclaimLimits(max_unused_percent=percent, max_repack_bytes=repack)
    unused = _checked("max_unused", parse_size, max_unused)
    return ReclaimLimits(max_unused_percent=None, max_unused_bytes=unused, max_repack_bytes=repack)


def max_unused(limits: ReclaimLimits) -> str | int:
    """Return how much may be left unused as a file has it."""
    if limits.max_unused_percent is not None:
        return f"{limits.max_unused_percent:g}%"
    return UNLIMITED if limits.max_unused_bytes is None else limits.max_unused_bytes


def _count(name: str, value: int | str) -> int:
    if value == UNLIMITED:
        return -1
    if isinstance(value, str) or value < -1:
        raise _blaming(name, _("must be a whole number, or -1 (or {word}) to keep them all").format(word=UNLIMITED))
    return value


def _span(name: str, text: str) -> Span:
    months, days, hours = _checked(name, parse_span, text)
    if not (months or days or hours):
        raise _blaming(name, _("must be longer than nothing"))
    return Span(months=months, days=days, hours=hours)


def _group(text: str) -> tuple[str, ...]:
    group = tuple(tag.strip() for tag in text.split(","))
    if not all(group):
        raise _blaming("tags", _("{text!r} names no tag between two commas").format(text=text))
    return group


def _checked(name: str, parse: Callable[[V], T], value: V) -> T:
    try:
        return parse(value)
    except ValueError as error:
        raise _blaming(name, str(error)) from error


def _blaming(name: str, reason: str) -> ValueError:
    return ValueError(f"{name}: {reason}")
