"""Apprise: a notice to everything that Apprise knows (https://github.com/caronc/apprise), an extra of this program.

It runs in a process of its own (`apprise_process`): that can be ended, whatever a service does, and takes its hundred
modules along.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Self

import msgspec

from tui_backup.errors import ConfigError, NotDelivered
from tui_backup.model.notice import Notice, Topic
from tui_backup.notifiers import base
from tui_backup.notifiers.base import TROUBLES
from tui_backup.notifiers.options import revealed
from tui_backup.notifiers.rendering import lines, one_line
from tui_backup.primitives.about import About
from tui_backup.primitives.i18n import N_, _, ngettext
from tui_backup.primitives.secret import SecretSource
from tui_backup.primitives.text import printable

if TYPE_CHECKING:
    from tui_backup.notifiers.apprise_process import Order, Outcome

_START: Final = "from tui_backup.notifiers.apprise_process import serve; serve()"
_HOME: Final = str(Path(__file__).parents[2])
_MOST_BYTES: Final = 64 * 1024
_MOST_WORDS: Final = 200
_PROXIES: Final = frozenset({"http_proxy", "https_proxy", "no_proxy", "all_proxy"})
_WEIGHTS: Final = {
    Topic.START: "info",
    Topic.SUCCESS: "success",
    Topic.RECOVERY: "success",
    Topic.INCOMPLETE: "warning",
    Topic.STALE: "warning",
    Topic.LOW_SPACE: "warning",
}
"""What Apprise calls a topic; `failure` where it is not here."""


class AppriseNotifier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sends to chats, pushes, SMS and the like, each by a URL that says which service, where and as whom."""

    default_topics: ClassVar[frozenset[Topic]] = TROUBLES

    urls: Annotated[tuple[SecretSource, ...], About(N_("Addresses"), N_('Of Apprise: [{ file = "chat.url" }]'), "toml")]

    def __post_init__(self) -> None:
        if not self.urls:
            raise ConfigError(_("urls: must name at least one address"))

    def rooted(self, base: str) -> Self:
        """Return the same with the paths of the addresses taken from `base`."""
        return msgspec.structs.replace(self, urls=tuple(source.rooted(base) for source in self.urls))

    def describe(self) -> str:
        """Return how many services get it."""
        return ngettext("{count} service", "{count} services", len(self.urls)).format(count=len(self.urls))

    def secrets(self) -> Iterator[tuple[tuple[str | int, ...], SecretSource]]:
        """Yield the addresses: most hold a password or a token."""
        yield from ((("urls", place), source) for place, source in enumerate(self.urls))

    def check_here(self) -> None:
        """Refuse to do without Apprise."""
        from importlib.util import find_spec

        if find_spec("apprise") is None:
            raise ConfigError(_("Apprise is not installed"), hint=_("pip install 'tui-backup[apprise]'"))

    def send(self, notice: Notice) -> None:
        """Have Apprise send it to each service; that one does not take it is an error, transient if none does."""
        from tui_backup.notifiers.apprise_process import Order

        self.check_here()
        order = Order(
            urls=tuple(revealed(f"urls[{place}]", source) for place, source in enumerate(self.urls)),
            title=one_line(notice.title),
            body=lines(notice.message),
            weight=_WEIGHTS.get(notice.topic, "failure"),
        )
        failed = [outcome for outcome in _carried_out(order) if not outcome.went_well]
        if any(outcome.is_unknown for outcome in failed):
            names = ", ".join(f"urls[{each.place}]" for each in failed if each.is_unknown)
            raise ConfigError(_("{key}: Apprise knows no such service").format(key=names))
        if failed:
            names = ", ".join(f"urls[{each.place}] ({printable(each.service)})" for each in failed)
            text = _("Apprise could not deliver to {names}: {reason}")
            reason = printable(failed[0].reason[:_MOST_WORDS]) or _("it said nothing")
            is_lost = len(failed) == len(order.urls)
            raise NotDelivered(text.format(names=names, reason=reason), transient=is_lost)


def _carried_out(order: "Order") -> "list[Outcome]":
    """Return what became of each address."""
    from tui_backup.notifiers.apprise_process import Outcome
    from tui_backup.notifiers.deadline import late
    from tui_backup.primitives.programs import Program, capture

    program = Program(
        argv=(sys.executable, "-P", "-c", _START),
        timeout_s=base.TIMEOUT_S,
        variables={
            "PYTHONPATH": os.pathsep.join([_HOME, *filter(None, sys.path)]),
            **{name: value for name, value in os.environ.items() if name.lower() in _PROXIES},
        },
        given=msgspec.json.encode(order),
    )
    try:
        ended = capture(program, os.environ, _MOST_BYTES)
        return msgspec.json.decode(ended.output, type=list[Outcome])
    except TimeoutError:
        raise late(program.timeout_s) from None
    except (OSError, msgspec.DecodeError) as error:
        raise NotDelivered(_("Apprise could not be started")) from error
