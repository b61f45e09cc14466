"""Titles of panes. Setting one draws the whole pane again, so it is set only where it is another."""

from textual.content import Content
from textual.widget import Widget


def entitle(pane: Widget, *, title: str | None = None, subtitle: str | None = None) -> None:
    """Give a pane titles; None leaves one as it is."""
    if title is not None and (pane.border_title or "") != Content(title).markup:
        pane.border_title = Content(title)
    if subtitle is not None and (pane.border_subtitle or "") != Content(subtitle).markup:
        pane.border_subtitle = Content(subtitle)
