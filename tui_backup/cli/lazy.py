"""Commands that are imported when they are called: the help lists them without importing any."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import click

from tui_backup.cli.invocation import Invocation
from tui_backup.errors import UsageError
from tui_backup.primitives.i18n import _


class LazyGroup(click.Group):
    """A group whose commands live in modules of their own, as `command`.

    `lines` gives name -> one line of help, in the order of the help; `aliases` gives other name -> name; `later` names
    commands that are documented and that this version does not have.
    """

    package: str
    lines: Callable[[], Mapping[str, str]]
    later: tuple[str, ...] = ()
    aliases: Mapping[str, str] = {}

    def __init__(self, *args: Any, **options: Any) -> None:
        self.package = options.pop("package")
        self.lines = options.pop("lines")
        self.later = options.pop("later", ())
        self.aliases = options.pop("aliases", {})
        super().__init__(*args, **options)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the help."""
        return list(self.lines())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command, or return one that says that it comes later."""
        if cmd_name in self.later:
            return later_command(cmd_name)
        cmd_name = self.aliases.get(cmd_name, cmd_name)
        if cmd_name not in self.lines():
            return None
        command: click.Command = import_module(f"{self.package}.{cmd_name.replace('-', '_')}").command
        take_json(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands with their lines."""
        with formatter.section(_("Commands")):
            formatter.write_dl(list(self.lines().items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """Return the commands that begin like this."""
        from click.shell_completion import CompletionItem

        names = [CompletionItem(name, help=line) for name, line in self.lines().items() if name.startswith(incomplete)]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]


def later_command(name: str) -> click.Command:
    """Return a hidden command that says plainly that this version does not have it."""

    def refuse() -> None:
        raise UsageError(_("this version cannot run {command!r} yet").format(command=name))

    return click.Command(
        name,
        callback=refuse,
        hidden=True,
        add_help_option=False,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )


def take_json(command: click.Command) -> None:
    """Let a command and its own commands take `--json` behind their names."""
    if not any("--json" in parameter.opts for parameter in command.params):
        command.params.append(
            click.Option(
                ["--json"], is_flag=True, expose_value=False, callback=_ask_json, help=_("Write JSON instead of text.")
            )
        )
    if isinstance(command, click.Group):
        for each in command.commands.values():
            take_json(each)


def _ask_json(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        ctx.ensure_object(Invocation).json = True
