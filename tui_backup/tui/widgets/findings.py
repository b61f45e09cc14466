"""Findings: what was found about an answer, a line each."""

from collections.abc import Sequence

from textual.content import Content
from textual.widgets import Static

from tui_backup.primitives.text import printable
from tui_backup.services.setup.first_start import Finding, Weight
from tui_backup.tui.glyphs import Glyphs

_STYLES = {Weight.SOUND: "$text-success", Weight.CAREFUL: "$text-warning", Weight.WRONG: "$text-error"}


class Findings(Static):
    """Says of an answer what is sound and what is wrong with it."""

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:  # noqa: A002 - as every widget has it
        super().__init__("", markup=False, id=id)
        self._signs = {Weight.SOUND: glyphs.ok, Weight.CAREFUL: glyphs.stale, Weight.WRONG: glyphs.failed}
        self.found: Sequence[Finding] = ()
        """What is shown."""

    def show(self, found: Sequence[Finding]) -> None:
        """Show these findings."""
        self.found = found
        lines = [
            Content.styled(self._signs[finding.weight], _STYLES[finding.weight]).append(f" {printable(finding.text)}")
            for finding in found
        ]
        self.update(Content("\n").join(lines))

    @property
    def are_sound(self) -> bool:
        """Whether one can go on with them."""
        return all(finding.weight is not Weight.WRONG for finding in self.found)
