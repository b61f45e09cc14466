"""The program's log."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tui_backup.services.log import ProgramLog


@pytest.fixture
def log(tmp_path: Path) -> Iterator[ProgramLog]:
    log = ProgramLog(tmp_path / "state", "info")
    yield log
    log.close()


def test_an_unexpected_exception_leaves_its_traceback(log: ProgramLog) -> None:
    try:
        raise ValueError("broken")
    except ValueError as error:
        log.unexpected(error)
    text = log.path.read_text()
    assert "Traceback" in text
    assert "ValueError: broken" in text


def test_no_file_is_made_before_the_first_line_and_it_is_private(log: ProgramLog) -> None:
    assert not log.path.exists()
    log.warning("trouble")
    assert log.path.stat().st_mode & 0o777 == 0o600
    assert log.path.parent.stat().st_mode & 0o777 == 0o700


def test_lines_below_the_level_are_left_out(log: ProgramLog) -> None:
    log.debug("detail")
    log.info("fact")
    assert "fact" in log.path.read_text()
    assert "detail" not in log.path.read_text()


def test_it_is_five_files_of_a_megabyte_at_most(log: ProgramLog) -> None:
    for _number in range(90):
        log.info("x" * 100_000)
    files = sorted(log.path.parent.iterdir())
    assert len(files) == 5
    assert all(file.stat().st_size <= 1024 * 1024 for file in files)


def test_a_log_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("in the way")
    log = ProgramLog(tmp_path)
    log.info("fact")
    log.close()
    (tmp_path / "other" / "log" / "tui-backup.log").mkdir(parents=True)
    log = ProgramLog(tmp_path / "other")
    log.info("fact")
    log.close()
