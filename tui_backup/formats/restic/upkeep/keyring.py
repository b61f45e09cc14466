"""ResticKeyring: the passwords that open a repository, which differ from its keys: these stay for ever.

Each change takes one step at a time, so that whoever is killed leaves a repository that at least one password opens.
A new key file is read back and opened before anything else happens. Source: restic's design document, "Keys".
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import msgspec

from tui_backup.errors import BackupError, Corrupted
from tui_backup.formats.restic.access import Access
from tui_backup.formats.restic.keys import MOST_TRIED, KeyFile, add_key, damaged_keys, key_files, open_key
from tui_backup.formats.restic.layout import FileKind, key_of, names
from tui_backup.formats.restic.times import parse_time, to_datetime
from tui_backup.model.upkeep import KeyInfo
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _
from tui_backup.primitives.secret import Secret


class ResticKeyring:
    """The key files of one open repository."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def found(self) -> list[KeyInfo]:
        """Return the key files, oldest first, then those that cannot be used."""
        whole = [self._info(name, file) for name, file in key_files(self._access.store).items()]
        damaged = [self._broken(name, reason) for name, reason in damaged_keys(self._access.store).items()]
        return sorted(whole, key=lambda key: (key.created is None, str(key.created), key.id)) + damaged

    def add(self, password: Secret) -> KeyInfo:
        """Let a further password open the repository."""
        with self._access.shared(Watch()) as lock:
            self._refuse_crowd(MOST_TRIED - 1)
            lock.confirm()
            return self._added(password)

    def remove(self, id_: str) -> None:
        """Remove a key file.

        Raises:
            BackupError: it is the last one that can be used, or the one that the repository was opened with; or the
                latter is gone.
        """
        if id_ == self._access.key_id:
            message = _("the key {name} is the one in use").format(name=id_[:8])
            raise BackupError(message, hint=_("`key passwd` replaces it; or open with another password first"))
        with self._access.exclusive(Watch()) as lock:
            self._refuse_without_own(others_than=id_)
            lock.confirm()
            self._access.store.delete(key_of(FileKind.KEY, id_))

    def change(self, password: Secret, settle: Callable[[], None] | None = None) -> KeyInfo:
        """Add a password, make sure that it opens, have `settle` note it, and only then remove the key in use."""
        access = self._access
        with access.exclusive(Watch()) as lock:
            self._refuse_without_own()
            self._refuse_crowd(MOST_TRIED)
            lock.confirm()
            former, added = access.key_id, self._added(password)
            with _both_open(former, added.id):
                if settle is not None:
                    settle()
                access.key_id = added.id
                lock.confirm()
                access.store.delete(key_of(FileKind.KEY, former))
        return msgspec.structs.replace(added, current=True)

    def _added(self, password: Secret) -> KeyInfo:
        """Store a key file, and make sure that it opens as it should; one that does not is removed."""
        access = self._access
        name = add_key(access.store, access.keys, password)
        try:
            if open_key(access.store, name, password) != access.keys:
                raise Corrupted(_("the new key {name} does not open the repository").format(name=name[:8]))
            return self._info(name, key_files(access.store)[name])
        except BackupError:
            access.store.delete(key_of(FileKind.KEY, name))
            raise

    def _refuse_without_own(self, others_than: str | None = None) -> None:
        """Make sure that a key is left which is known to open: the one in use; others may have removed it meanwhile."""
        usable = set(key_files(self._access.store)) - {others_than}
        own = self._access.key_id
        if not usable:
            raise BackupError(_("the last key that can be used is never removed"))
        if own and own not in usable:
            raise BackupError(
                _("the key {name} that opened {place} is gone or damaged").format(
                    name=own[:8], place=self._access.store.describe()
                ),
                hint=_("somebody else changes keys; look at them with `key list`"),
            )

    def _refuse_crowd(self, most: int) -> None:
        """Refuse a key file that restic and we might never try."""
        if len(names(self._access.store, FileKind.KEY)) > most:
            message = _("{place} has too many keys: only {count} are ever tried")
            raise BackupError(
                message.format(place=self._access.store.describe(), count=MOST_TRIED),
                hint=_("remove one that nobody uses: `key list`, `key remove`"),
            )

    def _info(self, name: str, file: KeyFile) -> KeyInfo:
        return KeyInfo(
            id=name,
            current=name == self._access.key_id,
            created=_datetime(file.created),
            user=file.username or "",
            host=file.hostname or "",
        )

    def _broken(self, name: str, reason: str) -> KeyInfo:
        current = name == self._access.key_id
        return KeyInfo(id=name, current=current, created=None, user="", host="", trouble=reason)


@contextmanager
def _both_open(former: str, added: str) -> Iterator[None]:
    """Say, of an error on the way from one key to another, that either opens."""
    try:
        yield
    except BackupError as error:
        hint = _("the old and the new password both open it now: keys {old} and {new}; `key remove` ends either")
        raise type(error)(error.message, hint=hint.format(old=former[:8], new=added[:8])) from error


def _datetime(text: str | None) -> datetime | None:
    try:
        return to_datetime(parse_time(text)) if text else None
    except ValueError:
        return None
