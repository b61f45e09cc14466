"""A walk that begins before anybody can use it."""

import threading
from collections.abc import Iterator

import pytest

from tui_backup.errors import SourceError
from tui_backup.services.backup import ahead
from tui_backup.services.backup.ahead import Ahead
from tui_backup.sources.base import Unread


def walk(count: int) -> Iterator[Unread]:
    for number in range(count):
        yield Unread(b"/%d" % number, "")


def missing() -> Iterator[Unread]:
    yield Unread(b"/first", "")
    raise SourceError("nothing is there")


def test_everything_comes_once_and_in_order() -> None:
    with Ahead(walk(1000)) as begun:
        assert list(begun.entries()) == list(walk(1000))


def test_a_long_walk_goes_on_behind_what_was_read_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "_MOST", 10)
    with Ahead(walk(1000)) as begun:
        assert list(begun.entries()) == list(walk(1000))


def test_what_ends_the_walk_is_raised_in_its_place() -> None:
    with Ahead(missing()) as begun:
        found = begun.entries()
        assert next(found) == Unread(b"/first", "")
        with pytest.raises(SourceError, match="nothing is there"):
            next(found)


def test_no_thread_is_left_when_nobody_wanted_the_entries() -> None:
    with Ahead(walk(10)):
        pass
    assert "walk ahead" not in {thread.name for thread in threading.enumerate()}
