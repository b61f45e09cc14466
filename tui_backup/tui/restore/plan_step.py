"""Plan: exactly what the restore would do; made aside, and carried out as it stands here."""

from collections.abc import Callable, Iterator, Mapping
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.timer import Timer

from tui_backup.engine.restore_plan import PlanItem, RestorePlan
from tui_backup.errors import BackupError, UsageError
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import number
from tui_backup.services.browsing.directories import Copy, found_of
from tui_backup.services.questions import Question
from tui_backup.services.restore import plan_shares, restores
from tui_backup.services.restore.plan_shares import PlanShare
from tui_backup.services.restore.restore_candidates import Candidate
from tui_backup.services.restore.restore_cautions import cautions, expected_s
from tui_backup.services.restore.restores import Wish
from tui_backup.tui.command_line import as_typed
from tui_backup.tui.page import Page
from tui_backup.tui.restore.choices import Choices
from tui_backup.tui.restore.plan_view import PlanView
from tui_backup.tui.restore.step import Onward, Step
from tui_backup.tui.restore.whereabouts import place_of_plan
from tui_backup.tui.widgets.facts import Fact
from tui_backup.tui.widgets.listing import Listing
from tui_backup.tui.words import brief_duration, brief_size, day_and_time, exact

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace

T = TypeVar("T")

_LOOK_S = 0.25

