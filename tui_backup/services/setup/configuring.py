"""Configuring: the configuration file read for editing, judged, and saved as long as nobody else has changed it."""

import fcntl
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from tui_backup.config.document import Document, Fault
from tui_backup.config.editing import Draft, changes
from tui_backup.config.lines import dotted
from tui_backup.config.masking import has_secrets
from tui_backup.config.paths import check_owner
from tui_backup.config.reader import Reader
from tui_backup.config.settings import Config
from tui_backup.errors import ConfigError
from tui_backup.primitives.atomic import write_whole
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of
from tui_backup.services.audit import Audit

_MARK = b"\xef\xbb\xbf"
_ANYBODY = stat.S_IRWXG | stat.S_IRWXO


class FileOnDisk(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration file as it was read."""

    path: str
    """As it was named; may be a link."""
    text: str
    has_mark: bool = False
    """Whether it begins with a byte order mark."""

    @property
    def fingerprint(self) -> str:
        """What another content would have another of."""
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()


class ChangedMeanwhile(ConfigError):
    """Somebody else has saved the file since it was read; nothing was written."""

    def __init__(self, found: FileOnDisk) -> None:
        """`found` is the file as it is now."""
        super().__init__(
            _("{path} was changed by somebody else meanwhile").format(path=found.path),
            hint=_("nothing was saved; look at both changes first"),
        )
        self.found = found


def file_of(config: Config) -> FileOnDisk:
    """Read the file of a configuration; raises ConfigError where it is not readable text, or there is none."""
    if config.is_from_variables:
        raise ConfigError(
            _("the configuration comes from BACKUP_* variables: there is no file to change"),
            hint=_("`tui-backup config import-env` makes one"),
        )
    return read(config.path)


def read(path: str) -> FileOnDisk:
    """Read a configuration file, sound or not; raises ConfigError where it is not readable text."""
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise ConfigError(_("cannot read {path}: {reason}").format(path=path, reason=reason_of(error))) from error
    try:
        text = content.removeprefix(_MARK).decode()
    except UnicodeDecodeError as error:
        raise ConfigError(_("{path} is not UTF-8").format(path=path)) from error
    return FileOnDisk(path=path, text=text, has_mark=content.startswith(_MARK))


class Examined(msgspec.Struct, frozen=True):
    """What a text is as a configuration."""

    config: Config | None
    """As far as it is sound; None where the keys before the first table are not."""
    faults: list[Fault]
    """What is wrong, one thing for each table."""


def examine(path: str, text: str) -> Examined:
    """Judge a text as the configuration at a path."""
    try:
        return Examined(*Reader(Document(path, text), os.path.dirname(path)).examine())
    except Fault as fault:
        return Examined(None, [fault])


def settings(path: str, text: str) -> Config:
    """Return what a text means as the configuration at a path; raises Fault where it is wrong."""
    return Reader(Document(path, text), os.path.dirname(path)).read()


def save(before: FileOnDisk, text: str, audit: Callable[[Config], Audit]) -> FileOnDisk:
    """Put a text in the place of a file that was read; return the file as it is then.

    Mode, owner and links stay; only a file that holds a secret is closed to others. `audit` gives the record of what
    the text is the configuration of.

    Raises:
        Fault: the text is wrong.
        ChangedMeanwhile: the file is not as it was.
        ConfigError: it cannot be written.
    """
    config = settings(before.path, text)
    check_owner(before.path)
    detail = ", ".join(_changed(before.text, text)) or "comments"
    with _alone(before.path), audit(config).act("config", f"file {before.path}", detail):
        found = read(before.path)
        if found.fingerprint != before.fingerprint:
            raise ChangedMeanwhile(found)
        after = msgspec.structs.replace(before, text=text)
        _write(after)
    return after


def merged(before: FileOnDisk, text: str, found: FileOnDisk) -> str:
    """Return the text that is on disk with the changes that lead from what was read to `text`.

    Changes key by key; of comments, those of the file on disk.

    Raises:
        ConfigError: a change does not go together with the file on disk.
    """
    ours = changes(_draft(before.path, before.text).tables, _draft(before.path, text).tables)
    return _draft(found.path, found.text).applied(ours).text


def _draft(path: str, text: str) -> Draft:
    """Return the draft of a text; raises Fault where it is no TOML."""
    Document(path, text)
    return Draft(text)


def _changed(before: str, after: str) -> Iterator[str]:
    """Yield the keys that change, never what they hold."""
    try:
        former: dict[str, Any] = Draft(before).tables
    except ValueError:
        former = {}
    for change in changes(former, Draft(after).tables):
        yield f"-{dotted(change.key)}" if change.is_gone else dotted(change.key)


@contextmanager
def _alone(path: str) -> Iterator[None]:
    """Keep others who save the same file waiting; whoever had to wait finds it changed."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(file: FileOnDisk) -> None:
    real = os.path.realpath(file.path)
    content = (_MARK if file.has_mark else b"") + file.text.encode()
    try:
        status = os.stat(real)
        mode = stat.S_IMODE(status.st_mode)
        if has_secrets(Draft(file.text)):
            mode &= ~_ANYBODY
        write_whole(real, content, mode=mode, owner=(status.st_uid, status.st_gid))
    except OSError as error:
        raise _unwritable(file.path, error) from error


def _unwritable(path: str, error: OSError) -> ConfigError:
    hint = _("use sudo") if isinstance(error, PermissionError) else None
    return ConfigError(_("cannot write {path}: {reason}").format(path=path, reason=reason_of(error)), hint=hint)
