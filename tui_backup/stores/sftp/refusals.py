"""Refusals: why there is no connection, in words for whoever has to mend it."""

import socket

import asyncssh

from tui_backup.errors import StoreError, StoreUnavailable
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of, reason_of_code
from tui_backup.stores.sftp.hosts import Doorman

_NO_SUCH_NAME = {socket.EAI_NONAME, socket.EAI_NODATA}


def refusal(error: Exception, host: str, doorman: Doorman | None, key_file: str | None) -> StoreError:
    """Return the error of a store for what kept us from a host; `doorman` knows host keys, if it came to that."""
    match error:
        case asyncssh.HostKeyNotVerifiable() if doorman:
            return doorman.refusal(error.reason)
        case asyncssh.PermissionDenied():
            return _denied(error, host, key_file)
        case asyncssh.Error():
            return _broken_off(error, host)
        case OSError():
            return _unreachable(error, host)
        case asyncssh.KeyImportError() | asyncssh.KeyEncryptionError():
            return _locked_key(error, key_file)
        case asyncssh.ConfigParseError():
            return StoreError(_("the ssh_config cannot be used: {reason}").format(reason=error))
    return StoreError(_said(host, str(error)))


def _said(host: str, reason: str) -> str:
    return _("cannot connect to {host}: {reason}").format(host=host, reason=reason)


def _still_hopeful() -> str:
    return _("does the server answer? It was tried for a while; try again later")


def _denied(error: asyncssh.PermissionDenied, host: str, key_file: str | None) -> StoreError:
    hint = (
        _("check user and password, and that {file} is in the user's authorized_keys").format(file=f"{key_file}.pub")
        if key_file
        else _("check user and password; without key_file, the agent and the usual keys in ~/.ssh are tried")
    )
    return StoreError(_("{host} does not let us in: {reason}").format(host=host, reason=error.reason), hint=hint)


def _broken_off(error: asyncssh.Error, host: str) -> StoreError:
    match error:
        case asyncssh.KeyExchangeFailed() | asyncssh.ProtocolError() | asyncssh.ProtocolNotSupported():
            return StoreError(_said(host, error.reason), hint=_("does ssh itself connect there?"))
        case asyncssh.ChannelOpenError():
            return StoreUnavailable(_said(host, error.reason), hint=_("the jump host could not reach it"))
    return StoreUnavailable(_said(host, error.reason), hint=_still_hopeful())


def _locked_key(error: ValueError, key_file: str | None) -> StoreError:
    if str(error).startswith("Passphrase"):
        message = _("the key {file} needs its passphrase").format(file=key_file)
        return StoreError(message, hint=_("give it as key_passphrase, or add the key to the agent: ssh-add"))
    message = _("cannot use the key {file}: {reason}").format(file=key_file, reason=error)
    return StoreError(message, hint=_("check key_passphrase, and that the file is a private key"))


def _reason(error: OSError) -> str:
    """Return what the system says; asyncio has words of its own for the same numbers."""
    if isinstance(error, TimeoutError):
        return _("it does not answer")
    if isinstance(error, socket.gaierror) or not error.errno:
        return reason_of(error)
    return reason_of_code(error.errno)


def _unreachable(error: OSError, host: str) -> StoreError:
    if error.filename is not None:
        message = _("cannot read {path}: {reason}").format(path=error.filename, reason=reason_of(error))
        return StoreError(message, hint=_("check key_file and ssh_config"))
    if isinstance(error, socket.gaierror) and error.errno in _NO_SUCH_NAME:
        return StoreError(_said(host, reason_of(error)), hint=_("check the address"))
    return StoreUnavailable(_said(host, _reason(error)), hint=_still_hopeful())
