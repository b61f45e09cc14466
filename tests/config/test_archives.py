"""Keys of repositories of archives: each for the formats that have use for it, and keys that are long enough."""

from pathlib import Path

import pytest

from tests.config.writing import load
from tui_backup.config.check import check
from tui_backup.config.editing import Draft
from tui_backup.config.fields import repository_fields
from tui_backup.config.masking import MASK, masked
from tui_backup.config.opening import opening_of
from tui_backup.config.settings import Config
from tui_backup.config.show import as_toml, effective
from tui_backup.errors import ConfigError
from tui_backup.model.locking import Locking

KEY = "0123456789abcdef0123456789abcdef"
WHERE = "repositories.plain.encryption_key"


def config(directory: Path, *lines: str, format_: str = "tar.gz") -> Config:
    """Return a configuration with one repository of archives and nothing to doubt in its job."""
    (directory / "site").mkdir(exist_ok=True)
    text = f"""\
state_dir = "state"
[repositories.plain]
format = "{format_}"
store = {{ kind = "local", path = "archives" }}
%s
[jobs.site]
repositories = ["plain"]
sources = [{{ kind = "files", paths = ["site"] }}]
"""
    return load(directory, text % "\n".join(lines))


def opening(config: Config) -> None:
    opening_of(config.repositories["plain"], locking=Locking())


def test_what_is_configured_is_what_archives_are_written_with(tmp_path: Path) -> None:
    found = config(
        tmp_path, 'name = "backup_{time:seconds}"', "compression_level = 9", "history_file = true",
        f'encryption_key = "{KEY}"', format_="zip",
    )  # fmt: skip
    made = opening_of(found.repositories["plain"], locking=Locking()).archives
    assert (made.name, made.compression_level, made.history_file) == ("backup_{time:seconds}", 9, True)
    assert made.encryption_key is not None
    assert made.encryption_key.reveal() == KEY
    assert KEY not in f"{found} {made}"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("compression_level = 10", "5: repositories.plain.compression_level: must be 1 to 9"),
        ("compression_level = 0", "5: repositories.plain.compression_level: must be 1 to 9"),
        ('name = "backup"', "5: repositories.plain.name: it needs {time:...}, or all archives would have one name"),
        ('name = "{when}"', "5: repositories.plain.name: there is no field {when}"),
        ('password = "x"', "5: repositories.plain.password: a repository of the format tar.gz has no such key"),
        ('max_unused = "5%"', "5: repositories.plain.max_unused: a repository of the format tar.gz has no such key"),
        ('compression = "max"', "5: repositories.plain.compression: a repository of the format tar.gz has no such key"),
        ("encryption_key = 5", "5: repositories.plain.encryption_key: must be one of { env"),
    ],
)
def test_what_cannot_be_is_named(tmp_path: Path, line: str, complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config(tmp_path, line)
    assert complaint in caught.value.message


def test_a_key_that_is_too_short_is_refused_when_it_is_needed_and_doubted_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCHIVE_KEY", KEY[1:])
    found = config(tmp_path, 'encryption_key = { env = "ARCHIVE_KEY" }')
    message = "an encryption key needs at least 32 characters, this one has 31"
    assert [(doubt.key, doubt.message) for doubt in check(found)] == [(WHERE, message)]
    with pytest.raises(ConfigError, match=message):
        opening(found)
    monkeypatch.setenv("ARCHIVE_KEY", KEY)
    assert check(found) == []
    opening(found)


def test_a_key_file_that_the_first_run_will_make_is_fine(tmp_path: Path) -> None:
    found = config(tmp_path, 'encryption_key = { file = "archives.key" }')
    assert check(found) == []
    (tmp_path / "archives").mkdir()
    (tmp_path / "archives" / "backup.tar.gz").write_bytes(b"\x1f\x8b")
    assert [doubt.key for doubt in check(found)] == [WHERE]


@pytest.mark.parametrize("format_", ["tar.gz", "tar.zst", "zip", "restic"])
def test_only_what_a_format_has_use_for_is_shown(tmp_path: Path, format_: str) -> None:
    lines = ['password = "x"'] if format_ == "restic" else [f'encryption_key = "{KEY}"']
    found = config(tmp_path, *lines, format_=format_)
    shown = effective(found)["repositories"]["plain"]
    assert set(shown) <= {field.name for field in repository_fields(format_)}
    assert ("compression_level" in shown) is (format_ != "restic")
    assert KEY not in as_toml(found)
    assert effective(load(tmp_path, as_toml(found))) == effective(found)


def test_a_key_that_stands_in_the_file_is_hidden() -> None:
    draft = Draft(f'[repositories.plain]\nformat = "zip"\nencryption_key = "{KEY}"\n')
    assert f'encryption_key = "{MASK}"' in masked(draft)
