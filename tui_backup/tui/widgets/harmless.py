"""Harmless: what a widget of Textual draws, without what a terminal would obey."""

from textual.strip import Strip

from tui_backup.primitives.text import without_controls


def harmless(strip: Strip) -> Strip:
    """Return a line without control characters and marks that reorder it; they take no room, so nothing moves."""
    segments = [segment._replace(text=without_controls(segment.text)) for segment in strip]
    return Strip(segments, strip.cell_length)
