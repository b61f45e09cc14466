"""Saving: from a draft to the file, with everything that may come between."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from tui_backup.config.document import Fault
from tui_backup.config.editing import Draft
from tui_backup.config.load import load_config
from tui_backup.config.masking import shown_difference
from tui_backup.config.settings import Config
from tui_backup.errors import BackupError
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.services.setup.configuring import ChangedMeanwhile, Examined, FileOnDisk, examine, merged, read, save
from tui_backup.services.workspace import Workspace
from tui_backup.tui.configuration.dialogs import Answer, ConflictDialog, LeaveDialog, SaveDialog
from tui_backup.tui.configuration.draft_board import DraftBoard
from tui_backup.tui.desk import RecordChanged

if TYPE_CHECKING:
    from tui_backup.tui.configuration.page import ConfigurationPage


class Saving:
    """Does so for a page."""

    def __init__(self, page: "ConfigurationPage") -> None:
        self._page = page
        self._is_writing = False

    def save(self) -> None:
        """Show what changes if all of it is sound, then save it."""
        board = self._page.board
        if board is None or self._waits():
            return
        if (fault := self._page.take_text()) is not None:
            self._page.show_fault(fault)
        elif not board.is_changed:
            self._page.ask("again", lambda _watch: read(board.file.path), partial(self._looked_again, board))
        else:
            work = partial(_examined, board, board.draft)
            self._page.ask("examine", work, partial(self._examined, board, board.draft))

    def ask_to_leave(self, leave: Callable[[], None]) -> None:
        """Ask what becomes of changes, and leave if somebody wants to."""
        if self._waits():
            return

        def answered(answer: Answer | None) -> None:
            if answer == "leave":
                leave()
            elif answer == "save":
                self.save()

        self._page.app.push_screen(LeaveDialog(), answered)

    def _waits(self) -> bool:
        """Whether the file is being written; tell of it then."""
        if self._is_writing:
            self._page.notify(_("Wait a moment: the configuration is being written"))
        return self._is_writing

    def _looked_again(self, board: DraftBoard, file: FileOnDisk) -> None:
        if file.fingerprint == board.file.fingerprint:
            self._page.notify(_("There is nothing to save"))
            return
        self._page.begin(file)
        self._page.notify(_("The file was changed by somebody else; this is how it is now"))

    def _examined(self, board: DraftBoard, draft: Draft, found: tuple[Examined, list[str]]) -> None:
        board.examined, lines = found
        if not board.faults:
            dialog = SaveDialog(self._page.desk.workspace.host, self._page.path_shown, lines)
            self._page.app.push_screen(dialog, partial(self._agreed, board, draft))
            return
        count = len(board.faults)
        words = ngettext(
            "{count} thing is wrong; nothing was saved", "{count} things are wrong; nothing was saved", count
        )
        self._page.notify(words.format(count=count), severity="error", markup=False)
        self._page.show_fault(board.faults[0])

    def _agreed(self, board: DraftBoard, draft: Draft, answer: Answer | None) -> None:
        """Save what was shown, whatever somebody has typed since."""
        if answer == "save":
            self._is_writing = True
            work = partial(_saved, board.file, draft, self._page.desk.workspace)
            self._page.ask("save", work, partial(self._saved, board, draft), partial(self._refused, board))

    def _saved(self, board: DraftBoard, draft: Draft, found: tuple[FileOnDisk, Config]) -> None:
        self._is_writing = False
        file, config = found
        self._page.desk.renew(Workspace(config, self._page.desk.bus))
        board.settle(file, draft)
        self._page.touched()
        self._page.post_message(RecordChanged())
        self._page.notify(_("Saved"))

    def _refused(self, board: DraftBoard, error: BackupError) -> None:
        self._is_writing = False
        if not isinstance(error, ChangedMeanwhile):
            self._page.complain(error)
            return
        try:
            theirs = DraftBoard(error.found)
        except Fault as fault:
            self._page.complain(fault)
            return
        host = self._page.desk.workspace.host
        dialog = ConflictDialog(
            host, self._page.path_shown, shown_difference(board.saved, theirs.saved), board.difference()
        )
        self._page.app.push_screen(dialog, partial(self._chosen, board, error.found))

    def _chosen(self, board: DraftBoard, found: FileOnDisk, answer: Answer | None) -> None:
        if answer == "theirs":
            self._page.begin(found)
        elif answer == "both":
            try:
                text = merged(board.file, board.draft.text, found)
            except BackupError as error:
                self._page.complain(error)
                return
            self._page.begin(found, Draft(text))
            self._page.notify(_("Your changes are on top of the other ones; look at them, then save"))


def _examined(board: DraftBoard, draft: Draft, _watch: Watch) -> tuple[Examined, list[str]]:
    return examine(board.file.path, draft.text), shown_difference(board.saved, draft)


def _saved(before: FileOnDisk, draft: Draft, workspace: Workspace, _watch: Watch) -> tuple[FileOnDisk, Config]:
    """Save a draft, and read what is in force from now on."""
    file = save(before, draft.text, lambda _config: workspace.audit)
    return file, load_config(file.path)
