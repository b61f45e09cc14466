"""Our lines in a crontab: found, written and removed, and not a byte of anybody else's."""

from pathlib import Path

import pytest

from tui_backup.config.load import load_config
from tui_backup.config.settings import Config
from tui_backup.errors import BackupError
from tui_backup.services.schedule.crontab import block, calling_lines, has_block, lines, with_block, without_block

OTHERS = b"# m h  dom mon dow   command\nMAILTO=ops@example.org\n0 1 * * *\t/usr/bin/true % in\n\n"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return made(tmp_path / "config.toml")


def made(path: Path) -> Config:
    path.write_text("")
    return load_config(str(path))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        OTHERS,
        OTHERS.replace(b"\n", b"\r\n"),
        b"\n\n \n",
        b"0 1 * * * \xff\xfe\n",
        b"@daily x # BEGIN tui-backup\n",
        b"# BEGIN tui-backup /another\n*/5 * * * * tui-backup --run-scheduled\n# END tui-backup /another\n",
    ],
    ids=["empty", "usual", "CRLF", "blank", "no UTF-8", "words", "another configuration"],
)
def test_what_is_written_can_be_removed_without_a_trace(config: Config, content: bytes) -> None:
    written = with_block(content, config)
    assert written == content + block(config)
    assert with_block(written, config) == written
    assert without_block(written, config.path) == content


def test_a_last_line_without_an_end_gets_one(config: Config) -> None:
    written = with_block(b"0 1 * * * true", config)
    assert written == b"0 1 * * * true\n" + block(config)
    assert without_block(written, config.path) == b"0 1 * * * true\n"


def test_lines_of_others_around_and_between_ours_stay_where_they_are(config: Config) -> None:
    written = OTHERS + block(config) + b"@weekly after\n"
    begin, remark, *ours, end = block(config).splitlines(keepends=True)
    meddled = written.replace(remark, b"30 4 * * * theirs\n").replace(b"*/5 * * * *", b"#*/7 * * * *")
    assert with_block(meddled, config) == OTHERS + b"".join([begin, remark, *ours, end]).removesuffix(end) + end + (
        b"30 4 * * * theirs\n@weekly after\n"
    )
    assert without_block(meddled, config.path) == OTHERS + b"30 4 * * * theirs\n@weekly after\n"


def test_another_program_path_replaces_our_lines(config: Config) -> None:
    former = block(config).replace(b"tui-backup --config", b"moved/tui-backup --config")
    assert former != block(config)
    assert with_block(OTHERS + former, config) == OTHERS + block(config)


def test_two_configurations_have_lines_of_their_own(config: Config, tmp_path: Path) -> None:
    other = made(tmp_path / "other.toml")
    both = with_block(with_block(OTHERS, config), other)
    assert without_block(both, config.path) == OTHERS + block(other)
    assert has_block(both, other.path)


@pytest.mark.parametrize("damage", ["# BEGIN", "# END"])
def test_where_nobody_can_tell_which_lines_are_ours_nothing_is_done(config: Config, damage: str) -> None:
    broken = b"".join(line for line in block(config).splitlines(keepends=True) if not line.startswith(damage.encode()))
    with pytest.raises(BackupError, match="nobody can tell") as caught:
        with_block(broken, config)
    assert "crontab -e" in (caught.value.hint or "")
    with pytest.raises(BackupError, match="nobody can tell"):
        without_block(broken, config.path)


def test_a_crontab_takes_any_path(tmp_path: Path) -> None:
    (tmp_path / "a b").mkdir()
    config = made(tmp_path / "a b" / "100%.toml")
    periodic, at_boot = lines(config)
    assert periodic.endswith(f" --config '{tmp_path}/a b/100\\%.toml' --run-scheduled")
    assert at_boot.startswith("@reboot ")
    assert calling_lines(block(config), config.path, "/root") == [periodic.replace("\\%", "%")]


def test_cron_is_given_the_variable_without_which_the_record_would_lie_elsewhere(
    config: Config, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert "XDG_STATE_HOME" not in lines(config)[0]
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "my state"))
    moved = load_config(config.path)
    assert f" XDG_STATE_HOME='{tmp_path}/my state' " in lines(moved)[0]
    assert calling_lines(block(moved), config.path, "/root")


def test_a_command_that_cron_would_cut_is_refused(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 200) / ("e" * 200) / ("f" * 200) / ("g" * 200) / ("h" * 200)
    deep.mkdir(parents=True)
    with pytest.raises(BackupError, match="as long as this"):
        lines(made(deep / "config.toml"))


@pytest.mark.parametrize(
    ("line", "is_meant"),
    [
        ("*/15 * * * * tui-backup --config {config} --run-scheduled", True),
        ("@hourly nice /opt/v/bin/tui-backup -c {config} --quiet --run-scheduled >/dev/null", True),
        ("0 * * * * TUI_BACKUP_CONFIG={config} python3 -m tui_backup --run-scheduled", True),
        ("0 * * * * root tui-backup --config={config} --run-scheduled", True),
        ("# */15 * * * * tui-backup --config {config} --run-scheduled", False),
        ("*/15 * * * * tui-backup --config /another.toml --run-scheduled", False),
        ("*/15 * * * * tui-backup --run-scheduled", False),
        ("*/15 * * * * tui-backup --config {config} status", False),
        ("*/15 * * * * other --config {config} --run-scheduled", False),
    ],
)
def test_lines_that_people_wrote_are_known(config: Config, line: str, is_meant: bool) -> None:
    content = line.format(config=config.path).encode() + b"\n"
    assert bool(calling_lines(content, config.path, "/nonexistent")) is is_meant


def test_a_line_without_a_name_means_the_configuration_that_is_found(tmp_path: Path) -> None:
    own = tmp_path / ".config" / "tui-backup"
    own.mkdir(parents=True)
    config = made(own / "config.toml")
    assert calling_lines(b"* * * * * tui-backup --run-scheduled\n", config.path, str(tmp_path))
