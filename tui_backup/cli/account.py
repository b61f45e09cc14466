"""What a command did, left as it was and could not do: the document that scripts see."""

from collections.abc import Mapping
from typing import Any

import msgspec

from tui_backup.cli import output
from tui_backup.cli.codes import worst
from tui_backup.cli.invocation import Invocation
from tui_backup.errors import BackupError
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """One thing, done or not."""

    what: str
    """A fixed word."""
    object: str
    detail: str
    shown: str | None = None
    """The object as people know it."""
    facts: dict[str, Any] = {}
    """Further fields of the document."""


class Account:
    """Filled as a command goes along, and shown at its end."""

    def __init__(self) -> None:
        self.done: list[Deed] = []
        self.skipped: list[Deed] = []
        self.problems: list[Deed] = []
        self._codes: list[int] = []

    def note(self, deed: Deed, *, bad: bool = False) -> None:
        """Note something that was found, and whether it is in trouble."""
        (self.problems if bad else self.done).append(deed)

    def trouble(
        self,
        invocation: Invocation,
        what: str,
        object_: str,
        error: BackupError,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """Note what could not be done, and tell of it."""
        self.problems.append(Deed(what=what, object=object_, detail=error.message, facts=dict(facts or {})))
        self._codes.append(invocation.fail(error, about=object_))

    def close(self, invocation: Invocation) -> int:
        """Write everything; return the exit code."""
        if invocation.json:
            each = {"done": self.done, "skipped": self.skipped, "problems": self.problems}
            output.write_document({key: [_fields(deed) for deed in deeds] for key, deeds in each.items()})
        else:
            for deed in self.done:
                output.write_text(_line(deed, "{object}: {detail}"))
            for deed in self.skipped:
                output.write_text(_line(deed, _("{object}: left as it is: {detail}")))
        output.flush()
        return worst(self._codes)


def _fields(deed: Deed) -> dict[str, Any]:
    return {"what": deed.what, "object": deed.object, "detail": deed.detail, **deed.facts}


def _line(deed: Deed, words: str) -> str:
    return printable(words.format(object=deed.shown or deed.object, detail=deed.detail))
