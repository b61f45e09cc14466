"""Troubles: errors of the system, as those of a store."""

import errno

from tui_backup.errors import NotFound, StoreError, StoreFull, StoreUnavailable
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of_code

_FULL = {errno.ENOSPC, errno.EDQUOT}
_PASSING = {errno.ESTALE, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.ENOTCONN}

ABSENT = {errno.ENOENT, errno.ENOTDIR}


def trouble_of(error: OSError, message: str, path: str) -> StoreError:
    """Return the error of a store for one of the system, with what to do about it."""
    text = message.format(path=path, reason=reason_of_code(error.errno))
    code = error.errno or 0
    if code in _FULL:
        return StoreFull(text, hint=_("free some megabytes there; a prune then gives back what nobody needs"))
    if code in _PASSING:
        return StoreUnavailable(text, hint=_("does the file server answer?"))
    if code in ABSENT:
        return NotFound(text, hint=_("if it should be there: is the disk mounted?"))
    return StoreError(text, hint=_advice(code))


def _advice(code: int) -> str | None:
    match code:
        case errno.EACCES | errno.EPERM:
            return _("check owner and permissions, or run as the user that owns it")
        case errno.EROFS:
            return _("the file system is mounted read-only; the kernel does so after disk errors: see dmesg")
        case errno.EIO:
            return _("the disk or its cable may be failing: see dmesg")
    return None
