"""Failures: what an SFTP server refuses, in the words of other stores.

Servers of version 3 of the protocol have few codes; most of what goes wrong on a disk is only `Failure`.
"""

import errno
from typing import Final

import asyncssh

from tui_backup.errors import StoreError
from tui_backup.primitives.i18n import _
from tui_backup.stores.base import Space
from tui_backup.stores.troubles import trouble_of

ABSENT: Final = (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath)

_CODES: Final[dict[type[asyncssh.SFTPError], int]] = {
    asyncssh.SFTPNoSuchFile: errno.ENOENT,
    asyncssh.SFTPNoSuchPath: errno.ENOENT,
    asyncssh.SFTPPermissionDenied: errno.EACCES,
    asyncssh.SFTPNoSpaceOnFilesystem: errno.ENOSPC,
    asyncssh.SFTPQuotaExceeded: errno.EDQUOT,
    asyncssh.SFTPWriteProtect: errno.EROFS,
}

_WORDS: Final = {"no space left": errno.ENOSPC, "quota": errno.EDQUOT}
"""What some servers say besides."""

_NEARLY_FULL: Final = 32 << 20
"""With less than this, a write that fails without a reason has failed for want of room."""


def failure(error: asyncssh.SFTPError, message: str, path: str) -> StoreError:
    """Return the error of a store for one of the server's; `message` has room for `path` and `reason`."""
    said = error.reason.lower()
    code = _CODES.get(type(error)) or next((code for words, code in _WORDS.items() if words in said), None)
    if code is not None:
        return trouble_of(OSError(code, ""), message, path)
    reason = error.reason or _("it said nothing")
    return StoreError(
        message.format(path=path, reason=reason),
        hint=_("the server does not say why; its log may, and a quota may be used up"),
    )


def write_failure(error: asyncssh.SFTPError, message: str, path: str, space: Space | None) -> StoreError:
    """Return the same of a write, given how much room there is by now."""
    if isinstance(error, asyncssh.SFTPFailure) and space is not None and space.free < _NEARLY_FULL:
        return failure(asyncssh.SFTPNoSpaceOnFilesystem(""), message, path)
    return failure(error, message, path)
