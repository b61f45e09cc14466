"""Estates whose notifiers are receivers of the tests, and what these got."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from tests.support.estate import Estate, build_estate
from tests.support.servers.receivers import Got, Receiver
from tui_backup.model.notice import Notice, Topic
from tui_backup.notifiers.base import TROUBLES
from tui_backup.primitives.secret import SecretSource
from tui_backup.services.alerts import telling as alerts

NOON = datetime(2030, 11, 21, 12, tzinfo=UTC)


class Nobody(msgspec.Struct, frozen=True):
    """A notifier that is never asked to send anything here."""

    default_topics: ClassVar[frozenset[Topic]] = TROUBLES

    def rooted(self, _base: str) -> "Nobody":
        return self

    def describe(self) -> str:
        return "nobody"

    def check_here(self) -> None:
        """All is well."""

    def secrets(self) -> Iterator[tuple[tuple[str | int, ...], SecretSource]]:
        return iter(())

    def send(self, notice: Notice) -> None:
        raise AssertionError(notice)


def listed(*topics: str) -> str:
    """Return topics as a configuration has them."""
    return ", ".join(f'"{topic}"' for topic in topics)


def telling_estate(directory: Path, urls: Iterable[tuple[str, str]], *, on: str = "", job: str = "") -> Estate:
    """Make an estate that tells these names at these addresses; `job` are further lines of its job."""
    estate = build_estate(directory, ("local",))
    tables = "".join(
        f'\n[notifiers.{name}]\nkind = "webhook"\nurl = "{url}"\n' + (f"on = [{on}]\n" if on else "")
        for name, url in urls
    )
    with (directory / "config.toml").open("a") as file:
        file.write(job + tables)
    return estate


def events(receiver: Receiver) -> list[str]:
    """Return what a receiver was told of, in order."""
    return [event(got) for got in receiver.got]


def event(got: Got) -> str:
    told = content(got)
    return f"{told['event']}{' again' if told['is_reminder'] else ''}"


def content(got: Got) -> dict[str, Any]:
    return msgspec.json.decode(got.body, type=dict[str, Any])


def tell(estate: Estate, after: timedelta = timedelta(), patience_s: float = 5.0) -> None:
    """Tell what there is to tell, as a process of its own would so long after noon of a later day."""
    with estate.open() as workspace:
        alerts.tell(workspace, lambda: NOON + after, patience_s)
