"""The page of the first start: asks four questions, shows what will be made, makes it, and backs up at once."""

import socket
from collections.abc import Callable, Sequence
from functools import partial

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.reactive import reactive
from textual.widgets import ContentSwitcher, Input, Static

from tui_backup.errors import BackupError
from tui_backup.formats.base import Subset
from tui_backup.model.event import Event
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.secret import random_secret
from tui_backup.primitives.text import printable
from tui_backup.services.backup.backups import BackupOptions, Outcome, run_jobs
from tui_backup.services.launches import Launch
from tui_backup.services.runs.endings import checked, sentence
from tui_backup.services.schedule.timetable import install_command
from tui_backup.services.setup import first_start, starter
from tui_backup.services.setup.first_start import Amount, Beginning, Disk, Finding, Weight
from tui_backup.services.setup.making import Setup, begin, initialise
from tui_backup.services.upkeep.verification import Verdict, VerifyRequest, verify
from tui_backup.services.workspace import Workspace
from tui_backup.tui import words
from tui_backup.tui.asking import Answered
from tui_backup.tui.desk import Desk
from tui_backup.tui.page import Page
from tui_backup.tui.places import Browser, Dashboard, Place, is_built
from tui_backup.tui.welcome.making import MakingStep
from tui_backup.tui.welcome.steps import OftenStep, PasswordStep, Step, SureStep, WhatStep, WhereStep
from tui_backup.tui.widgets.trail import Trail

WHAT, WHERE, OFTEN, PASSWORD, SURE, MAKING = range(6)


