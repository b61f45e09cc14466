"""Line: one line of text with two ends, of which the right one is always whole."""

from rich.cells import cell_len
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from tui_backup.primitives.text import printable
from tui_backup.tui.widgets.cells import Crop, shortened


class Line(Widget):
    """What stands at the left loses what does not fit; text from data may be given as it is."""

    DEFAULT_CSS = """
    Line { height: 1; color: $quiet; }
    Line.-strong { color: $foreground; text-style: bold; }
    Line.-bad { color: $text-error; }
    Line.-careful { color: $text-warning; }
    """

    left: reactive[str] = reactive("")
    right: reactive[str] = reactive("")

    def __init__(self, *, crop: Crop = "end", id: str | None = None, classes: str = "") -> None:  # noqa: A002 - as every widget has it
        """`crop` says where the left end is cut."""
        super().__init__(id=id, classes=classes)
        self._crop = crop

    def render(self) -> Content:
        """Draw both ends."""
        right = printable(self.right)
        room = self.content_size.width - cell_len(right) - (1 if right else 0)
        left = shortened(printable(self.left), max(0, room), self._crop)
        return Content(f"{left} ").append(Content.styled(right, "not bold")) if right else Content(left)

    def say(self, text: str, kind: str = "") -> None:
        """Show a text at the left; `kind` is bad, careful or nothing."""
        self.set_class(kind == "bad", "-bad")
        self.set_class(kind == "careful", "-careful")
        self.left = text
