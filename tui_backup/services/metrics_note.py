"""What is noted of the metrics file in the state, so that nobody has to ask the disk on which it lies."""

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec

from tui_backup.primitives.atomic import write_whole


class MetricsNote(msgspec.Struct, frozen=True, kw_only=True):
    """How writing the file went last."""

    path: str = ""
    """Where it was; another one is another file."""
    written_at: datetime | None = None
    failing_since: datetime | None = None
    """None: it went well."""
    reason: str = ""
    """Why not, for people."""


def load_note(state_dir: Path, path: str) -> MetricsNote:
    """Return what is known of the file of that name; nothing where there is no note."""
    try:
        note = msgspec.json.decode(_place(state_dir).read_bytes(), type=MetricsNote)
    except (OSError, msgspec.DecodeError):
        note = MetricsNote()
    return note if note.path == path else MetricsNote(path=path)


def save_note(state_dir: Path, note: MetricsNote) -> None:
    """Keep what is known; where that cannot be written, the file is written again sooner than need be."""
    with suppress(OSError):
        write_whole(os.fspath(_place(state_dir)), msgspec.json.encode(note))


def _place(state_dir: Path) -> Path:
    return state_dir / "metrics.json"
