"""The questions of the first start, one beside the other; each holds what was typed."""

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui_backup.primitives.i18n import _
from tui_backup.primitives.secret import Secret
from tui_backup.primitives.text import printable
from tui_backup.services.setup.first_start import EVERY, KEEP, Beginning
from tui_backup.tui.dialogs.dialog import printable_lines, said
from tui_backup.tui.glyphs import Glyphs
from tui_backup.tui.widgets.field import Field
from tui_backup.tui.widgets.findings import Findings

SHOWN_TAIL = 4
"""Characters of the password that somebody types to show that there is a copy."""


class Step(VerticalScroll, can_focus=False):
    """One question: what is asked, why, and a place for the answer."""

    def __init__(self, glyphs: Glyphs, *, id: str) -> None:  # noqa: A002 - as every widget has it
        super().__init__(id=id)
        self.findings = Findings(glyphs)

    def focus_first(self) -> None:
        """Put the focus on the first answer."""
        self.query_one(Field).focus()


class WhatStep(Step):
    """What to back up."""

    def compose(self) -> ComposeResult:
        yield said(_("What shall be backed up?"), "large")
        yield said(
            _("Directories and files, apart by spaces; one that has a space in its name in quotation marks."), "quiet"
        )
        yield Field(id="paths")
        yield self.findings
        yield Static("", id="amount", classes="quiet", markup=False)

    @property
    def text(self) -> str:
        """What was typed."""
        return self.query_one("#paths", Field).value


class WhereStep(Step):
    """Where the backups go."""

    def compose(self) -> ComposeResult:
        yield said(_("Where shall the backups go?"), "large")
        yield said(_("A directory, best on another disk. It is made if it does not exist."), "quiet")
        yield Field(id="place")
        yield self.findings
        yield Static("", id="disks", classes="quiet", markup=False)
        yield Static("", id="needed", classes="quiet", markup=False)

    @property
    def text(self) -> str:
        """What was typed."""
        return self.query_one("#place", Field).value


class OftenStep(Step):
    """How often a backup is expected, and how long it is kept."""

    def compose(self) -> ComposeResult:
        yield said(_("How often do you expect a backup?"), "large")
        yield said(
            _("If none has succeeded for that long, the job is shown as stale: 26h for a nightly one. This version "
              "starts nothing by itself yet; cron can, and you will be shown the line for it."),
            "quiet",
        )  # fmt: skip
        yield Field(EVERY, id="every")
        yield said(_("Which backups shall be kept?"), "large second")
        yield said(_("The newest of so many days, weeks and so on. Nothing here: all of them, for ever."), "quiet")
        yield Field(KEEP, id="keep")
        yield self.findings

    @property
    def every(self) -> str:
        """How often, as it was typed."""
        return self.query_one("#every", Field).value

    @property
    def keep(self) -> str:
        """What is kept, as it was typed."""
        return self.query_one("#keep", Field).value


class PasswordStep(Step):
    """The password, shown this once."""

    def __init__(self, glyphs: Glyphs, password: Secret, *, id: str) -> None:  # noqa: A002 - as every widget has it
        super().__init__(glyphs, id=id)
        self._password = password

    def compose(self) -> ComposeResult:
        yield said(_("This password is made for your backups:"), "large")
        yield said(self._password.reveal(), "large password")
        yield said(_("Nobody can read the backups without it, not even you. Copy it to another place now: a password "
                     "manager, or paper. It is not shown again."))  # fmt: skip
        yield Static("", id="stored", classes="quiet", markup=False)
        yield said(
            _("Type its last {count} characters, to show that you have a copy:").format(count=SHOWN_TAIL), "second"
        )
        yield Field(id="tail")
        yield self.findings

    def show(self, beginning: Beginning) -> None:
        """Say where it will be stored."""
        text = _("It will be stored in {path}, which only you can read.")
        self.query_one("#stored", Static).update(Content(printable(text.format(path=beginning.password_file))))

    @property
    def is_copied(self) -> bool:
        """Whether somebody has shown that there is a copy."""
        return self.query_one("#tail", Field).value.strip() == self._password.reveal()[-SHOWN_TAIL:]


class SureStep(Step, can_focus=True):
    """The file that will be made, before anything is."""

    def compose(self) -> ComposeResult:
        yield said(_("This will be made. Nothing exists yet."), "large")
        yield Static("", id="facts", markup=False)
        yield Static("", id="file", markup=False)
        yield self.findings

    def show(self, beginning: Beginning, text: str, host: str) -> None:
        """Say what will be made on which host, and show the file."""
        wishes = beginning.wishes
        facts = [
            _("Host        {host}").format(host=host),
            _("File        {path}").format(path=beginning.config),
            _("Password    {path}").format(path=beginning.password_file),
            _("Repository  {path}").format(path=wishes.place),
            _("Backs up    {paths}").format(paths=", ".join(wishes.paths)),
        ]
        self.query_one("#facts", Static).update(Content(printable_lines("\n".join(facts))))
        self.query_one("#file", Static).update(Content(printable_lines(text)))

    def focus_first(self) -> None:
        self.focus()
