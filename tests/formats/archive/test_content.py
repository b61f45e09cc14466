"""Content of members that is read one at a time: a reader goes on where it stands, and only from there."""

import os

import pytest

from tests.formats.archive.test_entry_list import listed
from tests.support.archives import back_up, made, opened, opening
from tests.support.faulty import Fault, FaultyStore, unavailable
from tui_backup.errors import StoreUnavailable
from tui_backup.formats.containers.base import Member
from tui_backup.model.entry import EntryKind
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


def test_links_that_lead_nowhere_are_left_out_of_a_list_however_many_they_are(store: MemoryStore) -> None:
    snapshot = back_up(made(opening(store)), {})
    members = [Member(path=b"/d/%06d" % number, kind=EntryKind.FILE, link=b"/no") for number in range(200_000)]
    members.append(Member(path=b"/d/real", kind=EntryKind.FILE))
    store.put(f"{snapshot.id}.entries.jsonl.zst", listed(members).getvalue())
    repository = opened(opening(store))
    assert [entry.path for entry in repository.children(snapshot, b"/d")] == [b"/d/real"]
