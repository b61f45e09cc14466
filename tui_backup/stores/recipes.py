"""Recipes: what another process of this host opens the same store from."""

from typing import Any

import msgspec

from tui_backup.primitives.secret import SecretSource
from tui_backup.stores.base import Store
from tui_backup.stores.registry import STORES


def recipe_of(kind: str, store: msgspec.Struct) -> tuple[str, bytes] | None:
    """Return the kind and the encoded options of a store, whose secrets are literal by now and come to lie in clear.

    None where an option is no text that could be encoded.
    """
    try:
        return kind, msgspec.json.encode(store, enc_hook=_revealed)
    except UnicodeEncodeError:
        return None


def opened(recipe: tuple[str, bytes]) -> Store:
    """Return the store that another process of this host has made a recipe of."""
    kind, options = recipe
    return msgspec.json.decode(options, type=STORES.load(kind), dec_hook=_taken)


def _revealed(value: Any) -> Any:
    if isinstance(value, SecretSource) and value.literal is not None:
        return value.literal.reveal()
    raise NotImplementedError


def _taken(type_: type, value: Any) -> Any:
    if type_ is SecretSource:
        return SecretSource.of(value)
    raise NotImplementedError
