"""Undoing restores in place: which one, what that would do, and doing it."""

import os
from collections.abc import Iterator, Sequence
from enum import Enum

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.reactive import reactive
from textual.widgets import ContentSwitcher

from tui_backup.engine.undo_plan import UndoPlan
from tui_backup.errors import BackupError
from tui_backup.model.snapshot import short
from tui_backup.primitives.i18n import _
from tui_backup.services.launches import Launch
from tui_backup.services.questions import Question
from tui_backup.services.restore import plan_shares, undo
from tui_backup.services.restore.restores import some_of
from tui_backup.services.runs import undo_homes
from tui_backup.services.runs.undo_homes import UndoHome
from tui_backup.services.workspace import Workspace
from tui_backup.tui.desk import Desk
from tui_backup.tui.dialogs.confirm import Confirm
from tui_backup.tui.places import Place, UndoRestore
from tui_backup.tui.restore.confirming import undo_question
from tui_backup.tui.restore.doing import Doing, status_of
from tui_backup.tui.restore.plan_view import PlanView
from tui_backup.tui.restore.running import Aftermath, RunningPage
from tui_backup.tui.restore.whereabouts import place_of
from tui_backup.tui.widgets.columns import Column
from tui_backup.tui.widgets.facts import Fact, Facts
from tui_backup.tui.widgets.listing import Listing, Remark
from tui_backup.tui.words import ago, brief_size, day_and_time, exact, span


class Shown(Enum):
    """What the page shows; the values are the ids of its parts."""

    LIST = "list"
    PLAN = "undo-plan"
    DO = "do"


