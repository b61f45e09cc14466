"""Restore: carries out exactly what a plan says; a path that has changed since is refused and named."""

import fcntl
import os
from contextlib import suppress

import msgspec

from tui_backup.engine.landing import DirectoryLanding, open_target
from tui_backup.engine.restore_finishing import Finish, delete, link_files
from tui_backup.engine.restore_plan import RestorePlan
from tui_backup.engine.restore_preparing import prepare
from tui_backup.engine.restore_site import Site
from tui_backup.engine.safekeeping import Safekeeping, keep_all
from tui_backup.errors import RestoreRefused
from tui_backup.formats.base import Repository
from tui_backup.model.run import RunStatus
from tui_backup.model.watch import Watch
from tui_backup.primitives.descriptors import open_root
from tui_backup.primitives.i18n import _


class RestoreResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a restore has done."""

    status: RunStatus
    """OK or INCOMPLETE."""
    written: int
    """Names made, replaced or given other metadata."""
    skipped: int
    deleted: int
    bytes_written: int


def execute(
    plan: RestorePlan, repository: Repository, watch: Watch, safekeeping: Safekeeping | None = None
) -> RestoreResult:
    """Carry out a plan; what cannot be done is warned about, and the rest goes on.

    With `safekeeping`, all that is changed is kept before, so that `engine.undo` can bring it back. Whoever asks for
    that keeps others away: `/` is everybody's, and a claim on it would be in anybody's way.

    Run again after an interruption, with a new plan, it skips what is right already and clears away what was half
    written. Nothing is deleted when anything has failed.

    Raises:
        RestoreRefused: the plan does not fit, another restore is writing to the target, its disk is full, or what
            would be replaced cannot be kept.
        Cancelled: somebody asked; what was written whole stays.
        OSError: the target cannot be made or opened.
    """
    if plan.shortage is not None:
        raise RestoreRefused(_("not enough space at the target: {shortage}").format(shortage=plan.shortage))
    made = not os.path.isdir(plan.target)
    os.makedirs(plan.target, 0o700, exist_ok=True)
    root = open_root(plan.target)
    try:
        if safekeeping is None:
            _claim(root)
        site = Site(plan, repository, watch, root, made=made)
        try:
            if safekeeping is not None:
                keep_all(site, safekeeping)
            return _restore(site)
        finally:
            site.close()
    finally:
        os.close(root)


def _restore(site: Site) -> RestoreResult:
    plan, watch = site.plan, site.watch
    watch.files_total, watch.bytes_total = plan.files, plan.bytes_to_write
    for warning in plan.warnings:
        watch.warn(warning.path, warning.message)
    warned = watch.warnings
    all_landed = _land(site)
    with open_target(site.options) as directories:
        finish = Finish(site, directories)
        if all_landed and site.later is not None:
            finish.run_remembered(site.later)
        else:
            finish.run()
        deleted = 0
        if plan.deletions:
            if site.failures:
                watch.warn(None, _("nothing was deleted, because not everything was restored"))
            else:
                deleted = delete(site, directories)
        finish.sync()
    incomplete = site.failures or plan.refused or plan.kept or watch.warnings > warned
    return RestoreResult(
        status=RunStatus.INCOMPLETE if incomplete else RunStatus.OK,
        written=finish.written,
        skipped=plan.skip,
        deleted=deleted,
        bytes_written=finish.bytes_written,
    )


def _land(site: Site) -> bool:
    """Write the files; return whether it is known that every one of them has landed."""
    landing = DirectoryLanding(site.options)
    snapshot, watch = site.plan.snapshot, site.watch
    warned, done, failed = watch.warnings, watch.files_done, site.failures
    try:
        site.repository.extract(snapshot, prepare(site), landing, watch)
        landed = watch.files_done - done
        if site.plan.links:
            site.repository.extract(snapshot, link_files(site), landing, watch)
        site.told = watch.warnings - warned - (site.failures - failed)
    finally:
        landing.close()
    return not site.plan.links and watch.warnings == warned and landed == site.files_sent


def _claim(root: int) -> None:
    """Keep other restores away from the target until its descriptor is closed.

    Raises:
        RestoreRefused: one is writing there.
    """
    with suppress(OSError):
        try:
            fcntl.flock(root, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RestoreRefused(_("another restore is writing to this target")) from error
