"""Where: beside, another directory or in place, and what becomes of what is there."""

import asyncio
import os
from collections.abc import Iterator

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.suggester import Suggester
from textual.widgets import Input, Static

from tui_backup.config.settings import UNDO_KEEP_S
from tui_backup.engine.restore_request import Overwrite
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.services.restore import restores
from tui_backup.tui.restore.choices import Where
from tui_backup.tui.restore.step import Onward, Step
from tui_backup.tui.widgets.choice import Choice
from tui_backup.tui.widgets.field import Field
from tui_backup.tui.words import span

POLICIES = (Overwrite.NEVER, Overwrite.IF_NEWER, Overwrite.IF_CHANGED, Overwrite.ALWAYS)

_LABEL = 20
"""Columns of the labels."""

_MOST_NAMES = 5_000
"""Names of a directory that are looked at for a completion."""


class WhereStep(Step):
    """Each question is a line; left and right choose, up and down walk through them."""

    BINDINGS = [
        Binding("down,j", "app.focus_next", _("Next"), show=False, id="restore.next-question"),
        Binding("up,k", "app.focus_previous", _("Previous"), show=False, id="restore.previous-question"),
        Binding("enter", "onward", _("Next"), show=False, id="restore.onward"),
    ]

    def compose(self) -> ComposeResult:
        glyphs = self.page.desk.glyphs
        chosen, yes_no = self.choices, (_("no"), _("yes"))
        places = (_("beside"), _("another directory"), _("in place"))
        yield Choice(_("Where to"), places, glyphs, chosen=chosen.where, width=_LABEL, id="place")
        yield Static(id="place-words", markup=False)
        yield Field(placeholder=_("/a/directory"), id="another")
        policies = (_("never"), _("if older"), _("if changed"), _("always"))
        usual = POLICIES.index(chosen.usual_overwrite)
        yield Choice(_("Overwrite"), policies, glyphs, chosen=usual, width=_LABEL, id="policy")
        yield Static(id="policy-words", markup=False)
        yield Choice(_("Delete what is new"), yes_no, glyphs, chosen=int(chosen.delete), width=_LABEL, id="delete")
        yield Static(id="delete-words", markup=False)
        yield Choice(_("Read back, compare"), yes_no, glyphs, chosen=int(chosen.verify), width=_LABEL, id="verify")
        yield Choice(_("Trust its owners"), yes_no, glyphs, chosen=int(chosen.trust), width=_LABEL, id="trust")
        yield Static(id="trust-words", markup=False)

    def on_mount(self) -> None:
        """Offer directories while somebody types one."""
        self.query_one("#another", Field).suggester = _Directories(use_cache=False)

    def arrive(self) -> None:
        candidate, desk = self.choices.candidate, self.page.desk
        if candidate is not None:
            job, time = candidate.snapshot.job, desk.now()
            self.page.ask("beside", lambda _watch: restores.fresh_directory(job, time), self._take_beside)
        self._set()
        self._show()
        self.query_one("#place").focus()

    def objection(self) -> str | None:
        match self.choices.where:
            case Where.BESIDE if not self.choices.beside:
                return _("A moment: the new directory is being named")
            case Where.ANOTHER if not (self.choices.target or "").startswith("/"):
                return _("Say which directory, with its whole path")
        return None

    def yanked(self) -> str | None:
        return self.choices.target

    def _take_beside(self, path: str) -> None:
        self.choices.beside = path
        self._show()

    def _set(self) -> None:
        """Have the questions say what is chosen."""
        chosen = self.choices
        answers = {
            "#place": chosen.where,
            "#policy": POLICIES.index(chosen.overwrite or chosen.usual_overwrite),
            "#delete": int(chosen.delete),
            "#verify": int(chosen.verify),
            "#trust": int(chosen.trust),
        }
        with self.prevent(Choice.Chosen, Input.Changed):
            for name, number in answers.items():
                self.query_one(name, Choice).chosen = number
            self.query_one("#another", Field).value = chosen.another

    def _show(self) -> None:
        """Show what belongs to the place that is chosen."""
        where = self.choices.where
        is_fresh = where is Where.BESIDE
        self.query_one("#another").display = where is Where.ANOTHER
        for name in ("#policy", "#policy-words", "#delete", "#delete-words"):
            self.query_one(name).display = not is_fresh
        needs_trust = not self._is_trusted
        self.query_one("#trust").display = self.query_one("#trust-words").display = needs_trust
        self.query_one("#place-words", Static).update(_paragraph(*self._about_place()))
        self.query_one("#policy-words", Static).update(_paragraph(*self._about_replacing()))
        self.query_one("#delete-words", Static).update(_paragraph(*self._about_deleting()))
        self.query_one("#trust-words", Static).update(
            _paragraph(_("The repository is not trusted: owners, suid bits and devices are left out otherwise."))
        )

    @property
    def _is_trusted(self) -> bool:
        candidate = self.choices.candidate
        repository = candidate and self.page.desk.workspace.config.repositories.get(candidate.copy.repository)
        return repository is None or not repository or repository.trusted

    def _about_place(self) -> Iterator[str]:
        match self.choices.where:
            case Where.BESIDE:
                yield _("A new directory; nothing that exists is touched:")
                yield self.choices.beside
            case Where.ANOTHER:
                yield _("The paths of the snapshot are made anew below this directory on {host}.").format(
                    host=self.page.desk.workspace.host
                )
            case Where.IN_PLACE:
                yield _("Back to where it came from, on {host}.").format(host=self.page.desk.workspace.host)
                text = _("What is replaced or deleted is kept for {span}, so that all of it can be undone.")
                yield text.format(span=span(self._undo_keep))

    def _about_replacing(self) -> Iterator[str]:
        match self.choices.overwrite or self.choices.usual_overwrite:
            case Overwrite.NEVER:
                yield _("What is there and differs is kept, and named.")
            case Overwrite.IF_NEWER:
                yield _("What is older there is replaced.")
            case Overwrite.IF_CHANGED:
                yield _("What has another size or time there is replaced.")
            case Overwrite.ALWAYS:
                yield _("What differs there is replaced.")

    def _about_deleting(self) -> Iterator[str]:
        if self.choices.delete:
            yield _("What the snapshot does not have is deleted there, below what is restored.")
        else:
            yield _("What the snapshot does not have stays.")
        if self.choices.where is not Where.IN_PLACE and (self.choices.delete or self._replaces):
            yield _("! This cannot be undone: only a restore in place keeps what was there.")

    @property
    def _replaces(self) -> bool:
        return (self.choices.overwrite or self.choices.usual_overwrite) is not Overwrite.NEVER

    @property
    def _undo_keep(self) -> int:
        candidate = self.choices.candidate
        job = self.page.desk.workspace.config.jobs.get((candidate and candidate.snapshot.job) or "")
        return job.undo_keep if job else UNDO_KEEP_S

    @on(Choice.Chosen)
    def _chosen(self, event: Choice.Chosen) -> None:
        event.stop()
        number = event.number
        match event.choice.id:
            case "place":
                self.choices.where = Where(number)
                self._set()
            case "policy":
                self.choices.overwrite = POLICIES[number]
            case "delete":
                self.choices.delete = bool(number)
            case "verify":
                self.choices.verify = bool(number)
            case "trust":
                self.choices.trust = bool(number)
        self._show()

    @on(Input.Changed, "#another")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.choices.another = event.value

    @on(Input.Submitted, "#another")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(Onward())

    def action_onward(self) -> None:
        """Go on."""
        self.post_message(Onward())


class _Directories(Suggester):
    """Completes the name of a directory."""

    async def get_suggestion(self, value: str) -> str | None:
        return await asyncio.to_thread(_completed, value) if value.startswith("/") else None


def _completed(value: str) -> str | None:
    above, _slash, begun = value.rpartition("/")
    try:
        with os.scandir(above or "/") as entries:
            looked_at = (entry for entry, _number in zip(entries, range(_MOST_NAMES), strict=False))
            names = sorted(entry.name for entry in looked_at if entry.name.startswith(begun) and entry.is_dir())
    except OSError:
        return None
    return f"{above}/{names[0]}" if begun and names and names[0].isprintable() else None


def _paragraph(*lines: str) -> Content:
    return Content.styled("\n".join(printable(line) for line in lines), "$quiet")
