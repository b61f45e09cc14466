"""Key files: each holds the repository's keys, sealed with a key derived from one password.

A key file is plain JSON. scrypt(password, salt, N, r, p) gives 64 bytes: 32 for AES-256, 16 `k` and 16 `r` for
Poly1305-AES. They open `data`, which is `{"mac":{"k":...,"r":...},"encrypt":...}` in base64: the keys of everything
else. Source: restic's design document, "Keys, Encryption and MAC".
"""

import os
import time
from contextlib import suppress
from functools import partial
from itertools import islice

import msgspec
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from tui_backup.errors import BackupError, Corrupted, NotFound, WrongPassword
from tui_backup.formats.restic.crypto import OVERHEAD, Cipher, Keys
from tui_backup.formats.restic.layout import FileKind, fetch, id_of, key_of, names, refuse_old_layout
from tui_backup.formats.restic.times import format_time
from tui_backup.primitives.i18n import _
from tui_backup.primitives.identity import identity
from tui_backup.primitives.secret import Secret
from tui_backup.stores.at_hand import copies, keep_at_hand
from tui_backup.stores.base import Store
from tui_backup.stores.parallel import begun

MOST_TRIED = 20
"""Key files that are tried with a password, as restic does."""

_LARGEST_FILE = 64 * 1024
"""Bytes; a usual key file has about 450."""
_MOST_MEMORY = (1 << 30) + (1 << 20)
"""Bytes that scrypt may take: N = 2^20 with r = 8, and its buffers."""
_MOST_WORK = 1 << 25
"""Bound of N * r * p: about ten seconds."""
_SALT = 64
_COST = 32768
"""scrypt's N of new key files."""


class KeyFile(msgspec.Struct, frozen=True, kw_only=True, rename={"cost": "N", "block": "r", "parallel": "p"}):
    """The JSON of a key file, in restic's field order."""

    created: str | None = None
    """RFC 3339."""
    username: str | None = None
    hostname: str | None = None
    kdf: str = "scrypt"
    cost: int
    """scrypt's N, a power of two."""
    block: int
    """scrypt's r."""
    parallel: int
    """scrypt's p."""
    salt: bytes
    """64 bytes."""
    data: bytes
    """The sealed keys of the repository."""


class _Mac(msgspec.Struct, frozen=True):
    k: bytes
    r: bytes


class _Master(msgspec.Struct, frozen=True):
    mac: _Mac
    encrypt: bytes


def new_keys() -> Keys:
    """Return random keys for a new repository."""
    return Keys(encrypt=os.urandom(32), mac_k=os.urandom(16), mac_r=os.urandom(16))


def unlock(store: Store, password: Secret) -> tuple[Keys, str]:
    """Return the repository's keys and the id of the key file that the password opens.

    Tries at most 20 key files in the order of the listing; one that is damaged does not stop another from opening. A
    copy at hand is tried while the store is asked for that listing, and counts only if it stands there.

    Raises:
        WrongPassword: no key file opens; the hint names damaged ones.
        Corrupted: there are key files, and every one of them is damaged.
        BackupError: the layout is the old one of restic on S3.
    """
    asked = begun(store, partial(names, store, FileKind.KEY))
    ahead = _opened_at_hand(store, password)
    asked.wait()
    listed = asked.take()
    if not listed:
        refuse_old_layout(store)
    if ahead is not None and ahead[1] in listed:
        return ahead
    damaged: list[str] = []
    tried = 0
    for name, size in islice(listed.items(), MOST_TRIED):
        try:
            keys = _open(read_key(store, name, size), password)
        except NotFound:
            continue
        except Corrupted as error:
            damaged.append(error.message)
            continue
        if keys is not None:
            return keys, name
        tried += 1
    hint = "; ".join(damaged) or None
    again = hint or _("the configuration says where this repository's password comes from")
    if damaged and not tried:
        raise Corrupted(_("every key file of {place} is damaged").format(place=store.describe()), hint=hint)
    raise WrongPassword(_("wrong password: no key of {place} opens with it").format(place=store.describe()), hint=again)


def _opened_at_hand(store: Store, password: Secret) -> tuple[Keys, str] | None:
    """Return what the copy opens that was used last, and its id; None where there is none, or it is another one's."""
    keep_at_hand(store, [f"{FileKind.KEY.value}/"])
    for key, size in islice(copies(store, f"{FileKind.KEY.value}/").items(), 1):
        name = key.rpartition("/")[2]
        with suppress(BackupError):
            keys = _open(read_key(store, name, size), password)
            return None if keys is None else (keys, name)
    return None


