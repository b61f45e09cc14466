"""An estate whose job was backed up twice, with something of everything in between."""

import os
from pathlib import Path

from tests.support.estate import Estate, build_estate
from tests.support.trees import write_tree
from tui_backup.engine.diff import Change
from tui_backup.services.browsing.directories import Copy
from tui_backup.services.workspace import Workspace


def looked_into(directory: Path) -> Estate:
    """Back up a directory, change it, back it up again."""
    estate = build_estate(directory)
    write_tree(estate.source, {"same/x": b"x", "gone/y": b"y", "text": b"one", "z": b"", "deep/a/b": b"1"})
    estate.run()
    write_tree(estate.source, {"new/file": b"n", "text": b"three", "deep/a/b": b"2"})
    for name in ("gone/y", "gone"):
        (os.rmdir if name == "gone" else os.remove)(estate.source / name)
    estate.run()
    return estate


def copies(workspace: Workspace, repository: str = "local") -> list[Copy]:
    """Return the snapshots of a repository, oldest first."""
    return [Copy(snapshot=each, repository=repository) for each in workspace.repository(repository).snapshots()]


def told(estate: Estate, changes: dict[bytes, Change]) -> dict[str, str]:
    """Return changes by the path below the source."""
    return {os.path.relpath(os.fsdecode(path), estate.source): change.value for path, change in changes.items()}