_MOST_WORDS = 500
"""How many words of a command line are shown: each path that was marked is one of them."""


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A plan, and what is to be known before it is carried out."""

    copy: Copy
    """What is restored."""
    wish: Wish
    plan: RestorePlan
    cautions: tuple[str, ...]
    takes_s: float | None


class PlanStep(Step):
    """The plan of the choices as they are; it is made anew once they are others, or it was carried out."""

    def __init__(self, page: Page, choices: Choices, *, id: str) -> None:  # noqa: A002 - as every widget has it
        super().__init__(page, choices, id=id)
        self.planned: Planned | None = None
        self._question: Question[Planned] | None = None
        self._asked_at = 0.0
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        yield PlanView(self.page.desk.glyphs)

    def arrive(self) -> None:
        self._view.focus_first()
        candidate = self.choices.candidate
        if candidate is None:
            return
        try:
            wish = self.choices.wish
        except UsageError as error:
            self._failed(error)
            return
        if self.planned is None or (self.planned.copy, self.planned.wish) != (candidate.copy, wish):
            self._make(candidate, wish)
        else:
            self._show()

    def leave(self) -> None:
        """Stop making a plan that nobody waits for."""
        self._settle()

    def forget(self) -> None:
        """Take the plan for outdated: the world is another now."""
        self._settle()
        self.planned = None

    def objection(self) -> str | None:
        if self.planned is None:
            return _("There is no plan yet")
        plan = self.planned.plan
        if plan.shortage is not None:
            return _("not enough space at the target: {shortage}").format(shortage=plan.shortage)
        return None

    def yanked(self) -> str | None:
        return self._view.path or self.choices.target

    @property
    def _view(self) -> PlanView:
        return self.query_one(PlanView)

    @property
    def _repository(self) -> str | None:
        return self.planned.copy.repository if self.planned else None

    def _make(self, candidate: Candidate, wish: Wish) -> None:
        self._settle()
        self.planned = None
        desk = self.page.desk

        def work(watch: Watch) -> Planned:
            with desk.reading() as workspace:
                return make_plan(workspace, candidate, wish, watch)

        self._view.say("")
        self._question = self.page.ask("plan", work, self._made, self._failed, about=candidate.copy.repository)
        self._asked_at = monotonic()
        self._timer = self.set_interval(_LOOK_S, self._look)

    def _look(self) -> None:
        """Show how far the plan is."""
        if self._question is not None:
            count = self._question.watch.files_done
            words = ngettext(
                "Making the plan: {count} path looked at, {time}",
                "Making the plan: {count} paths looked at, {time}",
                count,
            )
            time = brief_duration(max(1, round(monotonic() - self._asked_at)))
            self._view.say(words.format(count=number(count), time=time), _("Esc cancels"))

    def _settle(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        if self._question is not None:
            self._question.cancel()
        self._timer = self._question = None

    def _made(self, planned: Planned) -> None:
        self._settle()
        self.planned = planned
        self._show()
        self.page.ask("shares", self._reading(plan_shares.shares), self._add, about=planned.copy.repository)

    def _add(self, shares: Mapping[str, PlanShare]) -> None:
        self._view.add(shares)

    def _failed(self, error: BackupError) -> None:
        self._settle()
        self._view.say(error.message, error.hint or _("b goes back"), failed=True)

    def _show(self) -> None:
        if self.planned is not None:
            plan = self.planned.plan
            warnings = (*plan.warnings, *plan.newer_files)
            self._view.show(list(self._facts(self.planned)), plan_shares.of_restore(plan), warnings)

    def _reading(self, work: Callable[[Iterator[PlanItem], Watch], T]) -> Callable[[Watch], T]:
        """Return work on the items of the plan."""
        planned, desk = self.planned, self.page.desk
        assert planned is not None

        def walk(watch: Watch) -> T:
            with desk.reading() as workspace:
                repository = workspace.repository(planned.copy.repository)
                return work(planned.plan.items(repository), watch)

        return walk

    @on(PlanView.Wanted)
    def _wanted(self, event: PlanView.Wanted) -> None:
        event.stop()
        sort = event.sort
        work = self._reading(lambda items, watch: plan_shares.listed(items, sort, watch))
        self.page.ask("items", work, lambda items: self._view.show_all(sort, items), about=self._repository)

    @on(Listing.Chosen)
    def _chosen(self, event: Listing.Chosen) -> None:
        event.stop()
        self.post_message(Onward())

    def _facts(self, planned: Planned) -> Iterator[Fact]:
        desk, plan = self.page.desk, planned.plan
        snapshot = plan.snapshot
        what = _("{job}, {time}, snapshot {id} in {repository}").format(
            job=snapshot.job or snapshot.host or _("(another program)"),
            time=day_and_time(snapshot.time, desk.now(), desk.zone),
            id=snapshot.short_id,
            repository=planned.copy.repository,
        )
        yield Fact(_("Restore"), what)
        place = _("{place} on {host}").format(place=place_of_plan(plan), host=desk.workspace.host)
        yield Fact(_("To"), place)
        yield self._space(planned)
        until = restores.undo_until(plan)
        if until is not None:
            keeps = _("{size}, until {time}").format(size=brief_size(plan.kept_bytes), time=exact(until, desk.zone))
            yield Fact(_("Kept for undo"), keeps)
        for caution in planned.cautions:
            yield Fact("", f"! {caution}", "careful")
        if plan.shortage is not None:
            text = _("does not fit: {shortage}").format(shortage=plan.shortage)
            yield Fact("", f"{desk.glyphs.failed} {text}", "bad")
        words = self.choices.words
        if words is not None and len(words) <= _MOST_WORDS:
            yield Fact(_("Command"), as_typed(words, desk.given), "quiet")
        elif words is not None:
            yield Fact(_("Command"), _("too long to be shown; c copies it"), "quiet")

    def _space(self, planned: Planned) -> Fact:
        plan = planned.plan
        text = _("{size} to write; {free} free, {left} afterwards").format(
            size=brief_size(plan.bytes_to_write),
            free=brief_size(plan.free),
            left=brief_size(max(0, plan.free - plan.bytes_to_write)),
        )
        if planned.takes_s is not None and planned.takes_s >= 1:
            text += "; " + _("takes about {time}").format(time=brief_duration(planned.takes_s))
        return Fact(_("Space"), text)


def make_plan(workspace: "Workspace", candidate: Candidate, wish: Wish, watch: Watch) -> Planned:
    """Return the plan of a restore; writes nothing. Raises BackupError."""
    copy = candidate.copy
    found = found_of(workspace, copy.repository, copy.snapshot.id)
    plan = restores.plan(workspace, found, wish, watch)
    return Planned(
        copy=copy,
        wish=wish,
        plan=plan,
        cautions=tuple(cautions(workspace, candidate, plan)),
        takes_s=expected_s(workspace, copy.repository, plan),
    )