def read_key(store: Store, name: str, size: int | None = None) -> KeyFile:
    """Return the key file of that id; `size` is what a listing says.

    Raises:
        NotFound: there is no such file.
        Corrupted: it is damaged, or asks scrypt for more than 1 GiB of memory or an absurd time; the message names it.
    """
    key = key_of(FileKind.KEY, name)
    if size is not None and size > _LARGEST_FILE:
        raise Corrupted(_("{key} is damaged: {size} bytes are no key file").format(key=key, size=size))
    try:
        file = msgspec.json.decode(fetch(store, FileKind.KEY, name, size), type=KeyFile)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Corrupted(_("{key} is damaged: it is no key file").format(key=key)) from error
    reason = _objection(file)
    if reason is not None:
        raise Corrupted(_("{key} cannot be used: {reason}").format(key=key, reason=reason))
    return file


def key_files(store: Store) -> dict[str, KeyFile]:
    """Return id -> key file, for those that are whole."""
    files: dict[str, KeyFile] = {}
    for name, size in names(store, FileKind.KEY).items():
        try:
            files[name] = read_key(store, name, size)
        except (Corrupted, NotFound):
            continue
    return files


def damaged_keys(store: Store) -> dict[str, str]:
    """Return id -> what is wrong with it, for the key files that cannot be used."""
    problems: dict[str, str] = {}
    for name, size in names(store, FileKind.KEY).items():
        try:
            read_key(store, name, size)
        except NotFound:
            continue
        except Corrupted as error:
            problems[name] = error.message
    return problems


def add_key(store: Store, keys: Keys, password: Secret) -> str:
    """Store a key file that opens `keys` with `password`; return its id."""
    owner = identity()
    file = KeyFile(
        created=format_time(time.time_ns()),
        username=owner.username,
        hostname=owner.hostname,
        cost=_COST,
        block=8,
        parallel=1,
        salt=os.urandom(_SALT),
        data=b"",
    )
    master = _Master(_Mac(keys.mac_k, keys.mac_r), keys.encrypt)
    sealed = Cipher(_derive(file, password)).seal(msgspec.json.encode(master))
    stored = msgspec.json.encode(msgspec.structs.replace(file, data=sealed))
    name = id_of(stored)
    store.put(key_of(FileKind.KEY, name), stored)
    return name


def open_key(store: Store, name: str, password: Secret) -> Keys | None:
    """Return what the key file of that id holds, None where it does not open with the password.

    Raises:
        NotFound: there is no such file.
        Corrupted: it is damaged.
    """
    return _open(read_key(store, name), password)


def _objection(file: KeyFile) -> str | None:
    """Return why no password may be tried on this key file; judged before any memory is taken."""
    if file.kdf != "scrypt":
        return _("unknown key derivation {kdf!r}").format(kdf=file.kdf)
    if len(file.salt) != _SALT:
        return _("its salt has {count} bytes").format(count=len(file.salt))
    if len(file.data) <= OVERHEAD:
        return _("it holds no keys")
    cost, block, parallel = file.cost, file.block, file.parallel
    if cost < 2 or cost & (cost - 1) or block < 1 or parallel < 1 or cost.bit_length() > 16 * block:
        return _("its scrypt parameters are not valid")
    if _memory(file) > _MOST_MEMORY or cost * block * parallel > _MOST_WORK:
        return _("its scrypt parameters ask for too much: N={n}, r={r}, p={p}").format(n=cost, r=block, p=parallel)
    return None


def _open(file: KeyFile, password: Secret) -> Keys | None:
    """Return the keys that a key file holds, None where the password is not its own."""
    try:
        plaintext = Cipher(_derive(file, password)).open(file.data)
    except Corrupted:
        return None
    try:
        master = msgspec.json.decode(plaintext, type=_Master)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Corrupted(_("a key file holds no keys")) from error
    keys = Keys(encrypt=master.encrypt, mac_k=master.mac.k, mac_r=master.mac.r)
    if [len(keys.encrypt), len(keys.mac_k), len(keys.mac_r)] != [32, 16, 16]:
        raise Corrupted(_("a key file holds keys of a wrong length"))
    if not (any(keys.encrypt) and any(keys.mac_k) and any(keys.mac_r)):
        raise Corrupted(_("a key file holds keys of zeros"))
    return keys


def _memory(file: KeyFile) -> int:
    """Return the bytes that scrypt needs."""
    return 128 * file.block * (file.cost + file.parallel + 2) + 65536


def _derive(file: KeyFile, password: Secret) -> Keys:
    secret = password.reveal().encode("utf-8", "surrogateescape")
    kdf = Scrypt(salt=file.salt, length=64, n=file.cost, r=file.block, p=file.parallel)
    material = kdf.derive(secret)
    return Keys(encrypt=material[:32], mac_k=material[32:48], mac_r=material[48:])
