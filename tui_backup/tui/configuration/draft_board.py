"""Draft board: the file as it was read, what has become of it here, and what is thought of that. Knows no widget."""

from collections.abc import Sequence
from typing import Any

from tui_backup.config.document import Document, Fault
from tui_backup.config.editing import Draft, changes
from tui_backup.config.fields import adapter_fields, kinds, notifier_fields, repository_fields
from tui_backup.config.lines import Key
from tui_backup.config.masking import masked, shown_difference, unmasked
from tui_backup.config.settings import Config
from tui_backup.primitives.about import Shape
from tui_backup.services.setup.configuring import Examined, FileOnDisk, examine
from tui_backup.tui.configuration.objects import Thing


class DraftBoard:
    """What forms and text share."""

    def __init__(self, file: FileOnDisk) -> None:
        """Begin with a file; raises Fault where that is no TOML."""
        Document(file.path, file.text)
        self.file = file
        self.saved = Draft(file.text)
        self.draft = self.saved
        self._base = self.saved
        """What the forms have been changing since then: a key that is emptied and given again stays in its line."""
        self.examined = Examined(None, [])
        """What is thought of the draft, or of a former one."""

    @property
    def is_changed(self) -> bool:
        """Whether there is something to save."""
        return self.draft.text != self.saved.text

    @property
    def config(self) -> Config | None:
        """What is sound of the draft, as far as that is known."""
        return self.examined.config

    @property
    def faults(self) -> Sequence[Fault]:
        """What is wrong with it."""
        return self.examined.faults

    def judge(self) -> Examined:
        """Examine the draft as it is now; slow."""
        return examine(self.file.path, self.draft.text)

    def text(self) -> str:
        """Return the draft for people to edit, without its secrets."""
        return masked(self.draft)

    def take_text(self, text: str, secrets: Draft) -> None:
        """Take an edited text; `secrets` is the draft whose masks are in it. Raises Fault, and then changes nothing."""
        Document(self.file.path, text)
        self.draft = self._base = unmasked(text, secrets)

    def difference(self) -> list[str]:
        """Return what would be saved, without secrets."""
        return shown_difference(self.saved, self.draft)

    def give(self, key: Key, value: Any) -> None:
        """Give a key a value, None takes it out; raises ConfigError where a form cannot do that.

        What is left empty by that goes too.
        """
        draft = self.draft.without(key) if value is None else self.draft.with_value(key, value)
        while value is None and len(key) > 3 and draft.get(key[:-1]) == {}:
            key = key[:-1]
            draft = draft.without(key)
        self.draft = self._base.applied(changes(self._base.tables, draft.tables))

    def choose(self, key: Key, shape: Shape, kind: str) -> None:
        """Give an adapter another kind, and drop what that one has no use for."""
        common = notifier_fields() if shape == "notifier" else []
        known = {field.name for field in [*adapter_fields(shape, kind), *common]}
        kept = {name: value for name, value in self.draft.get(key).items() if name in known}
        self.give(key, {"kind": kind, **kept})

    def choose_format(self, key: Key, format_: str) -> None:
        """Give a repository another format, and drop what that one has no use for."""
        known = [field.name for field in repository_fields(format_)]
        for name in self.draft.get(key):
            if name not in known:
                self.give((*key, name), None)
        self.give((*key, "format"), format_)
        if "password" in known and self.draft.get((*key, "password")) is None:
            self.give((*key, "password"), _password(str(key[-1])))

    def settle(self, file: FileOnDisk, draft: Draft) -> None:
        """Take note that a draft, the one at hand or a former one, is what stands in the file."""
        self.file = file
        self.saved = draft
        if self.draft is draft:
            self._base = draft

    def go_on_from(self, draft: Draft) -> None:
        """Take a draft that was made elsewhere."""
        self.draft = self._base = draft

    def add(self, thing: Thing) -> None:
        """Add a job, a repository or a notifier with nothing in it but what everyone has."""
        repositories = self.names("repositories")
        if thing.kind == "jobs":
            table: dict[str, Any] = {"repositories": repositories[:1], "sources": [{"kind": kinds("source")[0]}]}
        elif thing.kind == "notifiers":
            table = {"kind": kinds("notifier")[0]}
        else:
            table = {"store": {"kind": kinds("store")[0]}, "password": _password(thing.name or "")}
        self.go_on_from(self.draft.with_table(thing.key, table))

    def remove(self, thing: Thing) -> None:
        """Take an object out."""
        self.go_on_from(self.draft.without(thing.key))

    def rename(self, thing: Thing, name: str) -> None:
        """Give an object another name; jobs that name a repository follow, and notifiers that name a job."""
        draft = self.draft.renamed(thing.key, name)
        for key in self._naming(thing):
            draft = draft.with_value(key, [name if each == thing.name else each for each in draft.get(key)])
        self.go_on_from(draft)

    def named_by(self, thing: Thing) -> list[str]:
        """Return the jobs that name a repository, or the notifiers that name a job."""
        return [str(key[1]) for key in self._naming(thing)]

    def _naming(self, thing: Thing) -> list[Key]:
        """Return the lists that name an object."""
        lists: dict[str, tuple[str, str]] = {"repositories": ("jobs", "repositories"), "jobs": ("notifiers", "jobs")}
        if thing.kind not in lists:
            return []
        kind, option = lists[thing.kind]
        keys: list[Key] = [(kind, name, option) for name in self.names(kind)]
        return [key for key in keys if thing.name in self.listed(key)]

    def names(self, kind: str) -> list[str]:
        """Return the names of all objects of a kind."""
        tables = self.draft.tables.get(kind)
        return list(tables) if isinstance(tables, dict) else []

    def listed(self, key: Key) -> list[Any]:
        """Return what a list holds; nothing where it is none."""
        value = self.draft.get(key)
        return value if isinstance(value, list) else []

    def changed(self) -> set[Thing]:
        """Return the objects that are not as they are in the file."""
        return {_thing(change.key) for change in changes(self.saved.tables, self.draft.tables)}

    def wrong(self) -> set[Thing]:
        """Return the objects in which something is wrong."""
        return {_thing(fault.key) for fault in self.faults}


def _password(repository: str) -> dict[str, str]:
    """Return where a new repository gets its password from."""
    return {"file": f"{repository}.key"}


def _thing(key: Key) -> Thing:
    """Return the object that a key belongs to."""
    match key:
        case ("jobs", str(name), *_rest):
            return Thing("jobs", name)
        case ("repositories", str(name), *_rest):
            return Thing("repositories", name)
        case ("notifiers", str(name), *_rest):
            return Thing("notifiers", name)
    return Thing("general")
