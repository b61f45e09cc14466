"""How long snapshots are kept, as a file says it."""

from pathlib import Path

import pytest

from tests.config.writing import changed, load
from tui_backup.config.keeping import UNLIMITED, keep_table, limits_of, max_unused
from tui_backup.config.show import as_toml
from tui_backup.errors import ConfigError
from tui_backup.model.retention import Keep, Span
from tui_backup.model.upkeep import ReclaimLimits

EVERY = 'expected_every = "26h"'
FREE = 'min_free = "5%"'


def keep(directory: Path, text: str) -> Keep | None:
    return load(directory, changed(EVERY, text)).jobs["site"].keep


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("", None),
        ("keep = { daily = 7, weekly = 4 }", Keep(daily=7, weekly=4)),
        ("keep = { last = -1 }", Keep(last=-1)),
        ('keep = { yearly = "unlimited", hourly = 24 }', Keep(yearly=-1, hourly=24)),
        ('keep = { within = "1y6mo2w3d12h" }', Keep(within=Span(months=18, days=17, hours=12))),
        ('keep = { tags = ["a", "b, c"] }', Keep(tags=(("a",), ("b", "c")))),
        ("keep = { max_backups = 3, retention_days = 30 }", Keep(last=3, within=Span(days=30))),
        ("max_backups = 3", Keep(last=3)),
        ("retention_days = 30", Keep(within=Span(days=30))),
        ("retention_days = 30\nmax_backups = 3", Keep(last=3, within=Span(days=30))),
    ],
)
def test_a_policy_and_its_short_forms(tmp_path: Path, text: str, policy: Keep | None) -> None:
    assert keep(tmp_path, text) == policy


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("keep = {}", "jobs.site.keep: this keeps nothing"),
        ("keep = { last = 0, daily = 0 }", "jobs.site.keep: this keeps nothing"),
        ("max_backups = 0", "jobs.site: this keeps nothing"),
        ("retention_days = 0", "jobs.site.retention_days: must be longer than nothing"),
        ("retention_days = -1", "jobs.site.retention_days: '-1d' is not a span"),
        ("max_backups = -2", "jobs.site.max_backups: must be a whole number, or -1"),
        ("keep = { last = -2 }", "jobs.site.keep.last: must be a whole number, or -1"),
        ('keep = { last = "all" }', "jobs.site.keep.last: must be a whole number, or -1"),
        ("keep = { last = true }", "jobs.site.keep.last: must be a whole number or text, not true or false"),
        ("keep = { daly = 7 }", "jobs.site.keep.daly: unknown key"),
        ("keep = 7", "jobs.site.keep: must be a table, not a whole number"),
        ('keep = { within = "30" }', "jobs.site.keep.within: '30' is not a span"),
        ('keep = { within = "6m" }', "jobs.site.keep.within: '6m' is not a span"),
        ('keep = { within = "1d or so" }', "jobs.site.keep.within: '1d or so' is not a span"),
        ('keep = { within = "0d" }', "jobs.site.keep.within: must be longer than nothing"),
        ('keep = { tags = ["a,,b"] }', "jobs.site.keep.tags: 'a,,b' names no tag"),
        ("keep = { last = 3, max_backups = 3 }", "jobs.site.keep.max_backups: the same as last"),
        ('keep = { within = "3d", retention_days = 3 }', "jobs.site.keep.retention_days: the same as within"),
        ("keep = { last = 3 }\nmax_backups = 3", "jobs.site.max_backups: there is keep already"),
        ("keep = { last = 3 }\nretention_days = 3", "jobs.site.retention_days: there is keep already"),
    ],
)
def test_what_is_no_policy_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        keep(tmp_path, text)
    assert complaint in caught.value.message
    assert caught.value.message.startswith(f"{tmp_path / 'config.toml'}:1")


def test_the_nearest_rule_is_offered(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        keep(tmp_path, "keep = { mothly = 7 }")
    assert caught.value.hint == "did you mean monthly?"


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("", ReclaimLimits()),
        ('max_unused = "12.5%"', ReclaimLimits(max_unused_percent=12.5)),
        ('max_unused = "unlimited"', ReclaimLimits(max_unused_percent=None)),
        ('max_unused = "1GB"', ReclaimLimits(max_unused_percent=None, max_unused_bytes=10**9)),
        ("max_unused = 0", ReclaimLimits(max_unused_percent=None, max_unused_bytes=0)),
        ('max_repack_size = "2GB"', ReclaimLimits(max_repack_bytes=2 * 10**9)),
        ('max_unused = "0%"\nmax_repack_size = 5', ReclaimLimits(max_unused_percent=0, max_repack_bytes=5)),
    ],
)
def test_limits_of_reclaiming(tmp_path: Path, text: str, limits: ReclaimLimits) -> None:
    assert load(tmp_path, changed(FREE, text)).repositories["local"].limits == limits
    assert limits_of(max_unused(limits), limits.max_repack_bytes) == limits


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('max_unused = "100%"', "repositories.local.max_unused: must be below 100%, or unlimited"),
        ('max_unused = "none"', "repositories.local.max_unused: 'none' is not a size"),
        ("max_repack_size = -1", "repositories.local.max_repack_size: -1 is not a size"),
    ],
)
def test_what_is_no_limit_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        load(tmp_path, changed(FREE, text))


def test_what_is_shown_can_be_read_again(tmp_path: Path) -> None:
    rules = 'last = -1, daily = 7, within = "1y2mo3d4h", tags = ["a", "b,c"]'
    text = changed(EVERY, f"keep = {{ {rules} }}").replace(FREE, f'max_unused = "{UNLIMITED}"\nmax_repack_size = 7')
    config = load(tmp_path, text)
    (tmp_path / "shown").mkdir()
    again = load(tmp_path / "shown", as_toml(config))
    assert again.jobs["site"].keep == config.jobs["site"].keep
    assert again.repositories["local"].limits == config.repositories["local"].limits
    kept = config.jobs["site"].keep
    assert kept is not None
    assert keep_table(kept) == {"last": -1, "daily": 7, "within": "1y2mo3d4h", "tags": ["a", "b,c"]}
