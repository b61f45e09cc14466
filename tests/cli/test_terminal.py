"""On a terminal: a real one, made by the system, with a reader at its other end."""

import os
import pty
import subprocess
import sys

import pytest

from tests.cli.site import Site


def on_terminal(
    site: Site, *arguments: str, typed: bytes = b"", variables: dict[str, str] | None = None
) -> tuple[int, str]:
    """Run the program on a terminal of its own; return its exit code and what the terminal was sent."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120", **(variables or {})}
    command = [sys.executable, "-m", "tui_backup", "-c", str(site.config), *arguments]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        os.write(ours, typed)
        shown = bytearray()
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:
                break
            if not piece:
                break
            shown += piece
    os.close(ours)
    return process.returncode, shown.decode()


def test_a_run_draws_a_bar_and_takes_it_away(site: Site) -> None:
    code, shown = on_terminal(site, "run", "site")
    assert code == 0
    assert "━" in shown
    assert shown.rstrip().splitlines()[-1].endswith(site.call("list", "--json").document[0]["short_id"])


@pytest.mark.parametrize("variables", [{"TERM": "dumb"}, {"NO_COLOR": "1"}])
def test_colours_can_be_refused(site: Site, variables: dict[str, str]) -> None:
    _code, shown = on_terminal(site, "run", "site", variables=variables)
    assert "\x1b[3" not in shown
    assert ("━" in shown) is ("TERM" not in variables)


def test_a_table_has_a_bold_head_and_no_control_characters_of_others(site: Site) -> None:
    site.back_up()
    site.call("run", "site", "--tag", "x")
    _code, shown = on_terminal(site, "list")
    assert "\x1b[1m" in shown
    assert str(site.source) in shown.replace("\r\n", "").replace(" ", "")


@pytest.mark.parametrize(("typed", "code"), [(b"y\n", 0), (b"n\n", 130), (b"\n", 130)])
def test_a_restore_asks_and_no_is_the_default(site: Site, typed: bytes, code: int) -> None:
    site.back_up()
    (site.source / "a.txt").write_text("changed")
    answered, shown = on_terminal(site, "restore", "latest", "--in-place", typed=typed)
    assert answered == code
    assert "Restore to / on " in shown
    assert (site.source / "a.txt").read_text() == ("one\n" if code == 0 else "changed")


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("s\n", 0),
        ("Sim\n", 0),
        ("yes\n", 0),
        ("não\n", 130),
        ("n\n", 130),
        ("\n", 130),
        ("talvez\ns\n", 0),
        ("talvez\n\n", 130),
    ],
)
def test_yes_and_no_are_understood_in_portuguese(site: Site, typed: str, code: int) -> None:
    site.back_up()
    (site.source / "a.txt").write_text("changed")
    site.config.write_text('language = "pt_BR"\n' + site.config.read_text())
    answered, shown = on_terminal(site, "restore", "latest", "--in-place", typed=typed.encode())
    assert answered == code
    assert "? [s/N]: " in shown
    assert ("responda s ou n" in shown) is typed.startswith("talvez")
    assert (site.source / "a.txt").read_text() == ("one\n" if code == 0 else "changed")


def test_a_terminal_is_not_sent_what_would_harm_it(site: Site) -> None:
    (site.source / "harm").write_bytes(b"\x1b]0;title\x07")
    site.back_up()
    code, shown = on_terminal(site, "dump", "latest", f"{site.inside}/harm")
    assert code == 2
    assert "\x1b]" not in shown
    assert on_terminal(site, "dump", "latest", f"{site.inside}/a.txt") == (0, "one\r\n")
    assert on_terminal(site, "dump", "latest", site.inside)[0] == 2


@pytest.mark.parametrize("width", [60, 80])
def test_a_narrow_terminal_gets_fewer_columns_and_whole_names(site: Site, width: int) -> None:
    snapshot = site.back_up()
    _code, shown = on_terminal(site, "list", variables={"COLUMNS": str(width)})
    head, row = shown.splitlines()
    assert "ID " in head
    assert "HOST" not in head
    assert row.split()[0] == snapshot[:8]
    assert {"site", "ok", "unverified"} <= set(row.split())


@pytest.mark.parametrize(("typed", "code"), [(b"y\n", 0), (b"\n", 130)])
def test_a_repair_asks_and_no_is_the_default(site: Site, typed: bytes, code: int) -> None:
    site.back_up()
    (index,) = (site.directory / "backups" / "index").iterdir()
    index.unlink()
    answered, shown = on_terminal(site, "repair", "index", "-r", "local", typed=typed)
    assert answered == code
    assert "Repair local like this?" in shown
    assert shown.index("list-pack: data/") < shown.index("Repair local")
    assert site.call("verify").code == (0 if code == 0 else 1)
