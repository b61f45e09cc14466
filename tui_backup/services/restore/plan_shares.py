"""What plans of restores and of their undos come to: how many paths of each sort, how many bytes, and the largest."""

import heapq
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from tui_backup.engine.restore_plan import PlanItem, RestorePlan
from tui_backup.engine.undo_plan import UndoPlan
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _

LARGEST = 10
"""How many paths of a sort are named because of their size."""

MOST_LISTED = 10_000
"""How many paths of a sort are listed; of what is deleted all are."""

DELETE = "delete"

_SORT_OF = {"metadata": "overwrite"}
"""Actions of items that are counted with others."""


class PlanCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many paths of one sort there are."""

    sort: str
    """new, overwrite, skip, keep, delete or refuse."""
    label: str
    """For people."""
    count: int


class PlanShare(msgspec.Struct, kw_only=True):
    """What the paths of one sort come to."""

    bytes: int = 0
    largest: tuple[PlanItem, ...] = ()


def of_restore(plan: RestorePlan) -> list[PlanCount]:
    """Return how many paths of each sort a restore meets."""
    return [
        PlanCount(sort="new", label=_("new"), count=plan.new),
        PlanCount(sort="overwrite", label=_("overwrite"), count=plan.overwrite),
        PlanCount(sort="skip", label=_("skip"), count=plan.skip - plan.kept),
        PlanCount(sort="keep", label=_("differs, kept"), count=plan.kept),
        PlanCount(sort=DELETE, label=_("delete"), count=plan.delete),
        PlanCount(sort="refuse", label=_("refuse"), count=plan.refused),
    ]


def of_undo(plan: UndoPlan) -> list[PlanCount]:
    """Return how many paths of each sort the undo of a restore meets."""
    return [
        PlanCount(sort="new", label=_("comes back"), count=plan.new),
        PlanCount(sort="overwrite", label=_("overwrite"), count=plan.overwrite),
        PlanCount(sort="skip", label=_("skip"), count=plan.skip),
        PlanCount(sort="keep", label=_("changed, kept"), count=plan.left),
        PlanCount(sort=DELETE, label=_("remove"), count=plan.delete),
    ]


def sort_of(item: PlanItem) -> str:
    """Return the sort that an item is counted with."""
    return _SORT_OF.get(item.action, item.action)


def shares(items: Iterable[PlanItem], watch: Watch) -> Mapping[str, PlanShare]:
    """Return what the items of a plan come to, by their sorts; the watch counts them."""
    sizes: dict[str, int] = {}
    heaps: dict[str, list[tuple[int, bytes, PlanItem]]] = {}
    for item in items:
        watch.check()
        watch.files_done += 1
        sort = sort_of(item)
        sizes[sort] = sizes.get(sort, 0) + item.size
        heap = heaps.setdefault(sort, [])
        if len(heap) < LARGEST:
            heapq.heappush(heap, (item.size, item.path, item))
        elif item.size > heap[0][0]:
            heapq.heapreplace(heap, (item.size, item.path, item))
    return {
        sort: PlanShare(bytes=sizes[sort], largest=tuple(item for _size, _path, item in sorted(heap, reverse=True)))
        for sort, heap in heaps.items()
    }


def listed(items: Iterable[PlanItem], sort: str, watch: Watch) -> list[PlanItem]:
    """Return the items of one sort in their order: the first `MOST_LISTED`, or all that is deleted."""
    return list(_listed(items, sort, watch))


def _listed(items: Iterable[PlanItem], sort: str, watch: Watch) -> Iterator[PlanItem]:
    count = 0
    for item in items:
        watch.check()
        if sort_of(item) != sort:
            continue
        yield item
        count += 1
        if count == MOST_LISTED and sort != DELETE:
            return
