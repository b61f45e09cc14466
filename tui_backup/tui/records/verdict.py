"""Verdict: whether the audit is as it was written, said plainly."""

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui_backup.errors import BackupError
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import number
from tui_backup.services.audit_verdict import AuditVerdict
from tui_backup.tui.dialogs.dialog import Dialog, printable_lines
from tui_backup.tui.glyphs import Glyphs

SHOWN = 50
"""Problems that are told one by one."""


class VerdictDialog(Dialog[None]):
    """Waits for a check of the audit, and tells what came of it."""

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog") as box:
            box.border_title = _("Verify the audit")
            yield Static(_("Reading every record, and the logs of this machine…"), id="verdict", markup=False)
            yield Static("", id="told", markup=False)

    def show(self, found: AuditVerdict) -> None:
        """Tell what a check has shown."""
        count = len(found.problems)
        if count:
            text = ngettext(
                "{count} problem: this record was altered", "{count} problems: this record was altered", count
            )
            self._say(self._glyphs.failed, "$text-error", text.format(count=number(count)))
        elif found.is_proven:
            self._say(self._glyphs.ok, "$text-success", _("Nothing in it was altered"))
        else:
            self._say(
                self._glyphs.stale, "$text-warning", _("No sign that anything in it was altered, but no full proof")
            )
        more = [_("and {count} more problems").format(count=number(count - SHOWN))] if count > SHOWN else []
        lines = (*found.problems[:SHOWN], *more, *([""] if count else []), *found.unended, *found.conclusion)
        self.query_one("#told", Static).update(Content("\n" + printable_lines("\n".join(lines))))

    def fail(self, error: BackupError) -> None:
        """Tell that nobody can know."""
        self._say(self._glyphs.failed, "$text-error", error.message)

    def _say(self, sign: str, style: str, text: str) -> None:
        self.query_one("#verdict", Static).update(
            Content.assemble((sign, style), (f" {printable_lines(text)}", "bold"))
        )
