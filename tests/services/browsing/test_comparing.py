"""What changed between snapshots, and since one on disk."""

import os
from collections.abc import Iterable

import pytest

from tests.services.looking import told
from tests.support.estate import Estate
from tui_backup.engine.diff import Difference
from tui_backup.model.watch import Watch
from tui_backup.services.browsing.comparing import between, with_disk
from tui_backup.services.storage.snapshots import Filter, Found, distinct, reach
from tui_backup.services.workspace import Workspace


@pytest.fixture
def pair(workspace: Workspace) -> tuple[Found, Found]:
    first, second = distinct(reach(workspace), Filter())
    return first, second


def shown(estate: Estate, changes: Iterable[Difference]) -> dict[str, str]:
    return told(estate, {each.path: each.change for each in changes})


def test_what_changed_between_two_is_told(estate: Estate, pair: tuple[Found, Found]) -> None:
    assert shown(estate, between(*pair, Watch())) == {
        "deep/a/b": "content",
        "gone": "removed",
        "gone/y": "removed",
        "new": "added",
        "new/file": "added",
        "text": "content",
    }


def test_only_what_lies_below_a_directory_is_compared(estate: Estate, pair: tuple[Found, Found]) -> None:
    below = os.fsencode(estate.source / "new")
    assert shown(estate, between(*pair, Watch(), below)) == {"new/file": "added"}


@pytest.mark.usefixtures("own")
def test_what_has_changed_on_disk_is_told(estate: Estate, workspace: Workspace, pair: tuple[Found, Found]) -> None:
    assert shown(estate, with_disk(workspace, pair[1], Watch())) == {}
    (estate.source / "text").write_text("seven!!")
    (estate.source / "later").mkdir()
    (estate.source / "same" / "x").unlink()
    changes = shown(estate, with_disk(workspace, pair[1], Watch()))
    assert changes == {"text": "content", "later": "added", "same/x": "removed"}
    below = os.fsencode(estate.source / "same")
    assert shown(estate, with_disk(workspace, pair[1], Watch(), below)) == {"same/x": "removed"}


def test_what_cannot_be_read_on_disk_is_not_said_to_be_gone(
    estate: Estate, workspace: Workspace, pair: tuple[Found, Found], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.listdir

    def refuse(directory: int) -> list[str]:
        if os.readlink(f"/proc/self/fd/{directory}").endswith("/same"):
            raise PermissionError(13, "Permission denied")
        return real(directory)

    monkeypatch.setattr(os, "listdir", refuse)
    warned: list[bytes | None] = []
    watch = Watch(on_warning=lambda path, _message: warned.append(path))
    assert shown(estate, with_disk(workspace, pair[1], watch)) == {}
    assert warned == [os.fsencode(estate.source / "same")]
