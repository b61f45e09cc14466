"""First start in a real terminal: from `tui-backup` in an empty home to a backup that restic reads."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.restic import Restic
from tests.support.tmux import Tmux, until

pytestmark = [pytest.mark.requires("tmux"), pytest.mark.requires("restic")]


@pytest.fixture
def config(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the configuration will be: in the home directory, of root too."""
    path = home / ".config" / "tui-backup" / "config.toml"
    monkeypatch.setenv("TUI_BACKUP_CONFIG", str(path))
    (tmp_path / "srv").mkdir()
    (tmp_path / "srv" / "file").write_text("content\n")
    return path


@pytest.fixture
def terminal(config: Path, tmp_path: Path) -> Iterator[Tmux]:
    terminal = Tmux(tmp_path, f"exec {sys.executable} -m tui_backup", tmp_path)
    yield terminal
    terminal.vanish()


def retype(terminal: Tmux, text: str, said_of_nothing: str) -> None:
    """Replace what stands in the field."""
    terminal.press("C-u")
    terminal.wait_for(said_of_nothing)
    terminal.press("-l", text)
    terminal.wait_for(text[-30:])


def test_from_nothing_to_a_first_backup(terminal: Tmux, config: Path, home: Path, tmp_path: Path) -> None:
    terminal.wait_for(": a directory")
    retype(terminal, str(tmp_path / "srv"), "name at least one")
    terminal.press("Enter")
    terminal.wait_for("Where shall the backups go?")
    retype(terminal, str(tmp_path / "disk"), "write the whole path")
    terminal.press("Enter")
    terminal.wait_for("How often do you expect a backup?")
    terminal.press("Enter")
    shown = re.search(r"^ +([A-Za-z0-9_-]{43})$", terminal.wait_for("Type its last 4 characters"), re.MULTILINE)
    assert shown
    terminal.press("-l", "--", shown[1][-4:])
    terminal.press("Enter")
    terminal.wait_for("This will be made. Nothing exists yet.")
    assert list(home.iterdir()) == []
    terminal.press("B")
    until(lambda: "Your data is backed up" in terminal.screen, lambda: terminal.screen, deadline_s=60)
    terminal.press("Enter")
    terminal.wait_for("srv")
    terminal.press("q")
    assert terminal.end() == 0
    restic = Restic(tmp_path / "disk", shown[1])
    restic.check()
    assert restic.output("dump", "latest", f"{tmp_path}/srv/file") == b"content\n"
    assert (config.parent / "backups.key").read_text() == f"{shown[1]}\n"
