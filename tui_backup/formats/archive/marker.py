"""Marker: a small object that makes a place with archives a repository with an id, and one that knows its key.

`tui-backup.json` has the id; `tui-backup-key.json`, where archives are sealed, the header of a sealed file without one,
so that another key is noticed before anything is written with it. Neither is ever changed.
"""

import os
from hashlib import sha256
from typing import Any, Final

import msgspec

from tui_backup.errors import Corrupted, NotFound, WrongPassword
from tui_backup.formats.archive.seal import SALT_BYTES, Header, Passphrase, parse_header
from tui_backup.primitives.clock import now
from tui_backup.primitives.i18n import _
from tui_backup.stores.base import Store

MARKER: Final = "tui-backup.json"
KEY_MARKER: Final = "tui-backup-key.json"

_VERSION = 1
_LARGEST = 1 << 16


def new_id() -> str:
    """Return the id of a new repository."""
    return os.urandom(32).hex()


def id_of_place(store: Store) -> str:
    """Return the id of a place with archives that nobody has marked: it has no other than where it is."""
    return sha256(f"tui-backup archives in {store.describe()}".encode()).hexdigest()


def read_marker(store: Store) -> str | None:
    """Return the id of a repository; None where there is no marker. Raises Corrupted."""
    fields = _read(store, MARKER)
    if fields is None:
        return None
    if fields.get("version") != _VERSION or not isinstance(id_ := fields.get("id"), str) or not id_:
        raise _damaged(store, MARKER)
    return id_


def write_marker(store: Store, id_: str, format_: str) -> None:
    """Mark a place."""
    _write(store, MARKER, {"program": "tui-backup", "version": _VERSION, "id": id_, "format": format_})


def known_salt(store: Store, passphrase: Passphrase) -> bytes | None:
    """Return the salt from which a repository's salts are made; None where nothing was sealed there yet.

    Raises:
        WrongPassword: what lies there was sealed with another passphrase.
        Corrupted: the marker is damaged.
    """
    header = _key_header(store)
    if header is None:
        return None
    if not passphrase.opens(header):
        raise WrongPassword(
            _("the encryption key is not the one that the archives in {place} are sealed with").format(
                place=store.describe()
            ),
            hint=_("give back the key; one that is to be new needs a new repository"),
        )
    return header.salt


def is_sealing(store: Store) -> bool:
    """Whether archives there are sealed."""
    return _read(store, KEY_MARKER) is not None


def new_salt(store: Store, passphrase: Passphrase) -> bytes:
    """Note the passphrase, by its check alone, and return the salt from which the repository's salts are made."""
    header = passphrase.new_header(os.urandom(SALT_BYTES))
    _write(store, KEY_MARKER, {"program": "tui-backup", "version": _VERSION, "header": header.encoded.hex()})
    return header.salt


def salt_now(seed: bytes) -> bytes:
    """Return the salt of what is sealed now: one for a year, so that keys are derived seldom and nonces never meet."""
    return sha256(seed + str(now().year).encode()).digest()[:SALT_BYTES]


def _key_header(store: Store) -> Header | None:
    fields = _read(store, KEY_MARKER)
    if fields is None:
        return None
    try:
        return parse_header(bytes.fromhex(fields["header"]))
    except (KeyError, TypeError, ValueError, Corrupted) as error:
        raise _damaged(store, KEY_MARKER) from error


def _read(store: Store, key: str) -> dict[str, Any] | None:
    try:
        if store.info(key).size > _LARGEST:
            raise _damaged(store, key)
        content = store.get(key)
    except NotFound:
        return None
    try:
        return msgspec.json.decode(content, type=dict[str, Any])
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise _damaged(store, key) from error


def _write(store: Store, key: str, fields: dict[str, Any]) -> None:
    store.put(key, msgspec.json.format(msgspec.json.encode(fields), indent=2) + b"\n")


def _damaged(store: Store, key: str) -> Corrupted:
    return Corrupted(
        _("{key} in {place} is damaged").format(key=key, place=store.describe()),
        hint=_("it holds no backup; put it back from a copy of that place if there is one"),
    )
