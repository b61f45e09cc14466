"""The versions of one file, and where they can be had."""

import os
from pathlib import Path

from tests.services.looking import looked_into
from tui_backup.model.watch import Watch
from tui_backup.services.browsing.tracing import trace


def test_each_version_says_where_it_can_be_had(tmp_path: Path) -> None:
    estate = looked_into(tmp_path)
    first, second = estate.held("local")
    with estate.open() as workspace:
        found = trace(workspace, os.fsencode(estate.source / "text"), "site", Watch())
    assert [(each.version.size, each.newest.snapshot.id) for each in found.versions] == [(3, first.id), (5, second.id)]
    assert {each.repositories for each in found.versions} == {("local", "offsite")}


def test_a_snapshot_that_cannot_be_read_is_counted_and_the_others_are_told(tmp_path: Path) -> None:
    estate = looked_into(tmp_path)
    estate.lose_tree("local", estate.held("local")[0])
    estate.hide("offsite")
    with estate.open() as workspace:
        found = trace(workspace, os.fsencode(estate.source / "text"), None, Watch())
    assert [each.version.size for each in found.versions] == [5]
    assert found.damaged == 1
    assert [trouble.name for trouble in found.troubles] == ["offsite"]
