"""The repositories of a configuration: opened once, known again, and made on first use."""

import fcntl
import glob
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import msgspec

from tui_backup.config.lockable import check_lockable
from tui_backup.config.opening import opening_of, secret_key
from tui_backup.config.settings import RepositoryConfig
from tui_backup.errors import (
    BackupError,
    ConfigError,
    NotFound,
    PlaceMissing,
    RepositoryMissing,
    StoreError,
    UsageError,
)
from tui_backup.formats.base import Format, Opening, Repository
from tui_backup.formats.registry import FORMATS
from tui_backup.history.history import History
from tui_backup.model.locking import Locking
from tui_backup.primitives.atomic import write_new
from tui_backup.primitives.i18n import _
from tui_backup.primitives.ledger import Ledger
from tui_backup.primitives.reasons import reason_of
from tui_backup.primitives.secret import random_secret
from tui_backup.services.audit import Audit
from tui_backup.services.storage.stores import is_cached, store_of
from tui_backup.stores.base import Store


class Repositories:
    """Opens each repository once, whichever thread asks first; one that does not answer holds up no other.

    Which repository a name stood for is taken from the history, which is asked for when it is needed.
    """

    def __init__(
        self,
        known: dict[str, RepositoryConfig],
        history: Callable[[], History],
        state_dir: Path,
        locking: Locking | None = None,
        audit: Callable[[], Audit] | None = None,
    ) -> None:
        """`audit` is told of repositories that are made; without it, that of the state directory."""
        self._known = known
        self._history = history
        self._state_dir = state_dir
        self._audit = audit or (lambda: Audit(state_dir))
        self._locking = msgspec.structs.replace(locking or Locking(), run_of=self._run_of)
        self._lock = threading.Lock()
        self._turns = {name: threading.RLock() for name in known}
        self._making = threading.RLock()
        """Held before the turn of a repository that may be made: its kin are opened meanwhile."""
        self._open: dict[str, Repository] = {}
        self._ledger = Ledger(str(state_dir / "marks"))

    def get(self, name: str, *, make: bool = False, kin: Sequence[str] = ()) -> Repository:
        """Return a repository, opened; with `make`, one that nobody has ever seen is made.

        One that is made cuts files as the first of `kin` that can be opened, so that they share what they hold.

        Raises:
            UsageError: the configuration has no repository of that name, or its password cannot be had.
            RepositoryMissing: it is not there, or another one is.
            BackupError: it cannot be opened or made.
        """
        self.check_name(name)
        with self._making if make else nullcontext(), self._turns[name]:
            repository = self._open.get(name)
            if repository is None:
                repository = self._opened(self._known[name], kin if make else None)
                with self._lock:
                    self._open[name] = repository
            return repository

    def check_name(self, name: str) -> None:
        """Refuse a name that the configuration does not have; raises UsageError, with the known ones."""
        if name not in self._known:
            message = _("there is no repository {name!r} in the configuration").format(name=name)
            raise UsageError(message, hint=_("known: {names}").format(names=", ".join(self._known) or "-"))

    def exists(self, name: str) -> bool:
        """Whether there is a repository where the configuration says; raises StoreError where nobody can tell."""
        config = self._known[name]
        return _format(config).exists(config.store)

    def check(self, name: str) -> None:
        """Raise RepositoryMissing where the repository has gone since it was opened."""
        if not self.exists(name):
            raise _missing(self._known[name], self._history().known_repository(name))

    def close(self) -> None:
        """Close every repository, whatever goes wrong with one of them; raise the first trouble at the end."""
        troubles: list[BackupError] = []
        with self._lock:
            while self._open:
                _name, repository = self._open.popitem()
                try:
                    repository.close()
                except BackupError as error:
                    troubles.append(error)
        if troubles:
            raise troubles[0]

    def _opened(self, config: RepositoryConfig, kin: Sequence[str] | None) -> Repository:
        """Open a repository; where it was never seen and there are `kin`, it is made if need be."""
        if config.is_file:
            return _format(config).open(self._opening(config, None))
        seen = self._history().known_repository(config.name)
        if seen is not None:
            repository = self._opened_again(config, seen)
        elif self.exists(config.name):
            repository = self._opened_as(config, None)
        elif kin is not None:
            with self._alone():
                repository = self._made(config, kin)
        else:
            raise _missing(config, None)
        if seen is None:
            self._history().remember_repository(config.name, repository.id)
        elif seen != repository.id:
            repository.close()
            raise _another(config, seen, repository.id)
        return repository

    def _opened_again(self, config: RepositoryConfig, seen: str) -> Repository:
        """Open a repository that was seen before; that it has gone weighs more than a password that cannot be had."""
        try:
            return self._opened_as(config, seen)
        except RepositoryMissing as error:
            raise _missing(config, seen) from error
        except ConfigError as error:
            if not self.exists(config.name):
                raise _missing(config, seen) from error
            raise

    def _opened_as(self, config: RepositoryConfig, seen: str | None) -> Repository:
        """Open a repository; one that is met for the first time twice, as copies at hand belong to its id."""
        opening = self._opening(config, seen)
        repository = _format(config).open(opening)
        if seen is not None or not is_cached(config):
            return repository
        repository.close()
        store = store_of(config, self._state_dir, repository.id)
        return _format(config).open(msgspec.structs.replace(opening, store=store))

    def _first_of(self, kin: Sequence[str]) -> Repository | None:
        """Return the first of these repositories that is there and can be opened."""
        for name in kin:
            with suppress(BackupError):
                return self.get(name)
        return None

    def _made(self, config: RepositoryConfig, kin: Sequence[str]) -> Repository:
        """Make a repository, unless another process has done so meanwhile."""
        if self.exists(config.name):
            return self._opened_as(config, None)
        if self._has_forgotten():
            raise RepositoryMissing(
                _("there is no repository in {place}, and the record of earlier runs was lost").format(
                    place=config.store.describe()
                ),
                hint=_("is the disk mounted? If there never was one, remove history.db.broken-* from {path}").format(
                    path=self._state_dir
                ),
            )
        if config.own_secret and config.own_secret.file and not os.path.lexists(config.own_secret.file):
            make_password_file(config)
        check_lockable(config)
        opening = msgspec.structs.replace(self._opening(config), like=self._first_of(kin))
        with self._audit().act("init", f"repository {config.name}", f"made in {config.store.describe()}"):
            return _format(config).create(opening)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other processes of this configuration from making repositories at the same time."""
        path = self._state_dir / "making.lock"
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            message = _("no repository can be made, as {path} cannot be written: {reason}")
            raise BackupError(message.format(path=path, reason=reason_of(error))) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _opening(self, config: RepositoryConfig, id_: str | None = None) -> Opening:
        store = store_of(config, self._state_dir, id_)
        return opening_of(config, locking=self._locking, ledger=self._ledger, store=store)

    def _run_of(self, pid: int) -> str | None:
        """Return the id of the run that a process of this host carries out, if it is one of this configuration."""
        from tui_backup.services.runs.current import list_runs

        return next((run.run for run in list_runs(self._state_dir) if run.pid == pid), None)

    def _has_forgotten(self) -> bool:
        """Whether a record was lost that may have known the repository."""
        return self._history().lost or bool(glob.glob(f"{glob.escape(str(self._state_dir))}/history.db.broken-*"))


def _format(config: RepositoryConfig) -> type[Format]:
    return FORMATS.load(config.format)


def make_password_file(config: RepositoryConfig) -> bool:
    """Put a random password or key into the file that is to hold it, for a repository of which nothing exists.

    A file that is there stays as it is; return whether there was none. Raises ConfigError where it cannot be made, or
    must not be.
    """
    key = secret_key(config.name, "password" if config.password else "encryption_key")
    path = (config.own_secret and config.own_secret.file) or ""
    if not _is_empty(config.store):
        raise ConfigError(
            _("{key}: the file {path} does not exist").format(key=key, path=path),
            hint=_("{place} is not empty: if a repository was there, put its password into the file").format(
                place=config.store.describe()
            ),
        )
    try:
        write_new(path, random_secret().reveal().encode() + b"\n")
    except FileExistsError:
        return False
    except OSError as error:
        message = _("{key}: cannot write {path}: {reason}")
        raise ConfigError(message.format(key=key, path=path, reason=reason_of(error))) from error
    return True


def _is_empty(store: Store) -> bool:
    try:
        return next(iter(store.objects()), None) is None
    except NotFound:
        return True


def _missing(config: RepositoryConfig, seen: str | None) -> RepositoryMissing:
    place = config.store.describe()
    if seen is None:
        return RepositoryMissing(
            _("there is no repository in {place} yet").format(place=place),
            hint=_("`tui-backup init` makes it, and so does the first run"),
        )
    if lost := _lost_place(config.store):
        return RepositoryMissing(lost.message, hint=lost.hint)
    return RepositoryMissing(
        _("the repository {name} is no longer in {place}").format(name=config.name, place=place),
        hint=_("is the disk mounted? A new repository needs a new name in the configuration"),
    )


def _lost_place(store: Store) -> PlaceMissing | None:
    """Return the error which says that not even the place of a store is there any more."""
    try:
        next(iter(store.objects("config")), None)
    except PlaceMissing as error:
        return error
    except StoreError:
        return None
    return None


def _another(config: RepositoryConfig, seen: str, found: str) -> RepositoryMissing:
    return RepositoryMissing(
        _("in {place} is another repository ({found}) than {name} was so far ({seen})").format(
            place=config.store.describe(), found=found[:8], name=config.name, seen=seen[:8]
        ),
        hint=_("is the right disk mounted? A new repository needs a new name in the configuration"),
    )
