"""Webhook: a notice as JSON, signed if there is a secret for that (`docs/notifications.md`)."""

import hmac
import re
from collections.abc import Iterator
from typing import Annotated, ClassVar, Final, Literal, Self

import msgspec

from tui_backup.errors import ConfigError
from tui_backup.model.notice import Notice, Topic
from tui_backup.notifiers.base import TROUBLES
from tui_backup.notifiers.options import (
    address,
    check_ca_file,
    check_literal_address,
    is_secret_address,
    revealed,
    rooted_path,
    rooted_secret,
    shown_address,
)
from tui_backup.notifiers.rendering import fields_of
from tui_backup.primitives.about import About
from tui_backup.primitives.clock import now
from tui_backup.primitives.i18n import N_, _
from tui_backup.primitives.secret import SecretSource

SIGNATURE: Final = "X-Tui-Backup-Signature"
TIMESTAMP: Final = "X-Tui-Backup-Timestamp"
ID: Final = "X-Tui-Backup-Id"

_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_OURS: Final = frozenset(
    {
        "content-length",
        "content-type",
        "host",
        "transfer-encoding",
        *(each.lower() for each in (SIGNATURE, TIMESTAMP, ID)),
    }
)


class WebhookNotifier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sends JSON to a URL."""

    default_topics: ClassVar[frozenset[Topic]] = TROUBLES

    url: Annotated[SecretSource, About(N_("Address"), N_("https://example.org/hooks/backup"), "address")]
    method: Annotated[Literal["POST", "PUT"], About(N_("Method"), N_("How it is sent"))] = "POST"
    secret: Annotated[SecretSource | None, About(N_("Secret"), N_("Signs what is sent (HMAC-SHA256)"))] = None
    headers: Annotated[
        dict[str, SecretSource], About(N_("Headers"), N_('{ X-Environment = "production" }'), "toml")
    ] = {}
    ca_file: Annotated[str | None, About(N_("CA file"), N_("Who signed the server's certificate"), "path")] = None

    def __post_init__(self) -> None:
        check_literal_address("url", self.url)
        for name in self.headers:
            if not _HEADER.fullmatch(name) or name.lower() in _OURS:
                raise ConfigError(_("headers: {name!r} cannot be given").format(name=name))

    def rooted(self, base: str) -> Self:
        """Return the same with the paths of secrets and certificates taken from `base`."""
        return msgspec.structs.replace(
            self,
            url=self.url.rooted(base),
            secret=rooted_secret(self.secret, base),
            headers={name: source.rooted(base) for name, source in self.headers.items()},
            ca_file=rooted_path(self.ca_file, base),
        )

    def describe(self) -> str:
        """Return scheme and host."""
        return shown_address(self.url)

    def check_here(self) -> None:
        """Look whether the certificates can be read."""
        check_ca_file(self.ca_file)

    def secrets(self) -> Iterator[tuple[tuple[str | int, ...], SecretSource]]:
        """Yield address, headers and the secret that signs."""
        if is_secret_address(self.url):
            yield ("url",), self.url
        if self.secret is not None:
            yield ("secret",), self.secret
        yield from ((("headers", name), source) for name, source in self.headers.items())

    def send(self, notice: Notice) -> None:
        """Send the JSON, and what proves who sent it and when."""
        from tui_backup.notifiers.http import Request, deliver

        body = msgspec.json.encode(fields_of(notice))
        own = {name: revealed(f"headers.{name}", source) for name, source in self.headers.items()}
        for name, value in own.items():
            if not value.isascii():
                raise ConfigError(_("{key}: must be ASCII").format(key=f"headers.{name}"))
        headers = {"Content-Type": "application/json", ID: notice.id, TIMESTAMP: str(int(now().timestamp()))}
        if self.secret is not None:
            key = self.secret.resolve("secret").reveal().encode("utf-8", "surrogateescape")
            headers[SIGNATURE] = signature(key, headers[TIMESTAMP], body)
        request = Request(
            url=address("url", self.url),
            method=self.method,
            body=body,
            headers={**own, **headers},
            ca_file=self.ca_file,
            secrets=tuple(own.values()),
        )
        deliver(request)


def signature(key: bytes, timestamp: str, body: bytes) -> str:
    """Return what the header says: HMAC-SHA256 of the timestamp, a full stop and the body, in hex."""
    return "sha256=" + hmac.digest(key, timestamp.encode("ascii") + b"." + body, "sha256").hex()
