"""The process in which Apprise works: an order on its standard input, what became of it on its standard output."""

import logging
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

_MASK: Final = "********"
_LOOKS: Final[Mapping[str, Any]] = {
    "app_id": "tui-backup", "app_desc": "tui-backup", "app_url": "", "image_url_mask": "", "image_url_logo": "",
}  # fmt: skip
"""Who sends, without pictures that receivers would fetch from elsewhere."""

_PART: Final = re.compile(r"[^/:@?&=,#\s]{4,}")


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent, and where to."""

    urls: tuple[str, ...]
    title: str
    body: str
    weight: str
    """info, success, warning or failure."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one address."""

    place: int
    service: str
    """What the address begins with: `slack`."""
    went_well: bool
    is_unknown: bool = False
    """Whether Apprise can make nothing of the address."""
    reason: str = ""
    """What Apprise said last, without any part of an address."""


def serve() -> None:
    """Carry out the order that comes; say what became of it."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    outcomes = [_delivered(order, place) for place in range(len(order.urls))]
    sys.stdout.buffer.write(msgspec.json.encode(outcomes))
    sys.stdout.buffer.flush()


def _delivered(order: Order, place: int) -> Outcome:
    import apprise

    url = order.urls[place]
    service = url.partition("://")[0] if "://" in url else ""
    said = _Said()
    logger = logging.getLogger("apprise")
    logger.addHandler(said)
    logger.propagate = False
    try:
        sender = apprise.Apprise(asset=apprise.AppriseAsset(**_LOOKS, async_mode=False))
        if not sender.add(url):
            return Outcome(place=place, service=service, went_well=False, is_unknown=True)
        went_well = sender.notify(
            title=order.title,
            body=order.body,
            notify_type=apprise.NotifyType(order.weight),
            body_format=apprise.NotifyFormat.TEXT,
        )
    finally:
        logger.removeHandler(said)
    reason = "" if went_well else masked(said.last, order.urls)
    return Outcome(place=place, service=service, went_well=bool(went_well), reason=reason)


def masked(text: str, urls: Sequence[str]) -> str:
    """Return text without what addresses consist of, but for the names of their services."""
    parts = {part for url in urls for part in _PART.findall(url.partition("://")[2])}
    for part in sorted(parts, key=len, reverse=True):
        text = text.replace(part, _MASK)
    return text


class _Said(logging.Handler):
    """Keeps what was complained of last."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.last = ""

    def emit(self, record: Any) -> None:
        self.last = record.getMessage()
