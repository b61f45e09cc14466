"""Whereabouts: where a restore puts things, in words."""

import os
from collections.abc import Sequence

from tui_backup.engine.restore_plan import RestorePlan
from tui_backup.primitives.i18n import _
from tui_backup.services.restore.restores import some_of, wanted


def place_of(target: bytes, paths: Sequence[bytes]) -> str:
    """Return where a restore has put things; in place that is what it has restored, as far as that is known."""
    if target != b"/":
        return os.fsdecode(target)
    return _("in place: {paths}").format(paths=some_of(paths)) if paths else _("in place")


def place_of_plan(plan: RestorePlan) -> str:
    """Return where a plan puts things."""
    is_in_place = plan.request.undo_keep is not None
    return place_of(plan.target, wanted(plan)) if is_in_place else os.fsdecode(plan.target)
