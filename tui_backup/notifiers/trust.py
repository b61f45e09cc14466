"""Trust: whose certificates are believed, and what is said of those that are not."""

import ssl
from collections.abc import Iterator

from tui_backup.errors import ConfigError, NotDelivered
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of


def trusting(ca_file: str | None) -> ssl.SSLContext:
    """Return what verifies certificates, against a file or those whom the system trusts; raises ConfigError."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except ssl.SSLError as error:
        raise ConfigError(_("ca_file: {path} holds no certificate").format(path=ca_file)) from error
    except OSError as error:
        text = _("ca_file: cannot read {path}: {reason}")
        raise ConfigError(text.format(path=ca_file, reason=reason_of(error))) from error


def untrusted(place: str, error: BaseException) -> NotDelivered:
    """Return what is said where no encrypted connection could be made."""
    for each in causes(error):
        if isinstance(each, ssl.SSLCertVerificationError):
            text = _("{place}: its certificate is not to be trusted: {reason}")
            hint = _("ca_file names who signed it, where that is nobody whom the system trusts")
            return NotDelivered(text.format(place=place, reason=each.verify_message), hint=hint)
    return NotDelivered(_("{place}: no encrypted connection could be made").format(place=place))


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what led to it, the first cause last."""
    while error is not None:
        yield error
        inner = next((each for each in error.args if isinstance(each, BaseException)), None)
        error = inner or error.__cause__ or error.__context__
