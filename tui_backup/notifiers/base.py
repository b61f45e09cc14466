"""The contract of a notifier: who is told, and how."""

from collections.abc import Iterator
from typing import ClassVar, Final, Protocol

from tui_backup.model.notice import Notice, Topic
from tui_backup.primitives.secret import SecretSource

TIMEOUT_S: Final = 30.0
"""How long one delivery may take in all."""

TROUBLES: Final = frozenset(
    {
        Topic.FAILURE, Topic.INCOMPLETE, Topic.STALE, Topic.DAMAGED, Topic.LOW_SPACE, Topic.SUDDEN_CHANGE,
        Topic.PROOF_FAILED, Topic.RECOVERY,
    }
)  # fmt: skip
"""What people want to hear of who want to hear only when something is wrong."""


class Notifier(Protocol):
    """Adapters are frozen structs of their options; making one does no I/O."""

    default_topics: ClassVar[frozenset[Topic]]
    """What it is told of where the configuration has no `on`."""

    def rooted(self, base: str) -> "Notifier":
        """Return the same with the relative paths of secrets and programs taken from the directory `base`."""
        ...

    def describe(self) -> str:
        """Return where it leads, as far as that is no secret: `https://example.org`, `2 addresses by mail.example.org`.

        Asks for no secret that is kept elsewhere.
        """
        ...

    def check_here(self) -> None:
        """Look whether this machine has what it needs besides secrets; raises ConfigError (`key: reason`) otherwise."""
        ...

    def secrets(self) -> Iterator[tuple[tuple[str | int, ...], SecretSource]]:
        """Yield every secret with its place in the table: `("password",)`, `("headers", "Authorization")`.

        An address is one if it is kept elsewhere, or looks as if whoever knows it may use it.
        """
        ...

    def send(self, notice: Notice) -> None:
        """Deliver a notice by one attempt; it is there, or at least in other hands, when this returns.

        Takes no longer than TIMEOUT_S, but for the programs that know the secrets.

        Raises:
            NotDelivered: it was refused, or nobody answers; `transient` says whether trying again may help.
            ConfigError: a secret cannot be had, or makes no sense.
        """
        ...
