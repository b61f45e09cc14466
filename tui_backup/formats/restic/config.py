"""The config file: version, id and chunker polynomial of a repository.

A sealed JSON object, never compressed, in every version. Source: restic's design document, "Config".
"""

import os
from typing import Any

import msgspec

from tui_backup.errors import BackupError, Corrupted, NotFound, RepositoryMissing, WrongPassword
from tui_backup.formats.restic.crypto import Cipher, Keys
from tui_backup.formats.restic.keys import add_key, new_keys, unlock
from tui_backup.formats.restic.layout import CONFIG_KEY, FileKind, is_id, names
from tui_backup.formats.restic.polynomial import from_hex, random_irreducible, to_hex
from tui_backup.primitives.i18n import _
from tui_backup.primitives.secret import Secret
from tui_backup.stores.base import Store

VERSIONS = (1, 2)


class RepositoryConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What the config file says."""

    version: int
    id: str
    """64 hex digits, random."""
    chunker_polynomial: int
    """Irreducible, of degree 53 at most."""
    others: dict[str, Any] = {}
    """What other programs keep there (rustic: `append_only`, `chunker`, ...), as it stands."""

    @property
    def append_only(self) -> bool:
        """Whether rustic was told that nothing may be removed from this repository."""
        return self.others.get("append_only") is True


class _Document(msgspec.Struct, frozen=True):
    version: int
    id: str
    chunker_polynomial: str


def repository_exists(store: Store) -> bool:
    """Whether the store holds the config file of a repository."""
    try:
        store.get(CONFIG_KEY, 0, 1)
    except (NotFound, Corrupted):
        return False
    return True


def read_config(store: Store, cipher: Cipher) -> RepositoryConfig:
    """Read the config of a repository.

    Raises:
        RepositoryMissing: the store has no config file.
        Corrupted: it is damaged, of an unknown version, or its polynomial is reducible.
    """
    return decode_config(fetch_config(store), cipher)


def fetch_config(store: Store) -> bytes:
    """Return the sealed config, which says that there is a repository before its keys are looked for.

    Raises:
        RepositoryMissing: the store has no config file.
    """
    try:
        return store.get(CONFIG_KEY)
    except NotFound as error:
        raise RepositoryMissing(_("there is no repository in {place}").format(place=store.describe())) from error


def decode_config(sealed: bytes, cipher: Cipher) -> RepositoryConfig:
    """Return what a sealed config says.

    Raises:
        Corrupted: it is damaged, of an unknown version, or its polynomial is reducible.
    """
    try:
        fields = msgspec.json.decode(cipher.open(sealed), type=dict[str, Any])
        document = msgspec.convert(fields, _Document)
        polynomial = from_hex(document.chunker_polynomial)
    except Corrupted as error:
        raise Corrupted(_("config is damaged: {reason}").format(reason=error.message)) from error
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Corrupted(_("config is damaged: {reason}").format(reason=error)) from error
    if document.version not in VERSIONS:
        raise Corrupted(_("the repository has the unknown version {version}").format(version=document.version))
    if not is_id(document.id):
        raise Corrupted(_("config is damaged: {reason}").format(reason=_("its id is none")))
    others = {name: value for name, value in fields.items() if name not in _Document.__struct_fields__}
    return RepositoryConfig(version=document.version, id=document.id, chunker_polynomial=polynomial, others=others)


def write_config(store: Store, config: RepositoryConfig, cipher: Cipher) -> None:
    """Store the config, keys of other programs included."""
    document = _Document(config.version, config.id, to_hex(config.chunker_polynomial))
    fields = msgspec.structs.asdict(document) | config.others
    store.put(CONFIG_KEY, cipher.seal(msgspec.json.encode(fields)))


def create(
    store: Store, password: Secret, *, version: int = 2, polynomial: int | None = None
) -> tuple[RepositoryConfig, Keys, str]:
    """Make an empty repository: its key file first, its config last; return config, keys and the key file's id.

    `polynomial` is that of another repository, so that files are cut alike in both. A key file without anything else
    was left by somebody who was interrupted right here: if the password opens it, it is used.

    Raises:
        BackupError: the store has a config, a snapshot, an index, a pack or somebody else's key file already.
    """
    store.create()
    _check_vacant(store)
    keys, key_id = _left_key(store, password) or _new_key(store, password)
    config = RepositoryConfig(
        version=version, id=os.urandom(32).hex(), chunker_polynomial=polynomial or random_irreducible()
    )
    write_config(store, config, Cipher(keys))
    return config, keys, key_id


def _check_vacant(store: Store) -> None:
    if repository_exists(store):
        raise BackupError(_("there is a repository in {place} already").format(place=store.describe()))
    held = ((FileKind.SNAPSHOT, _("snapshots")), (FileKind.INDEX, _("index files")), (FileKind.DATA, _("packs")))
    for kind, what in held:
        if names(store, kind):
            raise _partial(store, what)


def _left_key(store: Store, password: Secret) -> tuple[Keys, str] | None:
    """Return the keys and the id of the key file that is all there is; None where there is nothing at all."""
    if not names(store, FileKind.KEY):
        return None
    try:
        return unlock(store, password)
    except (Corrupted, WrongPassword) as error:
        raise _partial(store, _("key files")) from error


def _new_key(store: Store, password: Secret) -> tuple[Keys, str]:
    keys = new_keys()
    return keys, add_key(store, keys, password)


def _partial(store: Store, what: str) -> BackupError:
    message = _("{place} has {what} but no config").format(place=store.describe(), what=what)
    return BackupError(message, hint=_("part of a repository was lost; restore its config, or use an empty place"))
