"""Verify: what is to be proven and what that will read, and then doing it."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from tui_backup.errors import BackupError, UsageError
from tui_backup.formats.base import Subset
from tui_backup.model.event import Event, Started
from tui_backup.model.run import Verb
from tui_backup.model.snapshot import Snapshot, short
from tui_backup.model.standing import Standing
from tui_backup.model.upkeep import Stored
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import number, printable
from tui_backup.services.runs.current import RunningRun, list_runs
from tui_backup.services.upkeep.verification import (
    Verdict,
    VerifyPlan,
    VerifyRequest,
    parse_subset,
    plan,
    to_read,
    verdict_words,
    verify,
)
from tui_backup.services.workspace import Workspace
from tui_backup.tui.desk import Desk
from tui_backup.tui.places import Damage, Place
from tui_backup.tui.places import Verify as VerifyPlace
from tui_backup.tui.upkeep.page import LABEL, UpkeepPage
from tui_backup.tui.upkeep.run_line import RunLine
from tui_backup.tui.widgets.cells import Cell
from tui_backup.tui.widgets.choice import Choice
from tui_backup.tui.widgets.columns import Column
from tui_backup.tui.widgets.field import Field
from tui_backup.tui.widgets.listing import Listing, Remark
from tui_backup.tui.words import UNKNOWN, ago, brief_size, day_and_time, integrity_piece

STRUCTURE, DATA, SHARE = range(3)
"""How deep a verification looks, as the page offers it."""

USUAL_SHARE = "5%"


@dataclass(frozen=True)
class Row:
    """A snapshot as the record has it, in one repository."""

    repository: str
    snapshot: Snapshot
    standing: Standing


class VerifyPage(UpkeepPage):
    """Prove that snapshots can be restored."""

    CSS_PATH = ["upkeep.tcss", "verify.tcss"]
    WITH_ALL = True
    HELP = _(
        "A snapshot is proven once every byte that it needs was read and authenticated. The structure alone is quickly "
        "checked and shows what is missing, not what is damaged inside. A share reads a part of the data: 5% at "
        "random, or 2/7 as the second of seven parts; shares add up. Nothing is changed, and leaving this page ends "
        "no run."
    )

    BINDINGS = [
        Binding("V", "verify", _("Verify"), id="verify.verify", tooltip=_("Begin what is shown")),
        Binding("m", "deeper", _("How"), id="verify.how", tooltip=_("Structure only, all data, or a share of it")),
        Binding("d", "damage", _("Damage"), id="verify.damage", tooltip=_("Show what is known to be damaged")),
    ]

    def __init__(self, desk: Desk, place: Place) -> None:
        assert isinstance(place, VerifyPlace)
        super().__init__(desk, place)
        self._wanted = place.snapshot
        self._surveyed: list[VerifyPlan] = []
        """What lies in the repositories that are chosen, once that is known."""
        self._runs: set[str] = set()
        """Verifications that go on, whoever started them."""

    def heading(self) -> str:
        return _("Verify {repository}").format(repository=self.repository or "").rstrip()

    def body(self) -> ComposeResult:
        yield self.repository_choice()
        how = [_("structure only"), _("read all data"), _("a share")]
        yield Choice(_("How"), how, self.desk.glyphs, chosen=DATA, width=LABEL, id="how")
        with Horizontal(id="share-line"):
            yield Field(USUAL_SHARE, placeholder=_("5% or 2/7"), id="share")
        with Vertical(classes="pane", id="plan") as pane:
            pane.border_title = _("What will be read")
            yield Listing[VerifyPlan](
                self._plan_columns(), key=lambda each: each.repository,
                empty=Remark(_("No repository is configured")), id="plans",
            )  # fmt: skip
        with Vertical(classes="pane", id="list"):
            yield Listing[Row](
                self._snapshot_columns(), key=lambda row: (row.repository, row.snapshot.id),
                empty=Remark(_("The record knows of no snapshot; all that are there will be verified")),
                markable=True, id="snapshots",
            )  # fmt: skip
        yield Static(id="remark", classes="-empty", markup=False)
        yield RunLine(self.desk.glyphs)

    def on_mount(self) -> None:
        """Look, and see whether something is being verified already."""
        line = self.query_one("#share-line")
        line.display = False
        line.styles.padding = (0, 0, 0, LABEL + 3)
        self._count_marks()
        self._look_for_runs()

    def look(self) -> None:
        """Ask what the record knows, and what would be read."""
        names = self.chosen

        def work(_watch: Watch) -> list[Row]:
            history = self.desk.workspace.history
            found = [(name, history.snapshots(name), history.proofs(name)) for name in names]
            rows = [Row(name, each, known.get(each.id, Standing())) for name, held, known in found for each in held]
            return sorted(rows, key=lambda row: row.snapshot.time, reverse=True)

        self.ask("snapshots", work, self._show_snapshots)
        self._survey()

    def command_line(self) -> list[str]:
        request = self._request()
        how = [[], ["--read-data"], ["--subset", self._share]][self._how]
        named = [short(id_, 12) for id_ in request.snapshots]
        return ["verify", *named, *(["-r", self.repository] if self.repository else []), *how]

    def yanked(self) -> str | None:
        row: Row | None = self.query_one("#snapshots", Listing).row
        return row.snapshot.id if row else None

    def heard(self, event: Event) -> None:
        """Show how far verifications are, whoever started them."""
        super().heard(event)
        if event.run in self._runs:
            self.follow(event.run)
        elif isinstance(event, Started):
            self._look_for_runs()

    @property
    def _how(self) -> int:
        return self.query_one("#how", Choice).chosen

    @property
    def _share(self) -> str:
        return self.query_one("#share", Input).value

    def _request(self) -> VerifyRequest:
        """Return what is asked for; raises UsageError where the share is none."""
        marked: list[Row] = self.query_one("#snapshots", Listing).marked
        subsets = {STRUCTURE: None, DATA: Subset()}
        return VerifyRequest(
            snapshots=tuple(row.snapshot.id for row in marked),
            repository=self.repository,
            subset=parse_subset(self._share) if self._how == SHARE else subsets[self._how],
        )

    def _survey(self) -> None:
        """Ask what lies in the repositories."""
        listing = self.query_one("#plans", Listing)
        self._surveyed = []
        if not self.names:
            listing.say(_("No repository is configured"))
            return
        if not listing.rows:
            listing.say(_("reading…"))
        request = VerifyRequest(repository=self.repository)

        def work(watch: Watch) -> list[VerifyPlan]:
            with self.desk.reading() as workspace:
                return plan(workspace, request, watch)

        self.ask("plan", work, self._show_survey, about=self.reads_from)

    def _show_survey(self, plans: list[VerifyPlan]) -> None:
        self._surveyed = plans
        self._plan()

    def _plan(self) -> None:
        """Show what would be read of that."""
        listing = self.query_one("#plans", Listing)
        try:
            request = self._request()
        except UsageError as error:
            listing.say(error.message, error.hint or "", failed=True)
            self.refresh_bindings()
            return
        marked: list[Row] = self.query_one("#snapshots", Listing).marked
        concerned = {row.repository for row in marked}
        if self._surveyed:
            listing.show(
                [
                    msgspec.structs.replace(each, reads=to_read(each.stored, request))
                    for each in self._surveyed
                    if not marked or each.repository in concerned
                ]
            )
        self.refresh_bindings()

    def _show_snapshots(self, rows: list[Row]) -> None:
        listing = self.query_one("#snapshots", Listing)
        listing.show(rows)
        wanted, self._wanted = self._wanted, None
        keys = [(row.repository, row.snapshot.id) for row in rows if row.snapshot.id == wanted]
        if keys:
            listing.marks |= set(keys)
            listing.go_to(keys[0])
            listing.refresh()
        self._remarked()

    def _look_for_runs(self) -> None:
        def work(_watch: Watch) -> list[RunningRun]:
            return [run for run in list_runs(self.desk.workspace.state_dir) if run.verb is Verb.VERIFY]

        self.ask("runs", work, self._adopt)

    def _adopt(self, runs: Sequence[RunningRun]) -> None:
        """Follow verifications that go on; those of this process can be cancelled here again."""
        for run in runs:
            self._runs.add(run.run)
            self.doing = self.doing or self.desk.launches.of_run(run.run)
            self.follow(run.run)
        self.refresh_bindings()

    @on(Choice.Chosen, "#how")
    def _how_changed(self) -> None:
        self.query_one("#share-line").display = self._how == SHARE
        self._plan()

    @on(Input.Changed, "#share")
    def _share_changed(self) -> None:
        self._plan()

    @on(Listing.Marked, "#snapshots")
    def _remarked(self) -> None:
        self._count_marks()
        self._plan()

    def _count_marks(self) -> None:
        count = len(self.query_one("#snapshots", Listing).marks)
        words = ngettext("Snapshots: {count} marked, only this one", "Snapshots: {count} marked, only these", count)
        self.query_one("#list").border_title = Content(words.format(count=count)) if count else _("Snapshots: all")

    @on(Listing.Chosen, "#plans")
    def _plan_chosen(self) -> None:
        self.action_damage()

    @on(Listing.Moved, "#plans")
    def _plan_moved(self) -> None:
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey out what there is nothing for."""
        if action == "verify":
            return (self.doing is None and bool(self.query_one("#plans", Listing).rows)) or None
        if action == "damage":
            return bool(self._damaged()) or None
        return super().check_action(action, parameters)

    def action_deeper(self) -> None:
        """Look at more, or less."""
        self.query_one("#how", Choice).chosen += 1

    def action_damage(self) -> None:
        """Show what is wrong with the repository at hand, or with the first that is damaged."""
        names, row = self._damaged(), self.query_one("#plans", Listing).row
        if names:
            self.go(Damage(repository=row.repository if row and row.repository in names else names[0]))

    def action_verify(self) -> None:
        """Begin."""
        if self.doing is not None:
            return
        try:
            request = self._request()
        except UsageError as error:
            self.complain(error)
            return

        def work(workspace: Workspace) -> list[Verdict]:
            return verify(workspace, request)

        self._remark([])
        self.carry_out(_("verify {names}").format(names=", ".join(self.chosen)), work, self._verified)

    def _verified(self, verdicts: list[Verdict]) -> None:
        lines: list[Content] = []
        for verdict in verdicts:
            if verdict.error is not None:
                lines.append(self._trouble(f"{verdict.repository}: {verdict.error.message}"))
            elif verdict.proof is not None:
                words = verdict_words(verdict.repository, verdict.proof, damaged=verdict.is_damaged)
                if verdict.is_damaged:
                    lines.append(self._trouble(_("{result}; d shows it").format(result=words)))
                else:
                    lines.append(Content.assemble((f"{self.desk.glyphs.ok} ", "$text-success"), printable(words)))
        self.query_one(RunLine).clear()
        self._remark(lines)

    def failed_to(self, error: BackupError) -> None:
        """Say what went wrong where the result would be."""
        self._remark([self._trouble(f"{error.message}. {error.hint}" if error.hint else error.message)])

    def _trouble(self, text: str) -> Content:
        return Content.styled(f"{self.desk.glyphs.failed} {printable(text)}", "$text-error")

    def _remark(self, lines: Sequence[Content]) -> None:
        remark = self.query_one("#remark", Static)
        remark.set_class(not lines, "-empty")
        remark.update(Content("\n").join(lines))

    def _damaged(self) -> list[str]:
        plans: Sequence[VerifyPlan] = self.query_one("#plans", Listing).rows
        return [each.repository for each in plans if each.damaged or each.problems]

    def _plan_columns(self) -> list[Column[VerifyPlan]]:
        now = self.desk.now
        return [
            Column(id="repository", title=_("Repository"), cell=lambda each: each.repository, most=20),
            Column(id="reads", title=_("Reads"), cell=_reads, least=20, most=60),
            Column(id="proven", title=_("Proven"), cell=_proven),
            Column(id="checked", title=_("Last checked"), cell=lambda each: ago(each.checked_at, now()), rank=2),
            Column(
                id="oldest",
                title=_("Oldest proof"),
                cell=lambda each: ago(each.oldest_proof, now()),
                rank=1,
                grows=True,
                least=12,
            ),
        ]

    def _snapshot_columns(self) -> list[Column[Row]]:
        now, zone = self.desk.now, self.desk.zone
        return [
            Column(id="time", title=_("When"), cell=lambda row: day_and_time(row.snapshot.time, now(), zone)),
            Column(id="id", title=_("Snapshot"), cell=lambda row: row.snapshot.short_id, rank=2),
            Column(id="job", title=_("Job"), cell=lambda row: row.snapshot.job or UNKNOWN, most=24),
            Column(id="repository", title=_("Repository"), cell=lambda row: row.repository, most=20),
            Column(id="size", title=_("Size"), cell=lambda row: brief_size(row.snapshot.size), right=True, rank=1),
            Column(
                id="known",
                title=_("Integrity"),
                cell=lambda row: [integrity_piece(row.standing, now())],
                grows=True,
                least=11,
            ),
        ]


def _reads(each: VerifyPlan) -> Cell:
    if each.error is not None:
        return [(each.error.message, "error")]
    if each.reads is None:
        return _("what these snapshots need")
    if each.stored is None:
        return UNKNOWN
    if not each.reads.packs:
        return _("the structure of {stored}").format(stored=_packs(each.stored))
    return _packs(each.reads) if each.reads == each.stored else _("about {packs}").format(packs=_packs(each.reads))


def _packs(stored: Stored) -> str:
    words = ngettext("{count} pack, {size}", "{count} packs, {size}", stored.packs)
    return words.format(count=number(stored.packs), size=brief_size(stored.bytes))


def _proven(each: VerifyPlan) -> Cell:
    text = _("{proven} of {known}").format(proven=number(each.proven), known=number(each.known))
    if each.damaged:
        words = ngettext("{count} damaged", "{count} damaged", each.damaged).format(count=number(each.damaged))
        return [(f"{text}, ", "plain"), (words, "error")]
    if each.problems:
        words = ngettext("{count} problem", "{count} problems", each.problems).format(count=number(each.problems))
        return [(f"{text}, ", "plain"), (words, "error")]
    return [(text, "ok" if each.proven == each.known and each.known else "plain")]
