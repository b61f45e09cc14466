"""Form: every key of one object, made from the structs that read it."""

from collections.abc import Iterator, Sequence
from typing import Any

from textual import on
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, Static

from tui_backup.config.document import Fault
from tui_backup.config.editing import Draft
from tui_backup.config.fields import (
    Field,
    adapter_fields,
    general_fields,
    job_fields,
    keep_fields,
    kinds,
    notifier_fields,
    repository_fields,
)
from tui_backup.config.lines import Key
from tui_backup.primitives.about import About, Shape
from tui_backup.primitives.i18n import N_, _
from tui_backup.primitives.text import printable
from tui_backup.services.setup.first_start import Finding
from tui_backup.tui.configuration.objects import Thing
from tui_backup.tui.configuration.row_kinds import row
from tui_backup.tui.configuration.rows import KindRow, Row, heading
from tui_backup.tui.configuration.year import Year
from tui_backup.tui.dialogs.dialog import said
from tui_backup.tui.glyphs import Glyphs
from tui_backup.tui.widgets.findings import Findings


class SourceButton(Button):
    """Adds a source, or takes one out."""

    def __init__(self, text: str, place: int, *, adds: bool = False) -> None:
        super().__init__(Content(text), compact=True)
        self.place = place
        self.adds = adds