class UndoPage(RunningPage):
    """The restores that can be undone, the plan of one, and the undo."""

    AUTO_FOCUS = ""
    CSS_PATH = "restore.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]
    HELP = _(
        "A restore in place keeps what it replaces and deletes for a while. Its undo puts that back, removes what the "
        "restore brought, and leaves alone what has changed since. The plan is shown before anything is touched."
    )
    BINDINGS = [
        Binding("U", "undo", _("Undo…"), id="undo.undo", tooltip=_("Carry out this undo; asks before")),
        Binding("p", "again", _("Plan again"), show=False, id="undo.again", tooltip=_("Make the plan anew")),
        Binding("b", "leave", _("Back"), show=False, id="undo.back"),
    ]

    shown: reactive[Shown] = reactive(Shown.LIST, init=False)
    """Which part is seen."""

    def __init__(self, desk: Desk, place: Place) -> None:
        super().__init__(desk, place)
        assert isinstance(place, UndoRestore)
        self._wanted = place.restore
        self._home: UndoHome | None = None
        self._plan: UndoPlan | None = None
        self._undone: UndoHome | None = None
        """What the undo that was started last is of."""
        self._question: Question[UndoPlan] | None = None

    def heading(self) -> str:
        return _("Undo a restore")

    def body(self) -> ComposeResult:
        with ContentSwitcher(initial="list", id="steps"):
            with Vertical(id="list"):
                yield Listing[UndoHome](
                    self._columns(),
                    key=lambda home: home.record.restore,
                    empty=Remark(
                        _("There is no restore that can be undone"),
                        _("A restore in place keeps what it replaces, and is listed here for as long."),
                    ),
                    id="undoable",
                )
                yield Facts(id="undo-facts")
            yield PlanView(self.desk.glyphs, id="undo-plan")
            yield Doing(self.desk.glyphs, id="do")

    def on_mount(self) -> None:
        """Look at what can be undone."""
        self._listing.say("")
        self._listing.focus()
        self.record_changed()

    def watch_shown(self, now: Shown) -> None:
        """Show a part."""
        self.query_one("#steps", ContentSwitcher).current = now.value
        if now is Shown.LIST:
            self._listing.focus()
        elif now is Shown.PLAN:
            self.query_one(PlanView).focus_first()
        else:
            self.set_focus(None)
        self.refresh_bindings()

    def record_changed(self) -> None:
        """Look again."""
        super().record_changed()
        workspace = self.desk.workspace
        self.ask("undoable", lambda _watch: undo_homes.undoable(workspace.state_dir)[::-1], self._show)

    def command_line(self) -> Sequence[str] | None:
        home = self._home or self._listing.row
        return None if home is None else ("undo-restore", home.record.restore)

    def yanked(self) -> str | None:
        if self.shown is Shown.PLAN:
            return self.query_one(PlanView).path
        home = self._listing.row
        return None if home is None else home.record.restore

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        match action:
            case "undo":
                return self.shown is not Shown.DO
            case "again":
                return self.shown is Shown.PLAN or (self.shown is Shown.DO and self.aftermath is not None)
            case "cancel" | "log" if self.shown is not Shown.DO:
                return False
        return super().check_action(action, parameters)

    @property
    def _listing(self) -> Listing[UndoHome]:
        return self.query_one("#undoable", Listing)

    def _show(self, homes: Sequence[UndoHome]) -> None:
        self._listing.show(homes)
        wanted, self._wanted = self._wanted, None
        if wanted is None:
            return
        if self._listing.go_to(wanted):
            self._look_at(self._listing.row)
        else:
            words = _("The restore {id} cannot be undone any more")
            self.notify(words.format(id=wanted), severity="warning", markup=False)

    @on(Listing.Moved, "#undoable")
    def _moved(self, event: Listing.Moved) -> None:
        event.stop()
        self.query_one("#undo-facts", Facts).show(list(self._facts(event.row)))

    @on(Listing.Chosen, "#undoable")
    def _chosen(self, event: Listing.Chosen) -> None:
        event.stop()
        self._look_at(event.row)

    @on(Listing.Chosen, "#counts, #paths")
    def _agreed_to_plan(self, event: Listing.Chosen) -> None:
        event.stop()
        self.action_undo()

    def _look_at(self, home: UndoHome | None) -> None:
        """Make the plan of an undo."""
        if home is None:
            return
        self._home, self._plan = home, None
        view = self.query_one(PlanView)
        view.say(_("Making the plan…"), _("Esc cancels"))
        self.shown = Shown.PLAN

        def failed(error: BackupError) -> None:
            view.say(error.message, error.hint or "", failed=True)

        self._question = self.ask("plan", lambda watch: undo.plan(home, watch), self._planned, failed)

    def _planned(self, plan: UndoPlan) -> None:
        self._plan = plan
        view = self.query_one(PlanView)
        view.show(list(self._plan_facts(plan)), plan_shares.of_undo(plan), plan.warnings)
        self.ask("shares", lambda watch: plan_shares.shares(plan.items(), watch), view.add)

    @on(PlanView.Wanted)
    def _wanted_all(self, event: PlanView.Wanted) -> None:
        event.stop()
        plan, sort, view = self._plan, event.sort, self.query_one(PlanView)
        if plan is not None:
            work = plan_shares.listed
            self.ask("items", lambda watch: work(plan.items(), sort, watch), lambda items: view.show_all(sort, items))

    def action_undo(self) -> None:
        """Show the plan; where it is shown, ask and carry it out."""
        if self.shown is Shown.LIST:
            self._look_at(self._listing.row)
            return
        home, plan = self._home, self._plan
        if home is None or plan is None:
            self.notify(_("There is no plan yet"), severity="warning")
        elif not plan.fits:
            self.notify(_("not enough space at the target"), severity="error")
        else:
            self.app.push_screen(
                Confirm(undo_question(self.desk, plan)), lambda agreed: self._undo(home, plan) if agreed else None
            )

    def action_again(self) -> None:
        """Make the plan anew."""
        self._look_at(self._home)

    def action_leave(self) -> None:
        """Go back to the list; from there, leave."""
        if self.shown is Shown.PLAN:
            if self._question is not None:
                self._question.cancel()
            self._home = self._plan = self._question = None
            self.shown = Shown.LIST
        else:
            super().action_leave()

    def _undo(self, home: UndoHome, plan: UndoPlan) -> None:
        """Carry out exactly the plan that was shown."""

        def operation(workspace: Workspace) -> object:
            return undo.undo(workspace, home, plan)

        self._undone = home
        self.shown = Shown.DO
        title = _("Undo of the restore of {job}").format(job=home.record.job or home.record.repository)
        self.start(title, operation, list(self._places(home)))

    def ended(self, launch: Launch, aftermath: Aftermath) -> None:
        error = launch.error
        assert self._undone is not None
        facts = [*self._places(self._undone)]
        if error is not None and error.hint:
            facts.append(Fact(_("Hint"), error.hint))
        if status_of(launch) != "ok":
            facts.append(Fact(_("Next"), _("What was kept is still there; p plans again what is missing.")))
        self.query_one(Doing).end(launch, facts)

    def _places(self, home: UndoHome) -> Iterator[Fact]:
        yield Fact(_("Host"), self.desk.workspace.host)
        yield Fact(_("Target"), place_of(home.record.target, home.record.paths))

    def _columns(self) -> Sequence[Column[UndoHome]]:
        desk = self.desk
        return [
            Column(
                id="when",
                title=_("When"),
                cell=lambda home: day_and_time(home.record.started, desk.now(), desk.zone),
                sort=lambda home: home.record.started,
            ),
            Column(id="job", title=_("Job"), cell=lambda home: home.record.job or home.record.repository, most=20),
            Column(id="what", title=_("What"), cell=_what, grows=True, least=24, crop="middle"),
            Column(id="snapshot", title=_("Snapshot"), cell=lambda home: short(home.record.snapshot), rank=2),
            Column(id="keeps", title=_("Keeps"), cell=lambda home: brief_size(home.record.bytes), right=True, rank=1),
            Column(
                id="left",
                title=_("Kept for"),
                cell=lambda home: span((home.record.expires - desk.now()).total_seconds()),
                right=True,
            ),
        ]

    def _facts(self, home: UndoHome | None) -> Iterator[Fact]:
        if home is None:
            return
        record, desk = home.record, self.desk
        yield Fact(_("Restored"), f"{exact(record.started, desk.zone)}  ({ago(record.started, desk.now())})")
        yield Fact(_("To"), place_of(record.target, record.paths))
        yield Fact(_("Host"), desk.workspace.host)
        yield Fact(_("Until"), exact(record.expires, desk.zone))
        yield Fact(_("Restore"), record.restore, "quiet")

    def _plan_facts(self, plan: UndoPlan) -> Iterator[Fact]:
        yield from self._facts(self._home)
        text = _("{size} come back, {written} of it to write; {free} free").format(
            size=brief_size(plan.bytes), written=brief_size(plan.bytes_to_write), free=brief_size(plan.free)
        )
        yield Fact(_("Space"), text)
        if plan.left:
            yield Fact("", _("! what has changed since the restore is left as it is"), "careful")


def _what(home: UndoHome) -> str:
    return some_of(home.record.paths) or os.fsdecode(home.record.target)
