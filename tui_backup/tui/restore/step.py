"""Step: what the steps of the wizard share."""

from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.message import Message

from tui_backup.tui.restore.choices import Choices

if TYPE_CHECKING:
    from tui_backup.tui.page import Page

WAIT_S = 0.1
"""How long nothing is said of what is waited for."""


class Onward(Message):
    """This step is answered: go on."""


class Step(Vertical):
    """One question of the wizard. Its answer goes to the choices as it is given."""

    def __init__(self, page: "Page", choices: Choices, *, id: str) -> None:  # noqa: A002 - as every widget has it
        super().__init__(id=id)
        self.page = page
        self.choices = choices

    def arrive(self) -> None:
        """Show how things stand; somebody has come here, from before or from behind."""

    def leave(self) -> None:
        """Stop what only this step waits for."""

    def objection(self) -> str | None:
        """Return why one cannot go on from here, for people."""
        return None

    def yanked(self) -> str | None:
        """Return what there is to copy."""
        return None
