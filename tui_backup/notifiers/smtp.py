"""SMTP as notifiers speak it: one mail by one server, and what is made of its answers."""

import hashlib
import re
import smtplib
import socket
import ssl
from base64 import b64encode
from collections.abc import Iterable, Mapping
from contextlib import suppress
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any, Final

import msgspec

from tui_backup.errors import ConfigError, NotDelivered
from tui_backup.model.notice import Notice
from tui_backup.notifiers.deadline import Deadline, late, within_deadline
from tui_backup.notifiers.rendering import lines, one_line
from tui_backup.notifiers.trust import trusting, untrusted
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of
from tui_backup.primitives.secret import Secret
from tui_backup.primitives.text import printable

_MOST_WORDS: Final = 200
_LOGGED_IN: Final = 235
_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """A server of mail, and as whom it is spoken to."""

    host: str
    port: int
    security: str
    """starttls, tls or none."""
    user: str | None
    password: Secret | None
    ca_file: str | None


def message_of(notice: Notice, from_: str, to: Iterable[str], subject_prefix: str | None) -> EmailMessage:
    """Return a notice as a mail; raises ConfigError where an address is none."""
    message = EmailMessage(policy=SMTP)
    sender = _address("from", from_)
    message["Subject"] = " ".join(filter(None, (subject_prefix, one_line(notice.title))))
    message["From"] = sender
    message["To"] = [_address("to", each) for each in to]
    message["Date"] = format_datetime(notice.time)
    message["Message-ID"] = f"<{_word(notice.id)}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Tui-Backup-Event"] = one_line(notice.event)
    message.set_content(lines(notice.message) + "\n", charset="utf-8", cte="quoted-printable")
    return message


def deliver(server: Server, message: EmailMessage) -> None:
    """Hand a mail to a server, once.

    Raises:
        NotDelivered: it is not delivered to all; transient unless the server refused it for good, or took it for some.
        ConfigError: the CA file cannot be used.
    """
    context = None if server.security == "none" else trusting(server.ca_file)
    within_deadline(_Delivery(server, message, context).carry_out)


class _Delivery:
    """One mail on its way to the server."""

    def __init__(self, server: Server, message: EmailMessage, context: ssl.SSLContext | None) -> None:
        self._server = server
        self._message = message
        self._context = context

    def carry_out(self, deadline: Deadline) -> None:
        """Hand over the mail; raises NotDelivered."""
        try:
            server = self._connected(deadline)
            try:
                self._talk(server)
            finally:
                server.close()
        except smtplib.SMTPException as error:
            raise self._refused(error) from None
        except ssl.SSLError as error:
            raise untrusted(self._server.host, error) from None
        except OSError as error:
            raise self._unreachable(error, deadline) from None

    def _connected(self, deadline: Deadline) -> smtplib.SMTP:
        """Return the server once it has greeted us."""
        kind = _shown(smtplib.SMTP_SSL if self._server.security == "tls" else smtplib.SMTP, deadline)
        options = {"context": self._context} if self._server.security == "tls" else {}
        host, port = self._server.host, self._server.port
        connected: smtplib.SMTP = kind(host, port, local_hostname=_own_name(), timeout=deadline.left, **options)
        return connected

    def _talk(self, server: smtplib.SMTP) -> None:
        if self._server.security == "starttls":
            server.starttls(context=self._context)
        if self._server.user is not None and self._server.password is not None:
            self._log_in(server, self._server.user, self._server.password.reveal())
        refused = server.send_message(self._message)
        with suppress(smtplib.SMTPException, OSError):
            server.putcmd("QUIT")  # the mail is theirs: nobody waits for the farewell
        if refused:
            names = ", ".join(sorted(refused))
            text = _("{host} took the mail, but not for {names}: {reason}")
            reason = self._words(next(iter(refused.values())))
            raise NotDelivered(text.format(host=self._server.host, names=names, reason=reason), transient=False)

    def _log_in(self, server: smtplib.SMTP, user: str, password: str) -> None:
        try:
            if (user + password).isascii():
                server.login(user, password)
            else:
                _log_in_with_utf8(server, user, password)
        except smtplib.SMTPServerDisconnected as error:
            text = _("{host} closed the connection when {user} logged in")
            raise NotDelivered(text.format(host=self._server.host, user=user)) from error

    def _refused(self, error: smtplib.SMTPException) -> NotDelivered:
        host = self._server.host
        match error:
            case smtplib.SMTPAuthenticationError():
                text = _("{host} does not let {user} in: {reason}")
                reason = self._words((error.smtp_code, error.smtp_error))
                return NotDelivered(
                    text.format(host=host, user=self._server.user, reason=reason), transient=_may_pass(error.smtp_code)
                )
            case smtplib.SMTPRecipientsRefused():
                answers: Mapping[str, tuple[int, bytes]] = error.recipients
                text = _("{host} takes no mail for {names}: {reason}")
                reason = self._words(next(iter(answers.values())))
                transient = any(_may_pass(code) for code, _reason in answers.values())
                return NotDelivered(
                    text.format(host=host, names=", ".join(sorted(answers)), reason=reason), transient=transient
                )
            case smtplib.SMTPResponseException():
                reason = self._words((error.smtp_code, error.smtp_error))
                text = _("{host} does not take the mail: {reason}")
                return NotDelivered(text.format(host=host, reason=reason), transient=_may_pass(error.smtp_code))
            case smtplib.SMTPNotSupportedError():
                text = _("{host} cannot do what the mail needs: {reason}")
                return NotDelivered(text.format(host=host, reason=self._words(error.args)), transient=False)
        return NotDelivered(_("{host}: the connection broke off").format(host=host))

    def _unreachable(self, error: OSError, deadline: Deadline) -> NotDelivered:
        if isinstance(error, TimeoutError):
            return late(deadline.seconds)
        if isinstance(error, socket.gaierror):
            return NotDelivered(_("{place}: there is no host of that name").format(place=self._server.host))
        return NotDelivered(_("{place}: {reason}").format(place=self._server.host, reason=reason_of(error)))

    def _words(self, answer: Any) -> str:
        """Return the first line of what a server answered, without the password should it be there."""
        parts = [each.decode("utf-8", "replace") if isinstance(each, bytes) else str(each) for each in answer]
        text = next(iter(" ".join(parts).splitlines()), "")
        if self._server.password is not None:
            text = text.replace(self._server.password.reveal(), repr(self._server.password))
        return printable(text[:_MOST_WORDS])


