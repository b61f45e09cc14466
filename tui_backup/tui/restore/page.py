"""The restore wizard: from where, what, where to, the plan, and doing it. Nothing is written before the last step."""

import os
from collections.abc import Iterator, Sequence
from enum import IntEnum

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.reactive import reactive
from textual.widgets import ContentSwitcher

from tui_backup.errors import RestoreRefused
from tui_backup.model.run import RunStatus
from tui_backup.primitives.i18n import _
from tui_backup.services.browsing.directories import found_of
from tui_backup.services.launches import Launch
from tui_backup.services.restore import restores
from tui_backup.services.restore.restores import Conduct
from tui_backup.services.restore.unfinished import Unfinished, unfinished
from tui_backup.services.workspace import Workspace
from tui_backup.tui.desk import Desk
from tui_backup.tui.dialogs.confirm import Confirm
from tui_backup.tui.places import Place, Restore, UndoRestore
from tui_backup.tui.restore.choices import Choices, Where
from tui_backup.tui.restore.confirming import restore_question
from tui_backup.tui.restore.doing import Doing, status_of
from tui_backup.tui.restore.from_step import FromStep
from tui_backup.tui.restore.marks import Marks
from tui_backup.tui.restore.plan_step import Planned, PlanStep
from tui_backup.tui.restore.running import Aftermath, RunningPage
from tui_backup.tui.restore.step import Onward, Step
from tui_backup.tui.restore.what_step import WhatStep
from tui_backup.tui.restore.where_step import WhereStep
from tui_backup.tui.restore.whereabouts import place_of_plan
from tui_backup.tui.widgets.facts import Fact
from tui_backup.tui.widgets.trail import Trail
from tui_backup.tui.words import day_and_time, exact


class At(IntEnum):
    """The steps."""

    FROM = 0
    WHAT = 1
    WHERE = 2
    PLAN = 3
    DO = 4


