"""Content of members that is read one at a time: a reader goes on where it stands, and only from there."""

import os

import pytest

from tests.support.archives import back_up, made, opened, opening
from tests.support.faulty import Fault, FaultyStore, unavailable
from tui_backup.errors import StoreUnavailable
from tui_backup.stores.memory import MemoryStore


def test_a_store_that_fails_once_spoils_nothing_for_who_reads_on(store: MemoryStore) -> None:
    files = {b"/a": os.urandom(14 << 20), b"/b": b"second"}
    snapshot = back_up(made(opening(store)), files)
    fault = Fault(on="get", prefix=snapshot.id, at=4, times=1, error=unavailable())
    repository = opened(opening(FaultyStore(store, fault)))
    first, second = repository.entries(snapshot)
    with pytest.raises(StoreUnavailable), first.origin.open(first) as file:
        file.read()
    with second.origin.open(second) as file:
        assert file.read() == b"second"
