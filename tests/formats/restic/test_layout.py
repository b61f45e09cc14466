import os
from pathlib import Path

import pytest

from tests.support.faulty import Fault, FaultyStore, flipped
from tui_backup.errors import Corrupted
from tui_backup.formats.restic.layout import (
    LARGEST,
    FileKind,
    fetch,
    id_of,
    is_id,
    key_of,
    listing,
    names,
)
from tui_backup.stores.local import LocalStore
from tui_backup.stores.memory import MemoryStore

ID = "ab" * 32


def test_packs_lie_in_a_directory_of_their_first_two_digits() -> None:
    assert key_of(FileKind.DATA, ID) == f"data/ab/{ID}"
    assert key_of(FileKind.SNAPSHOT, ID) == f"snapshots/{ID}"


@pytest.mark.parametrize("name", [ID.upper(), ID[:-1], ID + "0", f"{ID}\n", "g" * 64, f"{ID}-tmp-17"])
def test_only_64_lower_case_hex_digits_are_an_id(name: str) -> None:
    assert is_id(ID)
    assert not is_id(name)


def test_strangers_are_passed_over(store: MemoryStore) -> None:
    for name in (ID, ID.upper(), f"{ID}-tmp-17", "README", f"deeper/{ID}"):
        store.put(f"keys/{name}", b"12345")
    assert names(store, FileKind.KEY) == {ID: 5}


def test_packs_lie_exactly_two_levels_deep(store: MemoryStore) -> None:
    for key in (f"data/ab/{ID}", f"data/{ID}", f"data/ab/ab/{ID}"):
        store.put(key, b"")
    assert list(names(store, FileKind.DATA)) == [ID]
    assert listing(store, FileKind.DATA).misplaced == ()


def test_a_pack_in_a_wrong_directory_is_told_and_not_read(store: MemoryStore) -> None:
    store.put(f"data/cd/{ID}", b"")
    found = listing(store, FileKind.DATA)
    assert found.sizes == {}
    assert found.misplaced == (f"data/cd/{ID}",)


def test_one_bad_download_is_tried_again(store: MemoryStore) -> None:
    name = id_of(b"content")
    store.put(f"index/{name}", b"content")
    faulty = FaultyStore(store, Fault(on="get", times=1, damage=flipped))
    assert fetch(faulty, FileKind.INDEX, name) == b"content"
    assert faulty.counts["get"] == 2


def test_a_file_that_stays_damaged_is_named(store: MemoryStore) -> None:
    store.put(f"index/{ID}", b"something else")
    with pytest.raises(Corrupted, match=f"index/{ID}"):
        fetch(store, FileKind.INDEX, ID)


@pytest.mark.parametrize("kind", [FileKind.LOCK, FileKind.SNAPSHOT, FileKind.INDEX, FileKind.KEY])
def test_a_file_that_nobody_writes_so_large_is_refused_unread(tmp_path: Path, kind: FileKind) -> None:
    store = LocalStore(str(tmp_path))
    store.put(key_of(kind, ID), b"")
    os.truncate(tmp_path / key_of(kind, ID), LARGEST[kind] + 1)
    watched = FaultyStore(store)
    with pytest.raises(Corrupted, match=f"{kind.value}/{ID} is damaged: it cannot be as large"):
        fetch(watched, kind, ID)
    assert watched.counts["get"] == 0


def test_a_file_that_grows_is_read_no_further_than_it_was_listed(store: MemoryStore) -> None:
    name = id_of(b"content")
    store.put(f"index/{name}", b"content and more")
    assert fetch(store, FileKind.INDEX, name, size=7) == b"content"
