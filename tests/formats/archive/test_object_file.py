"""An object is read as a file is, by blocks, ahead where that pays."""

import random
import threading
from io import BytesIO

import pytest

from tui_backup.errors import StoreUnavailable
from tui_backup.formats.archive.object_file import ObjectFile, open_object
from tui_backup.stores.memory import MemoryStore

CONTENT = random.Random(0).randbytes(30_000_000)


class Counted(MemoryStore):
    """A store of several connections that notes what is asked, from which thread, and fails once when told."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[int, str]] = []
        self.failing: set[int] = set()

    @property
    def connections(self) -> int:
        return 4

    def get(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        self.asked.append((start, threading.current_thread().name))
        if start in self.failing:
            self.failing.remove(start)
            raise StoreUnavailable("not now")
        return super().get(key, start, length)


@pytest.fixture
def store() -> Counted:
    made = Counted()
    made.put("object", CONTENT)
    return made


def test_it_reads_as_a_file_does(store: Counted) -> None:
    chance, real = random.Random(1), BytesIO(CONTENT)
    with open_object(store, store.info("object")) as file:
        for _ in range(300):
            if chance.random() < 0.3:
                place = chance.randrange(len(CONTENT) + 10)
                assert file.seek(place) == real.seek(place)
            length = int(2_000_000 ** chance.random())
            assert file.read(length) == real.read(length)


def test_what_is_read_in_a_row_is_fetched_ahead_by_others(store: Counted) -> None:
    found = store.info("object")
    store.asked.clear()
    with open_object(store, found) as file:
        file.read(4 << 20)
        assert [start for start, _name in store.asked] == [0]
        assert file.read() == CONTENT[4 << 20 :]
    assert {start for start, _name in store.asked} == {number << 22 for number in range(8)}
    assert len(store.asked) == 8
    assert {name for _start, name in store.asked[1:]} == {"store request"}


def test_after_a_failure_it_goes_on_where_it_was(store: Counted) -> None:
    file = ObjectFile(store, store.info("object"))
    store.failing.add(8 << 20)
    pieces: list[bytes] = []
    with pytest.raises(StoreUnavailable):
        pieces.extend(iter(lambda: file.read(1 << 20), b""))
    assert sum(map(len, pieces)) == 8 << 20
    pieces.extend(iter(lambda: file.read(1 << 20), b""))
    assert b"".join(pieces) == CONTENT
