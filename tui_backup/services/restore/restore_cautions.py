"""What whoever is about to restore should know beforehand, besides what the plan says of single paths."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tui_backup.engine.restore_plan import RestorePlan
from tui_backup.model.run import RunStatus, Verb
from tui_backup.model.snapshot import SnapshotStatus
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import number
from tui_backup.services.restore.restore_candidates import Candidate

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace

_TELLING_BYTES, _TELLING_S = 10_000_000, 1.0
"""How much a restore has written, and how long it took, at least, to say anything of the next one."""

_RUNS_ASKED = 20


def cautions(workspace: "Workspace", candidate: Candidate, plan: RestorePlan) -> list[str]:
    """Return what should be known of a snapshot, of this process and of a plan, a sentence each."""
    return list(_cautions(workspace, candidate, plan))


def expected_s(workspace: "Workspace", repository: str, plan: RestorePlan) -> float | None:
    """Return how many seconds a restore may take, going by earlier ones from there; None while nobody can know."""
    for run in workspace.history.runs(None, _RUNS_ASKED, Verb.RESTORE):
        size, took = run.bytes_processed or 0, run.duration or 0.0
        telling = size >= _TELLING_BYTES and took >= _TELLING_S
        if run.status is RunStatus.OK and run.repository == repository and telling:
            return plan.bytes_to_write * took / size
    return None


def newer_words(count: int) -> str:
    """Return what is said of files of the target that are newer than what replaces them."""
    text = ngettext(
        "{count} file at the target is newer than what replaces it",
        "{count} files at the target are newer than what replaces them",
        count,
    )
    return text.format(count=number(count))


def _cautions(workspace: "Workspace", candidate: Candidate, plan: RestorePlan) -> Iterator[str]:
    snapshot, repository = candidate.snapshot, candidate.copy.repository
    if candidate.is_damaged:
        yield _("the snapshot is known to be damaged: what cannot be read is left out and named")
    if snapshot.status is not SnapshotStatus.OK:
        yield _("the snapshot is incomplete: something could not be read when it was made")
    if plan.request.undo_keep is not None and not snapshot.host:
        yield _("nobody knows which host the snapshot is of")
    elif plan.request.undo_keep is not None and snapshot.host != workspace.host:
        text = _("the snapshot is of {host}, and this is {here}")
        yield text.format(host=snapshot.host, here=workspace.host)
    if not plan.request.trusted:
        text = _("owners, suid bits and devices are left out: {repository} is not trusted")
        yield text.format(repository=repository)
    elif os.geteuid() != 0:
        yield _("owners cannot be set: this is not root")
    if plan.newer:
        yield newer_words(plan.newer)
    if plan.refused:
        text = ngettext("{count} path is refused", "{count} paths are refused", plan.refused)
        yield text.format(count=plan.refused)
    if plan.kept:
        text = ngettext(
            "{count} path is there already, differs, and is kept",
            "{count} paths are there already, differ, and are kept",
            plan.kept,
        )
        yield text.format(count=plan.kept)
