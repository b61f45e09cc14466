"""Installing: has cron or systemd run the jobs of a configuration, and takes that away again."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING

from tui_backup.config.lines import dotted
from tui_backup.config.settings import Config
from tui_backup.errors import BackupError
from tui_backup.primitives.i18n import _
from tui_backup.services.schedule import calling, crontab, unit_files
from tui_backup.services.schedule.callers import callers
from tui_backup.services.schedule.changes import Change, Changes
from tui_backup.services.schedule.crontab import Crontab
from tui_backup.services.schedule.due import triggers_of
from tui_backup.services.schedule.systemd import Systemd

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace


class Way(StrEnum):
    """Who is to look at what is due."""

    CRON = "cron"
    SYSTEMD = "systemd"
    DAEMON = "daemon"
    """A service of systemd that stays."""


def usual_way() -> Way:
    """Return who looks at what is due where nobody says: systemd where it runs, for this user, else cron.

    Raises:
        BackupError: neither is here.
    """
    systemd = Systemd()
    if systemd.is_up:
        return Way.SYSTEMD
    if Crontab().is_there:
        return Way.CRON
    if systemd.is_booted:
        return Way.SYSTEMD
    raise BackupError(
        _("neither systemd nor cron is here, so nothing can be installed"),
        hint=_("install cron, or have something call this every few minutes: tui-backup --run-scheduled"),
    )


def install(workspace: "Workspace", way: Way, changes: Changes) -> None:
    """Have the jobs of a configuration run by themselves; what does so already stays.

    Raises:
        UsageError: nobody else can name this configuration.
        BackupError: something failed, and `changes` says how far it came; the same again goes on from there.
    """
    config = workspace.config
    calling.check_callable(config)
    with _recorded(workspace, way, "install", changes):
        if way is Way.CRON:
            _into_crontab(config, changes)
        else:
            unit_files.install(config, Systemd(), changes, is_daemon=way is Way.DAEMON)
    _remark_on_others(config, way, changes)
    changes.remarks += _cautions(config)


def remove(workspace: "Workspace", ways: Sequence[Way], changes: Changes) -> None:
    """Take away what `install` has made, and nothing else.

    Raises:
        BackupError: something failed, and `changes` says how far it came.
    """
    config = workspace.config
    calling.check_callable(config)
    for way in ways:
        if way is Way.CRON and len(ways) > 1 and not Crontab().is_there:
            continue
        with _recorded(workspace, way, "remove", changes):
            if way is Way.CRON:
                _out_of_crontab(config, changes)
            else:
                unit_files.remove(config, Systemd(), changes)


@contextmanager
def _recorded(workspace: "Workspace", way: Way, what: str, changes: Changes) -> Iterator[None]:
    """Have the audit say that, and how, it was done."""
    if changes.is_rehearsal:
        yield
        return
    former = len(changes.done)
    with workspace.audit.act("schedule", way.value, what) as act:
        yield
        act.outcome = "ok" if len(changes.done) > former else "ok: nothing to do"


def _into_crontab(config: Config, changes: Changes) -> None:
    tab = Crontab()
    content = tab.read()
    wanted = crontab.with_block(content, config)
    own = crontab.calling_lines(content, config.path, calling.home_of(os.geteuid()))
    if own and not crontab.has_block(content, config.path):
        text = _("a line of yours calls it already: {line}").format(line=own[0])
        changes.skipped.append(Change(what="crontab", object=_user(), detail=text))
    elif wanted == content:
        changes.skipped.append(Change(what="crontab", object=_user(), detail=_("as it should be")))
    else:
        if not changes.is_rehearsal:
            tab.change(lambda present: crontab.with_block(present, config))
        words = _("would be written") if changes.is_rehearsal else _("written")
        text = os.fsdecode(crontab.block(config))
        changes.done.append(Change(what="crontab", object=_user(), detail=words, text=text))
    if not crontab.is_cron_running():
        changes.remarks.append(_("no cron runs here, as far as can be seen: start it, or nothing runs by itself"))


def _out_of_crontab(config: Config, changes: Changes) -> None:
    tab = Crontab()
    if not crontab.has_block(tab.read(), config.path):
        changes.skipped.append(Change(what="crontab", object=_user(), detail=_("there are no lines of ours")))
        return
    if not changes.is_rehearsal:
        tab.change(lambda present: crontab.without_block(present, config.path))
    detail = _("our lines would be removed") if changes.is_rehearsal else _("our lines were removed")
    changes.done.append(Change(what="crontab", object=_user(), detail=detail))


def _remark_on_others(config: Config, way: Way, changes: Changes) -> None:
    """Tell of somebody else who does the same: each thing runs once all the same, but one of them is superfluous."""
    for each in callers(config):
        if each.is_cron != (way is Way.CRON) and each.works:
            text = _("it is called twice from now on: {who} calls it, too (`tui-backup schedule remove --{way}`)")
            other = Way.CRON if each.is_cron else Way.SYSTEMD
            changes.remarks.append(text.format(who=each.object, way=other.value))


def _cautions(config: Config) -> Iterator[str]:
    if not any(triggers_of(job) for job in config.jobs.values()):
        yield _("no job of {path} has a schedule").format(path=config.path)
    for at, secret in config.secrets():
        if secret.env is not None:
            text = _(
                "{key} is the variable {name}, which is not there when cron or systemd calls; use a file or a command"
            )
            yield text.format(key=dotted(at), name=secret.env)


def _user() -> str:
    return _("crontab of {user}").format(user=calling.user_name())
