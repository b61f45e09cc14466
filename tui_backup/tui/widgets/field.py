"""Field: one line to type into, without a box and without a blinking cursor."""

from textual.strip import Strip
from textual.suggester import Suggester
from textual.widgets import Input

from tui_backup.tui.widgets.harmless import harmless


class Field(Input):
    """An input that moves nothing while nobody types."""

    DEFAULT_CSS = """
    Field, Field.-textual-compact { background: $panel; padding: 0 1; }
    Field:focus { background: $block-cursor-blurred-background; background-tint: transparent; }
    Field:ansi, Field:nocolor { text-style: underline; }
    Field:nocolor > .input--cursor { text-style: reverse; }
    """

    def __init__(
        self,
        value: str = "",
        *,
        placeholder: str = "",
        restrict: str | None = None,
        suggester: Suggester | None = None,
        id: str | None = None,  # noqa: A002 - as every widget has it
    ) -> None:
        super().__init__(
            value,
            placeholder=placeholder,
            restrict=restrict,
            suggester=suggester,
            id=id,
            compact=True,
            select_on_focus=False,
        )
        self.cursor_blink = False

    def render_line(self, y: int) -> Strip:
        """Draw it; whatever somebody pastes means nothing to the terminal."""
        return harmless(super().render_line(y))
