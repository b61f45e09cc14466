"""Remaking: objects and sources that come, go and get other names. Nothing of it is in the file before it is saved."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from tui_backup.config.fields import kinds
from tui_backup.errors import ConfigError
from tui_backup.primitives.i18n import _
from tui_backup.tui.configuration.dialogs import NameDialog
from tui_backup.tui.configuration.draft_board import DraftBoard
from tui_backup.tui.configuration.objects import Kind, Thing
from tui_backup.tui.dialogs.confirm import Confirm, Question

if TYPE_CHECKING:
    from tui_backup.tui.configuration.page import ConfigurationPage


class Remaking:
    """Does so for a page."""

    def __init__(self, page: "ConfigurationPage") -> None:
        self._page = page

    def add(self, kind: Kind) -> None:
        """Ask for a name, and add an object."""
        board = self._page.board
        if board is None or self._page.is_text:
            return
        titles: dict[Kind, str] = {
            "jobs": _("New job"), "repositories": _("New repository"), "notifiers": _("New notifier")
        }  # fmt: skip
        title = titles[kind]
        words = _("Snapshots carry its name: choose one that lasts. Letters a-z, digits, dot, dash, underscore.")
        if kind == "notifiers":
            words = _("Letters a-z, digits, dot, dash, underscore.")
        dialog = NameDialog(title, words, board.names(kind))
        self._page.app.push_screen(dialog, partial(self._add, board, kind))

    def rename(self) -> None:
        """Ask for another name for the object that is shown."""
        board, thing = self._page.board, self._page.thing
        if board is None or thing is None or thing.name is None or self._page.is_text:
            return
        words = _("Its password and snapshots stay; jobs that name it follow.")
        if thing.kind == "notifiers":
            words = _("What waits to be told under its former name is not told any more.")
        elif thing.kind == "jobs":
            words = _("Snapshots made so far stay under the former name, and keep no longer looks after them.")
        dialog = NameDialog(thing.title, words, board.names(thing.kind), thing.name)
        self._page.app.push_screen(dialog, partial(self._rename, board, thing))

    def remove(self) -> None:
        """Ask, and take the object that is shown out."""
        board, thing = self._page.board, self._page.thing
        if board is None or thing is None or thing.name is None or self._page.is_text:
            return
        question = Question(
            title=_("Take out of the configuration"),
            host=self._page.desk.workspace.host,
            target=thing.title,
            facts=_facts(board, thing),
            warnings=_warnings(board, thing),
            undo=_("Nothing changes before you save."),
            action=_("Take it out"),
        )
        self._page.app.push_screen(Confirm(question), partial(self._remove, board, thing))

    def add_source(self) -> None:
        """Add a source to the job that is shown."""
        board, thing = self._page.board, self._page.thing
        if board is None or thing is None or thing.kind != "jobs" or thing.name is None or self._page.is_text:
            return
        sources = board.listed((*thing.key, "sources"))
        self._do(lambda: board.give((*thing.key, "sources", len(sources)), {"kind": kinds("source")[0]}), thing)
        self._page.form.call_later(self._page.form.go_to, (*thing.key, "sources", len(sources)))

    def take_source(self, place: int) -> None:
        """Take a source of the job that is shown out."""
        board, thing = self._page.board, self._page.thing
        if board is not None and thing is not None:
            self._do(lambda: board.give((*thing.key, "sources", place), None), thing)

    def _add(self, board: DraftBoard, kind: Kind, name: str | None) -> None:
        if name is not None:
            thing = Thing(kind, name)
            self._do(lambda: board.add(thing), thing)
            self._page.form.call_later(self._page.form.go_to, ())

    def _rename(self, board: DraftBoard, thing: Thing, name: str | None) -> None:
        if name is not None:
            self._do(lambda: board.rename(thing, name), Thing(thing.kind, name))

    def _remove(self, board: DraftBoard, thing: Thing, agreed: bool | None) -> None:
        if agreed:
            self._do(lambda: board.remove(thing), None)

    def _do(self, change: Callable[[], None], thing: Thing | None) -> None:
        """Make a change, and show the object that it is about."""
        try:
            change()
        except ConfigError as error:
            self._page.complain(error)
            return
        self._page.redraw(thing)


def _facts(board: DraftBoard, thing: Thing) -> list[str]:
    if thing.kind == "jobs":
        places = ", ".join(map(str, board.listed((*thing.key, "repositories"))))
        return [
            _("It is not backed up any more."),
            _("No backup is deleted: its snapshots stay in {places}.").format(places=places or "-"),
        ]
    if thing.kind == "notifiers":
        return [_("It is told of nothing any more.")]
    return [_("Nothing in it is deleted, and its password file stays.")]


def _warnings(board: DraftBoard, thing: Thing) -> list[str]:
    names = ", ".join(board.named_by(thing))
    if not names:
        return []
    if thing.kind == "jobs":
        return [_("These notifiers name it: {names}").format(names=names)]
    return [_("These jobs name it: {jobs}").format(jobs=names)]