class WelcomePage(Page):
    """A few questions, and a first backup. Nothing is made before somebody has seen what will be."""

    AUTO_FOCUS = ""
    CSS_PATH = "welcome.tcss"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-tall")]
    HELP = _(
        "There is no configuration yet. Answer four questions, look at the file that will be made, and make it: then "
        "the first backup begins, and is proven. You can leave at any time; before the last step nothing is made."
    )
    BINDINGS = [
        Binding("enter", "go_on", _("Go on"), key_display="enter", priority=True, id="welcome.go-on",
                tooltip=_("Take this answer and go on")),
        Binding("escape", "leave", _("Back"), key_display="esc", priority=True, id="welcome.back",
                tooltip=_("Go back to the question before; from the first one, leave")),
        Binding("B", "begin", _("Make it and back up"), id="welcome.begin",
                tooltip=_("Make what is shown, and back up for the first time; or try again what has failed")),
        Binding("l", "look", _("Look into it"), id="welcome.look", tooltip=_("Look into the first backup")),
    ]  # fmt: skip

    step: reactive[int] = reactive(WHAT, init=False)
    """The question at hand, or the making of what was asked for."""

    def __init__(self, desk: Desk, place: Place) -> None:
        super().__init__(desk, place)
        self._password = random_secret()
        self._beginning: Beginning | None = None
        self._needed: int | None = None
        """Bytes that the first backup will read, as far as anybody knows."""
        self._text = ""
        self._install = ""
        self._first: Browser | None = None
        """Where the first snapshot can be looked into."""

    def heading(self) -> str:
        host = "" if self.desk.is_configured else f"{socket.gethostname()} {self.desk.glyphs.dot} "
        return host + _("First start")

    def body(self) -> ComposeResult:
        glyphs = self.desk.glyphs
        yield Trail([_("What"), _("Where to"), _("How often"), _("Password"), _("Look"), _("Make")], glyphs)
        with ContentSwitcher(initial="what"):
            yield WhatStep(glyphs, id="what")
            yield WhereStep(glyphs, id="where")
            yield OftenStep(glyphs, id="often")
            yield PasswordStep(glyphs, self._password, id="password")
            yield SureStep(glyphs, id="sure")
            yield MakingStep(glyphs, id="making")

    def on_mount(self) -> None:
        """Have a look at what could be backed up, and where to."""
        self._steps[WHAT].focus_first()
        given = self.desk.given
        self.ask("suggested", lambda _watch: first_start.suggested(given), self._begin_with)

    def watch_step(self) -> None:
        """Show the question."""
        step = self._steps[self.step]
        self.query_one(ContentSwitcher).current = step.id
        self.query_one(Trail).at = self.step
        step.focus_first()
        self._typed()
        self.refresh_bindings()

    def heard(self, event: Event) -> None:
        view = self.desk.board.run(event.run)
        if view is not None and self.step == MAKING:
            self._making.follow(view)

    def command_line(self) -> Sequence[str] | None:
        return ["run", "--all"] if self.desk.is_configured else ["init"]

    def yanked(self) -> str | None:
        return self._install or None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        match action:
            case "begin":
                return self.step == SURE or (self.step == MAKING and self._making.failed is not None)
            case "look":
                return self._making.is_over and self._first is not None if self.step == MAKING else False
            case "go_on":
                return self.step < SURE or (self.step == MAKING and self._making.is_over)
        return True

    @on(Input.Changed)
    def _typed(self) -> None:
        if self.step == PASSWORD:
            self._steps[PASSWORD].findings.show([])
        elif self._beginning is not None and self.step < PASSWORD:
            self.ask("look", self._check(), partial(self._judged, self.step, goes_on=False))

    @on(Trail.Chosen)
    def _step_chosen(self, event: Trail.Chosen) -> None:
        if event.number < self.step < MAKING:
            self.step = event.number

    def action_go_on(self) -> None:
        """Take the answer, if it is sound."""
        if self.step == MAKING:
            self.go(Dashboard(), instead=True)
        elif self._beginning is not None:
            self.ask("check", self._check(), partial(self._judged, self.step, goes_on=True))

    def action_leave(self) -> None:
        """Go back one question; while something is made, leave it to itself."""
        if self.step == MAKING and self.desk.is_configured:
            self.go(Dashboard(), instead=True)
        elif self.step == MAKING and self._making.is_going_on:
            self.notify(_("Wait a moment: the configuration is being written"))
        elif self.step == WHAT:
            self.dismiss()
        else:
            self.step -= 1

    def action_begin(self) -> None:
        """Make what was shown; or try again what has failed."""
        self.step = MAKING
        match self._making.failed:
            case MakingStep.BACKUP:
                self._back_up()
            case MakingStep.VERIFY:
                self._verify()
            case _:
                self._make()

    def action_look(self) -> None:
        """Look into the first backup."""
        if self._first is not None:
            self.go(self._first)

    # the questions

    @property
    def _steps(self) -> list[Step]:
        return list(self.query(Step))

    @property
    def _making(self) -> MakingStep:
        return self.query_one(MakingStep)

    def _begin_with(self, beginning: Beginning) -> None:
        self._beginning = beginning
        paths = self.query_one("#paths", Input)
        paths.value = paths.value or starter.typed(beginning.wishes.paths)
        self.query_one("#place", Input).value = beginning.wishes.place
        self.query_one(PasswordStep).show(beginning)
        self.watch_step()

    def _wish(self, **wishes: object) -> None:
        """Change what is wished."""
        assert self._beginning is not None
        changed = msgspec.structs.replace(self._beginning.wishes, **wishes)
        self._beginning = msgspec.structs.replace(self._beginning, wishes=changed)

    def _check(self) -> Callable[[Watch], list[Finding]]:
        """Return what has to be looked up about the answer at hand."""
        assert self._beginning is not None
        paths, needed = self._beginning.wishes.paths, self._needed
        match self._steps[self.step]:
            case WhatStep(text=text):
                return lambda _watch: first_start.look_at_paths(text)
            case WhereStep(text=text):
                return lambda _watch: first_start.look_at_place(text, paths, needed)
            case OftenStep(every=every, keep=keep):
                return lambda _watch: first_start.look_at_rules(every, keep)
            case PasswordStep(is_copied=True):
                return lambda _watch: []
        return lambda _watch: [Finding(Weight.WRONG, _("these are not the last characters of the password above"))]

    def _judged(self, number: int, found: list[Finding], *, goes_on: bool) -> None:
        if number != self.step:
            return
        step = self._steps[number]
        step.findings.show(found)
        if not goes_on or not step.findings.are_sound:
            return
        match step:
            case WhatStep(text=text):
                self._take_paths(first_start.paths_of(text))
            case WhereStep(text=text):
                self._wish(place=first_start.place_of(text))
            case OftenStep(every=every, keep=keep):
                self._wish(expected_every=first_start.every_of(every), keep=first_start.keep_of_text(keep))
            case PasswordStep():
                self._show_file()
        self.step += 1

    def _take_paths(self, paths: tuple[str, ...]) -> None:
        self._wish(paths=paths, exclude=starter.clutter(paths), job=first_start.job_name(paths))
        beginning = self._beginning
        assert beginning is not None
        self.query_one("#amount", Static).update(_("Counting what that is."))
        self.ask("amount", partial(first_start.amount, beginning), self._counted, self._not_counted)
        self.ask("disks", lambda _watch: first_start.other_disks(paths), partial(self._offer, beginning.wishes.place))

    def _counted(self, amount: Amount) -> None:
        self._needed = amount.bytes
        text = _("To be backed up: {files}, {size}")
        if not amount.is_all:
            text = _("To be backed up: more than {files}, {size}")
        told = text.format(files=words.counted_files(amount.files), size=words.brief_size(amount.bytes))
        if amount.unread:
            unread = ngettext("{count} of them cannot be read", "{count} of them cannot be read", amount.unread)
            told = _("{amount}; {unread} by this user").format(amount=told, unread=unread.format(count=amount.unread))
        for place in ("#amount", "#needed"):
            self.query_one(place, Static).update(told)

    def _not_counted(self, _error: BackupError) -> None:
        self.query_one("#amount", Static).update("")

    def _offer(self, usual: str, disks: list[Disk]) -> None:
        """Offer a directory on another disk, unless somebody has named one."""
        if not disks:
            return
        field = self.query_one("#place", Input)
        if field.value == usual:
            field.value = f"{disks[0].mount.rstrip('/')}/tui-backup"
        told = ", ".join(
            _("{path} ({size} free)").format(path=printable(disk.mount), size=words.brief_size(disk.free))
            for disk in disks[:4]
        )
        self.query_one("#disks", Static).update(_("Other disks here: {disks}").format(disks=told))

    def _show_file(self) -> None:
        beginning = self._beginning
        assert beginning is not None
        self.ask("file", lambda _watch: first_start.checked(beginning)[0], self._file_made, self._file_refused)

    def _file_made(self, text: str) -> None:
        assert self._beginning is not None
        self._text = text
        self.query_one(SureStep).show(self._beginning, text, socket.gethostname())

    def _file_refused(self, error: BackupError) -> None:
        self.complain(error)
        self.step = WHAT

    # making it

    def _make(self) -> None:
        beginning, text, desk = self._beginning, self._text, self.desk
        assert beginning is not None
        self._making.begin(MakingStep.SETUP)

        def make(_watch: Watch) -> tuple[Setup, Workspace, str]:
            path = beginning.config
            if desk.is_configured:
                setup = initialise(path)
            else:
                setup = begin(path, text, beginning.password_file, self._password)
            workspace = Workspace.open(path, desk.bus)
            return setup, workspace, install_command(workspace.config)

        self.ask("make", make, self._made, self._not_made)

    def _not_made(self, error: BackupError) -> None:
        self._making.fail(MakingStep.SETUP, error, _("Nothing was made. Esc goes back, B tries again."))
        self.refresh_bindings()

    def _made(self, made: tuple[Setup, Workspace, str]) -> None:
        setup, workspace, self._install = made
        self.desk.renew(workspace)
        self.retitle()
        if setup.problems:
            problem = BackupError(setup.problems[0].detail)
            advice = _(
                "The configuration is made: {path}. B tries again; `tui-backup init` makes what is missing, too."
            )
            self._making.fail(MakingStep.SETUP, problem, advice.format(path=setup.config))
            self.refresh_bindings()
            return
        self._making.done(MakingStep.SETUP, setup.config)
        self._back_up()

    def _back_up(self) -> None:
        outcomes: list[Outcome] = []

        def operation(workspace: Workspace) -> None:
            outcomes.extend(run_jobs(workspace, list(workspace.config.jobs.values()), BackupOptions()))

        self._launch(MakingStep.BACKUP, _("first backup"), operation, lambda: self._backed_up(outcomes[0]))

    def _backed_up(self, outcome: Outcome) -> None:
        finished = outcome.finished
        if finished is None or finished.snapshot is None or outcome.error is not None:
            self._stage_failed(MakingStep.BACKUP, next(iter(outcome.errors), BackupError(_("nothing was backed up"))))
            return
        assert finished.repository is not None
        self._first = Browser(snapshot=finished.snapshot, repository=finished.repository)
        self._making.done(MakingStep.BACKUP, sentence(finished))
        self._verify()

    def _verify(self) -> None:
        verdicts: list[Verdict] = []

        def operation(workspace: Workspace) -> None:
            verdicts.extend(verify(workspace, VerifyRequest(subset=Subset())))

        self._launch(MakingStep.VERIFY, _("first verification"), operation, lambda: self._verified(verdicts[0]))

    def _verified(self, verdict: Verdict) -> None:
        proof = verdict.proof
        if proof is None or verdict.is_damaged:
            problem = proof.problems[0].message if proof and proof.problems else _("nothing was verified")
            self._stage_failed(MakingStep.VERIFY, verdict.error or BackupError(problem))
            return
        self._making.done(MakingStep.VERIFY, checked(proof.snapshots, proof.packs, proof.bytes))
        if self._first is not None and not is_built(Browser):
            self._first = None
        lines = [
            _("Your data is backed up, and every byte of it was read back. Enter goes to the dashboard."),
            "",
            _("To have it done by itself, give the job a schedule, and call this once; y copies it:"),
            self._install,
        ]
        self._making.conclude("\n".join(lines))
        self.refresh_bindings()

    def _launch(self, stage: int, title: str, operation: Callable[[Workspace], None], then: Callable[[], None]) -> None:
        """Have something long done; it goes on whatever becomes of this page."""

        def ended(launch: Launch) -> None:
            if not (self.is_running and self.post_message(Answered(partial(over, launch)))):
                self.desk.on_ended(launch)

        def over(launch: Launch) -> None:
            if launch.error is not None:
                self._stage_failed(stage, launch.error)
            else:
                then()

        self._making.begin(stage)
        self.refresh_bindings()
        self.desk.launch(title, operation, ended)

    def _stage_failed(self, stage: int, error: BackupError) -> None:
        advice = _("Configuration and repository are made and stay. B tries this again, Esc goes to the dashboard.")
        self._making.fail(stage, error, advice)
        self.refresh_bindings()
