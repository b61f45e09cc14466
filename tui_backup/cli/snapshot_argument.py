"""From the name of a snapshot on the command line to the snapshot."""

from collections.abc import Sequence

from tui_backup.cli.invocation import Invocation
from tui_backup.services.storage.snapshots import Filter, Found, Reach, reach, resolve


def reach_aloud(invocation: Invocation, repository: str | None, names: Sequence[str] = ()) -> Reach:
    """Reach repositories, and archives among these names, warning of those that could not be."""
    reached = reach(invocation.workspace, repository, names)
    for trouble in reached.troubles:
        invocation.warn(trouble.error.message)
    return reached


def find_snapshot(invocation: Invocation, name: str, repository: str | None = None, host: str | None = None) -> Found:
    """Return the snapshot of that name, warning of what whoever named it should know."""
    reached = reach_aloud(invocation, repository, [name])
    return resolve_aloud(invocation, reached, name, Filter(repository=repository, host=host))


def resolve_aloud(invocation: Invocation, reached: Reach, name: str, only: Filter) -> Found:
    """Return the snapshot of that name among those reached."""
    found = resolve(reached, name, only)
    for warning in found.warnings:
        invocation.warn(warning)
    return found
