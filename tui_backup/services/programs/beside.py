"""Beside a run: programs of the user's are carried out for it; what they write is told, secrets in it masked."""

import shlex
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from tui_backup.config.settings import Config
from tui_backup.errors import ConfigError, HookFailed
from tui_backup.primitives.cancel import CancelToken
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of
from tui_backup.primitives.redaction import redacted
from tui_backup.primitives.text import printable

if TYPE_CHECKING:
    from tui_backup.primitives.programs import Ended

Told = Callable[[str, str], None]
"""Hears a program, and a line that it wrote."""

_LONGEST_NAME = 100
_LONGEST_VALUE = 4000


class Beside:
    """Carries out programs, in the directory of the configuration."""

    def __init__(
        self,
        config: Config,
        told: Told,
        warn: Callable[[str], None],
        variables: dict[str, str] | None = None,
        cancel: CancelToken | None = None,
    ) -> None:
        """`variables` are what every program gets to know beside the usual; setting `cancel` ends one that runs."""
        self._config = config
        self._told = told
        self._warn = warn
        self._variables = variables or {}
        self._cancel = cancel
        self._has_learnt = False

    def carry_out(
        self,
        argv: Sequence[str],
        timeout_s: float,
        variables: dict[str, str] | None = None,
        *,
        is_cancellable: bool = True,
        heard: Callable[[str], None] | None = None,
        held: int | None = None,
    ) -> "Ended":
        """Run a program to its end; `heard` gets what it writes instead of whoever is told.

        `held` is a descriptor that it holds open for as long as it lives.

        Raises:
            HookFailed: it cannot be started.
            Cancelled: somebody asked for that; it has ended.
        """
        from tui_backup.primitives.programs import Program, run

        name = self.name_of(argv)
        told = heard or (lambda line: self._told(name, self._masked(line)))
        given = {key: printable(value)[:_LONGEST_VALUE] for key, value in (self._variables | (variables or {})).items()}
        program = Program(
            argv=tuple(argv), timeout_s=timeout_s, variables=given, directory=self._config.base, held=held
        )
        try:
            ended = run(program, told, self._cancel if is_cancellable else None)
        except (OSError, ValueError) as error:
            reason = reason_of(error) if isinstance(error, OSError) else str(error)
            raise HookFailed(_("cannot run {program}: {reason}").format(program=name, reason=reason)) from error
        if ended.is_held and heard is None:
            text = _(
                "what {program} has left running ends with the next line that it writes: send its output elsewhere"
            )
            self._warn(text.format(program=name))
        return msgspec.structs.replace(ended, last_line=self._masked(ended.last_line))

    def name_of(self, argv: Sequence[str]) -> str:
        """Return the command line of a program, cut where it is long."""
        name = self._masked(printable(shlex.join(argv)))
        return name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + "…"

    def _masked(self, line: str) -> str:
        """Return a line without the secrets of the configuration that can be had without running anything."""
        if not self._has_learnt:
            self._has_learnt = True
            _learn_secrets(self._config)
        return redacted(line)


def _learn_secrets(config: Config) -> None:
    for key, source in config.secrets():
        if source.command is None:
            with suppress(ConfigError):
                source.resolve(".".join(map(str, key))).reveal()
