"""Command: a program of the user's gets the notice, as JSON and as variables."""

import os
from collections.abc import Iterator
from typing import Annotated, ClassVar, Self

import msgspec

from tui_backup.errors import ConfigError, NotDelivered
from tui_backup.model.notice import Notice, Topic
from tui_backup.notifiers import base
from tui_backup.notifiers.base import TROUBLES
from tui_backup.notifiers.rendering import fields_of
from tui_backup.primitives.about import About
from tui_backup.primitives.i18n import N_, _
from tui_backup.primitives.reasons import reason_of
from tui_backup.primitives.secret import SecretSource


class CommandNotifier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Runs a program without shell and terminal, for no longer than a delivery may take."""

    default_topics: ClassVar[frozenset[Topic]] = TROUBLES

    command: Annotated[tuple[str, ...], About(N_("Command"), N_("Program and arguments, one a line; no shell"))]

    def __post_init__(self) -> None:
        if not self.command or not self.command[0]:
            raise ConfigError(_("command: must name a program"))

    def rooted(self, base: str) -> Self:
        """Return the same with the path of the program taken from `base`, where it is one."""
        program, *arguments = self.command
        if "/" in program or program.startswith("~"):
            program = os.path.normpath(os.path.join(base, os.path.expanduser(program)))
        return msgspec.structs.replace(self, command=(program, *arguments))

    def describe(self) -> str:
        """Return the program, without its arguments."""
        return self.command[0]

    def check_here(self) -> None:
        """Look for the program."""
        import shutil

        if shutil.which(self.command[0]) is None:
            raise ConfigError(_("command: there is no program {program}").format(program=self.command[0]))

    def secrets(self) -> Iterator[tuple[tuple[str | int, ...], SecretSource]]:
        """Yield nothing: it has none of its own."""
        yield from ()

    def send(self, notice: Notice) -> None:
        """Run the program, with the JSON on its standard input; it has to end with exit code 0."""
        from tui_backup.primitives.programs import Program, run

        fields = fields_of(notice)
        program = Program(
            argv=self.command,
            timeout_s=base.TIMEOUT_S,
            variables={f"TUI_BACKUP_{name.upper()}": _text(value) for name, value in fields.items()},
            given=msgspec.json.encode(fields) + b"\n",
        )
        try:
            ended = run(program)
        except OSError as error:
            text = _("cannot run {program}: {reason}").format(program=self.command[0], reason=reason_of(error))
            raise NotDelivered(text) from error
        if not ended.went_well:
            text = _("{program} {verdict}").format(program=self.command[0], verdict=ended.verdict)
            raise NotDelivered(text)


def _text(value: object) -> str:
    """Return a field as a variable has it: nothing for what is unknown, 1 or 0 for yes or no."""
    if value is None or isinstance(value, bool):
        return str(int(value or 0)) if value is not None else ""
    return str(value).replace("\0", "")
