"""The units: what they say, what systemd thinks of them, and how far they are closed off."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.configurations import SITE
from tui_backup.config.load import load_config
from tui_backup.config.settings import Config
from tui_backup.services.schedule.hardening import fits, programs_of, writable
from tui_backup.services.schedule.systemd_units import Unit, configuration_of, names, units

STRICT = "ProtectSystem=strict"
HIGHEST_EXPOSURE = 32
"""Tenths, of systemd-analyze security."""


def given(tmp_path: Path, more: str = "", name: str = "config.toml") -> Config:
    path = tmp_path / name
    path.write_text(SITE + more)
    path.chmod(0o600)
    (tmp_path / "source").mkdir(exist_ok=True)
    (tmp_path / "state").mkdir(exist_ok=True)
    return load_config(str(path))


def service(config: Config, *, is_system: bool = True, is_daemon: bool = False) -> str:
    return units(config, is_system=is_system, is_daemon=is_daemon)[0].text


PROGRAMS = {
    "jobs.site.before": 'before = [["true"]]\n',
    "jobs.site.after": 'after = [["true"]]\n',
    "jobs.site.on_failure": 'on_failure = [["true"]]\n',
    "jobs.site.stop": 'stop = ["systemd:app.service"]\n',
    "notifiers.ops": '[notifiers.ops]\nkind = "command"\ncommand = ["true"]\n',
    "repositories.far.password": '[repositories.far]\nstore = { kind = "local", path = "far" }\n'
    'password = { command = ["pass", "far"] }\n',
}


@pytest.mark.parametrize(("key", "text"), PROGRAMS.items(), ids=PROGRAMS)
def test_where_programs_of_others_run_little_is_forbidden_and_the_unit_says_why(
    tmp_path: Path, key: str, text: str
) -> None:
    config = given(tmp_path, text)
    assert programs_of(config) == [key]
    said = service(config)
    assert f"# {key}: " in said
    assert STRICT not in said
    assert "NoNewPrivileges" not in said
    assert "\nKillMode=process\n" in said


def test_where_none_do_only_named_places_can_be_written(tmp_path: Path) -> None:
    config = given(tmp_path, '[notifiers.ops]\nkind = "webhook"\nurl = "https://example.org"\n')
    assert STRICT in service(config)
    assert "\nKillMode=mixed\n" in service(config)
    assert f"ReadWritePaths=-{tmp_path}/state\n" in service(config)


def test_what_the_first_run_makes_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    metrics = tmp_path / "metrics"
    more = (
        '[repositories.one]\nstore = { kind = "local", path = "there" }\npassword = { env = "HOME" }\n'
        '[repositories.two]\nstore = { kind = "local", path = "disk/deep/two" }\npassword = { env = "HOME" }\n'
        '[repositories.cloud]\nstore = { kind = "s3", bucket = "b" }\npassword = { file = "keys/cloud.key" }\n'
    )
    (tmp_path / "keys").mkdir()
    path = tmp_path / "config.toml"
    path.write_text(f'metrics_file = "{metrics}/x.prom"\n' + SITE + more)
    path.chmod(0o600)
    places = writable(load_config(str(path)))
    for place in ("state", "there", "keys", "metrics"):
        assert f"-{tmp_path}/{place}" in places
    assert f"-{tmp_path}" in places, "disk is not there yet, nor is the password file of `local`"
    assert f"-{tmp_path}/source/.tui-backup-undo" in places


def test_a_unit_fits_for_as_long_as_it_lets_be_written_what_has_to_be(tmp_path: Path) -> None:
    before = service(given(tmp_path)).replace(str(tmp_path), "/srv")
    assert "ReadWritePaths=-/srv\n" in before, "there is no repository yet"
    (tmp_path / "backups").mkdir()
    (tmp_path / "backups.key").touch()
    after = service(given(tmp_path)).replace(str(tmp_path), "/srv")
    assert fits(before, after), "the first run has made it"
    assert not fits(after, before)
    assert not fits(after, after.replace("ProtectHome", "#ProtectHome"))
    assert not fits(after, f"{after}ReadWritePaths=-/two\n")
    assert fits(f"{after}ReadWritePaths=-/two\n", after)


def test_a_user_has_units_that_need_no_rights(tmp_path: Path) -> None:
    said = service(given(tmp_path), is_system=False)
    for word in ("ProtectSystem", "CapabilityBoundingSet", "PrivateDevices", "network-online", "docker"):
        assert word not in said
    texts = [unit.text for unit in units(given(tmp_path), is_system=False)]
    assert "WantedBy=default.target" in texts[2]
    with_programs = service(given(tmp_path, PROGRAMS["jobs.site.before"]), is_system=False)
    assert "SystemCallFilter" not in with_programs, "would keep a program from sudo"


def test_every_configuration_but_the_default_one_has_units_of_its_own(tmp_path: Path) -> None:
    first, second = given(tmp_path, name="a.toml"), given(tmp_path, name="b.toml")
    assert not set(names(first.path)) & set(names(second.path))
    assert names("/etc/tui-backup/config.toml")[0] == "tui-backup.service" or os.geteuid() != 0
    for unit in units(first, is_system=True):
        assert unit.name in names(first.path)
        assert configuration_of(unit.text) == first.path
    assert configuration_of("[Unit]\n") is None


@pytest.mark.parametrize("is_daemon", [False, True])
@pytest.mark.parametrize("more", ["", PROGRAMS["jobs.site.before"]], ids=["strict", "programs"])
@pytest.mark.parametrize("is_system", [True, False], ids=["system", "user"])
def test_systemd_understands_every_line(tmp_path: Path, more: str, is_system: bool, is_daemon: bool) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd-analyze")
    odd = tmp_path / 'a "b" 100% $HOME'
    odd.mkdir()
    made = units(given(odd, more), is_system=is_system, is_daemon=is_daemon)
    assert verified(tmp_path / "units", made, "--system" if is_system else "--user") == ""


def verified(directory: Path, made: list[Unit], scope: str) -> str:
    directory.mkdir()
    for unit in made:
        (directory / unit.name).write_text(unit.text)
    command = ["systemd-analyze", scope, "verify", "--man=no", *(str(directory / unit.name) for unit in made)]
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(directory), "SYSTEMD_LOG_COLOR": "0"}
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    ours = [line for line in ended.stderr.splitlines() if any(unit.name in line for unit in made)]
    assert ended.returncode == 0, ended.stderr
    return "\n".join(ours)


@pytest.mark.parametrize("is_daemon", [False, True])
def test_it_is_closed_off_as_far_as_a_backup_by_root_can_be(tmp_path: Path, is_daemon: bool) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd-analyze")
    unit = units(given(tmp_path), is_system=True, is_daemon=is_daemon)[0]
    path = tmp_path / unit.name
    path.write_text(unit.text)
    command = [
        "systemd-analyze",
        "security",
        "--offline=yes",
        f"--threshold={HIGHEST_EXPOSURE}",
        "--no-pager",
        str(path),
    ]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout[-500:]


def test_the_words_are_the_same_in_every_language(tmp_path: Path) -> None:
    config = given(tmp_path)
    english = [unit.text for unit in units(config, is_system=True)]
    (tmp_path / "config.toml").write_text('language = "pt_BR"\n' + SITE)
    assert [unit.text for unit in units(load_config(config.path), is_system=True)] == english
