"""How the agenda looks on a terminal: a table for each thing, what daylight saving does, and what makes it run."""

from collections.abc import Iterable, Iterator, Sequence

from tui_backup.cli import output
from tui_backup.cli.output import Column
from tui_backup.config.settings import Config, JobConfig
from tui_backup.model.schedule import Trigger
from tui_backup.primitives.clock import in_zone
from tui_backup.primitives.cron_words import in_words
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import printable
from tui_backup.primitives.units import format_duration
from tui_backup.services.schedule.agenda import Appointment, Item, effect_words
from tui_backup.services.schedule.callers import Caller
from tui_backup.services.words import what_word

_MARK = "*"


def show(config: Config, items: Sequence[Item], callers: Sequence[Caller], outdated: Sequence[str]) -> None:
    """Write everything, job by job, and at the end what makes it run."""
    jobs: dict[str, list[Item]] = {}
    for item in items:
        jobs.setdefault(item.trigger.job, []).append(item)
    for name, mine in jobs.items():
        for item in mine:
            _show_item(item)
            output.write_text("")
        _write([*_habits(config.jobs[name]), ""])
    if not jobs:
        _write(_nothing(config))
    elif idle := [name for name in config.jobs if name not in jobs]:
        _write([_("only when somebody asks: {jobs}").format(jobs=", ".join(idle)), ""])
    if jobs or callers:
        _write(_makers(callers, outdated))


def _write(lines: Iterable[str]) -> None:
    """Write lines, of which none is empty but between others."""
    former = ""
    for line in lines:
        if line or former:
            output.write_text(printable(line))
        former = line


def _show_item(item: Item) -> None:
    trigger = item.trigger
    words = in_words(trigger.line)
    line = f"{trigger.line} ({words})" if words else trigger.line
    output.write_text(printable(_("{job}: {what}: {line}").format(job=trigger.job, what=what_word(trigger), line=line)))
    zone = trigger.zone or _("this machine's zone")
    columns = [Column("  " + zone), Column("UTC"), Column("")]
    output.write_table(columns, [_row(trigger, each) for each in item.next])
    for each in dict.fromkeys(each.effect for each in item.next if each.effect is not None):
        output.write_text(f"  {_MARK} {effect_words(each, trigger.line)}")


def _row(trigger: Trigger, each: Appointment) -> tuple[str, str, str]:
    here = in_zone(each.at, trigger.zone)
    offset = here.strftime("%z")
    shown = f"  {here:%Y-%m-%d %H:%M} {offset[:3]}:{offset[3:]}"
    return shown, f"{each.at:%Y-%m-%d %H:%M}", _MARK if each.effect else " "


def _habits(job: JobConfig) -> Iterator[str]:
    """Yield what else is to be known of how a job runs by itself."""
    timing = job.timing
    if not timing.catch_up:
        yield _("{job}: catch_up = false: what was missed is left out").format(job=job.name)
    if timing.delay_s:
        yield _("{job}: delay: each run begins up to {time} later, at random").format(
            job=job.name, time=format_duration(timing.delay_s)
        )
    if timing.retry.attempts > 1:
        text = ngettext(
            "{job}: retry: {count} attempt in all, {time} apart", "{job}: retry: {count} attempts in all, {time} apart",
            timing.retry.attempts,
        )  # fmt: skip
        yield text.format(job=job.name, count=timing.retry.attempts, time=format_duration(timing.retry.wait_s))
    if timing.require:
        yield _("{job}: require: waits for {what}").format(job=job.name, what=", ".join(timing.require))


def _nothing(config: Config) -> Iterator[str]:
    if config.is_from_variables:
        yield _("nothing runs by itself unless BACKUP_ENABLED is true")
    elif not config.jobs:
        yield _("there is no job: nothing is ever backed up")
    else:
        yield _("no job of {path} has a schedule").format(path=config.path)
        yield _('give one to a job: schedule = "0 2 * * *" has it run every day at 02:00')


def _makers(callers: Sequence[Caller], outdated: Sequence[str]) -> Iterator[str]:
    """Yield what makes it run, or that nothing does."""
    for each in callers:
        yield _("called by {who} {detail}").format(who=each.object, detail=each.detail).rstrip()
    if not any(each.works for each in callers):
        yield _("as far as can be seen nothing on this host calls --run-scheduled for it")
        yield _("   hint: {hint}").format(hint=_("`tui-backup schedule install` has cron or systemd do so"))
    for path in outdated:
        yield _("{path} does not fit the configuration any more").format(path=path)
    if outdated:
        yield _("   hint: {hint}").format(hint=_("`tui-backup schedule install` writes it anew"))
