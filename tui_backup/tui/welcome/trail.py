"""Trail: the steps of something, in one line, with the one at hand."""

from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget


class Trail(Widget):
    """Names of steps; where there is no room, only those near the one at hand."""

    DEFAULT_CSS = """
    Trail { height: 1; padding: 0 1; color: $quiet; }
    """

    at: reactive[int] = reactive(0)
    """Number of the step at hand, from 0."""

    def __init__(self, names: Sequence[str], *, id: str | None = None) -> None:  # noqa: A002 - as every widget has it
        super().__init__(id=id)
        self._names = names

    def render(self) -> Content:
        names = [f"{number} {name}" for number, name in enumerate(self._names, 1)]
        first = 0
        while first < self.at and sum(cell_len(name) + 3 for name in names[first:]) > self.size.width:
            first += 1
        pieces = [
            Content.styled(name, "$accent bold" if number == self.at else "") for number, name in enumerate(names)
        ]
        return Content("   ").join(pieces[first:])
