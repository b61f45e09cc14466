"""Titles of panes. Setting one draws the whole pane again, so it is set only where it is another."""

from textual.widget import Widget


def entitle(pane: Widget, *, title: str | None = None, subtitle: str | None = None) -> None:
    """Give a pane titles; None leaves one as it is."""
    if title is not None and str(pane.border_title or "") != title:
        pane.border_title = title
    if subtitle is not None and str(pane.border_subtitle or "") != subtitle:
        pane.border_subtitle = subtitle
