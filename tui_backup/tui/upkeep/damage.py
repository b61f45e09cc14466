"""Damage: what is known to be wrong in a repository, what that touches, and what can be done about it."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tui_backup.history.problems import KnownProblem
from tui_backup.model.snapshot import short
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import number, printable
from tui_backup.services.backup import copies
from tui_backup.services.backup.copies import Part
from tui_backup.services.questions import SEVERAL
from tui_backup.services.storage.snapshots import Filter, Found, reach
from tui_backup.services.upkeep import damage
from tui_backup.services.upkeep.damage import Cure, CureKind
from tui_backup.services.upkeep.forgetting import ForgetPlan, Forgotten
from tui_backup.services.words import damage_word
from tui_backup.services.workspace import Workspace
from tui_backup.tui.dialogs.confirm import Question
from tui_backup.tui.places import Mend, Prune, Verify, is_built
from tui_backup.tui.upkeep import changes
from tui_backup.tui.upkeep.page import UpkeepPage
from tui_backup.tui.upkeep.run_line import RunLine
from tui_backup.tui.widgets.cells import Cell, Role
from tui_backup.tui.widgets.columns import Column
from tui_backup.tui.widgets.facts import Fact, Facts
from tui_backup.tui.widgets.listing import Listing, Remark
from tui_backup.tui.words import UNKNOWN, ago, brief_size, counted_snapshots


@dataclass(frozen=True)
class Looked:
    """What is wrong with a repository, and what can be done."""

    problems: tuple[KnownProblem, ...]
    cures: tuple[Cure, ...]
    since: str
    """When it was last looked at, for people."""


class DamagePage(UpkeepPage):
    """What verification found wrong."""

    CSS_PATH = ["upkeep.tcss", "damage.tcss"]
    HELP = _(
        "What verifications found wrong and nobody has mended yet. The detail says which snapshots and paths an object "
        "touches; y copies all of them. Below is what can be done, what helps most first: Enter shows its plan. "
        "Nothing is changed before a plan was shown and agreed to."
    )

    BINDINGS = [
        Binding("R", "cure", _("Repair"), id="damage.cure",
                tooltip=_("Show the plan of the cure at hand, or of the first")),
        Binding("v", "verify", _("Verify"), id="damage.verify", tooltip=_("Verify the repository again")),
        Binding("tab", "app.focus_next", _("Other list"), show=False, id="damage.next"),
    ]  # fmt: skip

    def heading(self) -> str:
        return _("Damage in {repository}").format(repository=self.repository or UNKNOWN)

    def body(self) -> ComposeResult:
        yield self.repository_choice()
        yield Static(id="remark", classes="-empty", markup=False)
        with Vertical(id="main", classes="-beside"):
            with Vertical(classes="pane", id="list") as pane:
                pane.border_title = _("Problems")
                yield Listing[KnownProblem](
                    self._columns(), key=lambda known: (known.problem.kind, known.problem.object),
                    empty=Remark(_("No damage is known"), _("v verifies the repository")), id="problems",
                )  # fmt: skip
            yield Facts(classes="pane", id="facts")
        with Vertical(classes="pane", id="can-be-done") as pane:
            pane.border_title = _("What can be done")
            yield Listing[Cure](
                _cure_columns(), key=lambda cure: (cure.kind, cure.other), empty=Remark(_("Nothing has to be done")),
                id="cures",
            )  # fmt: skip
        yield RunLine(self.desk.glyphs)

    def look(self) -> None:
        """Ask the record."""
        name, now = self.repository, self.desk.now()
        self.query_one("#facts").display = False
        if name is None:
            self.query_one("#problems", Listing).say(_("No repository is configured"))
            return

        def work(_watch: Watch) -> Looked:
            workspace = self.desk.workspace
            known = damage.found(workspace, name)
            cures = damage.cures(workspace, name, [each.problem for each in known])
            contact = workspace.history.contact(name)
            checked = contact.checked_at if contact else None
            since = _("last verified {age}").format(age=ago(checked, now)) if checked else _("never verified")
            return Looked(tuple(known), tuple(cures), since)

        self.ask("damage", work, self._show)

    def command_line(self) -> Sequence[str] | None:
        cure: Cure | None = self.query_one("#cures", Listing).row
        if cure is not None:
            return cure.command
        return None if self.repository is None else ["verify", "-r", self.repository, "--read-data"]

    def yanked(self) -> str | None:
        known = self._known
        if known is None:
            return None
        problem = known.problem
        lines = [f"{damage_word(problem.kind)}: {problem.object}: {problem.message}", *problem.snapshots]
        return "\n".join(printable(line) for line in [*lines, *(printable(path) for path in problem.paths)])

    @property
    def _known(self) -> KnownProblem | None:
        known: KnownProblem | None = self.query_one("#problems", Listing).row
        return known

    def _show(self, looked: Looked) -> None:
        self.query_one("#problems", Listing).show(looked.problems)
        self.query_one("#cures", Listing).show(looked.cures)
        self.query_one("#can-be-done").display = bool(looked.cures)
        gone = sum(not known.problem.hint for known in looked.problems)
        words = ngettext("{count} problem", "{count} problems", gone).format(count=number(gone))
        remark = self.query_one("#remark", Static)
        remark.update(f"{words}, {looked.since}" if gone else looked.since)
        remark.set_class(False, "-empty")
        remark.set_class(bool(gone), "careful")
        self._moved()

    @on(Listing.Moved, "#problems")
    def _moved(self) -> None:
        facts, known = self.query_one("#facts", Facts), self._known
        facts.display = known is not None
        if known is not None:
            facts.border_title = Content(printable(short(known.problem.object.rpartition("/")[2])))
            facts.show(self._facts(known))
        self.refresh_bindings()

    def _facts(self, known: KnownProblem) -> list[Fact]:
        problem = known.problem
        facts = [
            Fact(_("Problem"), f"{damage_word(problem.kind)}: {problem.message}", "careful" if problem.hint else "bad"),
        ]
        ids = ", ".join(short(id_) for id_ in reversed(problem.snapshots))
        count = counted_snapshots(known.snapshots) if known.snapshots else _("no snapshot")
        facts.append(Fact(_("Touches"), f"{count}: {ids}" if ids else count))
        facts += [Fact(_("Paths") if not place else "", printable(path)) for place, path in enumerate(problem.paths)]
        facts += [
            Fact(_("Object"), problem.object, "quiet"),
            Fact(_("Found"), ago(known.found_at, self.desk.now()), "quiet"),
        ]
        return facts

    def _columns(self) -> list[Column[KnownProblem]]:
        return [
            Column(id="state", title=_("State"), cell=self._state, least=9),
            Column(id="kind", title=_("Kind"), cell=lambda known: damage_word(known.problem.kind), rank=1),
            Column(id="object", title=_("Object"), cell=lambda known: known.problem.object, grows=True, least=16,
                   crop="middle"),
            Column(id="snapshots", title=_("Snapshots"), cell=lambda known: number(known.snapshots), right=True),
            Column(id="message", title=_("Problem"), cell=lambda known: known.problem.message, rank=2, most=36),
        ]  # fmt: skip

    def _state(self, known: KnownProblem) -> Cell:
        glyphs = self.desk.glyphs
        if known.problem.hint:
            return [(f"{glyphs.never} " + _("to tidy"), "dim")]
        role: Role = "error"
        return [(f"{glyphs.failed} " + _("damaged"), role)]

    @on(Listing.Chosen, "#cures")
    def _cure_chosen(self) -> None:
        self.action_cure()

    @on(Listing.Chosen, "#problems")
    def _problem_chosen(self) -> None:
        self.query_one("#facts").focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey out what there is nothing for."""
        if action == "cure":
            return (self.doing is None and bool(self.query_one("#cures", Listing).rows)) or None
        return super().check_action(action, parameters)

    def action_verify(self) -> None:
        """Go where that is begun."""
        self.go(Verify(repository=self.repository))

    def action_cure(self) -> None:
        """Show the plan of what is at hand."""
        cure: Cure | None = self.query_one("#cures", Listing).row
        if cure is None or self.doing is not None:
            return
        match cure.kind:
            case CureKind.PACKS | CureKind.INDEX | CureKind.SNAPSHOTS:
                self.go(Mend(repository=cure.repository, kind=cure.kind, other=cure.other))
            case CureKind.VERIFY:
                self.go(Verify(repository=cure.repository))
            case CureKind.PRUNE if is_built(Prune):
                self.go(Prune(repository=cure.repository))
            case CureKind.FORGET:
                self._plan_forget(cure)
            case CureKind.COPY:
                self._plan_copy(cure)

    def _plan_forget(self, cure: Cure) -> None:
        def work(_watch: Watch) -> ForgetPlan:
            with self.desk.reading() as workspace:
                return changes.planned_forget(workspace, cure.repository, cure.snapshots)

        def carry_out(plan: ForgetPlan) -> None:
            def forget(workspace: Workspace) -> list[Forgotten]:
                return changes.forget(workspace, plan)

            title = _("forget snapshots of {name}").format(name=cure.repository)
            self.carry_out(title, forget, lambda results: self.tell(_forgotten(results)))

        def ask(plan: ForgetPlan) -> None:
            self.agreed(changes.forget_question(self.desk, plan), lambda: carry_out(plan))

        self.ask("forget", work, ask, about=cure.repository)

    def _plan_copy(self, cure: Cure) -> None:
        def work(watch: Watch) -> list[Part]:
            with self.apart() as workspace:
                return copies.rehearse(workspace, _chosen(workspace, cure), cure.repository, watch)

        def carry_out() -> None:
            def copy(workspace: Workspace) -> list[Part]:
                return copies.copy(workspace, _chosen(workspace, cure), cure.repository)

            title = _("copy snapshots to {name}").format(name=cure.repository)
            self.carry_out(title, copy, lambda parts: self.tell(copies.summary(parts)))

        def ask(parts: list[Part]) -> None:
            failed = next((part.error for part in parts if part.error is not None), None)
            if failed is not None:
                self.complain(failed)
                return
            count = sum(len(part.copied) for part in parts)
            added = brief_size(sum(part.added_bytes for part in parts))
            words = ngettext("Copies {count} snapshot of {other}", "Copies {count} snapshots of {other}", count)
            question = Question(
                title=_("Copy snapshots"),
                host=self.desk.workspace.host,
                target=cure.repository,
                facts=[words.format(count=count, other=cure.other), _("Adds {size} at most").format(size=added)],
                undo=_("Copies can be forgotten again."),
                action=_("Copy"),
            )
            self.agreed(question, carry_out)

        self.ask("copy", work, ask, about=SEVERAL)


def _cure_columns() -> list[Column[Cure]]:
    return [
        Column(id="command", title=_("Command"), cell=lambda cure: [(_typed(cure), "accent")], most=34),
        Column(id="words", title=_("What it does"), cell=lambda cure: cure.words, grows=True, least=20),
    ]


def _typed(cure: Cure) -> str:
    """Return the beginning of the command, without the repository, which the page names already."""
    kind = cure.command[0] if cure.command[0] != "repair" else f"repair {cure.kind}"
    helping = f" --from {cure.other}" if cure.other else ""
    return kind + helping


def _forgotten(results: Sequence[Forgotten]) -> str:
    count = sum(len(each.snapshots) for each in results)
    words = ngettext("{count} snapshot forgotten", "{count} snapshots forgotten", count)
    return words.format(count=count)


def _chosen(workspace: Workspace, cure: Cure) -> list[Found]:
    """Return the snapshots of a cure as they lie in the other repository."""
    assert cure.other is not None
    return copies.choose(reach(workspace, cure.other), cure.snapshots, cure.repository, Filter(repository=cure.other))
