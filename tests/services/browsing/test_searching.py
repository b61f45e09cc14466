"""Searching all snapshots for names."""

import os

import pytest

from tests.services.looking import copies
from tests.support.estate import Estate
from tui_backup.errors import Cancelled
from tui_backup.model.watch import Watch
from tui_backup.primitives.globs import matcher
from tui_backup.services.browsing import searching
from tui_backup.services.browsing.searching import Search, Sighted
from tui_backup.services.storage.snapshots import Filter, Found, distinct, reach
from tui_backup.services.workspace import Workspace


def snapshots(workspace: Workspace) -> list[Found]:
    return distinct(reach(workspace), Filter())


def shown(estate: Estate, found: list[Sighted]) -> list[tuple[str, int]]:
    return [(os.path.relpath(os.fsdecode(each.entry.path), estate.source), each.snapshots) for each in found]


def test_what_does_not_change_is_found_once_and_counted(estate: Estate, workspace: Workspace) -> None:
    found = list(Search(matcher("x")).run(snapshots(workspace), Watch()))
    assert shown(estate, found) == [("same/x", 2)]
    first, second = copies(workspace)
    assert (found[0].newest, found[0].oldest) == (second, first)


def test_each_state_of_a_file_is_a_hit_the_newest_first(estate: Estate, workspace: Workspace) -> None:
    found = list(Search(matcher("text")).run(snapshots(workspace), Watch()))
    assert [each.entry.size for each in found] == [5, 3]


def test_it_finds_what_a_plain_walk_finds(estate: Estate, workspace: Workspace) -> None:
    every = snapshots(workspace)
    search = Search(matcher("*"))
    found = list(search.run(every, Watch()))
    walked = [(entry.path, entry.kind) for each in every for entry in each.shelf.repository.entries(each.snapshot)]
    assert {(each.entry.path, each.entry.kind) for each in found} == set(walked)
    assert sum(each.snapshots for each in found) == len(walked)
    assert search.looked_at < len(walked)


def test_a_search_ends_when_it_has_found_enough(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "MOST", 3)
    search = Search(matcher("*"))
    assert len(list(search.run(snapshots(workspace), Watch()))) == 3
    assert search.is_cut_short


def test_a_search_can_be_cancelled(workspace: Workspace) -> None:
    watch = Watch()
    found = Search(matcher("*")).run(snapshots(workspace), watch)
    next(found)
    watch.cancel.cancel()
    with pytest.raises(Cancelled):
        list(found)


@pytest.mark.usefixtures("own")
def test_damage_is_told_and_the_rest_is_searched(estate: Estate) -> None:
    estate.lose_tree("local", estate.held("local")[0])
    estate.hide("offsite")
    with estate.open() as workspace:
        search = Search(matcher("text"))
        found = list(search.run(snapshots(workspace), Watch()))
    assert shown(estate, found) == [("text", 1)]
    assert search.damaged
