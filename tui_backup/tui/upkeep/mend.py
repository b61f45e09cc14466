"""Mend: a repair, from its plan to what came of it; one run, in which nothing is written before somebody agrees."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tui_backup.errors import BackupError, Cancelled
from tui_backup.model.event import Event
from tui_backup.model.problem import Problem
from tui_backup.model.snapshot import short
from tui_backup.model.upkeep import RepairPlan, RepairStep
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import number, printable
from tui_backup.services.launches import Launch
from tui_backup.services.upkeep.repairs import Repair, RepairKind, RepairRequest, repair
from tui_backup.services.words import damage_word, repair_kind_word, repair_word
from tui_backup.services.workspace import Workspace
from tui_backup.tui.desk import Desk
from tui_backup.tui.dialogs.confirm import Question
from tui_backup.tui.places import Mend as MendPlace
from tui_backup.tui.places import Place, Verify
from tui_backup.tui.upkeep.consent import Consent
from tui_backup.tui.upkeep.page import UpkeepPage
from tui_backup.tui.upkeep.run_line import RunLine
from tui_backup.tui.widgets.cells import Cell, Role
from tui_backup.tui.widgets.columns import Column
from tui_backup.tui.widgets.facts import Fact, Facts
from tui_backup.tui.widgets.listing import Listing, Remark


class Fate(Enum):
    """What becomes of one thing."""

    PLANNED = auto()
    DONE = auto()
    SKIPPED = auto()
    BROKEN = auto()


class Stage(Enum):
    """How far the repair is."""

    PLANNING = auto()
    PLANNED = auto()
    CARRYING_OUT = auto()
    OVER = auto()


@dataclass(frozen=True)
class Row:
    """A step, or a problem that stays."""

    fate: Fate
    what: str
    object: str
    detail: str
    snapshots: tuple[str, ...] = ()
    paths: tuple[bytes, ...] = ()


class Planned(Message):
    """The plan is there; the run waits for an answer."""

    bubble = False

    def __init__(self, plan: RepairPlan) -> None:
        super().__init__()
        self.plan = plan


class MendPage(UpkeepPage):
    """One repair."""

    CSS_PATH = ["upkeep.tcss", "mend.tcss"]
    HELP = _(
        "A repair first finds out what would be done: that reads, and writes nothing. R carries out exactly the plan "
        "that is shown, once you have agreed. Leaving before that gives it up; afterwards it goes on by itself. What "
        "is still broken in the end is listed too."
    )

    BINDINGS = [
        Binding("R", "repair", _("Repair"), id="mend.repair", tooltip=_("Carry out the plan that is shown")),
        Binding("v", "verify", _("Verify"), id="mend.verify", tooltip=_("Prove what is there now")),
    ]

    def __init__(self, desk: Desk, place: Place) -> None:
        assert isinstance(place, MendPlace)
        self.request = RepairRequest(kind=RepairKind(place.kind), repository=place.repository, other=place.other)
        super().__init__(desk, place)
        self.stage = Stage.PLANNING
        self._plan: RepairPlan | None = None
        self._consent: Consent[RepairPlan] = Consent(self._shown)

    def eligible(self) -> Sequence[str]:
        """Return the one that is repaired."""
        return (self.request.repository,)

    def heading(self) -> str:
        request = self.request
        words = _("Repair {kind} of {repository}").format(
            kind=repair_kind_word(request.kind), repository=request.repository
        )
        return _("{repair} from {other}").format(repair=words, other=request.other) if request.other else words

    def body(self) -> ComposeResult:
        yield self.repository_choice()
        yield Static(id="remark", markup=False)
        with Vertical(id="main", classes="-beside"):
            with Vertical(classes="pane", id="list") as pane:
                pane.border_title = _("Plan")
                yield Listing[Row](
                    self._columns(), key=lambda row: (row.fate, row.what, row.object),
                    empty=Remark(_("There is nothing to do")), id="steps",
                )  # fmt: skip
            yield Facts(classes="pane", id="facts")
        yield RunLine(self.desk.glyphs)

    def on_mount(self) -> None:
        """Have the plan made."""
        self.query_one("#facts").display = False
        self._say(_("Finding out what can be done; nothing is written yet."))
        self.wait_in(self.query_one("#steps", Listing), _("reading…"))
        request, consent = self.request, self._consent

        def work(workspace: Workspace) -> Repair:
            return repair(workspace, request, lambda plan: consent.ask(plan, workspace.cancel))

        title = _("repair {kind} of {name}").format(kind=repair_kind_word(request.kind), name=request.repository)
        self.launched(title, work, self._over)

    def on_unmount(self) -> None:
        """Give up what nobody has agreed to."""
        self._consent.decline()
        if self.stage is Stage.PLANNING and self.doing is not None:
            self.doing.cancel()

    def heard(self, event: Event) -> None:
        """Show how far the run is, but for while it waits for an answer."""
        if self.stage in {Stage.PLANNING, Stage.CARRYING_OUT}:
            super().heard(event)

    def command_line(self) -> list[str]:
        request = self.request
        helping = ["--from", request.other] if request.other else []
        return ["repair", request.kind, "-r", request.repository, *helping]

    def yanked(self) -> str | None:
        row = self._row
        if row is None:
            return None
        lines = [f"{row.what}: {row.object}: {row.detail}", *row.snapshots, *map(printable, row.paths)]
        return "\n".join(printable(line) for line in lines)

    @property
    def _row(self) -> Row | None:
        row: Row | None = self.query_one("#steps", Listing).row
        return row

    def _shown(self, plan: RepairPlan) -> None:
        """Hand the plan to the page; called on the thread of the run."""
        if not self.post_message(Planned(plan)):
            self._consent.decline()

    def on_planned(self, message: Planned) -> None:
        """Show the plan, and wait for somebody to agree."""
        message.stop()
        self.stage, self._plan = Stage.PLANNED, message.plan
        self.query_one(RunLine).clear()
        steps = ngettext("{count} step", "{count} steps", len(message.plan.steps))
        words = _("{steps} planned; {left}. R carries it out, q gives it up.").format(
            steps=steps.format(count=number(len(message.plan.steps))), left=_staying(message.plan.problems)
        )
        self._say(words, "careful" if message.plan.problems else "")
        self._show([*_steps(message.plan.steps, Fate.PLANNED), *_rest(message.plan)])

    def _over(self, launch: Launch) -> None:
        """Show what came of it."""
        self.stage = Stage.OVER
        if launch.error is not None:
            self._failed(launch.error)
            return
        assert isinstance(launch.result, Repair)
        plan, repaired = launch.result.plan, launch.result.repaired
        self.query_one("#list").border_title = _("Result")
        self.query_one(RunLine).clear()
        if repaired is None:
            words = _("Nothing more can be done") if plan.problems else _("There is nothing to do")
            self._say(f"{words}; {_staying(plan.problems)}.", "bad" if plan.problems else "good")
            self._show(_rest(plan))
            return
        count = ngettext("{count} step done", "{count} steps done", len(repaired.done))
        words = _("{steps}; {left}. v proves what is there now.").format(
            steps=count.format(count=number(len(repaired.done))), left=_staying(repaired.problems)
        )
        self._say(words, "careful" if repaired.problems else "good")
        self._show([*_steps(repaired.done, Fate.DONE), *_broken(repaired.problems)])

    def _failed(self, error: BackupError) -> None:
        if isinstance(error, Cancelled):
            self._say(_("Given up; nothing more was touched."))
        else:
            self._say(f"{error.message}. {error.hint}" if error.hint else error.message, "bad")
        if self._plan is None:
            self._show([])

    def _show(self, rows: Sequence[Row]) -> None:
        self.query_one("#steps", Listing).show(rows)
        self._moved()

    def _say(self, text: str, tone: str = "") -> None:
        remark = self.query_one("#remark", Static)
        remark.set_classes(tone)
        remark.update(Content(printable(text)))

    @on(Listing.Moved)
    def _moved(self) -> None:
        facts, row = self.query_one("#facts", Facts), self._row
        facts.display = row is not None
        if row is not None:
            facts.border_title = Content(printable(row.what))
            facts.show(_facts(row))
        self.refresh_bindings()

    def _columns(self) -> list[Column[Row]]:
        return [
            Column(id="fate", title=_("State"), cell=self._fate, least=9),
            Column(id="what", title=_("Step"), cell=lambda row: row.what, most=20),
            Column(id="object", title=_("Object"), cell=lambda row: row.object, grows=True, least=14, crop="middle"),
            Column(id="detail", title=_("Detail"), cell=lambda row: row.detail, most=44, rank=1),
        ]

    def _fate(self, row: Row) -> Cell:
        glyphs = self.desk.glyphs
        looks: dict[Fate, tuple[str, str, Role]] = {
            Fate.PLANNED: (glyphs.never, _("planned"), "plain"),
            Fate.DONE: (glyphs.ok, _("done"), "ok"),
            Fate.SKIPPED: (glyphs.waiting, _("left"), "dim"),
            Fate.BROKEN: (glyphs.failed, _("broken"), "error"),
        }
        sign, word, role = looks[row.fate]
        return [(f"{sign} {word}", role)]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done at this stage."""
        if action == "repair":
            return self.stage is Stage.PLANNED
        if action == "verify":
            return self.stage is Stage.OVER
        if action == "cancel" and self.stage is Stage.PLANNED:
            return False
        return False if action == "look_again" else super().check_action(action, parameters)

    def action_verify(self) -> None:
        """Go where that is begun."""
        self.go(Verify(repository=self.request.repository), instead=True)

    def action_repair(self) -> None:
        """Carry out the plan that is shown, once somebody has agreed."""
        plan = self._plan
        if plan is None or self.stage is not Stage.PLANNED:
            return
        counted = Counter(repair_word(step.what) for step in plan.steps)
        facts = [f"{what}: {number(count)}" for what, count in counted.items()]
        if self.request.other:
            facts.append(_("Lost data is fetched from {other}").format(other=self.request.other))
        question = Question(
            title=_("Repair"),
            host=self.desk.workspace.host,
            target=self.request.repository,
            facts=facts,
            warnings=[_("{problems}: what stays broken is listed").format(problems=_staying(plan.problems))]
            if plan.problems
            else [],
            undo=_("Killed anywhere, the repository is no worse than before and can be repaired again."),
            action=_("Repair"),
        )
        self.agreed(question, self._agree)

    def _agree(self) -> None:
        if self.stage is Stage.PLANNED:
            self.stage = Stage.CARRYING_OUT
            self._say(_("Repairing; leaving this page does not end it."))
            self._consent.give()
            self.refresh_bindings()


def _steps(steps: Sequence[RepairStep], fate: Fate) -> list[Row]:
    return [Row(fate, repair_word(step.what), step.object, step.detail, paths=step.paths) for step in steps]


def _broken(problems: Sequence[Problem]) -> list[Row]:
    return [
        Row(Fate.BROKEN, damage_word(each.kind), each.object, each.message, each.snapshots, each.paths)
        for each in problems
    ]


def _rest(plan: RepairPlan) -> list[Row]:
    return [*_broken(plan.problems), *_steps(plan.skipped, Fate.SKIPPED)]


def _staying(problems: Sequence[Problem]) -> str:
    count = len(problems)
    words = ngettext("{count} problem stays", "{count} problems stay", count)
    return words.format(count=number(count)) if count else _("nothing stays broken")


def _facts(row: Row) -> list[Fact]:
    facts = [Fact(_("Detail"), row.detail, "bad" if row.fate is Fate.BROKEN else "")]
    if row.snapshots:
        facts.append(Fact(_("Snapshots"), ", ".join(short(id_) for id_ in row.snapshots)))
    facts += [Fact(_("Paths") if not place else "", printable(path)) for place, path in enumerate(row.paths)]
    return [*facts, Fact(_("Object"), row.object, "quiet")]
