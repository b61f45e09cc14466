"""`config import-env`: BACKUP_* variables as a configuration file."""

import os

import click

from tui_backup.cli import output
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.services.setup.importing import Imported, import_variables, read_env_file
from tui_backup.services.setup.making import new_config_path


@click.command(
    short_help=_("Make a configuration of BACKUP_* variables."),
    help=_(
        "Write the configuration that BACKUP_* variables stand for, and each secret into a file of its own beside "
        "it.\n\n"
        "FILE is the file to write, if its name ends with .toml; otherwise it is a .env file whose variables are taken "
        "in place of those that are set. Without one, the configuration goes where --config says, or to its usual "
        "place. Nothing that exists is changed."
    ),
)
@click.argument("file", required=False)
@pass_invocation
def command(invocation: Invocation, file: str | None) -> None:
    written = file if file is not None and file.endswith(".toml") else None
    read = file if written is None else None
    path, _is_named = new_config_path(written or invocation.config)
    base = os.path.dirname(os.path.abspath(read)) if read else os.getcwd()
    imported = import_variables(read_env_file(read) if read else os.environ, path, base)
    for caution in imported.cautions:
        invocation.warn(caution)
    if invocation.json:
        output.write_document({"done": _steps(imported), "skipped": [], "problems": []})
        return
    for step in _steps(imported):
        invocation.say(f"{printable(step['object'])}: {step['detail']}")
    for line in imported.text.splitlines():
        output.write_text(printable(line))


def _steps(imported: Imported) -> list[dict[str, str]]:
    secrets = [
        {"what": "secret", "object": path, "detail": _("made, for its owner alone")} for path in imported.secrets
    ]
    return [{"what": "configuration", "object": imported.path, "detail": _("made")}, *secrets]
