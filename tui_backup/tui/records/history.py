"""History: all past runs, of every job and repository."""

from collections.abc import Sequence

from textual import on
from textual.binding import Binding

from tui_backup.model.snapshot import short
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import number
from tui_backup.services.runs.past_runs import HistoryRow, history_rows
from tui_backup.services.words import kind_word, status_word, verb_word
from tui_backup.tui import places, words
from tui_backup.tui.places import RunLog, UndoRestore, is_built
from tui_backup.tui.records.page import Line, RecordsPage
from tui_backup.tui.records.sieve import Facet
from tui_backup.tui.widgets.columns import Column
from tui_backup.tui.widgets.listing import Listing, Remark

HistoryLine = Line[HistoryRow]


class HistoryPage(RecordsPage[HistoryRow]):
    """Past runs."""

    HELP = _(
        "Everything that ran, newest first: backups, restores, verifications and what keeps repositories in order. A "
        "run over several repositories has a row for each."
    )
    BINDINGS = [
        Binding("l", "open_log", _("Log"), id="history.log", tooltip=_("What the run said, in full")),
        Binding("u", "undo", _("Undo restore"), id="history.undo",
                tooltip=_("Undo this restore: its plan is shown first")),
        Binding("b", "step('job')", _("Job"), show=False, id="history.job", tooltip=_("Only the runs of the next job")),
        Binding("w", "step('verb')", _("What"), show=False, id="history.verb",
                tooltip=_("Only the next kind of run: backups, restores and so on")),
        Binding("s", "step('status')", _("Status"), show=False, id="history.status",
                tooltip=_("Only runs that ended the next way: ok, failed and so on")),
    ]  # fmt: skip

    def heading(self) -> str:
        return _("History")

    def facets(self) -> list[Facet]:
        return [
            Facet("job", _("job"), "b"),
            Facet("verb", _("what"), "w", verb_word),
            Facet("status", _("status"), "s", status_word),
        ]

    def empty(self) -> Remark:
        return Remark(_("Nothing has run yet"), _("The dashboard starts a backup: B"))

    def columns(self) -> list[Column[HistoryLine]]:
        desk = self.desk
        return [
            Column(id="when", title=_("When"), sort=lambda line: line.record.started,
                   cell=lambda line: words.day_and_time(line.record.started, desk.now(), desk.zone)),
            Column(id="status", title=_("Status"), sort=lambda line: line.record.status.value,
                   cell=lambda line: [words.status_piece(line.record.status, desk.glyphs)]),
            Column(id="verb", title=_("What"), cell=lambda line: verb_word(line.record.verb),
                   sort=lambda line: line.record.verb.value),
            Column(id="job", title=_("Job"), cell=lambda line: line.record.job or words.UNKNOWN, grows=True, least=12,
                   sort=lambda line: line.record.job or ""),
            Column(id="repository", title=_("Repository"), cell=lambda line: line.record.repository or words.UNKNOWN,
                   most=16, rank=2, sort=lambda line: line.record.repository or ""),
            Column(id="kind", title=_("Kind"), cell=lambda line: _kind(line.record), most=14, rank=3),
            Column(id="took", title=_("Took"), cell=lambda line: words.brief_duration(line.record.duration), right=True,
                   sort=lambda line: line.record.duration or 0),
            Column(id="added", title=_("Added"), cell=lambda line: words.brief_size(line.record.bytes_added),
                   right=True, rank=1, sort=lambda line: line.record.bytes_added or 0),
            Column(id="warnings", title=_("Warnings"), cell=_warnings, right=True, rank=4,
                   sort=lambda line: line.record.warnings),
        ]  # fmt: skip

    def details(self, record: HistoryRow) -> list[str]:
        zone = self.desk.zone
        until = _("{time}: can be undone until {until}").format(
            time=words.exact(record.started, zone), until=words.exact(record.undo_until, zone)
        )
        where = [verb_word(record.verb), record.job, record.repository, _kind(record)]
        copies = _("snapshot {id} in {repositories}").format(
            id=short(record.snapshot or ""), repositories=", ".join(record.copies) or words.UNKNOWN
        )
        warned = ngettext("{count} warning", "{count} warnings", record.warnings).format(count=number(record.warnings))
        return [
            (until if record.undo_until else words.exact(record.started, zone)) + f"  {record.run}",
            "  ".join(part for part in (*where, copies if record.snapshot else "") if part and part != words.UNKNOWN),
            "  ".join(filter(None, (warned if record.warnings else "", record.message))),
        ]

    def record_changed(self) -> None:
        workspace = self.desk.workspace
        self.ask(
            "history",
            lambda _watch: [_line(number, row) for number, row in enumerate(history_rows(workspace))],
            self._show,
            self.show_failure,
        )

    def command_line(self) -> Sequence[str]:
        chosen = self.sieve.chosen
        return [
            "history",
            *(["--job", chosen["job"]] if "job" in chosen else []),
            *(["--verb", chosen["verb"]] if "verb" in chosen else []),
        ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        record = self.record if self.is_mounted else None
        match action:
            case "open_log":
                return is_built(RunLog) and record is not None
            case "undo":
                return is_built(UndoRestore) and record is not None and record.undo_until is not None
        return True

    @on(Listing.Chosen)
    def action_open_log(self) -> None:
        """Show what the run said."""
        if self.record is not None and is_built(RunLog):
            self.go(RunLog(run=self.record.run))

    def action_undo(self) -> None:
        """Undo the restore at hand."""
        if self.record is not None and self.record.undo_until is not None:
            self.go(UndoRestore(restore=self.record.run))

    def action_step(self, facet: str) -> None:
        """Show only the records of the next value."""
        self.sieve.step(facet)

    def _show(self, lines: list[HistoryLine]) -> None:
        place = self.place
        if isinstance(place, places.History) and place.job is not None and not self._lines:
            self.sieve.choose("job", place.job)
        self.show_lines(lines)


def _line(number_: int, row: HistoryRow) -> HistoryLine:
    facets = {"job": row.job or "", "verb": row.verb.value, "status": row.status.value}
    said = (row.job, row.repository, row.kind, row.message, row.run, row.snapshot, *facets.values())
    shown = (verb_word(row.verb), status_word(row.status), f"{row.started:%Y-%m-%d}")
    return Line(number_, row, "  ".join(filter(None, (*said, *shown))).casefold(), facets)


def _kind(row: HistoryRow) -> str:
    return kind_word(row.kind) if row.kind else words.UNKNOWN


def _warnings(line: HistoryLine) -> str:
    return number(line.record.warnings) if line.record.warnings else ""
