"""Prune: which snapshots stay and why, which go, what that gives back, and doing exactly that."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tui_backup.errors import BackupError, PlanOutdated
from tui_backup.model.retention import Decision
from tui_backup.model.snapshot import PIN, Snapshot
from tui_backup.model.standing import Standing
from tui_backup.model.upkeep import Reclaimed
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import printable
from tui_backup.services.upkeep import pruning
from tui_backup.services.upkeep.forgetting import ForgetPlan, Forgotten
from tui_backup.services.upkeep.pruning import PrunePlan, fate_words, freed_words, locked_words, reclaiming_words
from tui_backup.services.upkeep.tagging import own_tags
from tui_backup.services.words import kind_word
from tui_backup.services.workspace import Workspace
from tui_backup.tui.desk import Desk
from tui_backup.tui.dialogs.confirm import Question
from tui_backup.tui.places import Browser, Place, is_built
from tui_backup.tui.places import Prune as PrunePlace
from tui_backup.tui.upkeep import changes
from tui_backup.tui.upkeep.page import LABEL, UpkeepPage
from tui_backup.tui.upkeep.run_line import RunLine
from tui_backup.tui.upkeep.tag_dialog import TagDialog
from tui_backup.tui.widgets.cells import Cell
from tui_backup.tui.widgets.choice import Choice
from tui_backup.tui.widgets.columns import Column
from tui_backup.tui.widgets.facts import Fact, Facts
from tui_backup.tui.widgets.filter_line import FilterLine
from tui_backup.tui.widgets.listing import Listing, Remark
from tui_backup.tui.words import UNKNOWN, brief_size, day_and_time, exact, integrity_piece, integrity_words


@dataclass(frozen=True)
class Row:
    """A snapshot, what becomes of it, and what is known of it."""

    decision: Decision
    standing: Standing

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot itself."""
        return self.decision.snapshot


@dataclass(frozen=True)
class Looked:
    """A plan, and all snapshots of its repository, newest first."""

    plan: PrunePlan
    rows: tuple[Row, ...]


