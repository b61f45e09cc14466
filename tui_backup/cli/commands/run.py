"""`run`: back up jobs."""

from collections.abc import Sequence

import click

from tui_backup.cli.codes import OF_STATUS, worst
from tui_backup.cli.following import following
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.cli.options import retry_lock_option
from tui_backup.config.settings import JobConfig
from tui_backup.errors import UsageError
from tui_backup.primitives.i18n import _
from tui_backup.services.backup.backups import MANUAL, PRE_OPERATION, BackupOptions, Outcome, run_jobs
from tui_backup.services.restore.rehearsals import rehearse_jobs
from tui_backup.services.runs.endings import where
from tui_backup.services.upkeep.tagging import check_tags
from tui_backup.services.workspace import Workspace


@click.command(short_help=_("Back up jobs."), help=_("Back up JOBs, one after the other."))
@click.argument("jobs", nargs=-1, metavar="JOB...")
@click.option("--all", "everything", is_flag=True, help=_("Back up every job of the configuration."))
@click.option("-n", "--dry-run", is_flag=True, help=_("Say what would be stored, and store nothing."))
@click.option("--tag", "tags", multiple=True, metavar="TAG", help=_("Give the snapshots a tag; may be repeated."))
@click.option("--pre-operation", metavar="NAME", help=_("Note that this is the backup before the operation NAME."))
@retry_lock_option
@pass_invocation
def command(
    invocation: Invocation,
    jobs: tuple[str, ...],
    everything: bool,
    dry_run: bool,
    tags: tuple[str, ...],
    pre_operation: str | None,
) -> int:
    workspace = invocation.workspace
    chosen = choose(workspace, jobs, everything=everything)
    options = _options(tags, pre_operation)
    for caution in workspace.config.cautions:
        invocation.warn(caution)
    with following(invocation, workspace.bus):
        outcomes = rehearse_jobs(workspace, chosen) if dry_run else run_jobs(workspace, chosen, options)
    for outcome in outcomes:
        _complain(invocation, outcome, about=outcome.job if len(chosen) > 1 else None)
    return worst(code for outcome in outcomes for code in codes_of(outcome))


def choose(workspace: Workspace, names: Sequence[str], *, everything: bool) -> list[JobConfig]:
    """Return the jobs asked for, each once.

    Raises:
        UsageError: none was named, one is unknown, or names stand beside `--all`.
    """
    if everything == bool(names):
        raise UsageError(_("name the jobs to back up, or give --all"), hint=_known(workspace))
    if everything and not workspace.config.jobs:
        raise UsageError(_("the configuration has no jobs"))
    return [workspace.job(name) for name in dict.fromkeys(names or workspace.config.jobs)]


def codes_of(outcome: Outcome) -> list[int]:
    """Return the exit codes of what became of a job."""
    codes = [error.exit_code for error in outcome.errors]
    return codes if outcome.finished is None else [*codes, OF_STATUS.get(outcome.finished.status, 1)]


def _complain(invocation: Invocation, outcome: Outcome, about: str | None) -> None:
    """Tell of every error of a job, and of the repository where there are several."""
    for trouble in outcome.troubles:
        repository = trouble.name if outcome.has_choice else None
        invocation.fail(trouble.error, about=where(about, repository) or None)
    for error in (*outcome.beside, *((outcome.error,) if outcome.error else ())):
        invocation.fail(error, about=about)


def _options(tags: tuple[str, ...], operation: str | None) -> BackupOptions:
    if operation is None:
        return BackupOptions(kind=MANUAL, tags=check_tags(tags), heeding_signals=True)
    return BackupOptions(kind=PRE_OPERATION, tags=check_tags((*tags, f"operation={operation}")), heeding_signals=True)


def _known(workspace: Workspace) -> str | None:
    return _("known: {names}").format(names=", ".join(workspace.config.jobs)) if workspace.config.jobs else None
