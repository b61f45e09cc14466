"""Fields: what a form has to know of each key, taken from the structs that read the file.

A key of a struct, a kind in a registry: both appear in the forms by themselves.
"""

from dataclasses import dataclass, replace
from types import UnionType
from typing import Any, Literal, get_args, get_origin

import msgspec

from tui_backup.config import later, texts
from tui_backup.config.complaints import choices_of
from tui_backup.config.keeping import KeepTable
from tui_backup.config.reader import store_kinds
from tui_backup.config.schema import JobTable, NotifierTable, RepositoryTable, TopTable, repository_keys
from tui_backup.formats.registry import FORMATS
from tui_backup.model.notice import Topic
from tui_backup.notifiers.registry import NOTIFIERS
from tui_backup.primitives.about import About, Shape, about_of
from tui_backup.primitives.i18n import _
from tui_backup.primitives.registry import Registry
from tui_backup.primitives.secret import SecretSource
from tui_backup.sources.registry import SOURCES
from tui_backup.stores.registry import STORES

Input = Literal["text", "number", "choice", "flag", "texts", "secret", "table", "adapter", "adapters", "names"]


@dataclass(frozen=True, kw_only=True)
class Field:
    """One key, as a form offers it."""

    name: str
    """As the file has it."""
    about: About
    input: Input
    choices: tuple[str, ...] = ()
    required: bool = False
    default: Any = None
    """What holds where the key is left out."""
    holds_secrets: bool = False
    """Whether it is a list or a table of secrets."""
    words: tuple[str, ...] = ()
    """What a list of names may hold, where that is known without the configuration."""

    @property
    def label(self) -> str:
        """What the key is called."""
        return _(self.about.label)

    @property
    def help(self) -> str:
        """One line on what it is for."""
        return _(self.about.help)

    def shown(self, value: Any) -> str:
        """Return a value as somebody edits it; texts of a list stand one a line."""
        if value is None:
            return ""
        match self.about.shape:
            case "schedule":
                return texts.schedules_shown(value)
            case "commands":
                return texts.commands_shown(value)
            case "toml":
                return texts.toml_shown(value)
        if self.input == "texts":
            return "\n".join(map(str, value)) if isinstance(value, list) else str(value)
        return str(value)

    def given(self, text: str, former: Any = None) -> Any:
        """Return the value that somebody means by a text; None: the key is left out.

        `former` is what the text was before it was edited, and is given back where it still says that.
        """
        if former is not None and text == self.shown(former):
            return former
        match self.about.shape:
            case "schedule":
                return texts.schedules_given(text, former)
            case "commands":
                return texts.commands_given(text, former)
            case "toml":
                return texts.toml_given(text)
        if self.input == "texts":
            return [line for line in text.splitlines() if line.strip()] or None
        text = text.strip()
        is_number = text.removeprefix("-").isdecimal() and text.isascii()
        if self.input == "number" or self.about.shape in {"size", "share"}:
            return int(text) if is_number else text or None
        return text or None

    def trouble(self, value: Any) -> str | None:
        """Return why a text that was given is no value of this key; None where it may be one."""
        match self.about.shape, value:
            case "commands", str():
                return texts.commands_trouble(value)
            case "toml", str() if texts.toml_given(value) == value:
                return _("not valid TOML: {help}").format(help=self.help)
            case "toml", str() if self.holds_secrets:
                return _("give the secret again: it is hidden, and did not come along")
        return None


def general_fields() -> list[Field]:
    """Return the keys before the first table."""
    return [field for field in fields_of(TopTable) if field.name not in later.top_keys()]


def repository_fields(format_: str | None = None) -> list[Field]:
    """Return the keys of `[repositories.NAME]`: those of one format, or all of them."""
    names = None if format_ is None else repository_keys(format_)
    return [field for field in fields_of(RepositoryTable) if names is None or field.name in names]


def job_fields() -> list[Field]:
    """Return the keys of `[jobs.NAME]`."""
    return [field for field in fields_of(JobTable) if field.name not in later.job_keys()]


def keep_fields() -> list[Field]:
    """Return the keys of a job's `keep`."""
    return fields_of(KeepTable)


def notifier_fields(kind: str = "") -> list[Field]:
    """Return the keys of `[notifiers.NAME]` that every kind has, with what holds for one where they are left out."""
    fields = fields_of(NotifierTable)
    if kind not in NOTIFIERS:
        return fields
    told = NOTIFIERS.load(kind).default_topics
    default = tuple(str(topic) for topic in Topic if topic in told)
    return [replace(field, default=default) if field.about.shape == "topics" else field for field in fields]


def kinds(shape: Shape) -> list[str]:
    """Return the kinds of adapter that a key of this shape (store, source or notifier) may name."""
    if shape == "notifier":
        return list(NOTIFIERS)
    return store_kinds() if shape == "store" else list(SOURCES)


def adapter_fields(shape: Shape, kind: str) -> list[Field]:
    """Return the options of a kind of adapter; none for one that is not known."""
    if kind not in kinds(shape):
        return []
    registries: dict[str, Registry[Any]] = {"store": STORES, "source": SOURCES, "notifier": NOTIFIERS}
    return fields_of(registries[shape].load(kind))


def fields_of(type_: Any) -> list[Field]:
    """Return the keys of a struct that people are told of, in its order."""
    return [_field(field) for field in msgspec.structs.fields(type_) if about_of(field.type) is not None]


def _field(field: msgspec.structs.FieldInfo) -> Field:
    about = about_of(field.type)
    assert about is not None
    input_, choices = _input(field.type, about)
    return Field(
        name=field.encode_name,
        about=about,
        input=input_,
        choices=choices,
        required=field.required,
        default=None if field.default is msgspec.NODEFAULT else field.default,
        holds_secrets=input_ != "secret" and _mentions(field.type, SecretSource),
        words=tuple(map(str, Topic)) if about.shape == "topics" else (),
    )


_INPUTS: dict[Shape, Input] = {
    "repositories": "names",
    "keep": "table",
    "store": "adapter",
    "source": "adapters",
    "jobs": "names",
    "topics": "names",
    "schedule": "texts",
    "toml": "texts",
}


def _input(type_: Any, about: About) -> tuple[Input, tuple[str, ...]]:
    """Return how a value of a type is given, and what can be chosen where there is a choice."""
    if about.shape == "format":
        return "choice", tuple(FORMATS)
    if about.shape in _INPUTS:
        return _INPUTS[about.shape], ()
    if choices := choices_of(type_):
        return "choice", choices
    members = _members(get_args(type_)[0])
    if SecretSource in members:
        return "secret", ()
    if members & {list, tuple}:
        return "texts", ()
    if bool in members:
        return "flag", ()
    return ("number" if int in members and about.shape not in {"size", "share"} else "text"), ()


def _mentions(type_: Any, wanted: type) -> bool:
    return type_ is wanted or any(_mentions(each, wanted) for each in get_args(type_))


def _members(type_: Any) -> set[Any]:
    """Return the plain types that a type allows; `list[str]` as list."""
    if isinstance(type_, UnionType):
        return {member for each in get_args(type_) for member in _members(each)}
    return {get_origin(type_) or type_}
