"""Kind name -> class, imported on demand."""

from collections.abc import Iterator
from importlib import import_module
from typing import Generic, TypeVar, cast

from tui_backup.errors import ConfigError
from tui_backup.primitives.i18n import _

T = TypeVar("T")


class Registry(Generic[T]):
    """Adapters by kind: `Registry("store", {"local": "tui_backup.stores.local:LocalStore"})`."""

    def __init__(self, what: str, places: dict[str, str]) -> None:
        self.what = what
        self._places = places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __contains__(self, kind: str) -> bool:
        return kind in self._places

    def load(self, kind: str) -> type[T]:
        """Import and return the class of a kind.

        Raises:
            ConfigError: no adapter of that kind exists.
        """
        place = self._places.get(kind)
        if place is None:
            known = ", ".join(self._places)
            raise ConfigError(_("unknown {what} kind {kind!r}").format(what=self.what, kind=kind), hint=known)
        module, _colon, name = place.partition(":")
        return cast(type[T], getattr(import_module(module), name))
