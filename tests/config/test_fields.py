"""Forms are made of the structs and registries themselves."""

from typing import Annotated, Any

import msgspec
import pytest

from tui_backup.config import later
from tui_backup.config.fields import (
    Field,
    adapter_fields,
    fields_of,
    general_fields,
    job_fields,
    keep_fields,
    kinds,
    notifier_fields,
    repository_fields,
)
from tui_backup.config.keeping import KeepTable
from tui_backup.config.reader import store_kinds
from tui_backup.config.schema import JobTable, NotifierTable, RepositoryTable, TopTable
from tui_backup.notifiers.registry import NOTIFIERS
from tui_backup.primitives.about import About
from tui_backup.primitives.i18n import only
from tui_backup.sources.registry import SOURCES
from tui_backup.stores.registry import STORES

NOT_FOR_PEOPLE: dict[str, set[str]] = {"s3": {"lock_days"}}
TABLES: list[tuple[Any, list[Field], set[str]]] = [
    (TopTable, general_fields(), {"repositories", "jobs", "notifiers", *later.top_keys()}),
    (RepositoryTable, repository_fields(), set()),
    (JobTable, job_fields(), set(later.job_keys())),
    (KeepTable, keep_fields(), set()),
    (NotifierTable, notifier_fields(), set()),
    *((NOTIFIERS.load(kind), adapter_fields("notifier", kind), set[str]()) for kind in NOTIFIERS),
    *((SOURCES.load(kind), adapter_fields("source", kind), set[str]()) for kind in SOURCES),
    *((STORES.load(kind), adapter_fields("store", kind), NOT_FOR_PEOPLE.get(kind, set())) for kind in store_kinds()),
]


@pytest.mark.parametrize(("struct", "fields", "others"), TABLES, ids=lambda value: getattr(value, "__name__", ""))
def test_every_key_has_a_label_a_line_of_help_and_an_input(struct: Any, fields: list[Field], others: set[str]) -> None:
    names = {field.encode_name for field in msgspec.structs.fields(struct)}
    assert {field.name for field in fields} == names - others
    for field in fields:
        assert 0 < len(field.label) <= 16, field.name
        assert 0 < len(field.help) <= 48, field.name
        assert not field.help.endswith(".")
        assert bool(field.choices) == (field.input == "choice"), field.name


@pytest.mark.parametrize(("struct", "fields", "others"), TABLES, ids=lambda value: getattr(value, "__name__", ""))
def test_labels_and_helps_fit_in_portuguese_too(struct: Any, fields: list[Field], others: set[str]) -> None:
    with only("pt_BR"):
        assert [field.name for field in fields if len(field.label) > 16 or len(field.help) > 48] == []


def test_what_is_given_is_what_was_shown() -> None:
    values = {
        "timezone": "UTC", "log_level": "info", "min_free": 5, "max_unused": "5%", "daily": 7, "last": "unlimited",
        "paths": ["/a b", "/c"], "exclude": ["*.log"], "as": "x", "exclude_larger_than": "2GB", "undo_keep": "7d",
    }  # fmt: skip
    fields = {field.name: field for _struct, each, _others in TABLES for field in each}
    for name, value in values.items():
        assert fields[name].given(fields[name].shown(value)) == value
        assert fields[name].given(" ") is None


UNATTENDED: dict[str, list[Any]] = {
    "schedule": ["0 2 * * *", ["0 2 * * *"], [{"at": "@daily", "label": "x"}, "0 3 * * 0"], "wrong", ["a\nb"], [3], []],
    "prune": ["0 3 * * 0", "@weekly"],
    "delay": ["10m"],
    "retry": [{"attempts": 3, "wait": "10m"}, {"attempts": 3}, "3 times", "{ attempts = 3 }"],
    "stop": [["systemd:app.service", {"stop": ["x"], "start": ["y", "a b"]}], "docker:db", []],
    "before": [[["/bin/a", "b c", "d\ne"], {"command": ["/x"], "timeout": "5m"}], ["/bin/a"], "/bin/a", [[]], [[], 1]],
    "verify_subset": ["1/7"],
    "require": [["ac-power", "path:/mnt/usb"]],
}


@pytest.mark.parametrize(("name", "value"), [(name, each) for name, values in UNATTENDED.items() for each in values])
def test_what_a_job_does_by_itself_is_given_back_as_it_was_shown(name: str, value: Any) -> None:
    field = next(field for field in fields_of(JobTable) if field.name == name)
    assert field.given(field.shown(value), value) == value
    assert field.given(" ", value) is None


def test_a_text_that_is_no_toml_is_told_with_an_example() -> None:
    field = next(field for field in fields_of(JobTable) if field.name == "retry")
    assert field.trouble(field.given("{ attempts = ")) == 'not valid TOML: { attempts = 3, wait = "10m" }; empty: once'
    assert field.trouble(field.given("{ attempts = 3 }")) is None


class Cupboard(msgspec.Struct, frozen=True):
    """A store of a kind that nobody has thought of."""

    shelf: Annotated[int, About("Shelf", "Counted from below")]
    label: str = ""


def test_a_kind_that_is_registered_appears_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    places = {**vars(STORES)["_places"], "cupboard": f"{__name__}:Cupboard"}
    monkeypatch.setattr(STORES, "_places", places)
    assert kinds("store") == ["local", "s3", "sftp", "cupboard"]
    (field,) = adapter_fields("store", "cupboard")
    assert (field.name, field.label, field.input, field.required) == ("shelf", "Shelf", "number", True)


def test_what_does_not_work_yet_is_not_offered() -> None:
    assert "memory" not in kinds("store")
