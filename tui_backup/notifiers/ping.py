"""Ping: tells a monitor that a job begins, succeeds and fails, so that its silence is heard (healthchecks style).

https://healthchecks.io/docs/http_api/
"""

import uuid
from collections.abc import Iterator
from typing import Annotated, ClassVar, Final, Self
from urllib.parse import SplitResult, parse_qsl, urlencode

import msgspec

from tui_backup.model.notice import Notice, Topic
from tui_backup.model.run import Verb
from tui_backup.notifiers.options import (
    address,
    check_ca_file,
    check_literal_address,
    is_secret_address,
    rooted_path,
    shown_address,
)
from tui_backup.notifiers.rendering import lines, one_line, within
from tui_backup.primitives.about import About
from tui_backup.primitives.i18n import N_
from tui_backup.primitives.secret import SecretSource

_MOST_BYTES: Final = 10_000
"""What servers keep of a body unless they were told otherwise."""

_START, _SUCCESS, _FAIL, _LOG = "/start", "", "/fail", "/log"
_SIGNALS: Final = {Topic.START: _START, Topic.SUCCESS: _SUCCESS, Topic.RECOVERY: _LOG}
"""What is said at the monitor's address for a topic; every other one is a failure."""


class PingNotifier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pings a check at healthchecks.io, or whatever speaks like it. What is no backup is never its success."""

    default_topics: ClassVar[frozenset[Topic]] = frozenset(
        {Topic.START, Topic.SUCCESS, Topic.FAILURE, Topic.INCOMPLETE}
    )

    url: Annotated[SecretSource, About(N_("Address"), N_("Of the check: https://hc-ping.com/UUID"), "address")]
    ca_file: Annotated[str | None, About(N_("CA file"), N_("Who signed the server's certificate"), "path")] = None

    def __post_init__(self) -> None:
        check_literal_address("url", self.url)

    def rooted(self, base: str) -> Self:
        """Return the same with the paths of secrets and certificates taken from `base`."""
        return msgspec.structs.replace(self, url=self.url.rooted(base), ca_file=rooted_path(self.ca_file, base))

    def describe(self) -> str:
        """Return scheme and host."""
        return shown_address(self.url)

    def check_here(self) -> None:
        """Look whether the certificates can be read."""
        check_ca_file(self.ca_file)

    def secrets(self) -> Iterator[tuple[tuple[str | int, ...], SecretSource]]:
        """Yield the address."""
        if is_secret_address(self.url):
            yield ("url",), self.url

    def send(self, notice: Notice) -> None:
        """Ping the monitor; a verification that begins or goes well says nothing about the backup, and pings nobody."""
        from tui_backup.notifiers.http import Request, deliver

        signal = _signal(notice)
        if signal is None:
            return
        body = within("\n".join((one_line(notice.title), lines(notice.message))), _MOST_BYTES)
        request = Request(
            url=_signalling(address("url", self.url), signal, notice.run),
            body=body.encode(),
            headers={"Content-Type": "text/plain; charset=utf-8"},
            ca_file=self.ca_file,
        )
        deliver(request)


def _signal(notice: Notice) -> str | None:
    """Return what the monitor is told; None: nothing. What is no backup's begin, end or failure is only logged."""
    signal = _SIGNALS.get(notice.topic, _FAIL)
    if signal in {_START, _SUCCESS} and notice.verb != Verb.BACKUP:
        return _LOG if notice.verb is None else None
    return signal


def _signalling(check: SplitResult, signal: str, run: str | None) -> SplitResult:
    """Return the address of a signal; the id of the run lets the monitor measure how long it took."""
    query = parse_qsl(check.query, keep_blank_values=True)
    if run is not None:
        query.append(("rid", str(uuid.uuid5(uuid.NAMESPACE_URL, f"tui-backup:run:{run}"))))
    return check._replace(path=check.path.rstrip("/") + signal, query=urlencode(query))
