"""ntfy: a notice to a topic of an ntfy server, published as JSON (https://docs.ntfy.sh/publish/#publish-as-json)."""

from base64 import b64encode
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
from tui_backup.notifiers.rendering import lines, one_line, within
from tui_backup.primitives.about import About
from tui_backup.primitives.i18n import N_, _
from tui_backup.primitives.secret import SecretSource

_MOST_TITLE: Final = 250
_MOST_MESSAGE: Final = 4000
"""Bytes; a server makes a file of what is longer than 4096."""

_PRIORITIES: Final = {"min": 1, "low": 2, "default": 3, "high": 4, "max": 5}
_LOOKS: Final = {
    Topic.START: (2, "hourglass_flowing_sand"),
    Topic.SUCCESS: (2, "white_check_mark"),
    Topic.RECOVERY: (3, "white_check_mark"),
    Topic.INCOMPLETE: (4, "warning"),
    Topic.STALE: (4, "warning"),
    Topic.LOW_SPACE: (4, "warning"),
    Topic.FAILURE: (4, "rotating_light"),
    Topic.PROOF_FAILED: (5, "rotating_light"),
    Topic.DAMAGED: (5, "rotating_light"),
    Topic.SUDDEN_CHANGE: (5, "rotating_light"),
}
"""Topic -> priority (1 to 5) and the tag that becomes an emoji."""


class NtfyNotifier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Publishes to a topic of ntfy.sh, or of a server of one's own."""

    default_topics: ClassVar[frozenset[Topic]] = TROUBLES

    url: Annotated[SecretSource, About(N_("Address"), N_("Of the topic: https://ntfy.sh/my-backups"), "address")]
    token: Annotated[SecretSource | None, About(N_("Token"), N_("Where the topic is protected"))] = None
    user: Annotated[str | None, About(N_("User"), N_("Instead of a token"))] = None
    password: Annotated[SecretSource | None, About(N_("Password"), N_("Of the user"))] = None
    priority: Annotated[
        Literal["min", "low", "default", "high", "max"] | None,
        About(N_("Priority"), N_("Of all messages; empty: by what they say")),
    ] = None
    ca_file: Annotated[str | None, About(N_("CA file"), N_("Who signed the server's certificate"), "path")] = None

    def __post_init__(self) -> None:
        check_literal_address("url", self.url)
        if self.url.literal is not None:
            _parted(self.url.literal.reveal())
        if (self.user is None) != (self.password is None):
            missing = "user" if self.user is None else "password"
            raise ConfigError(_("{key}: user and password belong together").format(key=missing))
        if self.user is not None and self.token is not None:
            raise ConfigError(_("token: give either a token or a user"))

    def rooted(self, base: str) -> Self:
        """Return the same with the paths of secrets and certificates taken from `base`."""
        return msgspec.structs.replace(
            self,
            url=self.url.rooted(base),
            token=rooted_secret(self.token, base),
            password=rooted_secret(self.password, base),
            ca_file=rooted_path(self.ca_file, base),
        )

    def describe(self) -> str:
        """Return scheme and host."""
        return shown_address(self.url)

    def check_here(self) -> None:
        """Look whether the certificates can be read."""
        check_ca_file(self.ca_file)

    def secrets(self) -> Iterator[tuple[tuple[str | int, ...], SecretSource]]:
        """Yield address, token and password."""
        if is_secret_address(self.url):
            yield ("url",), self.url
        if self.token is not None:
            yield ("token",), self.token
        if self.password is not None:
            yield ("password",), self.password

    def send(self, notice: Notice) -> None:
        """Publish, with a priority and a tag that fit what is told."""
        from tui_backup.notifiers.http import Request, deliver

        url = address("url", self.url)
        path, topic = _parted(url.path)
        priority, tag = _LOOKS[notice.topic]
        message = {
            "topic": topic,
            "title": within(one_line(notice.title), _MOST_TITLE),
            "message": within(lines(notice.message), _MOST_MESSAGE),
            "priority": _PRIORITIES[self.priority] if self.priority else priority,
            "tags": [tag, one_line(notice.event)],
        }
        login = self._login()
        request = Request(
            url=url._replace(path=path),
            body=msgspec.json.encode(message),
            headers={"Content-Type": "application/json", **({"Authorization": login} if login else {})},
            ca_file=self.ca_file,
            secrets=(topic, *((login,) if login else ())),
        )
        deliver(request)

    def _login(self) -> str | None:
        if self.token is not None:
            return f"Bearer {revealed('token', self.token)}"
        if self.user is not None and self.password is not None:
            words = f"{self.user}:{revealed('password', self.password)}"
            return f"Basic {b64encode(words.encode('utf-8', 'surrogateescape')).decode('ascii')}"
        return None


def _parted(address_: str) -> tuple[str, str]:
    """Return what of an address is the server, and its last part: the topic; raises ConfigError where there is none."""
    server, _slash, topic = address_.rstrip("/").rpartition("/")
    if not topic or server.endswith((":", ":/")):
        raise ConfigError(_("url: the topic is missing, as in https://ntfy.sh/my-backups"))
    return f"{server}/", topic
