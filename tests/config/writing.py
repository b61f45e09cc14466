"""Configurations for tests: written into a directory, changed line by line."""

from pathlib import Path

from tui_backup.config.load import load_config
from tui_backup.config.settings import Config

GOOD = """\
timezone = "Europe/Berlin"
state_dir = "state"
log_level = "debug"

[repositories.local]
format = "restic"
store = { kind = "local", path = "backups" }
password = { file = "backups.key" }
compression = "max"
min_free = "5%"
trusted = false

[jobs.site]
repositories = ["local"]
expected_every = "26h"
on_change = "incomplete"

[[jobs.site.sources]]
kind = "files"
paths = ["static", "/srv"]
exclude = ["logs/"]
exclude_if_present = [".nobackup"]
exclude_caches = true
exclude_larger_than = "2GB"
one_file_system = true
"""


def write(directory: Path, text: str = GOOD) -> Path:
    """Write a configuration file; return its path."""
    path = directory / "config.toml"
    path.write_text(text)
    return path


def load(directory: Path, text: str = GOOD) -> Config:
    """Write a configuration file and load it."""
    return load_config(str(write(directory, text)))


def changed(line: str, instead: str) -> str:
    """Return the good configuration with one line replaced."""
    assert f"{line}\n" in GOOD
    return GOOD.replace(f"{line}\n", f"{instead}\n")
