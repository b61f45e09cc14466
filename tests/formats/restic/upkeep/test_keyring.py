"""Passwords of a repository: whatever happens, one opens, and restic agrees."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from tests.support.faulty import Fault, FaultyStore, flipped, unavailable
from tests.support.repositories import new_repository, open_repository, opening
from tests.support.restic import Restic
from tui_backup.errors import BackupError, Corrupted, Locked, StoreUnavailable, WrongPassword
from tui_backup.formats.restic.keys import MOST_TRIED, add_key, unlock
from tui_backup.formats.restic.repository import ResticRepository
from tui_backup.model.watch import Watch
from tui_backup.primitives.secret import Secret
from tui_backup.stores.base import Store
from tui_backup.stores.memory import MemoryStore

OLD, NEW = Secret("correct horse"), Secret("battery staple")
Act = Callable[[ResticRepository], object]


def opens(store: Store, password: Secret) -> bool:
    try:
        unlock(store, password)
    except (WrongPassword, Corrupted):
        return False
    return True


def with_two_keys() -> tuple[MemoryStore, str, str]:
    store = MemoryStore()
    repository = new_repository(store)
    added = repository.upkeep.keys.add(NEW).id
    return store, repository.access.key_id, added


def test_a_key_is_added_listed_and_removed() -> None:
    store = MemoryStore()
    keys = new_repository(store).upkeep.keys
    (first,) = keys.found()
    second = keys.add(NEW)
    assert [(key.id, key.current) for key in keys.found()] == [(first.id, True), (second.id, False)]
    assert first.created is not None
    assert opens(store, NEW)
    keys.remove(second.id)
    assert not opens(store, NEW)
    assert opens(store, OLD)


def test_a_changed_password_opens_and_the_old_one_does_not() -> None:
    store = MemoryStore()
    repository = new_repository(store)
    master = repository.access.keys
    changed = repository.upkeep.keys.change(NEW)
    assert changed.current
    assert [key.id for key in repository.upkeep.keys.found()] == [changed.id]
    assert not opens(store, OLD)
    assert unlock(store, NEW) == (master, changed.id), "what the data is encrypted with stays"


def test_the_key_in_use_and_the_last_one_are_never_removed() -> None:
    store, first, second = with_two_keys()
    repository = open_repository(store)
    with pytest.raises(BackupError, match="is the one in use"):
        repository.upkeep.keys.remove(first)
    repository.upkeep.keys.remove(second)
    with pytest.raises(BackupError, match="is the one in use"):
        repository.upkeep.keys.remove(first)


def test_two_who_remove_each_others_keys_leave_one() -> None:
    store, first, second = with_two_keys()
    one, two = open_repository(store, OLD.reveal()), open_repository(store, NEW.reveal())
    one.upkeep.keys.remove(second)
    with pytest.raises(BackupError, match="last key that can be used"):
        two.upkeep.keys.remove(first)
    with pytest.raises(BackupError, match="gone or damaged"):
        two.upkeep.keys.change(Secret("a third one"))
    assert opens(store, OLD)


def test_a_damaged_key_counts_for_nothing_and_can_be_removed() -> None:
    store, first, second = with_two_keys()
    repository = open_repository(store)
    store.put(f"keys/{second}", flipped(store.get(f"keys/{second}")))
    assert [(key.id, bool(key.trouble)) for key in repository.upkeep.keys.found()] == [(first, False), (second, True)]
    store.put(f"keys/{first}", flipped(store.get(f"keys/{first}"), 500))
    with pytest.raises(BackupError, match="last key that can be used"):
        repository.upkeep.keys.remove(second)


def test_there_are_never_more_keys_than_anybody_tries() -> None:
    repository = new_repository(MemoryStore())
    for number in range(MOST_TRIED - 1):
        add_key(repository.access.store, repository.access.keys, Secret(f"password {number}"))
    with pytest.raises(BackupError, match="only 20 are ever tried"):
        repository.upkeep.keys.add(NEW)
    repository.upkeep.keys.change(NEW)
    assert opens(repository.access.store, NEW)


def test_a_key_file_that_is_stored_damaged_does_not_stay() -> None:
    store = MemoryStore()
    new_repository(store)
    damaging = Fault(on="put", prefix="keys/", damage=lambda content: flipped(content, 400))
    repository = open_repository(FaultyStore(store, damaging))
    for change in (repository.upkeep.keys.add, repository.upkeep.keys.change):
        with pytest.raises(Corrupted):
            change(NEW)
    assert len(list(store.objects("keys/"))) == 1
    assert opens(store, OLD)


def test_where_the_new_password_cannot_be_put_away_both_open() -> None:
    store = MemoryStore()

    def settle() -> None:
        raise BackupError("the disk is full")

    with pytest.raises(BackupError, match="the disk is full") as caught:
        new_repository(store).upkeep.keys.change(NEW, settle)
    assert "both open it now" in str(caught.value.hint)
    assert opens(store, OLD)
    assert opens(store, NEW)


def test_the_new_password_is_put_away_while_both_open() -> None:
    store = MemoryStore()
    seen: list[bool] = []
    new_repository(store).upkeep.keys.change(NEW, lambda: seen.extend([opens(store, OLD), opens(store, NEW)]))
    assert seen == [True, True]


@pytest.mark.parametrize("act", ["add", "change"])
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("operation", ["put", "delete", "get", "objects"])
def test_whatever_operation_fails_a_password_opens(act: str, late: bool, operation: str) -> None:
    for number in count(1):
        store = MemoryStore()
        new_repository(store)
        fault = Fault(on=operation, at=number, times=1, error=unavailable(), late=late)
        faulty = FaultyStore(store)
        repository = open_repository(faulty)
        faulty.faults.append(fault)
        before = faulty.counts[operation]
        try:
            getattr(repository.upkeep.keys, act)(NEW)
        except StoreUnavailable:
            assert opens(store, OLD) or opens(store, NEW)
        else:
            assert opens(store, NEW)
        if faulty.counts[operation] - before < number:
            break


@pytest.mark.parametrize("act", ["remove", "change"])
def test_removing_and_changing_need_the_repository_for_themselves(act: str) -> None:
    store, _first, second = with_two_keys()
    argument = second if act == "remove" else Secret("a third one")
    with open_repository(store).locked(Watch()), pytest.raises(Locked):
        getattr(open_repository(store).upkeep.keys, act)(argument)
    with open_repository(store).locked(Watch()):
        open_repository(store).upkeep.keys.add(Secret("a fourth one"))


@pytest.mark.requires("restic")
def test_restic_agrees_on_every_key(tmp_path: Path) -> None:
    repository = new_repository(tmp_path / "repository")
    restic, renewed = Restic(tmp_path / "repository"), Restic(tmp_path / "repository", NEW.reveal())
    restic.run("backup", __file__)
    added = repository.upkeep.keys.add(Secret("a third one"))
    known = {key.id[:8]: key.current for key in repository.upkeep.keys.found()}
    assert {key["id"][:8]: key["current"] for key in restic.json("key", "list")} == known
    repository.upkeep.keys.change(NEW)
    assert restic.attempt("snapshots").returncode != 0
    assert len(renewed.json("snapshots")) == 1
    repository.upkeep.keys.remove(added.id)
    assert len(renewed.json("key", "list")) == 1
    renewed.check()


@pytest.mark.requires("restic")
def test_keys_that_restic_makes_are_listed_and_removed(tmp_path: Path) -> None:
    new_repository(tmp_path / "repository")
    restic = Restic(tmp_path / "repository")
    (tmp_path / "new").write_text(NEW.reveal() + "\n")
    restic.run("key", "add", "--new-password-file", str(tmp_path / "new"))
    repository = open_repository(tmp_path / "repository")
    theirs = next(key for key in repository.upkeep.keys.found() if not key.current)
    assert theirs.created is not None
    assert opens(opening(tmp_path / "repository").store, NEW)
    repository.upkeep.keys.remove(theirs.id)
    assert len(restic.json("key", "list")) == 1
