"""Exports: a snapshot, or part of one, as an archive that can be opened without this program."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import msgspec

from tui_backup.engine import exporting
from tui_backup.engine.exporting import Choice, Exported, chosen_entries
from tui_backup.errors import UsageError
from tui_backup.formats.containers.registry import CONTAINERS
from tui_backup.model.entry import EntryKind
from tui_backup.model.event import Tended
from tui_backup.model.run import RunStatus, Verb
from tui_backup.model.watch import Warned, Watch
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import printable, size
from tui_backup.services.browsing.opened import reading
from tui_backup.services.restore.new_files import Taken, new_file
from tui_backup.services.runs.run_scope import RunScope, run_scope
from tui_backup.services.storage.snapshots import Found
from tui_backup.stores.base import Sink

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be exported, and as what."""

    found: Found
    format: str
    """One of `formats()`."""
    choice: Choice = Choice()
    heeding_signals: bool = False
    """Whether SIGINT and SIGTERM cancel cleanly; only in the main thread of a program that is ours."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an export."""

    exported: Exported
    troubles: tuple[Warned, ...]
    """Paths that are missing or not whole, and why."""
    status: RunStatus


class Rehearsed(msgspec.Struct, frozen=True, kw_only=True):
    """What an export would hold."""

    entries: int
    bytes: int


def formats() -> tuple[str, ...]:
    """Return the formats that something can be exported as."""
    return tuple(CONTAINERS)


def format_of(name: str) -> str:
    """Return the format that the name of a file stands for; raises UsageError where it stands for none."""
    for format_ in formats():
        if name.lower().endswith(f".{format_}"):
            return format_
    raise UsageError(
        _("the name {name} does not tell the format").format(name=printable(name)),
        hint=_("give it with --format: {formats}").format(formats=", ".join(formats())),
    )


def is_taken(path: str) -> bool:
    """Return whether a file lies where an export is to go; raises UsageError where none can be written."""
    directory = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(directory):
        raise UsageError(_("there is no directory {path}").format(path=printable(directory)))
    if os.path.lexists(path) and not os.path.isfile(path):
        raise UsageError(_("{path} is no file").format(path=printable(path)))
    return os.path.lexists(path)


def rehearse(order: Order, watch: Watch) -> Rehearsed:
    """Find out what an export would hold; raises BackupError where a path that was chosen is not there."""
    entries = bytes_ = 0
    shelf = order.found.shelf
    with reading([shelf], watch):
        for entry in chosen_entries(shelf.repository, order.found.snapshot, order.choice, watch):
            watch.check()
            entries += 1
            bytes_ += entry.size if entry.kind is EntryKind.FILE else 0
    return Rehearsed(entries=entries, bytes=bytes_)


def export_to_file(workspace: "Workspace", order: Order, path: str, *, replace: bool = False) -> Outcome:
    """Write an archive beside its name, which it gets once it is whole.

    Raises:
        BackupError: it cannot be read or written, or, without `replace`, something has that name; nothing stays.
        Cancelled: somebody asked; nothing stays.
    """
    directory, name = os.path.split(os.fsencode(os.path.abspath(path)))
    taken = Taken.REPLACE if replace else Taken.REFUSE
    with _run(workspace, order, path) as scope:
        with new_file(directory, name, taken) as (file, _names):
            outcome = _export(order, file, scope)
        scope.finish(_told(order, outcome, scope))
    return outcome


def export_to(workspace: "Workspace", order: Order, out: Sink) -> Outcome:
    """Write an archive to whoever reads `out`; raises BackupError, and OSError where that takes no more."""
    with _run(workspace, order, "standard output") as scope:
        outcome = _export(order, out, scope)
        scope.finish(_told(order, outcome, scope))
    return outcome


def summary(outcome: Outcome) -> str:
    """Return what was written, and whether something is missing in it."""
    exported = outcome.exported
    words = _("{size} written").format(size=size(exported.bytes_written))
    if exported.files is not None:
        files = ngettext("{count} file, {size} written", "{count} files, {size} written", exported.files)
        words = files.format(count=exported.files, size=size(exported.bytes_written))
    if not outcome.troubles:
        return words
    missing = ngettext("{count} could not be read", "{count} could not be read", len(outcome.troubles))
    return f"{words}; {missing.format(count=len(outcome.troubles))}"


@contextmanager
def _run(workspace: "Workspace", order: Order, target: str) -> Iterator[RunScope]:
    snapshot, shelf = order.found.snapshot, order.found.shelf
    about = f"snapshot {snapshot.short_id} to {target}"
    scope = run_scope(workspace, verb=Verb.EXPORT, job=snapshot.job, repository=shelf.name, about=about)
    with scope.heeding_signals() if order.heeding_signals else nullcontext(), scope:
        yield scope


def _export(order: Order, out: Sink, scope: RunScope) -> Outcome:
    watch, shelf = scope.watch, order.found.shelf
    troubles = watch.collected()
    with reading([shelf], watch):
        exported = exporting.export(shelf.repository, order.found.snapshot, order.format, order.choice, out, watch)
    return Outcome(
        exported=exported,
        troubles=tuple(troubles),
        status=RunStatus.INCOMPLETE if troubles else RunStatus.OK,
    )


def _told(order: Order, outcome: Outcome, scope: RunScope) -> Tended:
    return Tended(
        run=scope.run_id,
        verb=Verb.EXPORT,
        job=order.found.snapshot.job,
        repository=order.found.shelf.name,
        status=outcome.status,
        snapshots=1,
        bytes_added=outcome.exported.bytes_written,
        message=summary(outcome),
    )
