"""Sieve: a line that says which records are shown, facet by facet; a key or a click takes the next value of a facet."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable

GAP = "   "


@dataclass
class Facet:
    """One thing that records can be told apart by."""

    id: str
    label: str
    key: str
    """What is pressed for its next value; shown beside it."""
    word: Callable[[str], str] = str
    """Returns how people call a value."""
    values: Sequence[str] = ()
    chosen: str | None = None
    """None: all of them."""
    spans: tuple[int, int] = field(default=(0, 0), repr=False)
    """Where it is shown."""


class Sieve(Widget):
    """The facets in one line, and how many records that leaves."""

    DEFAULT_CSS = """
    Sieve { height: 1; padding: 0 1; color: $quiet; }
    """

    class Changed(Message):
        """Other records are to be shown."""

    def __init__(self, facets: Sequence[Facet], *, id: str | None = None) -> None:  # noqa: A002 - as every widget has it
        super().__init__(id=id)
        self._facets = {facet.id: facet for facet in facets}
        self._told = ""

    @property
    def chosen(self) -> dict[str, str]:
        """The facets of which one value is chosen, and that value."""
        return {facet.id: facet.chosen for facet in self._facets.values() if facet.chosen is not None}

    def offer(self, facet: str, values: Iterable[str]) -> None:
        """Let somebody choose among these values; one that was chosen stays among them."""
        known = self._facets[facet]
        known.values = sorted({*values, *([known.chosen] if known.chosen else [])})
        self.refresh()

    def choose(self, facet: str, value: str | None) -> None:
        """Show only records of this value; None: of any."""
        self._facets[facet].chosen = value
        self._change()

    def step(self, facet: str) -> None:
        """Take the next value of a facet; behind the last one comes every value."""
        known = self._facets[facet]
        following = [None, *known.values]
        at = following.index(known.chosen) if known.chosen in following else 0
        self.choose(facet, following[(at + 1) % len(following)])

    def clear(self) -> None:
        """Show everything."""
        for facet in self._facets.values():
            facet.chosen = None
        self._change()

    def tell(self, text: str) -> None:
        """Say how many there are."""
        self._told = text
        self.refresh()

    def render(self) -> Content:
        parts: list[tuple[str, str]] = []
        at = 0
        for facet in self._facets.values():
            value = printable(facet.word(facet.chosen)) if facet.chosen is not None else _("all")
            shown = (f"{facet.key} ", f"{facet.label} ", value)
            styles = ("$accent bold", "", "" if facet.chosen is None else "$foreground bold")
            parts += [*zip(shown, styles, strict=True), (GAP, "")]
            width = sum(map(cell_len, shown))
            facet.spans = (at, at + width)
            at += width + len(GAP)
        return Content.assemble(*parts, (self._told, ""))

    def on_click(self, event: events.Click) -> None:
        """Take the next value of what was clicked on."""
        offset = event.get_content_offset(self)
        for facet in self._facets.values():
            if offset is not None and facet.spans[0] <= offset.x < facet.spans[1]:
                self.step(facet.id)
                return

    def _change(self) -> None:
        self.refresh()
        self.post_message(self.Changed())
