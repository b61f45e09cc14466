"""`config edit`: the configuration in an editor; only what is valid is saved."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import click

from tui_backup.cli import output
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.config.paths import check_owner, find_config
from tui_backup.config.settings import Config
from tui_backup.errors import BackupError, Cancelled, ConfigError, UsageError
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of
from tui_backup.primitives.text import printable
from tui_backup.services.audit import Audit
from tui_backup.services.setup.configuring import Examined, FileOnDisk, examine, read, save
from tui_backup.services.workspace import Workspace

_EDITORS = ("sensible-editor", "nano", "vi")


@click.command(
    short_help=_("Change the configuration in your editor."),
    help=_(
        "Open a copy of the configuration in $VISUAL or $EDITOR, and save it if it is valid.\n\n"
        "What is wrong is told, and can be mended at once; nothing invalid is ever saved. If somebody else "
        "has changed the file meanwhile, nothing is saved either, and the copy stays."
    ),
)
@pass_invocation
def command(invocation: Invocation) -> None:
    path = find_config(invocation.config)
    check_owner(path)
    if not sys.stdin.isatty():
        raise UsageError(_("an editor needs a terminal"))
    before = read(path)
    with _copy_of(before) as copy:
        text = _edited(invocation, copy, before)
        if text == before.text:
            invocation.say(_("nothing was changed"))
            return
        _save(before, text, copy)
    if invocation.json:
        done = [{"what": "configuration", "object": path, "detail": "saved"}]
        output.write_document({"done": done, "skipped": [], "problems": []})
    else:
        invocation.say(_("{path} is saved").format(path=printable(path)))


@contextmanager
def _copy_of(file: FileOnDisk) -> Iterator[str]:
    """Give a copy of a file for its owner alone; it stays only where what is in it would be lost."""
    directory = tempfile.mkdtemp(prefix="tui-backup-")
    copy = os.path.join(directory, os.path.basename(file.path))
    keep = False
    try:
        descriptor = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w", encoding="utf-8", newline="") as written:
            written.write(file.text)
        yield copy
    except _Kept:
        keep = True
        raise
    finally:
        if not keep:
            shutil.rmtree(directory, ignore_errors=True)


class _Kept(ConfigError):
    """It could not be saved; the copy stays."""


def _edited(invocation: Invocation, copy: str, before: FileOnDisk) -> str:
    """Have somebody edit the copy until it is valid; return its text."""
    while True:
        _open_editor(copy)
        text = read(copy).text
        examined = Examined(None, []) if text == before.text else examine(before.path, text)
        if not examined.faults:
            return text
        for fault in examined.faults:
            invocation.fail(fault)
        output.flush()
        if not click.confirm(_("Edit again? Otherwise nothing is saved."), default=True, err=True):
            raise Cancelled(_("nothing was saved"))


def _open_editor(path: str) -> None:
    """Run the user's own editor, in the user's own environment; raises UsageError where that is not possible."""
    named = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    try:
        words = shlex.split(named) if named else [next(filter(shutil.which, _EDITORS), "")]
    except ValueError as error:
        raise UsageError(_("$EDITOR cannot be read: a quotation mark has no second one")) from error
    if not words or not words[0]:
        raise UsageError(_("there is no editor"), hint=_("name one in the variable EDITOR"))
    try:
        code = subprocess.run([*words, path], check=False).returncode
    except OSError as error:
        message = _("cannot run {program}: {reason}").format(program=words[0], reason=reason_of(error))
        raise UsageError(message, hint=_("name another editor in the variable EDITOR")) from error
    if code != 0:
        message = _("the editor {program} ended with exit code {code}; nothing was saved")
        raise BackupError(message.format(program=words[0], code=code))


def _save(before: FileOnDisk, text: str, copy: str) -> None:
    workspaces: list[Workspace] = []

    def audit(config: Config) -> Audit:
        workspaces.append(Workspace(config))
        return workspaces[0].audit

    try:
        save(before, text, audit)
    except ConfigError as error:
        hint = _("your text is in {path}").format(path=copy)
        raise _Kept(error.message, hint=hint) from error
    finally:
        for workspace in workspaces:
            workspace.close()
