"""Stores that fail, lose answers, answer late, or hand out less than they have."""

import threading
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.damage import Restored, Specimen
from tests.support.faulty import Fault, FaultyStore, unavailable
from tests.support.repositories import keep, opening, put_back
from tests.support.trees import random_tree, traits_of
from tui_backup.errors import StoreUnavailable
from tui_backup.formats.base import Subset
from tui_backup.formats.restic.repository import ResticRepository
from tui_backup.model.watch import Watch
from tui_backup.stores.base import Store


class Struck(NamedTuple):
    """A store that had one fault while a backup ran."""

    store: FaultyStore
    failed: bool
    """Whether the backup ended with an error."""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return random_tree(tmp_path / "source", files=10, largest=5000)


def on(store: Store, specimen: Specimen) -> ResticRepository:
    return ResticRepository(opening(store), specimen.config, specimen.keys)


def snapshots_in(store: Store) -> int:
    return sum(1 for _found in store.objects("snapshots/"))


def each_fault(specimen: Specimen, source: Path, fault: Callable[[int], Fault]) -> Iterator[Struck]:
    """Back up once for every operation that a fault can strike."""
    for number in count(1):
        due = fault(number)
        store = FaultyStore(specimen.store(), due)
        failed = False
        try:
            keep(on(store, specimen), source)
        except StoreUnavailable:
            failed = True
        if store.counts[due.on] < number:
            return
        yield Struck(store, failed)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("operation", ["put", "get", "objects"])
def test_an_operation_that_fails_once_costs_one_run_and_nothing_else(
    specimen: Specimen, source: Path, tmp_path: Path, operation: str, late: bool
) -> None:
    def fault(number: int) -> Fault:
        return Fault(on=operation, at=number, times=1, error=unavailable(), late=late)

    struck = list(each_fault(specimen, source, fault))
    assert any(each.failed for each in struck)
    for store, failed in struck:
        is_lost_answer = late and operation == "put"
        assert snapshots_in(store.beneath) == (2 if failed else 3) or is_lost_answer
        assert list(store.beneath.objects("locks/")) == []
        healthy = on(store.beneath, specimen)
        snapshot = keep(healthy, source).snapshot
        assert [each for each in healthy.verify((), Subset(), Watch()).problems if not each.hint] == []
        restored = put_back(healthy, snapshot, tmp_path / snapshot.id[:16])
        assert traits_of(restored) == traits_of(source)


def test_a_put_that_fails_makes_no_snapshot(specimen: Specimen, source: Path) -> None:
    struck = list(each_fault(specimen, source, lambda number: Fault(on="put", at=number, error=unavailable())))
    assert len(struck) >= 5
    assert all(each.failed and snapshots_in(each.store.beneath) == 2 for each in struck)


def test_a_lock_that_cannot_be_removed_does_not_spoil_a_backup(specimen: Specimen, source: Path) -> None:
    store = FaultyStore(specimen.store(), Fault(on="delete", error=unavailable()))
    keep(on(store, specimen), source)
    assert snapshots_in(store.beneath) == 3


def test_a_store_that_answers_late_is_waited_for(specimen: Specimen, source: Path, tmp_path: Path) -> None:
    go_on = threading.Event()
    store = FaultyStore(specimen.store(), Fault(on="put", prefix="data/", stall=go_on))
    stalled = threading.Timer(0.2, go_on.set)
    stalled.start()
    snapshot = keep(on(store, specimen), source).snapshot
    stalled.join()
    restored = put_back(on(store.beneath, specimen), snapshot, tmp_path / "target")
    assert traits_of(restored) == traits_of(source)


@pytest.mark.parametrize("prefix", ["data/", "index/", "snapshots/"])
def test_what_is_read_short_is_no_file(specimen: Specimen, prefix: str, tmp_path: Path) -> None:
    newest = list(specimen.trees)[-1]
    for number in range(1, 12):
        fault = Fault(on="get", prefix=prefix, at=number, damage=lambda content: content[:-1])
        repository = on(FaultyStore(specimen.store(), fault), specimen)
        Restored(specimen, repository, newest, tmp_path / str(number)).assert_nothing_wrong_in_silence()
