"""The effective configuration: complete, readable again, and without secrets."""

from pathlib import Path

import msgspec
import pytest

from tests.config.writing import changed, load
from tui_backup.config.load import load_config
from tui_backup.config.show import as_toml, effective

PASSWORD = 'password = { file = "backups.key" }'


def test_what_is_shown_reads_back_as_the_same_configuration(tmp_path: Path) -> None:
    config = load(tmp_path)
    (tmp_path / "shown").mkdir()
    shown = tmp_path / "shown" / "config.toml"
    shown.write_text(as_toml(config))
    again = load_config(str(shown))
    assert effective(again) == effective(config)
    assert again.jobs == config.jobs


def test_defaults_are_filled_in_and_paths_absolute(tmp_path: Path) -> None:
    shown = effective(load(tmp_path, changed('compression = "max"', "")))
    assert shown["repositories"]["local"]["compression"] == "auto"
    assert shown["repositories"]["local"]["store"] == {"kind": "local", "path": str(tmp_path / "backups")}
    assert shown["repositories"]["local"]["min_free"] == "5%"
    assert shown["jobs"]["site"]["expected_every"] == "26h"
    assert shown["jobs"]["site"]["sources"][0]["paths"] == (str(tmp_path / "static"), "/srv")


@pytest.mark.parametrize("password", ['password = "tr0ub4dor"', "password = 'tr0ub4dor'"])
def test_a_secret_is_never_shown(tmp_path: Path, password: str) -> None:
    config = load(tmp_path, changed(PASSWORD, password))
    shown = f"{as_toml(config)} {config} {msgspec.json.encode(effective(config))!r}"
    assert "tr0ub4dor" not in shown
    assert 'password = "********"' in shown


def test_the_way_to_a_secret_is_shown(tmp_path: Path) -> None:
    config = load(tmp_path, changed(PASSWORD, 'password = { command = ["pass", "show", "x"] }'))
    assert effective(config)["repositories"]["local"]["password"] == {"command": ["pass", "show", "x"]}
