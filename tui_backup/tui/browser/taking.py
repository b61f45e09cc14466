"""Taking: what leads away from a snapshot: a file or a tar file in the working directory, or a comparison."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from tui_backup.model.entry import Entry, EntryKind
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import number, printable
from tui_backup.services.browsing.directories import Copy
from tui_backup.services.restore.exporting import formats
from tui_backup.services.restore.handing_out import HandedOut, Target, target_for, write_archive, write_file
from tui_backup.services.workspace import Workspace
from tui_backup.tui.browser.export_dialog import ExportDialog
from tui_backup.tui.browser.reading_page import ReadingPage
from tui_backup.tui.dialogs.confirm import Confirm, Question
from tui_backup.tui.words import brief_size, exact

Writing = Callable[[Workspace, bytes, str, Watch], HandedOut]
"""Writes something to a path or the next free one beside, as an archive of that format if it is one."""


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
    is_archive: bool = False
    """Whether there are formats to choose from."""


def write(page: ReadingPage, copy: Copy, entry: Entry) -> None:
    """Ask whether a file is to be written into the working directory, and write it."""
    if entry.kind is not EntryKind.FILE:
        page.notify(_("Only a file can be written; x exports anything as an archive"))
        return
    facts = [_("{path} as it was at {time}").format(path=printable(entry.path), time=_time(page, copy))]
    size = _("{size}, readable by you alone").format(size=brief_size(entry.size))

    def writing(workspace: Workspace, target: bytes, _format: str, watch: Watch) -> HandedOut:
        return write_file(workspace, copy, entry.path, target, watch)

    _begin(page, Wish(_("Write a file"), os.path.basename(entry.path), [*facts, size], entry.size, writing))


def export(page: ReadingPage, copy: Copy, entries: Sequence[Entry]) -> None:
    """Ask whether, and as what, entries are to be written into the working directory, and write them."""
    paths = [entry.path for entry in entries]
    stem = os.path.basename(paths[0]) if len(paths) == 1 else os.fsencode(copy.snapshot.job or copy.snapshot.host)
    shown = [printable(path) for path in paths[:5]]
    if len(paths) > len(shown):
        more = ngettext("and {count} more", "and {count} more", len(paths) - len(shown))
        shown.append(more.format(count=number(len(paths) - len(shown))))
    is_known = all(entry.kind is not EntryKind.DIR for entry in entries)
    size = sum(entry.size for entry in entries) if is_known else None
    facts = [*shown, _("as they were at {time}, with owners, permissions and times").format(time=_time(page, copy))]

    def writing(workspace: Workspace, target: bytes, format_: str, watch: Watch) -> HandedOut:
        return write_archive(workspace, copy, paths, format_, target, watch)

    name = b"%s-%s.%s" % (stem, os.fsencode(copy.snapshot.short_id), formats()[0].encode())
    _begin(page, Wish(_("Export"), name, facts, size, writing, is_archive=True))


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

    if not wish.is_archive:
        page.app.push_screen(Confirm(question), lambda agreed: _carry_out(page, wish, target.path, "", agreed))
        return
    dialog = ExportDialog(question, target.path.removesuffix(b"." + formats()[0].encode()), page.desk.glyphs)
    page.app.push_screen(dialog, lambda agreed: _carry_out(page, wish, dialog.target, dialog.format, agreed))


def _carry_out(page: ReadingPage, wish: Wish, target: bytes, format_: str, agreed: bool | None) -> None:
    if not agreed:
        return

    def work(watch: Watch) -> HandedOut:
        with page.desk.reading() as workspace:
            return wish.writing(workspace, target, format_, watch)

    def telling(watch: Watch) -> str:
        done = brief_size(watch.bytes_done)
        if wish.size is None:
            return _("writing {name}: {done}").format(name=printable(wish.name), done=done)
        text = _("writing {name}: {done} of {size}")
        return text.format(name=printable(wish.name), done=done, size=brief_size(wish.size))

    page.read(work, partial(_written, page), telling=telling)


def _written(page: ReadingPage, written: HandedOut) -> None:
    text = _("Written: {path}").format(path=printable(written.path))
    if written.unreadable:
        count = written.unreadable
        missing = ngettext("{count} file could not be read", "{count} files could not be read", count)
        text = f"{text}\n{missing.format(count=number(count))}"
    page.notify(text, markup=False, severity="warning" if written.unreadable else "information")


def _time(page: ReadingPage, copy: Copy) -> str:
    return exact(copy.snapshot.time, page.desk.zone)
