"""`status`: how the jobs are doing, from the record alone."""

from collections.abc import Sequence
from datetime import datetime

import click

from tui_backup.cli import output
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.cli.output import Cell, Column
from tui_backup.errors import UsageError
from tui_backup.primitives.clock import now
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import age, duration, moment, number, printable, size
from tui_backup.services.alerts.clocks import heed_clock
from tui_backup.services.status.overview import JobStatus, RepositoryStatus, StatusReport, motd, report
from tui_backup.services.words import integrity_word, status_word, verb_word


@click.command(
    short_help=_("Show how the jobs are doing, from the record alone."),
    help=_("Show how the jobs are doing; needs no network and no password."),
)
@click.option("--check", is_flag=True, help=_("Begin with one line that says it all; exit 1 when something is wrong."))
@click.option("--motd", "as_motd", is_flag=True, help=_("Write one line, for the greeting of a login shell."))
@click.option("--prometheus", "as_metrics", is_flag=True, help=_("Write metrics in the text format of Prometheus."))
@pass_invocation
def command(invocation: Invocation, check: bool, as_motd: bool, as_metrics: bool) -> int:
    _check_one(json=invocation.json, motd=as_motd, prometheus=as_metrics)
    workspace = invocation.workspace
    present = now()
    heed_clock(workspace.history, present)
    found = report(workspace.config, workspace.history, workspace.state_dir, present)
    if invocation.json:
        output.write_document(found)
    elif as_metrics:
        from tui_backup.services.status.metrics import metrics

        output.write_bytes(metrics(workspace.config, workspace.history, found, present))
    elif as_motd:
        output.write_text(printable(motd(found, present)))
    elif check:
        show_check(found, present, quiet=invocation.quiet)
    else:
        show(found, present)
    return 1 if check and not found.healthy else 0


def _check_one(**shapes: bool) -> None:
    """Refuse two shapes of the same answer; raises UsageError."""
    asked = [f"--{name}" for name, is_asked in shapes.items() if is_asked]
    if len(asked) > 1:
        raise UsageError(_("{one} and {other} exclude each other").format(one=asked[0], other=asked[1]))


def show_check(found: StatusReport, present: datetime, *, quiet: bool) -> None:
    """Write for a monitoring system: the first line says all; with `quiet` only that, and nothing if all is well."""
    if quiet and found.healthy:
        return
    output.write_text(printable(motd(found, present)))
    if not quiet:
        output.write_text("")
        show(found, present)


def show(found: StatusReport, present: datetime) -> None:
    """Write what there is to know, the problems last."""
    job_columns = [
        Column(_("JOB")), Column(_("LAST RUN")), Column(_("STATUS")), Column(_("LAST SUCCESS")),
        Column(_("SNAPSHOTS"), right=True, spare=3), Column(_("SIZE"), right=True, spare=2),
        Column(_("INTEGRITY"), spare=1), Column(_("SUCCESS"), right=True, spare=4),
        Column(_("RESTORE"), right=True, spare=5),
    ]  # fmt: skip
    output.write_table(job_columns, [_job(job, present) for job in found.jobs])
    output.write_text("")
    columns = [Column(_("REPOSITORY")), Column(_("FREE"), right=True), Column(_("LAST CHECKED"))]
    output.write_table(columns, [_repository(each) for each in found.repositories])
    waiting = [job for job in found.jobs if job.waiting]
    if found.running or waiting:
        output.write_text("")
    for job in waiting:
        text = _("waiting: {job} is due, but {reason}")
        output.write_text(printable(text.format(job=job.job, reason=job.waiting)))
    for run in found.running:
        output.write_text(
            _("running: {run} ({what})").format(run=printable(run.run), what=printable(run.job or verb_word(run.verb)))
        )
    output.write_text("")
    for problem in found.problems:
        output.write_text(_("problem: {message}").format(message=printable(problem.message)))
        if problem.hint:
            output.write_text(_("   hint: {hint}").format(hint=printable(problem.hint)))
    if found.healthy:
        output.write_text(_("all healthy"))


def _job(job: JobStatus, present: datetime) -> Sequence[Cell]:
    status = status_word(job.last_status) if job.last_status else "-"
    status = _("{status}, stale").format(status=status) if job.stale else status
    return (
        job.job, age(job.last_run, present), status, age(job.last_success, present), job.snapshots, size(job.size),
        integrity_word(job.integrity) if job.integrity else None,
        None if job.success_rate is None else f"{number(100 * job.success_rate)} %", duration(job.restore_seconds),
    )  # fmt: skip


def _repository(repository: RepositoryStatus) -> Sequence[Cell]:
    return repository.name, size(repository.free), moment(repository.last_checked)
