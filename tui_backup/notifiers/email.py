"""Email: a notice as a plain text mail, by SMTP."""

import hashlib
import re
import smtplib
import socket
import ssl
from base64 import b64encode
from collections.abc import Iterator, Mapping
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Annotated, Any, ClassVar, Final, Literal, Self

import msgspec

from tui_backup.errors import ConfigError, NotDelivered
from tui_backup.model.notice import Notice, Topic
from tui_backup.notifiers.base import TROUBLES
from tui_backup.notifiers.deadline import Deadline, late, within_deadline
from tui_backup.notifiers.options import revealed, rooted_path, rooted_secret
from tui_backup.notifiers.rendering import lines, one_line
from tui_backup.notifiers.trust import trusting, untrusted
from tui_backup.primitives.about import About
from tui_backup.primitives.i18n import N_, _, ngettext
from tui_backup.primitives.reasons import reason_of
from tui_backup.primitives.secret import SecretSource
from tui_backup.primitives.text import printable

_PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9a-fA-F:]+")
_MOST_WORDS: Final = 200
_LOGGED_IN: Final = 235


class EmailNotifier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sends mail by a server that takes it for its users, or for this host."""

    default_topics: ClassVar[frozenset[Topic]] = TROUBLES

    host: Annotated[str, About(N_("Server"), N_("mail.example.org"))]
    port: Annotated[int | None, About(N_("Port"), N_("Empty: 587, for tls 465, for none 25"))] = None
    security: Annotated[
        Literal["starttls", "tls", "none"], About(N_("Encryption"), N_("tls: from the first byte on"))
    ] = "starttls"
    user: Annotated[str | None, About(N_("User"), N_("Empty: no login"))] = None
    password: Annotated[SecretSource | None, About(N_("Password"), N_("Of the user"))] = None
    from_: Annotated[str, About(N_("From"), N_("Backups <backup@example.org>"))] = msgspec.field(name="from")
    to: Annotated[tuple[str, ...], About(N_("To"), N_("Addresses, one a line"))]
    subject_prefix: Annotated[str | None, About(N_("Subject begins"), N_("Such as [backup]"))] = None
    ca_file: Annotated[str | None, About(N_("CA file"), N_("Who signed the server's certificate"), "path")] = None

    def __post_init__(self) -> None:
        if not _HOST.fullmatch(self.host):
            raise ConfigError(_("host: must be the name of a host; the port has a key of its own"))
        if self.port is not None and not 1 <= self.port <= 65_535:
            raise ConfigError(_("port: must be 1 to {most}").format(most=65_535))
        if (self.user is None) != (self.password is None):
            missing = "user" if self.user is None else "password"
            raise ConfigError(_("{key}: user and password belong together").format(key=missing))
        if self.password is not None and self.security == "none" and self.host not in _LOCAL:
            raise ConfigError(_("security: with none everybody on the way could read the password"))
        if not (self.subject_prefix or "").isprintable():
            raise ConfigError(_("subject_prefix: must be one line without control characters"))
        if not self.to:
            raise ConfigError(_("to: must name at least one address"))
        _address("from", self.from_)
        for each in self.to:
            _address("to", each)

    def rooted(self, base: str) -> Self:
        """Return the same with the paths of the password and of certificates taken from `base`."""
        return msgspec.structs.replace(
            self, password=rooted_secret(self.password, base), ca_file=rooted_path(self.ca_file, base)
        )

    def describe(self) -> str:
        """Return how many addresses get it, and by which server."""
        text = ngettext("{count} address by {host}", "{count} addresses by {host}", len(self.to))
        return text.format(count=len(self.to), host=self.host)

    def check_here(self) -> None:
        """Look whether certificates can be read."""
        trusting(self.ca_file)

    def secrets(self) -> Iterator[tuple[tuple[str | int, ...], SecretSource]]:
        """Yield the password."""
        if self.password is not None:
            yield ("password",), self.password

    def send(self, notice: Notice) -> None:
        """Hand the mail to the server."""
        password = None if self.password is None else revealed("password", self.password)
        context = None if self.security == "none" else trusting(self.ca_file)
        delivery = _Delivery(self, self._message(notice), password, context)
        within_deadline(delivery.carry_out)

    def _message(self, notice: Notice) -> EmailMessage:
        message = EmailMessage(policy=SMTP)
        sender = _address("from", self.from_)
        message["Subject"] = " ".join(filter(None, (self.subject_prefix, one_line(notice.title))))
        message["From"] = sender
        message["To"] = [_address("to", each) for each in self.to]
        message["Date"] = format_datetime(notice.time)
        message["Message-ID"] = f"<{_word(notice.id)}@{sender.domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message["X-Tui-Backup-Event"] = one_line(notice.event)
        message.set_content(lines(notice.message) + "\n", charset="utf-8", cte="quoted-printable")
        return message


class _Delivery:
    """One mail on its way to the server."""

    def __init__(
        self, mail: EmailNotifier, message: EmailMessage, password: str | None, context: ssl.SSLContext | None
    ) -> None:
        self._mail = mail
        self._message = message
        self._password = password
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
            raise untrusted(self._mail.host, error) from None
        except OSError as error:
            raise self._unreachable(error, deadline) from None

    def _connected(self, deadline: Deadline) -> smtplib.SMTP:
        """Return the server once it has greeted us."""
        kind = _shown(smtplib.SMTP_SSL if self._mail.security == "tls" else smtplib.SMTP, deadline)
        options = {"context": self._context} if self._mail.security == "tls" else {}
        port = self._mail.port or _PORTS[self._mail.security]
        server: smtplib.SMTP = kind(self._mail.host, port, local_hostname=_own_name(), timeout=deadline.left, **options)
        return server

    def _talk(self, server: smtplib.SMTP) -> None:
        if self._mail.security == "starttls":
            server.starttls(context=self._context)
        if self._mail.user is not None and self._password is not None:
            self._log_in(server, self._mail.user, self._password)
        refused = server.send_message(self._message)
        if refused:
            names = ", ".join(sorted(refused))
            text = _("{host} took the mail, but not for {names}: {reason}")
            reason = self._words(next(iter(refused.values())))
            raise NotDelivered(text.format(host=self._mail.host, names=names, reason=reason), transient=False)

    def _log_in(self, server: smtplib.SMTP, user: str, password: str) -> None:
        try:
            if (user + password).isascii():
                server.login(user, password)
            else:
                _log_in_with_utf8(server, user, password)
        except smtplib.SMTPServerDisconnected as error:
            text = _("{host} closed the connection when {user} logged in")
            raise NotDelivered(text.format(host=self._mail.host, user=user)) from error

    def _refused(self, error: smtplib.SMTPException) -> NotDelivered:
        host = self._mail.host
        match error:
            case smtplib.SMTPAuthenticationError():
                text = _("{host} does not let {user} in: {reason}")
                reason = self._words((error.smtp_code, error.smtp_error))
                return NotDelivered(
                    text.format(host=host, user=self._mail.user, reason=reason), transient=_may_pass(error.smtp_code)
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
            return NotDelivered(_("{place}: there is no host of that name").format(place=self._mail.host))
        return NotDelivered(_("{place}: {reason}").format(place=self._mail.host, reason=reason_of(error)))

    def _words(self, answer: Any) -> str:
        """Return the first line of what a server answered, without the password should it be there."""
        parts = [each.decode("utf-8", "replace") if isinstance(each, bytes) else str(each) for each in answer]
        text = next(iter(" ".join(parts).splitlines()), "")
        if self._password:
            text = text.replace(self._password, "********")
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
    name, address = parseaddr(given)
    try:
        if not given.isprintable() or address.count("@") != 1:
            raise ValueError
        made = Address(display_name=name, addr_spec=address)
    except (ValueError, IndexError, HeaderParseError) as error:
        raise ConfigError(_("{key}: {address!r} is no address of mail").format(key=key, address=given)) from error
    if not made.domain:
        raise ConfigError(_("{key}: {address!r} is no address of mail").format(key=key, address=given))
    return made


def _word(id_: str) -> str:
    """Return what stands for an id in one that mail programs understand."""
    return id_ if id_.isascii() and id_.isalnum() else hashlib.sha256(id_.encode("utf-8", "replace")).hexdigest()[:32]


def _own_name() -> str:
    """Return the name by which we greet the server; no name server is asked for it."""
    name = socket.gethostname()
    return name if _HOST.fullmatch(name) else "localhost"


def _may_pass(code: int) -> bool:
    return 400 <= code < 500 or code < 0
