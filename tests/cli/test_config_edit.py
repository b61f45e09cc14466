"""`config edit`, with a real editor (a shell script) on a real terminal."""

import tempfile
from pathlib import Path

import pytest

from tests.cli.site import Site
from tests.cli.test_terminal import on_terminal


@pytest.fixture(autouse=True)
def _own_temporary_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "copies").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "copies"))
    monkeypatch.setattr(tempfile, "tempdir", None)


def editor(directory: Path, *scripts: str) -> dict[str, str]:
    """Return variables that name an editor which does with the file `$1` what these scripts say, one a call."""
    for number, script in enumerate(scripts):
        (directory / f"script{number}").write_text(script)
    program = directory / "editor"
    program.write_text(
        f'#!/bin/sh\ncd "{directory}"\nn=$(cat count 2>/dev/null || echo 0)\necho $((n + 1)) > count\n. ./script$n\n'
    )
    program.chmod(0o700)
    return {"EDITOR": str(program), "VISUAL": ""}


def test_what_is_valid_is_saved_with_its_mode(site: Site, tmp_path: Path) -> None:
    before = site.config.read_text()
    site.config.chmod(0o640)
    code, shown = on_terminal(site, "config", "edit", variables=editor(tmp_path, 'echo "# more" >> "$1"'))
    assert code == 0, shown
    assert site.config.read_text() == f"{before}# more\n"
    assert site.config.stat().st_mode & 0o777 == 0o640
    assert not list((tmp_path / "copies").iterdir())
    assert any(line["verb"] == "config" for line in site.call("audit", "--json").lines)


def test_what_is_wrong_is_told_and_can_be_mended(site: Site, tmp_path: Path) -> None:
    before = site.config.read_text()
    variables = editor(tmp_path, 'echo "x = 1" >> "$1"', 'sed -i "s/^x = 1/# mended/" "$1"')
    code, shown = on_terminal(site, "config", "edit", variables=variables, typed=b"y\n")
    assert "unknown key" in shown
    assert code == 0
    assert site.config.read_text() == f"{before}# mended\n"


def test_what_is_wrong_is_not_saved(site: Site, tmp_path: Path) -> None:
    before = site.config.read_text()
    code, shown = on_terminal(site, "config", "edit", variables=editor(tmp_path, 'echo "x =" >> "$1"'), typed=b"n\n")
    assert code == 130
    assert "not valid TOML" in shown
    assert site.config.read_text() == before


def test_what_somebody_else_saved_meanwhile_stays_and_the_copy_too(site: Site, tmp_path: Path) -> None:
    theirs = f"{site.config.read_text()}# theirs\n"
    script = f'echo "# ours" >> "$1"; echo "# theirs" >> "{site.config}"'
    code, shown = on_terminal(site, "config", "edit", variables=editor(tmp_path, script))
    assert code == 2
    assert "changed by somebody else" in shown
    assert site.config.read_text() == theirs
    (directory,) = (tmp_path / "copies").iterdir()
    assert (directory / site.config.name).read_text().endswith("# ours\n")
    assert directory.stat().st_mode & 0o777 == 0o700


def test_an_editor_that_fails_saves_nothing(site: Site, tmp_path: Path) -> None:
    before = site.config.read_text()
    code, shown = on_terminal(site, "config", "edit", variables=editor(tmp_path, 'echo "# x" >> "$1"; exit 3'))
    assert code == 1
    assert "exit code 3" in shown
    assert site.config.read_text() == before
