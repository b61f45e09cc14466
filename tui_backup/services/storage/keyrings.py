"""Passwords of repositories: which are there, new ones, and where the configured one is kept."""

import os
import stat
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from tui_backup.config.lines import dotted
from tui_backup.config.settings import RepositoryConfig
from tui_backup.errors import BackupError, UsageError
from tui_backup.formats.upkeep import Keyring
from tui_backup.model.upkeep import KeyInfo
from tui_backup.primitives.atomic import write_whole
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.reasons import reason_of
from tui_backup.primitives.secret import Secret, SecretSource, decode_secret
from tui_backup.primitives.text import moment, printable

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace

SHORTEST = 12
"""Characters of a password that nobody warns about."""

_FEWEST_DIFFERENT = 6


class Keeping(msgspec.Struct, frozen=True, kw_only=True):
    """Where the configuration keeps a repository's password."""

    key: str
    """As `repositories.local.password`."""
    instruction: str
    """What has to be done by hand once the password is another."""
    file: str | None
    """The file that can be written; None where there is none, or it must not be."""
    obstacle: str | None
    """Why it cannot or must not be written."""


def keyring(workspace: "Workspace", name: str) -> Keyring:
    """Return the keys of a repository.

    Raises:
        UsageError: its format has none.
        BackupError: it cannot be opened.
    """
    upkeep = workspace.repository(name).upkeep
    if upkeep is None:
        raise _no_keys(name)
    return upkeep.keys


def key_named(keys: Keyring, prefix: str) -> KeyInfo:
    """Return the key whose id begins like that; raises UsageError where none or several do."""
    known = keys.found()
    found = [key for key in known if prefix and key.id.startswith(prefix.lower())]
    if len(found) == 1:
        return found[0]
    words = _("no key begins with {prefix!r}") if not found else _("several keys begin with {prefix!r}")
    hint = _("known: {names}").format(names=", ".join(key.id[:12] for key in found or known))
    raise UsageError(words.format(prefix=prefix), hint=hint)


def described(name: str, key: KeyInfo) -> str:
    """Return a key as people know it: its id, who made it, where and when; ready for the terminal."""
    words = _("the key {id} of {name}, made by {user} on {host}, {created}")
    text = words.format(
        id=key.id[:8], name=name, user=key.user or "?", host=key.host or "?", created=moment(key.created)
    )
    return printable(text)


def add_password(workspace: "Workspace", name: str, password: Secret) -> KeyInfo:
    """Let a further password open a repository; raises BackupError."""
    keys = keyring(workspace, name)
    with workspace.audit.act("key", f"repository {name}", "add") as act:
        added = keys.add(password)
        act.outcome = f"ok: key {added.id[:12]}"
    return added


def remove_key(workspace: "Workspace", name: str, key: KeyInfo) -> None:
    """Remove a key; raises BackupError where it is in use, or the last."""
    keys = keyring(workspace, name)
    with workspace.audit.act("key", f"repository {name}", f"remove key {key.id[:12]} of {key.user} at {key.host}"):
        keys.remove(key.id)


def change_password(workspace: "Workspace", name: str, password: Secret, *, update_file: bool) -> KeyInfo:
    """Replace the password in use; with `update_file` the configured file gets the new one before the old one goes.

    Raises:
        BackupError: it stopped somewhere; the hint says which passwords open the repository now.
    """
    settle = partial(put_away, workspace, name, password) if update_file else None
    keys = keyring(workspace, name)
    with workspace.audit.act("key", f"repository {name}", "passwd") as act:
        changed = keys.change(password, settle)
        act.outcome = f"ok: key {changed.id[:12]}"
    return changed


def weakness(password: Secret) -> str | None:
    """Return what is wrong with a new password that is taken all the same.

    Raises:
        UsageError: it is empty.
    """
    text = password.reveal()
    if not text:
        raise UsageError(_("an empty password is no password"))
    if len(text) < SHORTEST:
        words = ngettext(
            "the new password has only {count} character: whoever gets the repository can try them all",
            "the new password has only {count} characters: whoever gets the repository can try them all",
            len(text),
        )
        return words.format(count=len(text))
    if len(set(text)) < _FEWEST_DIFFERENT:
        return _("the new password has few different characters, and is easily guessed")
    return None


