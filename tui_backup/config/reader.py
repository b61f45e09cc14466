"""Tables -> settings. What is wrong is an error that names its line and key."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cache, partial
from typing import Any, Final, TypeVar

import msgspec

from tui_backup.config import later
from tui_backup.config.complaints import explain, nearest
from tui_backup.config.document import Document, Fault
from tui_backup.config.keeping import KeepTable, keep_of, limits_of
from tui_backup.config.lines import Key
from tui_backup.config.paths import default_state_dir, resolved
from tui_backup.config.schema import JobTable, NotifierTable, RepositoryTable, TopTable, repository_keys
from tui_backup.config.settings import (
    UNDO_KEEP_S,
    Config,
    JobConfig,
    MinimumFree,
    NotifierConfig,
    RepositoryConfig,
)
from tui_backup.config.unattended import hooks_of, stoppables_of, timing_of
from tui_backup.config.zones import check_zone
from tui_backup.errors import ConfigError
from tui_backup.formats.naming import check_template
from tui_backup.formats.registry import FORMATS
from tui_backup.model.retention import Keep
from tui_backup.notifiers.registry import NOTIFIERS
from tui_backup.primitives.about import about_of
from tui_backup.primitives.i18n import _
from tui_backup.primitives.registry import Registry
from tui_backup.primitives.secret import SecretSource
from tui_backup.primitives.units import parse_duration, parse_percent, parse_rate, parse_size
from tui_backup.sources.base import Source
from tui_backup.sources.registry import SOURCES
from tui_backup.stores.base import LocksObjects, Store
from tui_backup.stores.registry import IN_FRONT, STORES

T = TypeVar("T")
TableT = TypeVar("TableT", bound=msgspec.Struct)

_LONGEST_LOCK_DAYS: Final = 36_500
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


def store_kinds() -> list[str]:
    """Return the kinds of store that a configuration may name; what forgets with the process is none."""
    return [kind for kind in STORES if kind != "memory" and kind not in IN_FRONT]


def name_trouble(name: str) -> str | None:
    """Return why a job or a repository cannot have a name; None where it can."""
    if _NAME.fullmatch(name):
        return None
    return _("not a name: use a-z, 0-9, dot, dash and underscore, at most 63, a letter or digit first")


class Reader:
    """Turns the tables of one document into settings."""

    def __init__(self, document: Document, base: str) -> None:
        self._document = document
        self._base = base
        """Directory that relative paths are relative to."""
        self._faults: list[Fault] = []

    def read(self) -> Config:
        """Return what the document says; raises the first Fault that there is."""
        config = self._config()
        if config is None or self._faults:
            raise self._faults[0]
        return config

    def examine(self) -> tuple[Config | None, list[Fault]]:
        """Return what the document says as far as it is sound, None where the keys before the first table are not.

        And what is wrong: of these keys, of each repository and of each job one thing.
        """
        return self._config(), self._faults

    def _config(self) -> Config | None:
        """Return what the document says, as far as it is sound, and note what is not."""
        self._faults = []
        tables, path = self._document.tables, self._document.path
        top = self._sound(lambda: self._top(tables))
        if top is None:
            return None
        made = {name: self._sound(partial(self._repository, name, table)) for name, table in top.repositories.items()}
        repositories = {name: each for name, each in made.items() if each is not None}
        notifiers = {
            name: self._sound(partial(self._notifier, name, table, top.jobs)) for name, table in top.notifiers.items()
        }
        jobs = {
            name: self._sound(partial(self._job, name, table, top.timezone, list(made)))
            for name, table in top.jobs.items()
        }
        return Config(
            path=path,
            timezone=top.timezone,
            language=top.language,
            theme=top.theme,
            state_dir=resolved(top.state_dir, self._base) if top.state_dir else default_state_dir(path),
            log_level=top.log_level,
            repositories=repositories,
            jobs={name: each for name, each in jobs.items() if each is not None},
            notifiers={name: each for name, each in notifiers.items() if each is not None},
            metrics_file=top.metrics_file and resolved(top.metrics_file, self._base),
            log_format=top.log_format,
        )

    def _sound(self, read: Callable[[], T]) -> T | None:
        """Return what is read; where that is wrong, note why and return None."""
        try:
            return read()
        except Fault as fault:
            self._faults.append(fault)
            return None

    def _top(self, tables: dict[str, Any]) -> TopTable:
        plain = {name: value for name, value in tables.items() if name not in {"repositories", "jobs", "notifiers"}}
        self._check_texts((), plain)
        top = self._convert((), tables, TopTable, later.top_keys())
        if top.timezone is not None:
            self._value(("timezone",), check_zone, top.timezone)
        return top

    def _repository(self, name: str, options: Any) -> RepositoryConfig:
        at: Key = ("repositories", name)
        self._check_texts(at, options)
        self._check_name(at, name)
        if isinstance(options, dict) and isinstance(kind := options.get("format"), str):
            self._check_kind((*at, "format"), kind, list(FORMATS), {})
        table = self._convert(at, options, RepositoryTable, {})
        self._check_format(at, options, table)
        store = self._store((*at, "store"), table.store)
        if table.object_lock_days is not None and not isinstance(store, LocksObjects):
            raise self._problem((*at, "object_lock_days"), _("this kind of store cannot lock objects"))
        return RepositoryConfig(
            name=name,
            format=table.format,
            store=store,
            password=table.password and table.password.rooted(self._base),
            compression=table.compression,
            archive_name=self._template((*at, "name"), table.name),
            compression_level=self._value((*at, "compression_level"), _level, table.compression_level),
            encryption_key=table.encryption_key and table.encryption_key.rooted(self._base),
            history_file=table.history_file,
            min_free=self._value((*at, "min_free"), _minimum, table.min_free),
            limits=self._blaming(at, lambda: limits_of(table.max_unused, table.max_repack_size), RepositoryTable),
            limit_upload=self._value((*at, "limit_upload"), _rate, table.limit_upload),
            limit_download=self._value((*at, "limit_download"), _rate, table.limit_download),
            object_lock_days=self._value((*at, "object_lock_days"), _lock_days, table.object_lock_days),
            append_only=table.append_only,
            trusted=table.trusted,
        )

    def _check_format(self, at: Key, options: dict[str, Any], table: RepositoryTable) -> None:
        """Refuse keys that the format has no use for, and the lack of one that it needs."""
        known = repository_keys(table.format)
        for name in options:
            if name not in known:
                message = _("a repository of the format {format} has no such key").format(format=table.format)
                raise self._problem((*at, name), message, hint=nearest(name, known))
        if "password" in known and table.password is None:
            raise self._problem((*at, "password"), _("this is missing"))

    def _job(self, name: str, options: Any, zone: str | None, known: Collection[str]) -> JobConfig:
        at: Key = ("jobs", name)
        self._check_texts(at, options)
        self._check_name(at, name)
        table = self._convert(at, options, JobTable, later.job_keys())
        self._check_repositories((*at, "repositories"), table.repositories, known)
        if not table.sources:
            raise self._problem((*at, "sources"), _("a job needs at least one source"))
        if table.timezone is not None:
            self._value((*at, "timezone"), check_zone, table.timezone)
        return JobConfig(
            name=name,
            repositories=tuple(table.repositories),
            sources=tuple(self._source((*at, "sources", place), each) for place, each in enumerate(table.sources)),
            timezone=table.timezone or zone,
            expected_every=self._value((*at, "expected_every"), _period, table.expected_every),
            undo_keep=self._value((*at, "undo_keep"), _period, table.undo_keep) or UNDO_KEEP_S,
            on_change=table.on_change,
            keep=self._keep(at, table),
            timing=self._blaming(at, lambda: timing_of(table), JobTable),
            hooks=self._blaming(at, lambda: hooks_of(table), JobTable),
            stop=self._blaming(at, lambda: stoppables_of(table), JobTable),
        )

    def _notifier(self, name: str, options: Any, jobs: Collection[str]) -> NotifierConfig:
        at: Key = ("notifiers", name)
        self._check_texts(at, options)
        self._check_name(at, name)
        given = options if isinstance(options, dict) else {}
        common = set(NotifierTable.__struct_encode_fields__)
        table = self._convert(at, {key: value for key, value in given.items() if key in common}, NotifierTable, {})
        rest = {key: value for key, value in given.items() if key not in common}
        notifier = self._adapter(at, rest, NOTIFIERS, list(NOTIFIERS), {}, common).rooted(self._base)
        for place, job in enumerate(table.jobs):
            if job not in jobs:
                message = _("there is no job {name!r}").format(name=job)
                raise self._problem((*at, "jobs", place), message, hint=nearest(job, jobs))
        topics = notifier.default_topics if table.on is None else frozenset(table.on)
        return NotifierConfig(name=name, notifier=notifier, topics=topics, jobs=frozenset(table.jobs))

    def _keep(self, at: Key, table: JobTable) -> Keep | None:
        """Return the policy of a job, whichever way it is given; None where there is none."""
        short = {
            name: value
            for name, value in (("max_backups", table.max_backups), ("retention_days", table.retention_days))
            if value is not None
        }
        if table.keep is None and not short:
            return None
        if table.keep is not None and short:
            name = next(iter(short))
            raise self._problem(
                (*at, name), _("there is keep already"), hint=_("put {name} into keep").format(name=name)
            )
        place = at if table.keep is None else (*at, "keep")
        made = self._convert(place, short if table.keep is None else table.keep, KeepTable, {})
        return self._blaming(place, lambda: keep_of(made), KeepTable)

    def _template(self, at: Key, template: str) -> str:
        try:
            check_template(template)
        except ConfigError as error:
            raise self._problem(at, error.message.removeprefix("name: "), hint=error.hint) from error
        return template

    def _check_repositories(self, at: Key, names: list[str], known: Collection[str]) -> None:
        if not names:
            raise self._problem(at, _("a job needs a repository"))
        for place, name in enumerate(names):
            if name not in known:
                message = _("there is no repository {name!r}").format(name=name)
                raise self._problem((*at, place), message, hint=nearest(name, known))
            if name in names[:place]:
                raise self._problem((*at, place), _("{name!r} is named twice").format(name=name))

    def _store(self, at: Key, options: dict[str, Any]) -> Store:
        store = self._adapter(at, options, STORES, store_kinds(), {})
        return store.rooted(self._base)

    def _source(self, at: Key, options: dict[str, Any]) -> Source:
        source = self._adapter(at, options, SOURCES, list(SOURCES), later.sources())
        try:
            source.check()
        except ConfigError as error:
            raise self._problem(*_blamed(at, error.message, options), hint=error.hint) from error
        return source.rooted(self._base)

    def _adapter(
        self,
        at: Key,
        options: dict[str, Any],
        registry: Registry[T],
        kinds: list[str],
        to_come: dict[str, str],
        beside: Collection[str] = (),
    ) -> T:
        """Make the adapter that a table with a `kind` describes; `beside` are keys that every kind has."""
        kind = options.get("kind")
        if not isinstance(kind, str):
            raise self._problem((*at, "kind"), _("this must name a kind"), hint=nearest("", kinds))
        self._check_kind((*at, "kind"), kind, kinds, to_come)
        adapter: Any = registry.load(kind)
        given = {name: value for name, value in options.items() if name != "kind"}
        for name in _nobodys_keys(adapter):
            if name in given:
                raise self._problem((*at, name), _("unknown key"))
        made: T = self._convert(at, given, adapter, {}, {"kind", *beside})
        return made

    def _check_kind(self, at: Key, kind: str, kinds: list[str], to_come: dict[str, str]) -> None:
        if kind in kinds:
            return
        if kind in to_come:
            raise self._problem(at, _not_yet(to_come[kind]))
        raise self._problem(at, _("{kind!r} is unknown").format(kind=kind), hint=nearest(kind, kinds))

    def _check_name(self, at: Key, name: str) -> None:
        if trouble := name_trouble(name):
            raise self._problem(at, trouble)

    def _convert(
        self, at: Key, table: Any, type_: type[TableT], to_come: Mapping[str, str], beside: Collection[str] = ()
    ) -> TableT:
        """Make the struct of what should be a table whose every key is known; `beside` are those read elsewhere."""
        known = type_.__struct_encode_fields__
        for name in table if isinstance(table, dict) else ():
            if name in to_come:
                raise self._problem((*at, name), _not_yet(to_come[name]), hint=_("take it out until it can"))
            if name not in known:
                meant = {*known, *beside} - set(to_come)
                raise self._problem((*at, name), _("unknown key"), hint=nearest(name, meant))
        return self._struct(at, table, type_, known)

    def _struct(self, at: Key, table: Any, type_: type[TableT], known: Iterable[str]) -> TableT:
        try:
            return msgspec.convert(table, type_, strict=True, dec_hook=_decode)
        except msgspec.ValidationError as error:
            key, message = explain(error, table, type_)
            raise self._problem((*at, *key), message) from error
        except ConfigError as error:
            raise self._problem(*_blamed(at, error.message, known), hint=error.hint) from error

    def _value(self, at: Key, parse: Callable[[Any], T], value: Any) -> T:
        try:
            return parse(value)
        except ValueError as error:
            raise self._problem(at, str(error)) from error

    def _blaming(self, at: Key, parse: Callable[[], T], type_: type[msgspec.Struct]) -> T:
        """Parse what is below a key; a ValueError may begin with the key that is to blame."""
        try:
            return parse()
        except ValueError as error:
            known = type_.__struct_encode_fields__
            raise self._problem(*_blamed(at, str(error), known)) from error

    def _check_texts(self, at: Key, value: Any) -> None:
        """Refuse texts that are empty or that no system call can take; no key has a use for them."""
        if isinstance(value, str) and (not value or "\0" in value):
            message = _("must not contain a NUL character") if value else _("must not be empty")
            raise self._problem(at, message)
        for name, each in _items(value):
            self._check_texts((*at, name), each)

    def _problem(self, at: Key, message: str, *, hint: str | None = None) -> Fault:
        return self._document.problem(at, message, hint=hint)


@cache
def _nobodys_keys(adapter: type[msgspec.Struct]) -> tuple[str, ...]:
    """Return the fields of an adapter that are no keys of a file: those about which nothing is said."""
    fields = msgspec.structs.fields(adapter)
    return tuple(field.encode_name for field in fields if about_of(field.type) is None)


def _items(value: Any) -> Iterator[tuple[str | int, Any]]:
    inside: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        inside = value.items()
    elif isinstance(value, list):
        inside = enumerate(value)
    yield from inside


def _blamed(at: Key, message: str, known: Iterable[str]) -> tuple[Key, str]:
    """Return the key that the message of an adapter begins with, and the rest of the message."""
    name, colon, rest = message.partition(": ")
    return ((*at, name), rest) if colon and name in known else (at, message)


def _not_yet(ability: str) -> str:
    return _("this version cannot {do_this} yet").format(do_this=ability)


def _decode(type_: type, value: Any) -> Any:
    if type_ is SecretSource:
        return SecretSource.of(value)
    raise NotImplementedError


def _level(level: int) -> int:
    if not 1 <= level <= 9:
        raise ValueError(_("must be 1 to 9"))
    return level


def _period(text: str | None) -> int | None:
    if text is None:
        return None
    if (seconds := parse_duration(text)) == 0:
        raise ValueError(_("must be longer than nothing"))
    return seconds


def _lock_days(days: int | None) -> int | None:
    if days is not None and not 1 <= days <= _LONGEST_LOCK_DAYS:
        raise ValueError(_("must be 1 to {most}").format(most=_LONGEST_LOCK_DAYS))
    return days


def _rate(given: str | int | None) -> int | None:
    return None if given is None else parse_rate(given)


def _minimum(given: str | int | None) -> MinimumFree | None:
    if given is None:
        return None
    if isinstance(given, str) and given.endswith("%"):
        return MinimumFree(percent=parse_percent(given))
    return MinimumFree(bytes=parse_size(given))
