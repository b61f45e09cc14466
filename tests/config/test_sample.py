"""The sample configuration works as it stands, and shows every option of this version."""

import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.config.writing import load
from tui_backup.config import later
from tui_backup.config.fields import adapter_fields
from tui_backup.config.keeping import KeepTable
from tui_backup.config.load import load_config
from tui_backup.config.reader import store_kinds
from tui_backup.config.schema import JobTable, NotifierTable, RepositoryTable, TopTable, repository_keys
from tui_backup.notifiers.registry import NOTIFIERS
from tui_backup.primitives.secret import SecretSource
from tui_backup.sources.registry import SOURCES

SAMPLE = Path(__file__).parents[2] / "sample_config.toml"
SHORT_FORMS = {"max_backups", "retention_days"}
"""What stands in the place of another option."""
OPTION = re.compile(r"^#(?=[^ #\n])", re.MULTILINE)


def options(type_: Any) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(type_)}


def blocks() -> list[range]:
    """Return the lines of each option that is commented out; those of a table belong together."""
    found: list[range] = []
    in_table = False
    for at, line in enumerate(SAMPLE.read_text().splitlines()):
        if not OPTION.match(line):
            in_table = False
        elif in_table:
            found[-1] = range(found[-1].start, at + 1)
        else:
            found.append(range(at, at + 1))
            in_table = line.startswith("#[")
    return found


def test_the_sample_backs_up_the_folder_in_which_it_lies(tmp_path: Path) -> None:
    shutil.copy(SAMPLE, tmp_path / "config.toml")
    config = load_config(str(tmp_path / "config.toml"))
    assert config.state_dir == str(tmp_path / "state")
    (job,) = config.jobs.values()
    (source,) = job.sources
    assert (job.name, job.repositories) == ("here", ("local",))
    assert [Path(path) for path in source.roots()] == [tmp_path]
    assert {"node_modules/", ".git/", "backups/", "logs/", ".env"} <= set(source.patterns())
    assert config.repositories["local"].store.describe() == str(tmp_path / "backups")
    assert config.repositories["local"].password == SecretSource(file=str(tmp_path / "backups.key"), base=str(tmp_path))


@pytest.mark.parametrize("block", blocks(), ids=str)
def test_each_option_of_the_sample_can_be_used(tmp_path: Path, block: range) -> None:
    lines = SAMPLE.read_text().splitlines()
    used = [OPTION.sub("", line) if at in block else line for at, line in enumerate(lines)]
    assert load(tmp_path, "\n".join(used)).jobs


def test_all_options_of_the_sample_can_be_used_together(tmp_path: Path) -> None:
    config = load(tmp_path, OPTION.sub("", SAMPLE.read_text()))
    assert list(config.repositories) == ["local", "usb", "nas", "offsite", "away", "archives"]
    assert list(config.notifiers) == ["ops", "mail", "phone", "tablet", "watch", "script", "chat"]


def test_the_sample_shows_every_option_of_this_version() -> None:
    tables = tomllib.loads(OPTION.sub("", SAMPLE.read_text()))
    assert set(tables) == options(TopTable) - set(later.top_keys())
    repositories = tables["repositories"].values()
    assert {name for each in repositories for name in each} == options(RepositoryTable)
    assert not set(tables["repositories"]["archives"]) - set(repository_keys("tar.gz"))
    assert {name for each in repositories for name in each.get("password", ())} == {"file", "env", "command"}
    assert {each["store"]["kind"] for each in repositories} == set(store_kinds())
    for each in repositories:
        kind = each["store"]["kind"]
        assert set(each["store"]) == {"kind", *(field.name for field in adapter_fields("store", kind))}
    assert set(tables["jobs"]["here"]) == options(JobTable) - set(later.job_keys()) - SHORT_FORMS
    assert set(tables["jobs"]["here"]["keep"]) == options(KeepTable) - SHORT_FORMS
    assert all(f"# {name} = " in SAMPLE.read_text() for name in SHORT_FORMS)
    sources = tables["jobs"]["here"]["sources"]
    assert {each["kind"] for each in sources} == set(SOURCES)
    for each in sources:
        assert set(each) == {"kind", *options(SOURCES.load(each["kind"]))}


def test_the_sample_shows_every_option_of_every_kind_of_notifier() -> None:
    notifiers = tomllib.loads(OPTION.sub("", SAMPLE.read_text()))["notifiers"].values()
    assert {each["kind"] for each in notifiers} == set(NOTIFIERS)
    assert {name for each in notifiers for name in each} >= options(NotifierTable)
    for kind in NOTIFIERS:
        shown = {name for each in notifiers if each["kind"] == kind for name in each}
        assert shown - options(NotifierTable) == {"kind", *(field.name for field in adapter_fields("notifier", kind))}
