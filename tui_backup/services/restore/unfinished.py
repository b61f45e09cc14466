"""The restore that was begun last, as long as it has not come to an end: whoever comes next can be asked to go on."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from tui_backup.engine.restore_plan import RestorePlan
from tui_backup.engine.restore_request import Overwrite
from tui_backup.primitives.atomic import write_whole
from tui_backup.primitives.clock import now
from tui_backup.services.runs.current import list_runs

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace

_NAME = "restore"


class Unfinished(msgspec.Struct, frozen=True, kw_only=True):
    """What a restore was asked to do."""

    run: str
    started: datetime
    repository: str
    snapshot: str
    """Full id."""
    target: bytes | None
    """None: in place."""
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    overwrite: Overwrite
    delete: bool
    trusted: bool
    verify: bool


@contextmanager
def noted(workspace: "Workspace", run: str, repository: str, plan: RestorePlan, *, verify: bool) -> Iterator[None]:
    """Note what a restore is about to do, until the block ends well; where that cannot be written it goes on without.

    Of restores that go on together only the one that began last is known.
    """
    request = plan.request
    note = Unfinished(
        run=run,
        started=now(),
        repository=repository,
        snapshot=plan.snapshot.id,
        target=None if request.undo_keep is not None else request.target,
        include=tuple(map(_stored, request.include)),
        exclude=tuple(map(_stored, request.exclude)),
        overwrite=request.overwrite,
        delete=request.delete,
        trusted=request.trusted,
        verify=verify,
    )
    path = _path(workspace)
    with suppress(OSError):
        write_whole(path, msgspec.json.encode(note))
    yield
    if (kept := _read(path)) is not None and kept.run == run:
        with suppress(OSError):
            os.unlink(path)


def unfinished(workspace: "Workspace") -> Unfinished | None:
    """Return the restore that was begun last, if it has not come to an end and its snapshot is still there."""
    note = _read(_path(workspace))
    if note is None or any(run.run == note.run for run in list_runs(workspace.state_dir)):
        return None
    known = (snapshot.id for snapshot in workspace.history.snapshots(note.repository))
    return note if note.snapshot in known else None


def _read(path: str) -> Unfinished | None:
    try:
        with open(path, "rb") as file:
            note = msgspec.json.decode(file.read(), type=Unfinished)
    except (OSError, msgspec.DecodeError):
        return None
    return msgspec.structs.replace(
        note, include=tuple(map(_meant, note.include)), exclude=tuple(map(_meant, note.exclude))
    )


def _path(workspace: "Workspace") -> str:
    return os.path.join(workspace.state_dir, _NAME)


def _stored(line: str) -> str:
    """Return a line so that JSON can hold it: bytes that are not UTF-8 become escapes."""
    return line.encode("utf-8", "surrogateescape").decode("latin-1")


def _meant(line: str) -> str:
    return line.encode("latin-1").decode("utf-8", "surrogateescape")