def keeping(workspace: "Workspace", name: str) -> Keeping:
    """Return where the password of a repository comes from, and whether it can be put there."""
    config = workspace.config.repositories[name]
    key = dotted(("repositories", name, "password"))
    obstacle = _obstacle(workspace, config)
    return Keeping(
        key=key,
        instruction=_instruction(workspace, config, key),
        file=None if obstacle else _source(config).file,
        obstacle=obstacle,
    )


def put_away(workspace: "Workspace", name: str, password: Secret) -> None:
    """Write a password to the file that the configuration reads it from, whole or not at all, and read it back.

    Raises:
        BackupError: it cannot be written, or could not be read back as it is.
    """
    source = _source(workspace.config.repositories[name])
    key = dotted(("repositories", name, "password"))
    assert source.file is not None
    content = password.reveal().encode("utf-8", "surrogateescape") + b"\n"
    path = os.path.realpath(source.file)
    try:
        status = os.stat(path)
        write_whole(path, content, owner=None if _is_own(status) else (status.st_uid, status.st_gid))
    except OSError as error:
        raise BackupError(_("cannot write {path}: {reason}").format(path=path, reason=reason_of(error))) from error
    if source.resolve(key).reveal() != password.reveal():
        raise BackupError(_("{path} does not hold what was written to it").format(path=path))


def check_for_file(password: Secret) -> None:
    """Refuse a password that a file cannot hold; raises UsageError."""
    text = password.reveal()
    if decode_secret(text.encode("utf-8", "surrogateescape") + b"\n") != text:
        raise UsageError(_("a file cannot hold this password: it begins or ends with white space or a mark"))


def _obstacle(workspace: "Workspace", config: RepositoryConfig) -> str | None:
    path = _source(config).file
    if path is None:
        return _("the password does not come from a file")
    others = [
        other.name
        for other in workspace.config.repositories.values()
        if other.name != config.name
        and any(each.file is not None and _same(each.file, path) for _key, each in other.secrets())
    ]
    if others:
        return _("{path} is the password of {names} too").format(path=path, names=", ".join(others))
    real = os.path.realpath(path)
    if not (os.access(os.path.dirname(real), os.W_OK) and os.path.isfile(real)):
        return _("{path} cannot be written").format(path=path)
    if not _is_own(os.stat(real)) and os.geteuid() != 0:
        return _("{path} belongs to somebody else").format(path=path)
    return None


def _source(config: RepositoryConfig) -> SecretSource:
    """Return where the password comes from; raises UsageError where the format has none."""
    if config.password is None:
        raise _no_keys(config.name)
    return config.password


def _no_keys(name: str) -> UsageError:
    return UsageError(
        _("the repository {name} has no keys").format(name=name),
        hint=_("archives are sealed with encryption_key; another key needs a new repository"),
    )


def _instruction(workspace: "Workspace", config: RepositoryConfig, key: str) -> str:
    source, file = _source(config), workspace.config.path
    facts = {"key": key, "config": file}
    if source.file is not None:
        words = _("put the new password into {path} (mode 0600), where {key} in {config} reads it")
        return words.format(path=source.file, **facts)
    if source.env is not None:
        words = _("set the variable {name}, where {key} in {config} reads it, to the new password")
        return words.format(name=source.env, **facts)
    if source.command is not None:
        words = _("have the command {program}, which {key} in {config} asks, print the new password")
        return words.format(program=source.command[0], **facts)
    return _("write the new password as {key} in {config}").format(**facts)


def _same(one: str, other: str) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _is_own(status: os.stat_result) -> bool:
    return status.st_uid == os.geteuid() and stat.S_ISREG(status.st_mode)
