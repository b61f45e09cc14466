"""First start: what is wished is checked before anything is made, and what is made is what was shown."""

import os
import stat
from pathlib import Path

import msgspec
import pytest

from tests.support.mounts import tmpfs
from tui_backup.config.load import load_config
from tui_backup.errors import ConfigError
from tui_backup.model.watch import Watch
from tui_backup.primitives.secret import Secret
from tui_backup.services.setup import first_start
from tui_backup.services.setup.first_start import Beginning, Weight
from tui_backup.services.setup.making import begin
from tui_backup.services.workspace import Workspace


@pytest.fixture
def source(tmp_path: Path) -> Path:
    directory = tmp_path / "srv" / "site"
    directory.mkdir(parents=True)
    (directory / "a").write_bytes(b"x" * 1000)
    (directory / "node_modules").mkdir()
    (directory / "node_modules" / "b").write_bytes(b"x" * 5000)
    return directory


def wishing(tmp_path: Path, source: Path, **wishes: object) -> Beginning:
    found = first_start.suggested(str(tmp_path / "etc" / "config.toml"))
    changed = msgspec.structs.replace(
        found.wishes, paths=(str(source),), place=str(tmp_path / "disk" / "backups"), job="site", **wishes
    )
    return msgspec.structs.replace(found, wishes=changed)


def weights(findings: list[first_start.Finding]) -> list[Weight]:
    return [finding.weight for finding in findings]


