"""Making: how far the first start is, stage by stage, and what to do when one fails."""

from dataclasses import dataclass
from enum import Enum

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from tui_backup.errors import BackupError
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.services.runs.pace import share
from tui_backup.tui import words
from tui_backup.tui.dialogs.dialog import printable_lines
from tui_backup.tui.glyphs import Glyphs
from tui_backup.tui.run_board import RunView
from tui_backup.tui.welcome.steps import Step


class State(Enum):
    """How a stage stands."""

    WAITING = "waiting"
    GOING_ON = "going on"
    DONE = "done"
    FAILED = "failed"


@dataclass
class Stage:
    """One thing that is made."""

    name: str
    state: State = State.WAITING
    detail: str = ""


class MakingStep(Step, can_focus=True):
    """Configuration and repository, then a backup, then its proof."""

    SETUP, BACKUP, VERIFY = range(3)

    def __init__(self, glyphs: Glyphs, *, id: str) -> None:  # noqa: A002 - as every widget has it
        super().__init__(glyphs, id=id)
        self._glyphs = glyphs
        self.stages = [
            Stage(_("Configuration and repository")),
            Stage(_("First backup")),
            Stage(_("First verification")),
        ]

    def compose(self) -> ComposeResult:
        for _stage in self.stages:
            yield Static("", classes="stage", markup=False)
            yield Static("", classes="detail quiet", markup=False)
        yield Static("", id="outcome", markup=False)

    def on_mount(self) -> None:
        """Show what is to come."""
        self._show()

    @property
    def failed(self) -> int | None:
        """The stage that failed."""
        return next((number for number, stage in enumerate(self.stages) if stage.state is State.FAILED), None)

    @property
    def is_over(self) -> bool:
        """Whether everything is made."""
        return self.stages[-1].state is State.DONE

    @property
    def is_going_on(self) -> bool:
        """Whether something is being made."""
        return any(stage.state is State.GOING_ON for stage in self.stages)

    def focus_first(self) -> None:
        self.focus()

    def begin(self, stage: int) -> None:
        """A stage begins."""
        self.stages[stage].state, self.stages[stage].detail = State.GOING_ON, ""
        self._say("")
        self._show()

    def follow(self, view: RunView) -> None:
        """Show how far a run is, in the stage that goes on."""
        event = view.progress
        stage = next((each for each in self.stages if each.state is State.GOING_ON), None)
        if event is None or stage is None:
            return
        percent, left = share(event), view.pace.left_s(event)
        parts = [
            "" if percent is None else f"{percent} %",
            words.brief_size(event.bytes_done),
            words.brief_rate(view.pace.rate) if view.pace.rate else "",
            words.counted_files(event.files_done),
            "" if left is None else _("{time} left").format(time=words.brief_duration(left)),
        ]
        stage.detail = "  ".join(filter(None, parts))
        self._show()

    def done(self, stage: int, detail: str) -> None:
        """A stage is over."""
        self.stages[stage].state, self.stages[stage].detail = State.DONE, detail
        self._show()

    def fail(self, stage: int, error: BackupError, advice: str) -> None:
        """A stage has failed; `advice` says what exists and how to go on."""
        self.stages[stage].state, self.stages[stage].detail = State.FAILED, error.message
        self._say("\n".join(filter(None, (error.hint, "", advice))))
        self._show()

    def conclude(self, text: str) -> None:
        """Say what comes next."""
        self._say(text)

    def _say(self, text: str) -> None:
        self.query_one("#outcome", Static).update(Content(printable_lines(text)))

    def _show(self) -> None:
        glyphs = self._glyphs
        looks = {
            State.WAITING: (glyphs.never, "$quiet", _("to come")),
            State.GOING_ON: (glyphs.running, "$accent", _("going on")),
            State.DONE: (glyphs.ok, "$text-success", _("done")),
            State.FAILED: (glyphs.failed, "$text-error", _("failed")),
        }
        for stage, line, detail in zip(
            self.stages, self.query(".stage").results(Static), self.query(".detail").results(Static), strict=True
        ):
            sign, style, word = looks[stage.state]
            line.update(Content.styled(f"{sign} {word:<9}", style).append(f" {stage.name}"))
            detail.update(Content(printable(stage.detail)))
            detail.display = bool(stage.detail)
