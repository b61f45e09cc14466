"""A store that shows one archive of a directory, and what lies beside it: of archives that are named by their path."""

import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from typing import ClassVar

from tui_backup.errors import NotFound, StoreError
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of
from tui_backup.stores.base import Body, ObjectInfo, Sink, is_part
from tui_backup.stores.wrapped import WrappedStore


class SingleStore(WrappedStore, frozen=True, kw_only=True):
    """Passes on what asks for one object, or for those whose keys begin with its key and a dot; changes nothing."""

    kind: ClassVar[str] = "single"

    name: str
    """Key of the object."""

    def create(self) -> None:
        """Refuse: it is there, or it is not."""
        raise self._refusal()

    def put(self, key: str, body: Body) -> None:
        """Refuse."""
        raise self._refusal()

    def writing(self, key: str) -> AbstractContextManager[Sink]:
        """Refuse."""
        raise self._refusal()

    def info(self, key: str) -> ObjectInfo:
        """Return what a listing would show."""
        return self._store.info(self._shown(key))

    def get(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        """Return bytes of an object."""
        return self._store.get(self._shown(key), start, length)

    def objects(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Yield the object, and what lies beside it; the rest of the directory is not looked at."""
        directory = self._store.describe()
        try:
            names = [name for name in os.listdir(directory) if self._is_shown(name) and name.startswith(prefix)]
        except OSError as error:
            message = _("cannot list {path}: {reason}")
            raise StoreError(message.format(path=directory, reason=reason_of(error))) from error
        for name in filter(is_part, names):
            with suppress(NotFound):
                yield self._store.info(name)

    def delete(self, key: str) -> None:
        """Refuse."""
        raise self._refusal()

    def delete_all(self, keys: Iterable[str]) -> None:
        """Refuse."""
        raise self._refusal()

    def tidy(self, key: str = "") -> None:
        """Leave everything as it is."""

    def describe(self) -> str:
        """Return the path of the object."""
        return os.path.join(self._store.describe(), self.name)

    def _is_shown(self, key: str) -> bool:
        return key == self.name or key.startswith(f"{self.name}.")

    def _shown(self, key: str) -> str:
        if not self._is_shown(key):
            raise NotFound(_("no object {key}").format(key=key))
        return key

    def _refusal(self) -> StoreError:
        return StoreError(
            _("{path} was named by its path, and nothing is written or removed there").format(path=self.describe())
        )
