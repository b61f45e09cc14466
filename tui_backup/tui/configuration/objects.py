"""Objects: what a configuration consists of, as a list to choose from."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from textual.binding import Binding

from tui_backup.config.lines import Key
from tui_backup.primitives.i18n import _
from tui_backup.tui.glyphs import Glyphs
from tui_backup.tui.widgets.cells import Cell
from tui_backup.tui.widgets.columns import Column
from tui_backup.tui.widgets.listing import Listing, Remark

Kind = Literal["general", "jobs", "repositories", "notifiers"]


@dataclass(frozen=True)
class Thing:
    """The keys before the first table, one job, repository or notifier, or (without a name) all of a kind."""

    kind: Kind
    name: str | None = None

    @property
    def key(self) -> Key:
        """Where it stands in the file."""
        if self.kind == "general":
            return ()
        return (self.kind,) if self.name is None else (self.kind, self.name)

    @property
    def title(self) -> str:
        """What it is called."""
        match self.kind, self.name:
            case "general", _nothing:
                return _("General")
            case "jobs", None:
                return _("Jobs")
            case "repositories", None:
                return _("Repositories")
            case "notifiers", None:
                return _("Notifiers")
            case "jobs", name:
                return _("Job {name}").format(name=name)
            case "notifiers", name:
                return _("Notifier {name}").format(name=name)
            case _kind, name:
                return _("Repository {name}").format(name=name)
        return ""


def things(tables: dict[str, Any]) -> Iterator[Thing]:
    """Yield what there is, each kind behind its heading."""
    yield Thing("general")
    kinds: tuple[Kind, ...] = ("jobs", "repositories", "notifiers")
    for kind in kinds:
        yield Thing(kind)
        named = tables.get(kind)
        yield from (Thing(kind, name) for name in (named if isinstance(named, dict) else ()))


class Objects(Listing[Thing]):
    """The list at the left."""

    BINDINGS = [
        Binding("S", "screen.save", _("Save"), id="objects.save",
                tooltip=_("Show what changes in the file, then save it")),
        Binding("T", "screen.test", _("Test"), id="objects.test",
                tooltip=_("Open the repository, reach what the job backs up, or send a test notice")),
        Binding("n", "screen.new_job", _("New job"), id="objects.new-job", tooltip=_("Describe a further job")),
        Binding("N", "screen.new_repository", _("New repository"), show=False, id="objects.new-repository",
                tooltip=_("Describe a further repository")),
        Binding("A", "screen.new_notifier", _("New notifier"), show=False, id="objects.new-notifier",
                tooltip=_("Describe who else is alerted, and of what")),
        Binding("a", "screen.add_source", _("Add source"), show=False, id="objects.add-source",
                tooltip=_("Have the job back up something else too")),
        Binding("D", "screen.remove", _("Delete"), id="objects.remove",
                tooltip=_("Take it out of the configuration; backups stay")),
        Binding("R", "screen.rename", _("Rename"), show=False, id="objects.rename", tooltip=_("Give it another name")),
    ]  # fmt: skip

    def __init__(self, glyphs: Glyphs) -> None:
        self.wrong: Collection[Thing] = set()
        self.changed: Collection[Thing] = set()
        self._glyphs = glyphs
        super().__init__(
            [
                Column(id="name", title=_("Object"), cell=self._shown_name, grows=True, least=8),
                Column(id="state", title="", cell=self._shown_state, least=0, right=True),
            ],
            key=lambda thing: thing,
            empty=Remark(_("reading…")),
            id="objects",
        )

    def judge(self, wrong: Collection[Thing], changed: Collection[Thing]) -> None:
        """Show in which of them something is wrong, and which are not as they are in the file."""
        if (wrong, changed) != (self.wrong, self.changed):
            self.wrong, self.changed = wrong, changed
            self.show(self.given)

    def action_sort(self) -> None:
        """Leave the order as it is: that of the file."""

    def _shown_name(self, thing: Thing) -> Cell:
        if thing.kind == "general":
            return thing.title
        return [(thing.title, "dim")] if thing.name is None else f"  {thing.name}"

    def _shown_state(self, thing: Thing) -> Cell:
        if thing in self.wrong:
            return [(f"{self._glyphs.failed} " + _("wrong"), "error")]
        return [(_("changed"), "accent")] if thing in self.changed else ""