class RestorePage(RunningPage):
    """Five steps. Going back keeps every choice."""

    AUTO_FOCUS = ""
    CSS_PATH = "restore.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]
    HELP = _(
        "Gets files back in five steps: from which snapshot, what of it, where to, what that would do, and doing it. "
        "Nothing is written before the last step, which asks once more. Back keeps every choice. A restore goes on "
        "when this page is left."
    )
    BINDINGS = [
        Binding("n", "onward", _("Next"), id="restore.next", tooltip=_("Go on to the next step")),
        Binding("R", "carry_out", _("Restore…"), id="restore.restore", tooltip=_("Carry out this plan; asks before")),
        Binding("b", "back", _("Back"), show=False, id="restore.back",
                tooltip=_("Go back to the step before; every choice is kept")),
        Binding("i", "take_up", _("Take it up"), id="restore.take-up",
                tooltip=_("Take up the restore that did not come to an end; shows the plan of what is missing")),
        Binding("p", "again", _("Plan again"), id="restore.again",
                tooltip=_("Make the plan anew, of what is there now")),
        Binding("u", "undo", _("Undo…"), id="restore.undo", tooltip=_("Undo this restore; shows what that would do")),
    ]  # fmt: skip

    step: reactive[At] = reactive(At.FROM, init=False)
    """The step at hand."""

    def __init__(self, desk: Desk, place: Place) -> None:
        super().__init__(desk, place)
        assert isinstance(place, Restore)
        self._asked = place
        self.choices = Choices(marks=Marks(place.paths))
        self._unfinished: Unfinished | None = None

    def heading(self) -> str:
        return _("Restore")

    def body(self) -> ComposeResult:
        names = [_("From"), _("What"), _("Where"), _("Plan"), _("Do it")]
        yield Trail(names, self.desk.glyphs)
        with ContentSwitcher(initial="from", id="steps"):
            yield FromStep(self, self.choices, job=self._asked.job, snapshot=self._asked.snapshot, id="from")
            yield WhatStep(self, self.choices, id="what")
            yield WhereStep(self, self.choices, id="where")
            yield PlanStep(self, self.choices, id="plan")
            yield Doing(self.desk.glyphs, id="do")

    def on_mount(self) -> None:
        """Begin."""
        self.query_one(FromStep).arrive()
        workspace = self.desk.workspace
        self.ask("unfinished", lambda _watch: unfinished(workspace), self._offer)

    def watch_step(self, before: At, now: At) -> None:
        """Show the step."""
        if before < At.DO:
            self._step_at(before).leave()
        self.query_one("#steps", ContentSwitcher).current = now.name.lower()
        self.query_one(Trail).at = now
        if now < At.DO:
            self._step_at(now).arrive()
        else:
            self.set_focus(None)
        self.refresh_bindings()

    def record_changed(self) -> None:
        """Look again at what there is."""
        super().record_changed()
        if self.step is At.FROM:
            self.query_one(FromStep).look()

    def command_line(self) -> Sequence[str] | None:
        return self.choices.words

    def yanked(self) -> str | None:
        if self.step is At.DO:
            return self.query_one(Doing).path or self.choices.target
        return self._step_at(self.step).yanked()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        match action:
            case "undo":
                return self.step is At.DO and self.aftermath is not None and self.aftermath.undo_until is not None
            case "again":
                return self.step is At.PLAN or (self.step is At.DO and self.aftermath is not None)
            case "take_up":
                return self.step is At.FROM and self._unfinished is not None
            case "onward":
                return self.step < At.PLAN
            case "carry_out":
                return self.step is At.PLAN
            case "back":
                return not self.is_going_on
            case "cancel" | "log" if self.step is not At.DO:
                return False
        return super().check_action(action, parameters)

    # from step to step

    @on(Onward)
    def _onward(self, event: Onward) -> None:
        event.stop()
        self.action_onward()

    @on(FromStep.Met)
    def _met(self, event: FromStep.Met) -> None:
        """Go on where somebody came with a snapshot, once."""
        event.stop()
        if self.step is At.FROM and self._asked.snapshot is not None:
            self.step = At.WHERE if self.choices.marks else At.WHAT
        self._asked = Restore()

    @on(FromStep.Present)
    def _present(self, event: FromStep.Present) -> None:
        """Read from where that is possible: what the record knew may lie elsewhere by now."""
        event.stop()
        if self.step is At.WHAT:
            self.query_one(WhatStep).follow()

    @on(Trail.Chosen)
    def _chosen(self, event: Trail.Chosen) -> None:
        event.stop()
        if event.number < self.step and not self.is_going_on:
            self._go_back(At(event.number))

    def action_onward(self) -> None:
        """Go on, where the step at hand is answered."""
        if self.step is At.DO:
            return
        objection = self._step_at(self.step).objection()
        if objection is not None:
            self.notify(objection, severity="warning", markup=False)
        elif self.step is At.PLAN:
            self._confirm()
        else:
            self.step = At(self.step + 1)

    def action_carry_out(self) -> None:
        """Ask, then carry out the plan."""
        self.action_onward()

    def action_back(self) -> None:
        """Go back one step; from the first one, leave."""
        if self.step is At.FROM:
            super().action_leave()
        else:
            self._go_back(At(self.step - 1))

    def action_leave(self) -> None:
        """Take a filter back, or go back one step; from the first one, and from a restore, leave."""
        if self.step is At.DO:
            super().action_leave()
        elif not self.take_filter_back():
            self.action_back()

    def action_take_up(self) -> None:
        """Go to the plan of what an unfinished restore has left to do."""
        note = self._unfinished
        if note is None:
            return
        if not self.query_one(FromStep).choose(note.snapshot):
            self.notify(_("The snapshot of that restore is no longer there"), severity="warning")
        elif self.choices.take_up(note):
            self.choices.trust = note.trusted and not self.desk.workspace.config.repositories[note.repository].trusted
            self.query_one(PlanStep).forget()
            self.step = At.PLAN
        else:
            self.notify(_("That restore was begun with patterns: run the same command once more"), severity="warning")

    def action_again(self) -> None:
        """Make the plan anew."""
        plan = self.query_one(PlanStep)
        plan.forget()
        if self.step is At.PLAN:
            plan.arrive()
        else:
            self.step = At.PLAN

    def action_undo(self) -> None:
        """Undo what was restored."""
        if self.run is not None:
            self.go(UndoRestore(restore=self.run))

    def _offer(self, note: Unfinished | None) -> None:
        """Offer to take up a restore that did not come to an end."""
        self._unfinished = note
        if note is not None:
            place = _("in place") if note.target is None else os.fsdecode(note.target)
            text = _("The restore of {time} to {place} did not come to an end: i takes it up where it stopped.")
            time = day_and_time(note.started, self.desk.now(), self.desk.zone)
            self.query_one(FromStep).offer(text.format(time=time, place=place))
        self.refresh_bindings()

    def _go_back(self, step: At) -> None:
        if self.step is At.DO:
            self.query_one(PlanStep).forget()
        self.step = step

    def _step_at(self, at: At) -> Step:
        return self.query_one(f"#{at.name.lower()}", Step)

    # doing it

    def _confirm(self) -> None:
        planned, conduct = self.query_one(PlanStep).planned, self.choices.conduct
        assert planned is not None

        def answered(agreed: bool | None) -> None:
            if agreed and self.step is At.PLAN:
                self._restore(planned, conduct)

        self.app.push_screen(Confirm(restore_question(self.desk, planned)), answered)

    def _restore(self, planned: Planned, conduct: Conduct) -> None:
        """Carry out exactly the plan that was shown."""
        copy = planned.copy

        def operation(workspace: Workspace) -> object:
            found = found_of(workspace, copy.repository, copy.snapshot.id)
            return restores.restore(workspace, found, planned.plan, conduct)

        self.step = At.DO
        title = _("Restore of {job}").format(job=copy.snapshot.job or copy.snapshot.short_id)
        self.start(title, operation, [*self._places(), Fact("", _("It goes on when you leave this page."), "quiet")])

    def _places(self) -> Iterator[Fact]:
        yield Fact(_("Host"), self.desk.workspace.host)
        planned = self.query_one(PlanStep).planned
        if planned is not None:
            yield Fact(_("To"), place_of_plan(planned.plan))

    def ended(self, launch: Launch, aftermath: Aftermath) -> None:
        self.query_one(Doing).end(launch, [*self._places(), *self._advice(launch, aftermath)])

    def _advice(self, launch: Launch, aftermath: Aftermath) -> Iterator[Fact]:
        """Yield what to do next."""
        error, status = launch.error, status_of(launch)
        if error is not None and error.hint:
            yield Fact(_("Hint"), error.hint)
        if aftermath.undo_until is not None:
            text = _("u shows what an undo would do; possible until {time}")
            yield Fact(_("Undo"), text.format(time=exact(aftermath.undo_until, self.desk.zone)))
        if isinstance(error, RestoreRefused):
            yield Fact(_("Next"), _("p makes the plan anew, of what is there now."))
        elif error is not None:
            yield Fact(_("Next"), _("What was written whole stays; p plans again and skips what is right already."))
        elif status is RunStatus.INCOMPLETE:
            yield Fact(_("Next"), _("What is listed below was left out; p plans again what is missing."))
        elif status is RunStatus.OK and self.choices.where is Where.IN_PLACE:
            yield Fact(_("Next"), _("Look whether everything works as before."))
        elif status is RunStatus.OK:
            yield Fact(_("Next"), _("Look at what came back, then move what you need; y copies the directory's path."))
