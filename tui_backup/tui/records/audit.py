"""The audit: who changed data or read it back, and whether that record is as it was written."""

import re
from collections.abc import Sequence

from textual.binding import Binding

from tui_backup.history.audit import Record
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import number
from tui_backup.services.audit_verdict import verdict
from tui_backup.tui import words
from tui_backup.tui.desk import Desk
from tui_backup.tui.places import Place
from tui_backup.tui.records.page import Line, RecordsPage
from tui_backup.tui.records.sieve import Facet
from tui_backup.tui.records.verdict import VerdictDialog
from tui_backup.tui.widgets.cells import Cell
from tui_backup.tui.widgets.columns import Column
from tui_backup.tui.widgets.listing import Remark

NEWEST = 20_000
"""Records that are at hand; `tui-backup audit` has them all."""

AuditLine = Line[Record]

_PROCESS = re.compile(r" pid \d+$")


class AuditPage(RecordsPage[Record]):
    """Who changed or read back data."""

    HELP = _(
        "Whatever changes data or reads it back is recorded as it begins and as it ends, newest first. Each record is "
        "bound to all before it, and the newest one is told to the system's log: V proves that nothing was altered."
    )
    BINDINGS = [
        Binding("V", "prove", _("Verify"), id="audit.verify",
                tooltip=_("Prove that nothing in the record was altered")),
        Binding("w", "step('verb')", _("What"), show=False, id="audit.verb",
                tooltip=_("Only the next kind of operation")),
        Binding("b", "step('who')", _("By whom"), show=False, id="audit.who", tooltip=_("Only the next person's")),
    ]  # fmt: skip

    def __init__(self, desk: Desk, place: Place) -> None:
        super().__init__(desk, place)
        self._unended: set[int] = set()
        """Numbers of records of operations that have no recorded end."""

    def heading(self) -> str:
        return _("Audit")

    def facets(self) -> list[Facet]:
        return [Facet("verb", _("what"), "w"), Facet("who", _("by"), "b")]

    def empty(self) -> Remark:
        return Remark(_("Nothing is recorded yet"), _("Backups are not: they change nothing that is there"))

    def columns(self) -> list[Column[AuditLine]]:
        desk = self.desk
        return [
            Column(id="n", title=_("No."), cell=lambda line: str(line.record.n), right=True, rank=2),
            Column(id="when", title=_("When"), sort=lambda line: line.record.n,
                   cell=lambda line: words.day_and_time(line.record.time, desk.now(), desk.zone)),
            Column(id="verb", title=_("What"), cell=lambda line: line.record.verb, most=14,
                   sort=lambda line: line.record.verb),
            Column(id="object", title=_("To what"), cell=lambda line: line.record.object, grows=True, least=20),
            Column(id="detail", title=_("Detail"), cell=self._detail, grows=True, least=14),
            Column(id="who", title=_("By whom"), cell=lambda line: line.facets["who"], most=28, rank=1,
                   sort=lambda line: line.record.who),
        ]  # fmt: skip

    def details(self, record: Record) -> list[str]:
        return [
            f"{words.exact(record.time, self.desk.zone)}  {record.who}",
            f"{record.verb}  {record.object}",
            self._told(record),
        ]

    def record_changed(self) -> None:
        audit = self.desk.workspace.audit

        def work(_watch: object) -> tuple[list[AuditLine], set[int], int]:
            records, unended, strange = audit.records(NEWEST)
            return [_line(record) for record in reversed(records)], unended, strange

        self.ask("audit", work, self._show, self.show_failure)

    def command_line(self) -> Sequence[str]:
        return ["audit"]

    def action_step(self, facet: str) -> None:
        """Show only the records of the next value."""
        self.sieve.step(facet)

    def action_prove(self) -> None:
        """Prove that nothing was altered."""
        audit, zone = self.desk.workspace.audit, self.desk.zone
        dialog = VerdictDialog(self.desk.glyphs)
        self.app.push_screen(dialog)
        self.ask(
            "proof",
            lambda _watch: verdict(audit.examine(), lambda time: words.exact(time, zone)),
            dialog.show,
            dialog.fail,
        )

    def _show(self, found: tuple[list[AuditLine], set[int], int]) -> None:
        lines, self._unended, strange = found
        self.show_lines(lines)
        if strange:
            text = ngettext("{count} line is no record", "{count} lines are no records", strange)
            self.notify(text.format(count=number(strange)), severity="warning", markup=False)

    def _detail(self, line: AuditLine) -> Cell:
        text = self._told(line.record)
        if line.record.n in self._unended:
            return [(text, "warning")]
        return [(text, "error")] if "failed" in line.record.detail.partition(":")[2] else text

    def _told(self, record: Record) -> str:
        if record.n not in self._unended:
            return record.detail
        return _("{detail} (no end is recorded)").format(detail=record.detail)


def _line(record: Record) -> AuditLine:
    said = (record.verb, record.object, record.detail, record.who, f"{record.time:%Y-%m-%d}")
    return Line(
        record.n, record, "  ".join(said).casefold(), {"verb": record.verb, "who": _PROCESS.sub("", record.who)}
    )
