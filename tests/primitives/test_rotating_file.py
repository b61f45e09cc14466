"""Lines of several writers in files of limited size."""

import fcntl
from pathlib import Path

import pytest

from tui_backup.primitives.rotating_file import append_line


def written(path: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in sorted(path.parent.iterdir())}


def test_full_files_are_kept_up_to_a_number(tmp_path: Path) -> None:
    path = tmp_path / "log"
    for number in range(7):
        append_line(str(path), f"{number}".encode() * 4, limit=10, kept=2)
    assert written(path) == {"log": "6666\n", "log.1": "4444\n5555\n", "log.2": "2222\n3333\n"}


def test_a_line_longer_than_the_limit_has_a_file_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "log"
    for letter in (b"a", b"b" * 50, b"c"):
        append_line(str(path), letter, limit=10, kept=2)
    assert written(path) == {"log": "c\n", "log.1": "b" * 50 + "\n", "log.2": "a\n"}


def test_a_line_that_was_cut_short_stands_alone(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"whole\nhal")
    append_line(str(path), b"next", limit=100, kept=2)
    assert path.read_text() == "whole\nhal\nnext\n"


def test_a_writer_that_was_stopped_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui_backup.primitives.rotating_file._PATIENCE_S", 0.01)
    path = tmp_path / "log"
    path.write_text("full up\n")
    with path.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        append_line(str(path), b"next", limit=10, kept=2)
        assert written(path) == {"log": "full up\nnext\n"}
    append_line(str(path), b"last", limit=10, kept=2)
    assert written(path) == {"log": "last\n", "log.1": "full up\nnext\n"}


def test_files_are_private(tmp_path: Path) -> None:
    append_line(str(tmp_path / "log"), b"line", limit=10, kept=2)
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600