def test_a_user_is_offered_the_home_directory(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    found = first_start.suggested(None)
    assert found.config == str(home / ".config" / "tui-backup" / "config.toml")
    assert found.wishes.paths == (str(home),)
    assert found.password_file == str(home / ".config" / "tui-backup" / "backups.key")


def test_a_named_file_gets_everything_beside_it_under_names_that_nothing_has(tmp_path: Path) -> None:
    (tmp_path / "backups.key").touch()
    (tmp_path / "state").mkdir()
    found = first_start.suggested(str(tmp_path / "mine.toml"))
    assert found.password_file == str(tmp_path / "backups-2.key")
    assert found.wishes.place == str(tmp_path / "backups")
    assert found.wishes.state_dir == "mine.toml.state"


def test_what_is_shown_is_what_is_made(tmp_path: Path, source: Path) -> None:
    beginning = wishing(tmp_path, source, expected_every="26h", keep={"daily": 7, "within": "30d"})
    text, config = first_start.checked(beginning)
    setup = begin(beginning.config, text, beginning.password_file, Secret("the password"))
    assert setup.problems == []
    assert Path(beginning.config).read_text() == text
    assert load_config(beginning.config) == config
    assert config.jobs["site"].expected_every == 26 * 3600
    assert config.jobs["site"].keep is not None
    assert "# patterns as in .gitignore" in text
    assert Path(beginning.password_file).read_text() == "the password\n"
    assert stat.S_IMODE(Path(beginning.password_file).stat().st_mode) == 0o600
    with Workspace.open(beginning.config) as workspace:
        assert workspace.repository("local").snapshots() == []


def test_any_path_comes_out_as_it_was_typed(tmp_path: Path, source: Path) -> None:
    strange = source / 'it\'s "5%"  # [odd]'
    strange.mkdir()
    beginning = wishing(tmp_path, strange)
    _text, config = first_start.checked(beginning)
    assert config.jobs["site"].sources[0].roots() == (str(strange),)


def test_a_job_may_be_named_after_a_domain(tmp_path: Path, source: Path) -> None:
    assert first_start.job_name(["/srv/example.org"]) == "example.org"
    beginning = wishing(tmp_path, source)
    named = msgspec.structs.replace(beginning.wishes, job="example.org")
    _text, config = first_start.checked(msgspec.structs.replace(beginning, wishes=named))
    assert list(config.jobs) == ["example.org"]


def test_where_the_configuration_cannot_be_written_no_password_stays(tmp_path: Path, source: Path) -> None:
    beginning = wishing(tmp_path, source)
    Path(beginning.config).mkdir(parents=True)
    with pytest.raises(ConfigError):
        begin(beginning.config, "", beginning.password_file, Secret("x"))
    assert not Path(beginning.password_file).exists()


def test_a_password_file_that_came_meanwhile_is_left_alone(tmp_path: Path, source: Path) -> None:
    beginning = wishing(tmp_path, source)
    Path(beginning.password_file).parent.mkdir()
    Path(beginning.password_file).write_text("another's")
    with pytest.raises(ConfigError, match="File exists"):
        begin(beginning.config, "", beginning.password_file, Secret("x"))
    assert Path(beginning.password_file).read_text() == "another's"
    assert not Path(beginning.config).exists()


def test_paths_are_typed_as_in_a_shell(source: Path) -> None:
    odd = source / "a b"
    odd.mkdir()
    assert weights(first_start.look_at_paths(f"{source} '{odd}'")) == [Weight.SOUND, Weight.SOUND]
    for wrong in ("", "relative", f"{source}/missing", "'"):
        assert weights(first_start.look_at_paths(wrong)) == [Weight.WRONG], wrong


def test_a_place_is_refused_that_would_do_harm(tmp_path: Path, source: Path) -> None:
    paths = [str(source)]
    (tmp_path / "file").touch()
    (tmp_path / "repository").mkdir()
    (tmp_path / "repository" / "config").touch()
    for wrong in (
        "",
        "relative",
        str(source),
        str(source.parent),
        str(tmp_path / "file"),
        str(tmp_path / "repository"),
    ):
        assert weights(first_start.look_at_place(wrong, paths)) == [Weight.WRONG], wrong
    link = tmp_path / "link"
    link.symlink_to(source.parent)
    assert weights(first_start.look_at_place(str(link), paths)) == [Weight.WRONG]


def test_a_place_on_the_same_disk_is_allowed_with_a_word_of_care(tmp_path: Path, source: Path) -> None:
    found = first_start.look_at_place(str(tmp_path / "new" / "backups"), [str(source)], needed=1 << 60)
    assert weights(found) == [Weight.SOUND, Weight.CAREFUL, Weight.CAREFUL]
    inside = first_start.look_at_place(str(source / "backups"), [str(source)])
    assert "left out" in inside[-1].text


@pytest.mark.requires("tmpfs")
def test_another_disk_is_found_where_one_is_mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tmpfs(tmp_path / "an usb disk") as disk:
        lines = tmp_path / "mountinfo"
        shown = str(disk).replace(" ", "\\040")
        lines.write_text(
            f"36 35 98:0 / {shown} rw,noatime master:1 - ext4 /dev/sdb rw\n1 0 0:1 / /proc rw - proc p rw\n"
        )
        monkeypatch.setattr(first_start, "MOUNTS", str(lines))
        assert [found.mount for found in first_start.other_disks([str(tmp_path)])] == [str(disk)]
        assert first_start.other_disks([str(disk)]) == []
        assert len(first_start.look_at_place(f"{disk}/backups", ["/etc"])) == 1


def test_what_is_to_be_read_is_counted_without_what_is_left_out(tmp_path: Path, source: Path) -> None:
    found = first_start.amount(wishing(tmp_path, source), Watch())
    assert (found.files, found.bytes, found.unread, found.is_all) == (1, 1000, 0, True)
    assert not first_start.amount(wishing(tmp_path, source), Watch(), patience_s=-1).is_all


@pytest.mark.parametrize(
    ("text", "keep"),
    [
        ("last 3, daily 7", {"last": 3, "daily": 7}),
        (" within 30d ", {"within": "30d"}),
        ("monthly -1", {"monthly": -1}),
        ("", None),
    ],
)
def test_a_policy_is_typed_in_words(text: str, keep: dict[str, int | str] | None) -> None:
    assert first_start.keep_of_text(text) == keep


@pytest.mark.parametrize("text", ["daily", "often 3", "daily seven", "within 3", "last 0", "daily 7; weekly 2"])
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        first_start.keep_of_text(text)


@pytest.mark.parametrize(("text", "every"), [("26h", "26h"), (" ", None), ("7d", "7d")])
def test_how_often_may_be_left_open(text: str, every: str | None) -> None:
    assert first_start.every_of(text) == every


@pytest.mark.parametrize(
    ("paths", "name"),
    [(["/srv/site"], "site"), (["/home/Ana Lúcia"], "ana-l-cia"), (["/"], "files"), (["/a", "/b"], "files")],
)
def test_a_job_is_named_after_what_it_backs_up(paths: list[str], name: str) -> None:
    assert first_start.job_name(paths) == name
