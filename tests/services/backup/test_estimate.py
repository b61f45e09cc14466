"""How much a first backup has to do, counted beside it."""

import time
from pathlib import Path

from tui_backup.model.watch import Watch
from tui_backup.services.backup.estimate import Estimate
from tui_backup.sources.files import FilesSource


def _source(tmp_path: Path) -> FilesSource:
    for number in range(3):
        (tmp_path / f"file-{number}").write_bytes(b"x" * 10)
    return FilesSource(paths=(str(tmp_path),))


def _until_known(watch: Watch) -> None:
    deadline = time.monotonic() + 10
    while watch.bytes_total is None and time.monotonic() < deadline:
        watch.cancel.wait(0.01)


def test_files_and_bytes_are_counted(tmp_path: Path) -> None:
    watch = Watch()
    with Estimate([_source(tmp_path)], watch, after_s=0):
        _until_known(watch)
    assert (watch.files_total, watch.bytes_total) == (3, 30)


def test_what_is_known_already_stays(tmp_path: Path) -> None:
    watch = Watch()
    watch.files_total, watch.bytes_total = 7, 700
    with Estimate([_source(tmp_path)], watch, after_s=0):
        pass
    assert (watch.files_total, watch.bytes_total) == (7, 700)


def test_a_backup_that_is_over_soon_counts_nothing(tmp_path: Path) -> None:
    watch = Watch()
    with Estimate([_source(tmp_path)], watch, after_s=60):
        pass
    assert watch.bytes_total is None
