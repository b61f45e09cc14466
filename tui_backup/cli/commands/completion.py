"""`completion`: print the completion script of a shell."""

import click
from click.shell_completion import get_completion_class

from tui_backup.cli import output
from tui_backup.primitives.i18n import _


@click.command(
    short_help=_("Print the completion script of a shell."),
    help=_(
        "Print what makes a shell complete our commands and options.\n\n"
        'Put `eval "$(tui-backup completion bash)"` into ~/.bashrc, or the like for zsh; for fish, write it '
        "to ~/.config/fish/completions/tui-backup.fish."
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    completion = get_completion_class(shell)
    assert completion is not None
    script = completion(ctx.find_root().command, {}, "tui-backup", "_TUI_BACKUP_COMPLETE").source()
    output.write_text(script)
