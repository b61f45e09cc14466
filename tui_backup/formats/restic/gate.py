"""The way into a repository: while the key is derived from the password, which takes a while, the rest is imported."""

from functools import partial
from threading import Thread
from typing import TYPE_CHECKING

from tui_backup.errors import BackupError
from tui_backup.formats.base import Opening
from tui_backup.formats.restic.config import create, decode_config, fetch_config, repository_exists
from tui_backup.formats.restic.crypto import Cipher, Keys
from tui_backup.formats.restic.keys import unlock
from tui_backup.stores.base import Store
from tui_backup.stores.parallel import begun

if TYPE_CHECKING:
    from tui_backup.formats.restic.repository import ResticRepository


class ResticFormat:
    """Makes and opens repositories."""

    @classmethod
    def exists(cls, store: Store) -> bool:
        """Whether the store holds the config of a repository."""
        return repository_exists(store)

    @classmethod
    def create(cls, opening: Opening) -> "ResticRepository":
        """Make an empty repository of version 2, which cuts files as `like` does, and open it."""
        from tui_backup.formats.restic.repository import ResticRepository

        like = opening.like.access.config if isinstance(opening.like, ResticRepository) else None
        polynomial = like.chunker_polynomial if like else None
        config, keys, key_id = create(opening.store, opening.password, polynomial=polynomial)
        return ResticRepository(opening, config, keys, key_id)

    @classmethod
    def open(cls, opening: Opening) -> "ResticRepository":
        """Open a repository."""
        config = begun(opening.store, partial(fetch_config, opening.store))
        if opening.store.connections == 1:
            config.take()
        unlocking = _Unlocking(opening)
        unlocking.start()
        try:
            from tui_backup.formats.restic.repository import ResticRepository

            config.wait()
            sealed = config.take()
        finally:
            unlocking.join()
        keys, key_id = unlocking.result()
        return ResticRepository(opening, decode_config(sealed, Cipher(keys)), keys, key_id)


class _Unlocking(Thread):
    def __init__(self, opening: Opening) -> None:
        super().__init__(name="unlocking")
        self._opening = opening
        self._unlocked: tuple[Keys, str] | None = None
        self._error: BackupError | None = None

    def run(self) -> None:
        """Find the key file that the password opens."""
        try:
            self._unlocked = unlock(self._opening.store, self._opening.password)
        except BackupError as error:
            self._error = error

    def result(self) -> tuple[Keys, str]:
        """Return the keys and the id of their file; raises what kept them locked."""
        if self._error is not None:
            raise self._error
        assert self._unlocked is not None
        return self._unlocked
