"""Where the configuration and the state are found, and whose they must not be."""

import os
import stat
from pathlib import Path

import pytest

from tests.config.writing import GOOD, load, write
from tui_backup.config import paths
from tui_backup.config.load import load_config
from tui_backup.config.paths import default_state_dir, find_config
from tui_backup.config.state import prepare_state_dir
from tui_backup.errors import ConfigError


@pytest.fixture
def places(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Return a configuration in each place that is looked at, the one that wins first."""
    found = {
        "given": tmp_path / "given.toml",
        "TUI_BACKUP_CONFIG": tmp_path / "variable.toml",
        "XDG_CONFIG_HOME": tmp_path / "xdg" / "tui-backup" / "config.toml",
        "home": home / ".config" / "tui-backup" / "config.toml",
        "system": tmp_path / "etc" / "config.toml",
    }
    for path in found.values():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    monkeypatch.setattr(paths, "SYSTEM_CONFIG", str(found["system"]))
    return found


def test_the_configuration_is_looked_for_in_this_order(
    places: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_config() == str(places["home"])
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    assert find_config() == str(places["XDG_CONFIG_HOME"])
    monkeypatch.setenv("TUI_BACKUP_CONFIG", str(places["TUI_BACKUP_CONFIG"]))
    assert find_config() == str(places["TUI_BACKUP_CONFIG"])
    assert find_config(str(places["given"])) == str(places["given"])


def test_the_system_comes_last(places: dict[str, Path]) -> None:
    places["home"].unlink()
    assert find_config() == str(places["system"])


def test_a_relative_base_directory_is_ignored(places: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    assert find_config() == str(places["home"])


def test_a_named_configuration_that_is_not_there_is_not_replaced_by_another(
    places: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUI_BACKUP_CONFIG", "/nowhere/config.toml")
    with pytest.raises(ConfigError, match=r"/nowhere/config\.toml does not exist"):
        find_config()


@pytest.mark.parametrize(("variable", "hint"), [("OTHER", "tui-backup init"), ("BACKUP_DIR", "config import-env")])
def test_without_any_the_error_says_how_to_make_one(
    places: dict[str, Path], monkeypatch: pytest.MonkeyPatch, variable: str, hint: str
) -> None:
    places["home"].unlink()
    places["system"].unlink()
    monkeypatch.setenv(variable, "x")
    with pytest.raises(ConfigError, match="no configuration found") as caught:
        find_config()
    assert hint in str(caught.value.hint)
    assert caught.value.exit_code == 2


@pytest.mark.requires("root")
@pytest.mark.parametrize("mode", [0o666, 0o620, 0o602])
def test_root_refuses_a_file_that_others_may_write(tmp_path: Path, mode: int) -> None:
    write(tmp_path).chmod(mode)
    with pytest.raises(ConfigError, match="others may write it") as caught:
        load_config(str(tmp_path / "config.toml"))
    assert caught.value.exit_code == 2


@pytest.mark.requires("root")
def test_root_refuses_a_directory_that_others_may_write(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(ConfigError, match="others may write it") as caught:
        load(tmp_path)
    assert "chmod go-w" in str(caught.value.hint)


@pytest.mark.requires("root")
def test_nobody_is_told_to_take_a_place_for_everybody_away_from_others(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    with pytest.raises(ConfigError, match="others may write it") as caught:
        load(tmp_path)
    assert caught.value.hint == "put the configuration into a directory of its own, such as /etc/tui-backup"


@pytest.mark.requires("root")
def test_root_refuses_a_file_of_another_user(tmp_path: Path) -> None:
    os.chown(write(tmp_path), 65534, 0)
    with pytest.raises(ConfigError, match="it belongs to another user"):
        load_config(str(tmp_path / "config.toml"))


@pytest.mark.requires("root")
def test_root_looks_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    write(tmp_path / "real").chmod(0o666)
    (tmp_path / "config.toml").symlink_to("real/config.toml")
    with pytest.raises(ConfigError, match=r"real/config\.toml: run as root"):
        load_config(str(tmp_path / "config.toml"))


def test_each_configuration_has_its_own_state(tmp_path: Path, home: Path) -> None:
    mine, yours = (default_state_dir(str(tmp_path / name / "config.toml")) for name in ("a", "b"))
    assert mine != yours
    assert Path(mine).parent == home / ".local" / "state" / "tui-backup"
    assert Path(default_state_dir("/etc/tui-backup/config.toml")).parent == Path("/var/lib/tui-backup")


def test_a_state_directory_is_relative_to_the_file(tmp_path: Path, home: Path) -> None:
    assert load(tmp_path).state_dir == str(tmp_path / "state")
    assert load(tmp_path, 'state_dir = "~/state"').state_dir == str(home / "state")


def test_a_state_directory_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    state = tmp_path / "a" / "b"
    prepare_state_dir(str(state), str(write(tmp_path)))
    assert {stat.S_IMODE(path.stat().st_mode) for path in (state, state.parent)} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in state.iterdir()} == {0o600}


def test_two_configurations_never_share_a_state_directory(tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    prepare_state_dir(state, str(write(tmp_path)))
    prepare_state_dir(state, str(tmp_path / "config.toml"))
    (tmp_path / "other.toml").write_text(GOOD)
    with pytest.raises(ConfigError, match=f"belongs to the configuration {tmp_path / 'config.toml'}"):
        prepare_state_dir(state, str(tmp_path / "other.toml"))


def test_a_folder_that_is_copied_takes_its_state_along(tmp_path: Path) -> None:
    first = tmp_path / "first"
    first.mkdir()
    prepare_state_dir(str(first / "state"), str(write(first)))
    second = tmp_path / "second"
    (second / "state").mkdir(parents=True, mode=0o700)
    (second / "state" / "configuration").write_bytes((first / "state" / "configuration").read_bytes())
    prepare_state_dir(str(second / "state"), str(write(second)))


def test_the_state_of_a_configuration_that_is_gone_can_be_taken_over(tmp_path: Path) -> None:
    old = write(tmp_path)
    prepare_state_dir(str(tmp_path / "state"), str(old))
    new = old.rename(tmp_path / "new.toml")
    prepare_state_dir(str(tmp_path / "state"), str(new))
    assert (tmp_path / "state" / "configuration").read_text() == "../new.toml\n"


def test_a_state_directory_that_others_may_write_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state").chmod(0o777)
    with pytest.raises(ConfigError, match="state is refused: others may write it"):
        prepare_state_dir(str(tmp_path / "state"), str(write(tmp_path)))


def test_a_file_is_no_state_directory(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    with pytest.raises(ConfigError, match="cannot use the state directory"):
        prepare_state_dir(str(tmp_path / "state"), str(write(tmp_path)))
