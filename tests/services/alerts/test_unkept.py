"""Where nothing can be kept, others are told once all the same; room on this host is looked at each time."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.mounts import read_only, tmpfs
from tests.support.servers.receivers import Receiver, receiver
from tests.support.telling import NOON, content, events, tell, telling_estate
from tui_backup.services.alerts.unkept import note_told, was_told_lately

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place for temporary files."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


@pytest.fixture
def ops() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


@pytest.mark.requires("tmpfs")
def test_a_state_that_cannot_be_written_is_told_once_a_day(tmp_path: Path, ops: Receiver) -> None:
    estate = telling_estate(tmp_path / "estate", [("ops", ops.url)], job='expected_every = "26h"\n')
    tell(estate)
    with read_only(estate.directory / "state"):
        for after in (HOUR, 2 * HOUR, 20 * HOUR):
            tell(estate, after)
        assert events(ops) == ["history_failed"]
        tell(estate, 3 * HOUR + DAY)
        assert events(ops)[1:] == ["job_stale", "history_failed"]
    tell(estate, 4 * HOUR + DAY)
    assert events(ops)[3:] == ["job_stale"]


def test_a_mark_of_somebody_else_says_nothing(tmp_path: Path, temporary: Path) -> None:
    note_told(tmp_path, NOON)
    (mark,) = temporary.iterdir()
    assert was_told_lately(tmp_path, NOON + HOUR, DAY)
    assert not was_told_lately(tmp_path, NOON + DAY, DAY)
    assert not was_told_lately(tmp_path / "other", NOON, DAY)
    mark.rename(tmp_path / "elsewhere")
    mark.symlink_to(tmp_path / "elsewhere")
    assert not was_told_lately(tmp_path, NOON, DAY)
    with pytest.raises(OSError):  # noqa: PT011 - whatever the system calls a link that is not followed
        note_told(tmp_path, NOON)


@pytest.mark.requires("root")
def test_a_mark_of_another_user_says_nothing(tmp_path: Path, temporary: Path) -> None:
    note_told(tmp_path, NOON)
    (mark,) = temporary.iterdir()
    os.chown(mark, 12345, -1)
    assert not was_told_lately(tmp_path, NOON, DAY)


@pytest.mark.requires("tmpfs")
def test_a_disk_that_others_fill_is_seen_without_a_run(tmp_path: Path, ops: Receiver) -> None:
    (tmp_path / "estate").mkdir()
    with tmpfs(tmp_path / "disk", size="20m"):
        estate = telling_estate(tmp_path / "estate", [("ops", ops.url)])
        config = estate.directory / "config.toml"
        text = config.read_text().replace('path = "local" }', 'path = "../disk/local" }\nmin_free = "10%"')
        config.write_text(text)
        shutil.move(estate.directory / "local", tmp_path / "disk" / "local")
        estate.run()
        tell(estate)
        assert events(ops) == []
        (tmp_path / "disk" / "filler").write_bytes(bytes(19 * 2**20))
        tell(estate)
        assert events(ops) == ["low_space"]
        assert content(ops.got[0])["repository"] == "local"
        (tmp_path / "disk" / "filler").unlink()
        tell(estate, HOUR)
        assert events(ops) == ["low_space", "recovered"]
