"""Taking: what leads away from a snapshot: a file or a tar file in the working directory, or a comparison."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from tui_backup.model.entry import Entry, EntryKind
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import number, printable
from tui_backup.services.directories import Copy
from tui_backup.services.handing_out import Target, target_for, write_archive, write_file
from tui_backup.services.workspace import Workspace
from tui_backup.tui.browser.reading_page import ReadingPage
from tui_backup.tui.dialogs.confirm import Confirm, Question
from tui_backup.tui.words import brief_size, exact

Writing = Callable[[Workspace, bytes, Watch], bytes]
"""Writes something to a path or the next free one beside; returns where it is."""


@dataclass(frozen=True)
class Wish:
    """What somebody wants to have written."""

    title: str
    name: bytes
    """The file's."""
    facts: Sequence[str]
    size: int | None
    """Bytes; None: nobody knows before it is written."""
    writing: Writing


def write(page: ReadingPage, copy: Copy, entry: Entry) -> None:
    """Ask whether a file is to be written into the working directory, and write it."""
    if entry.kind is not EntryKind.FILE:
        page.notify(_("Only a file can be written; x exports anything as a tar file"))
        return
    facts = [_("{path} as it was at {time}").format(path=printable(entry.path), time=_time(page, copy))]
    size = _("{size}, readable by you alone").format(size=brief_size(entry.size))

    def writing(workspace: Workspace, target: bytes, watch: Watch) -> bytes:
        return write_file(workspace, copy, entry.path, target, watch)

    _begin(page, Wish(_("Write a file"), os.path.basename(entry.path), [*facts, size], entry.size, writing))


def export(page: ReadingPage, copy: Copy, entries: Sequence[Entry]) -> None:
    """Ask whether entries are to be written as a tar file into the working directory, and write it."""
    paths = [entry.path for entry in entries]
    stem = os.path.basename(paths[0]) if len(paths) == 1 else os.fsencode(copy.snapshot.job or copy.snapshot.host)
    shown = [printable(path) for path in paths[:5]]
    if len(paths) > len(shown):
        more = ngettext("and {count} more", "and {count} more", len(paths) - len(shown))
        shown.append(more.format(count=number(len(paths) - len(shown))))
    is_known = all(entry.kind is not EntryKind.DIR for entry in entries)
    size = sum(entry.size for entry in entries) if is_known else None
    facts = [*shown, _("as they were at {time}, with owners, permissions and times").format(time=_time(page, copy))]

    def writing(workspace: Workspace, target: bytes, watch: Watch) -> bytes:
        return write_archive(workspace, copy, paths, target, watch)

    name = b"%s-%s.tar" % (stem, copy.snapshot.short_id.encode())
    _begin(page, Wish(_("Export as tar"), name, facts, size, writing))


def _begin(page: ReadingPage, wish: Wish) -> None:
    """Find out where it would go, then ask."""
    page.read(
        lambda _watch: target_for(wish.name),
        partial(_ask, page, wish),
        telling=lambda _watch: _("looking at the working directory…"),
    )


def _ask(page: ReadingPage, wish: Wish, target: Target) -> None:
    warnings = []
    if wish.size is not None and wish.size > target.free:
        warnings.append(_("there are only {free} free").format(free=brief_size(target.free)))
    question = Question(
        title=wish.title,
        host=page.desk.workspace.host,
        target=printable(target.path),
        facts=wish.facts,
        warnings=warnings,
        undo=_("Nothing is written over: if the name is taken, the next one is used."),
        action=_("Write"),
    )

    def answered(agreed: bool | None) -> None:
        if agreed:
            _carry_out(page, wish, target)

    page.app.push_screen(Confirm(question), answered)


def _carry_out(page: ReadingPage, wish: Wish, target: Target) -> None:
    def work(watch: Watch) -> bytes:
        with page.desk.reading() as workspace:
            return wish.writing(workspace, target.path, watch)

    def telling(watch: Watch) -> str:
        done = brief_size(watch.bytes_done)
        if wish.size is None:
            return _("writing {name}: {done}").format(name=printable(wish.name), done=done)
        text = _("writing {name}: {done} of {size}")
        return text.format(name=printable(wish.name), done=done, size=brief_size(wish.size))

    page.read(work, partial(_written, page), telling=telling)


def _written(page: ReadingPage, path: bytes) -> None:
    page.notify(_("Written: {path}").format(path=printable(path)), markup=False)


def _time(page: ReadingPage, copy: Copy) -> str:
    return exact(copy.snapshot.time, page.desk.zone)
