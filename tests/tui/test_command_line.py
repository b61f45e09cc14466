"""Commands as a person would type them."""

import os
import subprocess

import pytest

from tui_backup.tui.command_line import as_typed


def test_it_is_what_a_shell_takes() -> None:
    assert as_typed(["ls", "ab12", "/srv/my site"], "my.toml") == "tui-backup -c my.toml ls ab12 '/srv/my site'"


@pytest.mark.parametrize(
    "name",
    [b"caf\xe9", b"e\x1b[31mvil", b"line\nbreak", b"it's \\ \x07", "\u202egnp.exe".encode(), b"\xff0", "日本".encode()],
)
def test_any_name_reaches_the_command_and_none_the_terminal(name: bytes) -> None:
    line = as_typed(["ls", os.fsdecode(name)])
    assert line.isprintable()
    line.encode()
    script = f'set -- {line.removeprefix("tui-backup ls ")}; printf %s "$1"'
    assert subprocess.run(["bash", "-c", script], capture_output=True, check=True).stdout == name