class PrunePage(UpkeepPage):
    """What no policy keeps, in one repository."""

    CSS_PATH = "upkeep.tcss"
    HELP = _(
        "The keep of each job says which of its snapshots stay; the others go, and the space that nothing needs any "
        "more is given back. What is shown is the plan; P carries out exactly that. A plan that looks wrong is "
        "held: it is carried out only once the name of the job is typed. X forgets snapshots that you choose, T tags "
        "or pins them."
    )

    BINDINGS = [
        Binding("P", "prune", _("Prune"), id="prune.prune", tooltip=_("Carry out the plan that is shown")),
        Binding("X", "forget", _("Forget"), id="prune.forget",
                tooltip=_("Forget the marked snapshots, or the one at hand")),
        Binding("T", "tag", _("Tag, pin"), id="prune.tag", tooltip=_("Tag, pin or unpin the snapshot at hand")),
        Binding("f", "show_next", _("Show"), id="prune.show", tooltip=_("Show all snapshots, those that go, or stay")),
        Binding("slash", "filter", _("Filter"), show=False, id="prune.filter",
                tooltip=_("Show only snapshots with a text")),
    ]  # fmt: skip

    def __init__(self, desk: Desk, place: Place) -> None:
        assert isinstance(place, PrunePlace)
        self.job = place.job
        self.looked: Looked | None = None
        super().__init__(desk, place)

    def eligible(self) -> Sequence[str]:
        """Return the repositories of the job, or all."""
        jobs = self.desk.workspace.config.jobs
        return jobs[self.job].repositories if self.job in jobs else super().eligible()

    def heading(self) -> str:
        return _("Prune {place}").format(place=" → ".join(filter(None, (self.job, self.repository))))

    def body(self) -> ComposeResult:
        yield self.repository_choice()
        shown = [_("all"), _("those that go"), _("those that stay")]
        yield Choice(_("Snapshots"), shown, self.desk.glyphs, width=LABEL, id="shown")
        yield Static(id="remark", markup=False)
        with Vertical(id="main"):
            with Vertical(classes="pane", id="list") as pane:
                pane.border_title = _("Snapshots")
                yield Listing[Row](
                    self._columns(), key=lambda row: row.snapshot.id, empty=Remark(_("No snapshot")), markable=True,
                    id="snapshots",
                )  # fmt: skip
                yield FilterLine()
            yield Facts(classes="pane", id="facts")
        yield RunLine(self.desk.glyphs)

    def look(self) -> None:
        """Have the plan made."""
        listing, name = self.query_one("#snapshots", Listing), self.repository
        self.looked = None
        self._summarise([])
        self.query_one("#facts").display = False
        if name is None:
            listing.say(_("No repository is configured"))
            return
        self.wait_in(listing, _("looking for what is still needed…"))
        self.ask("plan", lambda watch: self._plan(name, watch), self._show, self._show_failure, about=name)

    def command_line(self) -> list[str]:
        of_job = ["--job", self.job] if self.job else []
        return ["prune", *of_job, *(["-r", self.repository] if self.repository else [])]

    def yanked(self) -> str | None:
        row = self._row
        return row.snapshot.id if row else None

    @property
    def _row(self) -> Row | None:
        row: Row | None = self.query_one("#snapshots", Listing).row
        return row

    def _plan(self, name: str, watch: Watch) -> Looked:
        """Make the plan, in a workspace of its own: it reads all trees."""
        with self.apart() as workspace:
            jobs = pruning.targets(workspace, self.job, name).jobs
            plan = pruning.plan(workspace, jobs, name, watch)
            others = pruning.undecided(workspace, plan, workspace.repository(name).snapshots(), jobs)
            decided = [decision for part in plan.jobs for decision in part.decisions]
            standings = workspace.history.proofs(name)
        rows = [Row(each, standings.get(each.snapshot.id, Standing())) for each in (*decided, *others)]
        rows.sort(key=lambda row: row.snapshot.time, reverse=True)
        return Looked(plan, tuple(rows))

    def _show(self, looked: Looked) -> None:
        self.looked = looked
        self.query_one("#remark", Static).set_classes("")
        self._summarise(self._summary(looked.plan))
        self._list()
        self.refresh_bindings()

    def _show_failure(self, error: BackupError) -> None:
        self.query_one("#snapshots", Listing).say(error.message, error.hint or "", failed=True)
        self.refresh_bindings()

    @on(Choice.Chosen, "#shown")
    def _list(self) -> None:
        if self.looked is None:
            return
        listing, asked = self.query_one("#snapshots", Listing), self.query_one("#shown", Choice).chosen
        rows = [row for row in self.looked.rows if not asked or row.decision.keep is (asked == 2)]
        listing.empty = Remark([_("No snapshot"), _("No snapshot goes"), _("No snapshot stays")][asked])
        listing.show(rows)
        self._moved()

    @on(Listing.Moved)
    def _moved(self) -> None:
        facts, row = self.query_one("#facts", Facts), self._row
        facts.display = row is not None
        if row is not None:
            facts.border_title = Content(printable(_("Snapshot {id}").format(id=row.snapshot.short_id)))
            facts.show(self._facts(row))
        self.refresh_bindings()

    @on(Listing.Chosen)
    def _opened(self) -> None:
        row, name = self._row, self.repository
        if row is not None and name is not None and is_built(Browser):
            self.go(Browser(snapshot=row.snapshot.id, repository=name))

    def _summary(self, plan: PrunePlan) -> list[Content]:
        lines = [Content.assemble((f"{part.job}: ", "$quiet"), fate_words(part.decisions)) for part in plan.jobs]
        if not plan.jobs:
            lines.append(Content.styled(_("No job has a keep here: no policy forgets anything"), "$quiet"))
        if plan.reclaim is not None:
            words = reclaiming_words(plan.reclaim)
            if plan.is_idle:
                words = _("nothing to free of {total}").format(total=brief_size(plan.reclaim.total_bytes))
            lines.append(Content.assemble((_("space: "), "$quiet"), words))
        elif plan.gone:
            lines.append(Content.assemble((_("space: "), "$quiet"), freed_words(plan)))
        lines += [Content.styled(f"{self.desk.glyphs.stale} {line}", "$text-warning") for line in _held(plan)]
        return lines

    def _summarise(self, lines: Sequence[Content]) -> None:
        remark = self.query_one("#remark", Static)
        remark.set_class(not lines, "-empty")
        remark.update(Content("\n").join(lines))

    def _facts(self, row: Row) -> list[Fact]:
        snapshot, zone = row.snapshot, self.desk.zone
        reasons = ", ".join(row.decision.reasons)
        fate = _("stays: {reasons}").format(reasons=reasons) if row.decision.keep else _("goes: no rule keeps it")
        of = _("{kind} of {job} on {host}").format(
            kind=kind_word(snapshot.kind or UNKNOWN), job=snapshot.job or UNKNOWN, host=snapshot.host
        )
        return [
            Fact(_("Fate"), fate, "" if row.decision.keep else "careful"),
            Fact(_("Made"), f"{exact(snapshot.time, zone)}, {of}"),
            Fact(_("Holds"), f"{brief_size(snapshot.size)}, {', '.join(snapshot.paths)}"),
            Fact(_("Known"), integrity_words(row.standing, self.desk.now())),
            *([Fact(_("Tags"), ", ".join(own_tags(snapshot)))] if own_tags(snapshot) else []),
        ]

    def _columns(self) -> list[Column[Row]]:
        now, zone = self.desk.now, self.desk.zone
        return [
            Column(id="fate", title=_("Fate"), cell=self._fate),
            Column(id="id", title=_("Snapshot"), cell=lambda row: row.snapshot.short_id, rank=4),
            Column(id="time", title=_("When"), cell=lambda row: day_and_time(row.snapshot.time, now(), zone),
                   sort=lambda row: row.snapshot.time),
            Column(id="job", title=_("Job"), cell=lambda row: row.snapshot.job or UNKNOWN, most=16, rank=1,
                   sort=lambda row: row.snapshot.job or ""),
            Column(id="size", title=_("Size"), cell=lambda row: brief_size(row.snapshot.size), right=True, rank=2,
                   sort=lambda row: row.snapshot.size or 0),
            Column(id="known", title=_("Integrity"), cell=lambda row: [integrity_piece(row.standing, now())], rank=3),
            Column(id="why", title=_("Why it stays"), cell=_why, grows=True, least=16),
        ]  # fmt: skip

    def _fate(self, row: Row) -> Cell:
        glyphs = self.desk.glyphs
        return f"{glyphs.ok} " + _("stays") if row.decision.keep else [(f"{glyphs.failed} " + _("goes"), "warning")]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey out what there is nothing for."""
        if action == "prune":
            return (self.looked is not None and not self.looked.plan.is_idle and self.doing is None) or None
        if action in {"forget", "tag"}:
            return (self._row is not None and self.doing is None) or None
        return super().check_action(action, parameters)

    def action_show_next(self) -> None:
        """Show other snapshots."""
        self.query_one("#shown", Choice).chosen += 1

    def action_filter(self) -> None:
        """Show only rows with a text."""
        self.query_one(FilterLine).open(self.query_one("#snapshots", Listing))

    def action_prune(self) -> None:
        """Carry out the plan that is shown, once somebody has agreed."""
        if self.looked is not None:
            plan = self.looked.plan
            self.agreed(self._question(plan), lambda: self._prune(plan))

    def _question(self, plan: PrunePlan) -> Question:
        facts = [f"{part.job}: {fate_words(part.decisions)}" for part in plan.jobs if part.gone]
        facts += changes.named(plan.gone, self.desk.zone)
        if plan.reclaim is not None:
            facts.append(_("space: ") + reclaiming_words(plan.reclaim))
            facts += filter(None, [locked_words(plan.reclaim)])
        elif plan.gone:
            facts.append(_("space: ") + freed_words(plan))
        return Question(
            title=_("Prune"),
            host=self.desk.workspace.host,
            target=plan.repository,
            facts=facts,
            warnings=_held(plan),
            undo=_("What is forgotten here is gone for good; copies in other repositories stay."),
            word=changes.to_type(part.job for part in plan.held),
            action=_("Prune"),
        )

    def _prune(self, plan: PrunePlan) -> None:
        def work(workspace: Workspace) -> Reclaimed:
            return pruning.prune(workspace, plan, job=self.job)

        title = _("prune {name}").format(name=plan.repository)
        self.carry_out(title, work, lambda done: self.tell(pruning.said(done)))

    def failed_to(self, error: BackupError) -> None:
        """Tell why something was not done; a plan that was outdated is made anew by itself."""
        if isinstance(error, PlanOutdated):
            self.notify(_("{reason}; this is how it is now").format(reason=printable(error.message)), markup=False)
        else:
            self.complain(error)

    def action_forget(self) -> None:
        """Have a plan made of what is marked, or at hand."""
        listing, name = self.query_one("#snapshots", Listing), self.repository
        rows: list[Row] = listing.marked or ([self._row] if self._row else [])
        ids = [row.snapshot.id for row in rows]
        if not ids or name is None:
            return

        def work(_watch: Watch) -> ForgetPlan:
            with self.desk.reading() as workspace:
                return changes.planned_forget(workspace, name, ids)

        def ask(plan: ForgetPlan) -> None:
            self.agreed(changes.forget_question(self.desk, plan), lambda: self._forget(name, plan))

        self.ask("forget", work, ask, about=name)

    def _forget(self, name: str, plan: ForgetPlan) -> None:
        def work(workspace: Workspace) -> list[Forgotten]:
            return changes.forget(workspace, plan)

        def done(results: list[Forgotten]) -> None:
            self.query_one("#snapshots", Listing).marks.clear()
            count = sum(len(each.snapshots) for each in results)
            words = (
                ngettext("{count} snapshot forgotten", "{count} snapshots forgotten", count)
                if self.desk.workspace.config.repositories[name].holds_archives
                else ngettext(
                    "{count} snapshot forgotten; P frees the space",
                    "{count} snapshots forgotten; P frees the space",
                    count,
                )
            )
            self.tell(words.format(count=count))

        self.carry_out(_("forget snapshots of {name}").format(name=name), work, done)

    def action_tag(self) -> None:
        """Ask for the tags of the snapshot at hand."""
        row, name = self._row, self.repository
        if row is None or name is None:
            return
        snapshot = row.snapshot
        target = _("snapshot {id} in {repository}").format(id=snapshot.short_id, repository=name)

        def answered(tags: tuple[str, ...] | None) -> None:
            if tags is not None and set(tags) != set(own_tags(snapshot)):
                self._tag(name, snapshot, tags)

        self.app.push_screen(TagDialog(self.desk.workspace.host, target, own_tags(snapshot)), answered)

    def _tag(self, name: str, snapshot: Snapshot, tags: tuple[str, ...]) -> None:
        def done(renewed: Snapshot) -> None:
            words = _("Snapshot {former} is {id} now").format(former=snapshot.short_id, id=renewed.short_id)
            self.tell(f"{words}, " + _("pinned") if PIN in renewed.tags else words)

        title = _("tag snapshot {id}").format(id=snapshot.short_id)
        self.carry_out(title, lambda workspace: changes.tag(workspace, name, snapshot, tags), done)


def _why(row: Row) -> Cell:
    reasons = ", ".join(row.decision.reasons)
    return reasons if row.decision.keep else [(_("no rule keeps it"), "dim")]


def _held(plan: PrunePlan) -> list[str]:
    return [_("held: {job}: {reason}").format(job=part.job, reason=part.held) for part in plan.held]