class Form(VerticalScroll):
    """The right side of the page: one object at a time."""

    BINDINGS = [
        Binding("ctrl+s", "screen.save", _("Save"), key_display="^s", id="form.save",
                tooltip=_("Show what changes in the file, then save it")),
        Binding("escape,q", "screen.leave", _("Objects"), key_display="esc", id="form.leave",
                tooltip=_("Back to the list of objects")),
    ]  # fmt: skip

    class SourceAdded(Message):
        """Somebody wants a further source."""

    class SourceTaken(Message):
        """Somebody wants a source to go."""

        def __init__(self, place: int) -> None:
            super().__init__()
            self.place = place

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(id="form", can_focus=False)
        self.findings = Findings(glyphs, id="findings")
        """What a test has found."""
        self._glyphs = glyphs
        self._faults: Sequence[Fault] = ()
        self._wanted: tuple[Thing, Draft] | None = None

    def show(self, thing: Thing, draft: Draft) -> None:
        """Show an object as a draft has it."""
        self._wanted = thing, draft
        self.call_later(self._rebuild)

    def complain(self, faults: Sequence[Fault]) -> None:
        """Show what is wrong beside the keys that it is about; above them what is about none."""
        self._faults = faults
        placed: dict[Row, Fault] = {}
        left: list[Fault] = []
        for fault in faults:
            near = [each for each in self.rows if _is_about(fault.key, each.key)]
            if near:
                placed.setdefault(max(near, key=lambda each: len(each.key)), fault)
            else:
                left.append(fault)
        for each in self.rows:
            fault_of_row = placed.get(each)
            each.complain(_words(fault_of_row) if fault_of_row else None)
        for notice in self.query("#unplaced").results(Static):
            if left or not notice.has_class("-empty"):
                notice.update(Content("\n".join(printable(_words(fault)) for fault in left)))
                notice.set_class(not left, "-empty")

    def tell(self, findings: Sequence[Finding]) -> None:
        """Say what a test has found."""
        self.findings.show(findings)
        self.findings.set_class(not findings, "-empty")

    @property
    def rows(self) -> list[Row]:
        """What is shown, from the top."""
        return list(self.query(Row))

    def go_to(self, key: Key) -> None:
        """Put the focus on the row of a key, or the first one."""
        near = [each for each in self.rows if _is_about(key, each.key)] if key else []
        for each in near or self.rows:
            for widget in each.query("*"):
                if widget.focusable:
                    widget.focus()
                    return

    @property
    def year(self) -> Year | None:
        """The calendar of a job."""
        return next(iter(self.query(Year)), None)

    def tell_left_out(self, source: int, text: str) -> None:
        """Say what the excludes of a source leave out."""
        for place in self.query(f"#left-out-{source}").results(Static):
            place.update(Content(text))
            place.set_class(not text, "-empty")

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        button = event.button
        if isinstance(button, SourceButton):
            event.stop()
            self.post_message(self.SourceAdded() if button.adds else self.SourceTaken(button.place))

    async def _rebuild(self) -> None:
        if self._wanted is None:
            return
        (thing, draft), self._wanted = self._wanted, None
        self.tell(())
        unplaced = Static("", id="unplaced", classes="-empty", markup=False)
        async with self.batch():
            await self.remove_children()
            await self.mount_all([unplaced, self.findings, *self._widgets(thing, draft)])
        self.scroll_home(animate=False)
        self.complain(self._faults)

    def _widgets(self, thing: Thing, draft: Draft) -> Iterator[Widget]:
        if thing.kind == "general":
            yield from self._rows((), general_fields(), draft)
        elif thing.name is None:
            yield said(_introduction(thing), "quiet")
        elif thing.kind == "notifiers":
            yield from self._adapter(thing.key, "notifier", draft.get(thing.key), draft)
            yield from self._rows(thing.key, notifier_fields(str(draft.get((*thing.key, "kind")))), draft)
        else:
            fields = job_fields() if thing.kind == "jobs" else repository_fields(_format(thing, draft))
            yield from self._rows(thing.key, fields, draft)

    def _rows(self, at: Key, fields: Sequence[Field], draft: Draft) -> Iterator[Widget]:
        """Yield the rows of some keys; those that hold tables come as groups."""
        for field in fields:
            key, value = (*at, field.name), draft.get((*at, field.name))
            if field.about.short_for and value is None:
                continue
            match field.input:
                case "adapter":
                    yield from self._adapter(key, field.about.shape, value, draft)
                case "adapters":
                    yield from self._adapters(key, field, draft)
                case "table":
                    yield heading(field.label)
                    yield said(field.help, "note")
                    yield from self._rows(key, keep_fields(), draft)
                    yield Year(self._glyphs)
                case "choice" if len(field.choices) == 1:
                    continue
                case "choice" if field.about.shape == "format":
                    yield KindRow(key, field, value, self._glyphs, shape="format")
                case _other:
                    yield row(key, field, value, self._glyphs)

    def _adapter(self, key: Key, shape: Shape, value: Any, draft: Draft) -> Iterator[Widget]:
        """Yield the keys of an adapter; its kind only where there are several."""
        known = kinds(shape)
        kind = value.get("kind") if isinstance(value, dict) else None
        if len(known) > 1:
            field = Field(name="kind", about=_KIND, input="choice", choices=tuple(known), required=True)
            yield KindRow((*key, "kind"), field, kind, self._glyphs, shape=shape)
        yield from self._rows(key, adapter_fields(shape, str(kind)), draft)

    def _adapters(self, key: Key, field: Field, draft: Draft) -> Iterator[Widget]:
        sources = draft.get(key)
        count = len(sources) if isinstance(sources, list) else 0
        for place in range(count):
            yield heading(_("Source {number}").format(number=place + 1) if count > 1 else field.label)
            yield from self._adapter((*key, place), field.about.shape, draft.get((*key, place)), draft)
            yield Static("", id=f"left-out-{place}", classes="note -empty", markup=False)
            if count > 1:
                yield SourceButton(_("Take source {number} out").format(number=place + 1), place)
        yield SourceButton(_("Add a source"), count, adds=True)


_KIND = About(N_("Kind"), N_("Of what sort it is"))


def _format(thing: Thing, draft: Draft) -> str | None:
    """Return the format of a repository, the default one where none is given; None where there is no such format."""
    fields = {field.name: field for field in repository_fields()}
    format_ = draft.get((*thing.key, "format")) or fields["format"].default
    return format_ if format_ in fields["format"].choices else None


def _introduction(thing: Thing) -> str:
    if thing.kind == "jobs":
        return _("A job says what is backed up, where to, and which snapshots stay.\n\nn makes a new one.")
    if thing.kind == "notifiers":
        return _("A notifier tells somebody when something is wrong, and when it is over.\n\nA makes a new one.")
    return _("A repository is a place where snapshots lie, encrypted.\n\nN makes a new one.")


def _is_about(fault: Key, key: Key) -> bool:
    """Whether what is wrong stands at a key or below it, or at the table of an object that it is a key of."""
    if len(fault) > 2 and len(key) == len(fault) + 1:
        return key[:-1] == fault
    return fault[: len(key)] == key


def _words(fault: Fault) -> str:
    return f"{fault.reason}; {fault.hint}" if fault.hint else fault.reason
