"""The keys line: the last line of every page, with the keys that do something there."""

from dataclasses import dataclass

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events, on
from textual.binding import Binding
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

GENERAL = ("page.palette", "page.help", "page.leave")
"""Bindings that every page has; they stand last, and stay where there is no room for all."""

GAP = "  "


@dataclass(frozen=True)
class Hint:
    """A key and what it does."""

    key: str
    shown: str
    """The key as it is written."""
    text: str
    is_enabled: bool
    is_general: bool

    @property
    def width(self) -> int:
        """Columns of the terminal."""
        return cell_len(self.shown) + 1 + cell_len(self.text)


class KeysLine(Widget):
    """Keys in the order of their bindings, the page's own first. A click presses a key."""

    DEFAULT_CSS = """
    KeysLine {
        dock: bottom; height: 1; padding: 0 1;
        background: $footer-background; color: $footer-description-foreground;
        & > .keys--key { color: $footer-key-foreground; text-style: bold; }
        & > .keys--off { color: $footer-description-foreground 50%; }
    }
    """
    COMPONENT_CLASSES = {"keys--key", "keys--off"}

    def __init__(self) -> None:
        super().__init__()
        self._hints: list[Hint] = []

    def on_mount(self) -> None:
        """Follow the focus: each place has keys of its own."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def render_line(self, y: int) -> Strip:
        base = self.rich_style
        segments = []
        for hint in self._shown():
            text, key = (base, self._style("key")) if hint.is_enabled else (self._style("off"), self._style("off"))
            segments += [Segment(f"{hint.shown} ", key), Segment(f"{hint.text}{GAP}", text)]
        return Strip(segments).adjust_cell_length(self.size.width, base)

    @on(events.Click)
    def _clicked(self, event: events.Click) -> None:
        at = 0
        for hint in self._shown():
            if at <= event.x - self.gutter.left < at + hint.width and hint.is_enabled:
                self.app.simulate_key(hint.key)
                return
            at += hint.width + len(GAP)

    def _changed(self, screen: Screen[object]) -> None:
        """Look which keys there are by now."""
        if screen is not self.screen:
            return
        hints = self._found()
        if hints != self._hints:
            self._hints = hints
            self.refresh()

    def _found(self) -> list[Hint]:
        found: dict[str, tuple[int, Hint]] = {}
        for _node, binding, enabled, _tooltip in self.screen.active_bindings.values():
            if binding.show and binding.action not in found and not self._is_typed(binding):
                place = GENERAL.index(binding.id) if binding.id in GENERAL else -1
                shown = self.app.get_key_display(binding)
                found[binding.action] = place, Hint(binding.key, shown, binding.description, enabled, place >= 0)
        return [hint for _place, hint in sorted(found.values(), key=lambda each: each[0])]

    def _is_typed(self, binding: Binding) -> bool:
        """Whether a key is text for what has the focus; Textual itself does not know that of the slash."""
        focused = self.screen.focused
        return binding.key == "slash" and focused is not None and focused.check_consume_key("slash", "/")

    def _shown(self) -> list[Hint]:
        """Return what there is room for; the page's own keys go first, the last of them first of all."""
        shown = list(self._hints)
        own = sum(not hint.is_general for hint in shown)
        while own and sum(hint.width + len(GAP) for hint in shown) - len(GAP) > self.size.width:
            own -= 1
            del shown[own]
        return shown

    def _style(self, name: str) -> Style:
        return self.rich_style + self.get_component_rich_style(f"keys--{name}", partial=True)
