"""Keys: each has a name and says what it does, and those that matter fit into the last line."""

import pkgutil
from collections.abc import Iterator
from importlib import import_module

from textual.binding import Binding
from textual.dom import DOMNode

import tui_backup.tui
from tests.tui.conftest import at, settled
from tui_backup.tui.app import BackupApp
from tui_backup.tui.commands import places
from tui_backup.tui.places import is_built
from tui_backup.tui.widgets.keys_line import KeysLine

PLACES = [place for place, _name, _explanation in places() if is_built(type(place))]


def ours() -> Iterator[type[DOMNode]]:
    """Yield every page, dialog and widget of ours."""
    for module in pkgutil.walk_packages(tui_backup.tui.__path__, "tui_backup.tui."):
        for value in vars(import_module(module.name)).values():
            if isinstance(value, type) and issubclass(value, DOMNode) and value.__module__ == module.name:
                yield value


def bindings() -> list[tuple[str, Binding]]:
    return [
        (f"{owner.__module__}.{owner.__name__}", binding)
        for owner in ours()
        for binding in vars(owner).get("BINDINGS", ())
    ]


def test_every_key_is_a_binding_with_a_name_of_its_own() -> None:
    assert [owner for owner, binding in bindings() if not isinstance(binding, Binding) or not binding.id] == []


def test_two_keys_have_one_name_only_where_one_stands_for_the_other() -> None:
    named: dict[str, list[type[DOMNode]]] = {}
    for owner in ours():
        for binding in vars(owner).get("BINDINGS", ()):
            named.setdefault(binding.id, []).append(owner)
    twice = [
        id_
        for id_, owners in named.items()
        if not any(all(issubclass(owner, first) for owner in owners) for first in owners)
    ]
    assert twice == []


def test_every_key_says_what_it_does() -> None:
    silent = [f"{owner}: {each.key}" for owner, each in bindings() if not (each.tooltip or each.description)]
    assert silent == []


def test_every_key_in_the_last_line_is_explained() -> None:
    assert [f"{owner}: {each.key}" for owner, each in bindings() if each.show and not each.tooltip] == []


async def test_the_keys_that_every_page_has_fit_and_most_of_its_own(app: BackupApp) -> None:
    found: dict[str, str] = {}
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        for place in (None, *PLACES):
            if place is not None:
                await at(pilot, place)
            line = app.screen.query_one(KeysLine)
            shown = line._shown()
            if sum(hint.width + 2 for hint in shown) > 82 or len(line._hints) - len(shown) > 2:
                found[repr(place)] = " ".join(hint.text for hint in line._hints)
    assert found == {}
