"""Email: a notice as a plain text mail, by SMTP."""

import re
from collections.abc import Iterator
from typing import Annotated, ClassVar, Final, Literal, Self

import msgspec

from tui_backup.errors import ConfigError
from tui_backup.model.notice import Notice, Topic
from tui_backup.notifiers.base import TROUBLES
from tui_backup.notifiers.options import check_ca_file, revealed, rooted_path, rooted_secret
from tui_backup.primitives.about import About
from tui_backup.primitives.i18n import N_, _, ngettext
from tui_backup.primitives.secret import Secret, SecretSource

_PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9a-fA-F:]+")
_MAILBOX: Final = re.compile(r"(?:[^<>@]*<)?[^\s<>@,;:]+@[^\s<>@,;:]+>?")


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
        for key, each in (("from", self.from_), *(("to", each) for each in self.to)):
            if not each.isprintable() or not _MAILBOX.fullmatch(each) or ("<" in each) != each.endswith(">"):
                raise ConfigError(_("{key}: {address!r} is no address of mail").format(key=key, address=each))

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
        """Look whether the certificates can be read."""
        check_ca_file(self.ca_file)

    def secrets(self) -> Iterator[tuple[tuple[str | int, ...], SecretSource]]:
        """Yield the password."""
        if self.password is not None:
            yield ("password",), self.password

    def send(self, notice: Notice) -> None:
        """Hand the mail to the server."""
        from tui_backup.notifiers.smtp import Server, deliver, message_of

        server = Server(
            host=self.host,
            port=self.port or _PORTS[self.security],
            security=self.security,
            user=self.user,
            password=None if self.password is None else Secret(revealed("password", self.password)),
            ca_file=self.ca_file,
        )
        deliver(server, message_of(notice, self.from_, self.to, self.subject_prefix))
