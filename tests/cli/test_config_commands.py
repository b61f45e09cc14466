import tomllib
from pathlib import Path

from tests.cli.calling import Call
from tests.cli.site import Site


def test_the_path_is_the_file_in_use(site: Site) -> None:
    assert site.call("config", "path").out == f"{site.config}\n"
    assert site.call("config", "path", "--json").document == {"path": str(site.config)}


def test_what_takes_effect_is_shown_as_toml(site: Site) -> None:
    shown = tomllib.loads(site.call("config", "show").out)
    assert shown["repositories"]["local"]["compression"] == "auto"
    assert site.call("config", "show", "--json").document["jobs"]["site"]["repositories"] == ["local"]


def test_a_secret_in_the_file_is_warned_of_and_never_shown(site: Site) -> None:
    text = site.config.read_text().replace('{ file = "backups.key" }', '"hunter2"')
    site.config.write_text(text)
    checked = site.call("config", "check", "--json").document
    assert checked["warnings"][0]["key"] == "repositories.local.password"
    for arguments in (["show"], ["show", "--json"], ["check"]):
        answer = site.call("config", *arguments)
        assert answer.code == 0
        assert "hunter2" not in answer.out + answer.err


def test_a_wrong_key_is_exit_2_and_named(site: Site) -> None:
    site.config.write_text(site.config.read_text() + "tag = 1\n")
    answer = site.call("config", "check")
    assert answer.code == 2
    assert "jobs.site.tag" in answer.err


def test_without_a_configuration_the_hint_is_init(call: Call) -> None:
    answer = call("list", "-r", "x")
    assert answer.code == 2
    assert "hint: `tui-backup init` makes one" in answer.err


def test_an_editor_needs_a_terminal(site: Site) -> None:
    answer = site.call("config", "edit")
    assert answer.code == 2
    assert "an editor needs a terminal" in answer.err


def test_init_makes_what_is_missing_and_keeps_what_is_there(call: Call, tmp_path: Path) -> None:
    config = str(tmp_path / "new" / "config.toml")
    done = call("--config", config, "init", "--json").document
    assert set(done) >= {"done", "skipped", "problems"}
    assert {step["what"] for step in done["done"]} == {"configuration", "state", "repository", "password"}
    assert all(set(step) >= {"what", "object", "detail"} for step in done["done"])
    again = call("--config", config, "init", "--json").document
    assert again["done"] == []
    assert {step["what"] for step in again["skipped"]} == {"configuration", "state", "repository"}


def test_init_says_how_runs_come_by_themselves(call: Call, tmp_path: Path) -> None:
    assert "crontab" in call("--config", str(tmp_path / "config.toml"), "init").out


def test_a_group_without_a_command_is_one_line_and_a_hint(site: Site) -> None:
    answer = site.call("config")
    assert answer.code == 2
    assert answer.err.splitlines() == ["tui-backup: error: missing command", "hint: see tui-backup config --help"]


def test_init_that_fails_does_not_go_on_about_schedules(site: Site) -> None:
    site.back_up()
    (site.directory / "backups.key").write_text("another\n")
    answer = site.call("init")
    assert answer.code == 12
    assert "wrong password" in answer.err
    assert "crontab" not in answer.out
