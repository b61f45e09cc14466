"""Choosing: another snapshot, or the disk of today, to compare one with; and where that leads."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _
from tui_backup.services.browsing.directories import Copy
from tui_backup.services.storage.snapshots import open_shelf
from tui_backup.services.words import kind_word
from tui_backup.tui.browser.reading_page import ReadingPage
from tui_backup.tui.desk import Desk
from tui_backup.tui.dialogs.dialog import Dialog, said
from tui_backup.tui.places import Changes, Restore
from tui_backup.tui.widgets.columns import Column
from tui_backup.tui.widgets.listing import Listing, Remark
from tui_backup.tui.words import brief_size, day_and_time


@dataclass(frozen=True)
class Choice:
    """Something to compare with; None is the disk."""

    copy: Copy | None


class ChooseOther(Dialog[Choice]):
    """Asks what a snapshot is to be compared with."""

    CSS = """
    ChooseOther > #dialog { width: 76; padding: 0 2; }
    ChooseOther Listing { height: auto; max-height: 14; min-height: 4; margin-bottom: 1; }
    """

    def __init__(self, desk: Desk, title: str, choices: Sequence[Choice]) -> None:
        super().__init__()
        self._desk = desk
        self._title = title
        self._choices = choices

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as box:
            box.border_title = Content(self._title)
            yield Listing[Choice](
                self._columns(), key=lambda choice: choice, empty=Remark(_("There is no other one")), id="choices"
            )
            yield said(_("Enter compares, Esc goes back."), "quiet")

    def on_mount(self) -> None:
        """Offer the choices."""
        listing = self.query_one(Listing)
        listing.show(self._choices)
        listing.styles.height = min(14, len(self._choices) + 1)
        listing.focus()

    @on(Listing.Chosen)
    def _chosen(self, event: Listing.Chosen) -> None:
        self.dismiss(event.row)

    def _columns(self) -> list[Column[Choice]]:
        now, zone = self._desk.now(), self._desk.zone

        def when(choice: Choice) -> str:
            return day_and_time(choice.copy.snapshot.time, now, zone) if choice.copy else _("the disk as it is today")

        return [
            Column(id="when", title=_("When"), cell=when, grows=True, least=18),
            Column(id="kind", title=_("Kind"), rank=2, most=12,
                   cell=lambda each: kind_word(each.copy.snapshot.kind or "") if each.copy else ""),
            Column(id="id", title=_("Snapshot"), cell=lambda each: each.copy.snapshot.short_id if each.copy else "",
                   width=8),
            Column(id="size", title=_("Size"), width=8, right=True,
                   cell=lambda each: brief_size(each.copy.snapshot.size) if each.copy else ""),
        ]  # fmt: skip


def choose_other(page: ReadingPage, copy: Copy, chosen: Callable[[Choice], None]) -> None:
    """Ask what a snapshot is to be compared with: those of its job and host, the newest first, or the disk."""

    def work(_watch: Watch) -> list[Choice]:
        with page.desk.reading() as workspace:
            shelf = open_shelf(workspace, copy.repository)
        this = copy.snapshot
        others = [
            Choice(Copy(snapshot=each, repository=copy.repository))
            for each in reversed(shelf.snapshots)
            if (each.job, each.host) == (this.job, this.host) and each.id != this.id
        ]
        is_here = this.host == page.desk.workspace.host and this.job in page.desk.workspace.config.jobs
        return [*([Choice(None)] if is_here else []), *others]

    def answered(choices: list[Choice]) -> None:
        when = day_and_time(copy.snapshot.time, page.desk.now(), page.desk.zone)
        title = _("Compare the snapshot of {time} with").format(time=when)
        page.app.push_screen(ChooseOther(page.desk, title, choices), partial(_when_chosen, chosen))

    page.read(work, answered, telling=lambda _watch: _("reading the list of snapshots…"))


def changes_between(copy: Copy, choice: Choice, path: bytes) -> Changes:
    """Return the place that shows what changed between a snapshot and what was chosen, the older one first."""
    other = choice.copy
    if other is None:
        return Changes(snapshot=copy.snapshot.id, repository=copy.repository, path=path)
    older, newer = sorted((copy, other), key=lambda each: each.snapshot.time)
    return Changes(
        snapshot=older.snapshot.id,
        repository=older.repository,
        path=path,
        other=newer.snapshot.id,
        other_repository=newer.repository,
    )


def restore_of(copy: Copy, paths: Sequence[bytes]) -> Restore:
    """Return the place that gets paths of a snapshot back."""
    snapshot = copy.snapshot
    return Restore(job=snapshot.job, snapshot=snapshot.id, repository=copy.repository, paths=tuple(paths))


def _when_chosen(chosen: Callable[[Choice], None], choice: Choice | None) -> None:
    if choice is not None:
        chosen(choice)
