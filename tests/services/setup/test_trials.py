"""What “test this” finds out, and what a policy and excludes come to."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.config.writing import changed, load
from tui_backup.config.settings import Config
from tui_backup.errors import ConfigError
from tui_backup.model.retention import Keep, Span
from tui_backup.model.watch import Watch
from tui_backup.services.setup.first_start import Weight
from tui_backup.services.setup.trials import left_out, try_general, try_job, try_repository
from tui_backup.services.storage.repositories import make_password_file
from tui_backup.services.upkeep.keeping_year import DAYS, kept_days
from tui_backup.services.workspace import Workspace

NOW = datetime(2026, 11, 21, 22, 58, tzinfo=UTC)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A job with a directory of three files, one of them a log."""
    (tmp_path / "static" / "logs").mkdir(parents=True)
    for name in ("a", "b", "logs/c"):
        (tmp_path / "static" / name).write_bytes(bytes(1000))
    return load(tmp_path, changed('paths = ["static", "/srv"]', 'paths = ["static", "missing"]'))


def test_a_repository_that_is_not_there_is_made_by_the_first_run_unless_it_was_there(config: Config) -> None:
    (finding,) = try_repository(config.repositories["local"], None)
    assert (finding.weight, "the first run makes it" in finding.text) == (Weight.CAREFUL, True)
    (finding,) = try_repository(config.repositories["local"], "ab" * 32)
    assert (finding.weight, "no longer" in finding.text) == (Weight.WRONG, True)


def test_a_repository_is_opened_and_nothing_in_it_changes(config: Config, tmp_path: Path) -> None:
    with Workspace(config) as workspace:
        made = workspace.repository("local", make=True).id
    before = sorted(tmp_path.joinpath("backups").rglob("*"))
    findings = try_repository(config.repositories["local"], made)
    assert findings[0].text == "it opens, and holds 0 snapshots"
    assert sorted(tmp_path.joinpath("backups").rglob("*")) == before
    (finding,) = try_repository(config.repositories["local"], "ab" * 32)
    assert "another repository" in finding.text
    (tmp_path / "backups.key").write_text("wrong")
    (finding,) = try_repository(config.repositories["local"], made)
    assert finding.weight is Weight.WRONG


def test_every_path_of_a_job_is_reached_or_named(config: Config, tmp_path: Path) -> None:
    bad, good = try_job(config.jobs["site"], (), Watch())
    assert (bad.weight, bad.text) == (Weight.WRONG, f"{tmp_path}/missing: No such file or directory")
    assert good.text == f"{tmp_path}/static: 3 entries, 2.0 kB"


def test_a_walk_that_takes_too_long_says_that_there_is_more(config: Config) -> None:
    assert try_job(config.jobs["site"], (), Watch(), seconds=-1)[-1].weight is Weight.WRONG
    found = left_out(config.jobs["site"].sources[0], (), Watch(), seconds=-1)
    assert found is not None
    assert not found.is_whole


def test_what_excludes_leave_out_is_counted(config: Config) -> None:
    found = left_out(config.jobs["site"].sources[0], (), Watch())
    assert found is not None
    assert (found.entries, found.bytes, found.is_whole) == (2, 1000, True)


def test_doubts_about_the_whole_configuration_are_told(config: Config) -> None:
    assert any("missing" in finding.text for finding in try_general(config))


def test_a_password_file_is_made_once_and_never_for_what_exists(config: Config, tmp_path: Path) -> None:
    make_password_file(config.repositories["local"])
    key = tmp_path / "backups.key"
    secret = key.read_text()
    assert len(secret) > 40
    assert key.stat().st_mode & 0o777 == 0o600
    make_password_file(config.repositories["local"])
    assert key.read_text() == secret
    key.unlink()
    (tmp_path / "backups").mkdir()
    (tmp_path / "backups" / "config").write_text("something")
    with pytest.raises(ConfigError, match="does not exist"):
        make_password_file(config.repositories["local"])


@pytest.mark.parametrize(
    ("keep", "kept"),
    [
        (None, DAYS),
        (Keep(last=3), 3),
        (Keep(daily=7), 7),
        (Keep(daily=7, monthly=12), 18),
        (Keep(within=Span(days=30)), 31),
    ],
)
def test_a_year_of_daily_snapshots_is_thinned_out_by_a_policy(keep: Keep | None, kept: int) -> None:
    days = kept_days(keep, NOW, UTC, Watch())
    assert len(days) == DAYS
    assert sum(days) in {kept, kept - 1}
    assert days[-1]