def _log_in_with_utf8(server: smtplib.SMTP, user: str, password: str) -> None:
    """Log in as RFC 4616 has it; smtplib knows ASCII alone."""
    server.ehlo_or_helo_if_needed()
    words = f"\0{user}\0{password}".encode("utf-8", "surrogateescape")
    code, answer = server.docmd("AUTH", f"PLAIN {b64encode(words).decode('ascii')}")
    if code != _LOGGED_IN:
        raise smtplib.SMTPAuthenticationError(code, answer)


def _shown(kind: type[smtplib.SMTP], deadline: Deadline) -> Any:
    """Return a class of clients that show their connection to the deadline before anything is said."""

    class Shown(kind):  # type: ignore[valid-type, misc]  # one of the two classes of smtplib
        def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
            connection = socket.create_connection((host, port), timeout, self.source_address)
            deadline.show(connection)
            if kind is smtplib.SMTP_SSL:
                return self.context.wrap_socket(connection, server_hostname=self._host)  # type: ignore[no-any-return]  # see above
            return connection

    return Shown


def _address(key: str, given: str) -> Address:
    """Return an address of mail, with a name before it or without; raises ConfigError where it is none."""
    name, bracket, address = given.rstrip(">").rpartition("<")
    user, _at, domain = (address if bracket else given).strip().rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode("ascii")
        return Address(display_name=name.strip().strip('"'), addr_spec=f"{user}@{ascii_domain}")
    except (ValueError, IndexError, HeaderParseError) as error:
        raise ConfigError(_("{key}: {address!r} is no address of mail").format(key=key, address=given)) from error


def _word(id_: str) -> str:
    """Return what stands for an id in one that mail programs understand."""
    return id_ if id_.isascii() and id_.isalnum() else hashlib.sha256(id_.encode("utf-8", "replace")).hexdigest()[:32]


def _own_name() -> str:
    """Return the name by which we greet the server; no name server is asked for it."""
    name = socket.gethostname()
    return name if _NAME.fullmatch(name) else "localhost"


def _may_pass(code: int) -> bool:
    return 400 <= code < 500 or code < 0
