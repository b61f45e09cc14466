import json
import os
import shutil

import pytest

from tests.cli.site import Site

STARTED = {"type", "run", "job", "repository"}
FINISHED = {
    "type", "run", "job", "repository", "status", "snapshot", "files_new", "files_changed", "files_unmodified",
    "bytes_processed", "bytes_added", "duration", "message",
}  # fmt: skip


def test_a_first_run_makes_the_repository_and_tells_in_lines(site: Site) -> None:
    answer = site.call("run", "site", "--json")
    assert (answer.code, answer.err) == (0, "")
    first, last = answer.lines[0], answer.lines[-1]
    assert set(first) >= STARTED
    assert set(last) >= FINISHED
    assert (first["type"], last["type"], last["status"], last["files_new"]) == ("started", "finished", "ok", 1)
    assert (site.directory / "backups" / "config").exists()


def test_people_are_told_in_one_line_on_stderr(site: Site) -> None:
    answer = site.call("run", "--all")
    assert answer.code == 0
    assert answer.out == ""
    assert answer.err.startswith("site → local: ok: backed up 4 Bytes")


def test_quiet_says_nothing_when_all_is_well(site: Site) -> None:
    answer = site.call("-q", "run", "site")
    assert (answer.code, answer.out, answer.err) == (0, "", "")


def test_a_missing_path_makes_the_run_incomplete_and_exit_3(site: Site) -> None:
    config = site.config.read_text().replace('["source"]', '["source", "gone"]')
    site.config.write_text(config)
    answer = site.call("run", "site", "--json")
    assert answer.code == 3
    assert answer.lines[-1]["status"] == "incomplete"
    assert [line["path"] for line in answer.lines if line["type"] == "warning"] == [str(site.directory / "gone")]
    assert site.call("list", "--json").document[0]["status"] == "incomplete"


def test_latest_warns_of_an_incomplete_snapshot_and_names_the_good_one(site: Site) -> None:
    good = site.back_up()
    site.config.write_text(site.config.read_text().replace('["source"]', '["source", "gone"]'))
    site.call("run", "site")
    answer = site.call("ls", "latest")
    assert answer.code == 0
    assert f"the newest complete one is {good[:8]}" in answer.err


def test_a_bad_pattern_is_an_error_of_the_configuration_before_anything_is_made(site: Site) -> None:
    site.config.write_text(site.config.read_text().replace('["source"]', '["source"], exclude = ["[abc"]'))
    answer = site.call("run", "site")
    assert answer.code == 2
    assert "jobs.site.sources[0].exclude: not a valid pattern" in answer.err
    assert not (site.directory / "backups").exists()


def test_a_job_never_backs_up_its_own_repository_state_and_password(site: Site) -> None:
    site.config.write_text(site.config.read_text().replace('["source"]', '["."]'))
    for arguments in (("run", "site"), ("run", "site", "--dry-run")):
        answer = site.call("--json", *arguments)
        assert (answer.code, answer.lines[-1]["files_new"] + answer.lines[-1]["files_unmodified"]) == (0, 2)
    found = {line["path"] for line in site.call("--json", "ls", "-R", "latest").lines}
    assert {str(site.config), f"{site.inside}/a.txt"} <= found
    assert not [
        path for path in found if path.startswith(tuple(f"{site.directory}/{own}" for own in ("backups", "state")))
    ]


def test_no_source_at_all_fails_with_1(site: Site) -> None:
    shutil.rmtree(site.source)
    answer = site.call("run", "site")
    assert answer.code == 1
    assert answer.err.startswith("tui-backup: error: ")
    assert site.call("list", "--json").document == []


def test_of_several_jobs_the_one_that_failed_is_named(site: Site) -> None:
    site.config.write_text(
        site.config.read_text()
        + '[jobs.gone]\nrepositories = ["local"]\nsources = [{ kind = "files", paths = ["gone"] }]\n'
    )
    answer = site.call("run", "--all")
    assert answer.code == 1
    assert answer.err.splitlines()[-1].startswith("tui-backup: error: gone: nothing to back up")


def test_a_password_that_cannot_be_had_is_exit_2(site: Site) -> None:
    site.back_up()
    (site.directory / "backups.key").unlink()
    assert site.call("run", "site").code == 2


def test_a_repository_that_has_gone_is_exit_10(site: Site) -> None:
    site.back_up()
    shutil.rmtree(site.directory / "backups")
    answer = site.call("run", "site")
    assert answer.code == 10
    assert "hint: is the disk mounted?" in answer.err


def test_a_wrong_password_is_exit_12(site: Site) -> None:
    site.back_up()
    (site.directory / "backups.key").write_text("another\n")
    answer = site.call("--json", "list")
    assert answer.code == 12
    assert json.loads(answer.err)["code"] == 12


def test_a_job_that_is_running_is_exit_11(site: Site) -> None:
    os.mkfifo(site.directory / "hold")
    config = site.config.read_text().replace(
        '{ file = "backups.key" }', f'{{ command = ["cat", "{site.directory}/hold"] }}'
    )
    site.config.write_text(config)
    first = site.start("run", "site")
    with open(site.directory / "hold", "w", encoding="utf-8") as password:
        answer = site.call("run", "site")
        password.write("secret\n")
    assert answer.code == 11
    assert "job site is already running" in answer.err
    assert first.communicate(timeout=30)
    assert first.returncode == 0


@pytest.mark.parametrize(
    "arguments", [["run"], ["run", "nope"], ["run", "--all", "site"], ["run", "site", "--tag", "a,b"]]
)
def test_a_run_that_makes_no_sense_is_exit_2_and_runs_nothing(site: Site, arguments: list[str]) -> None:
    assert site.call(*arguments).code == 2
    assert site.call("history", "--json").document == []


def test_tags_and_the_operation_are_kept(site: Site) -> None:
    site.call("run", "site", "--tag", "keep me", "--pre-operation", "upgrade")
    row = site.call("list", "--json").document[0]
    assert row["kind"] == "pre-operation"
    assert {"keep me", "operation=upgrade"} <= set(row["tags"])


def test_a_dry_run_stores_nothing_and_says_what_it_would(site: Site) -> None:
    fresh = site.call("run", "site", "--dry-run", "--json").lines[-1]
    assert (fresh["status"], fresh["files_new"], fresh["snapshot"]) == ("ok", 1, None)
    assert not (site.directory / "backups").exists()
    site.back_up()
    (site.source / "b.txt").write_text("two")
    (site.source / "a.txt").write_text("longer")
    again = site.call("run", "site", "--dry-run", "--json").lines[-1]
    assert [again[f"files_{sort}"] for sort in ("new", "changed", "unmodified")] == [1, 1, 0]
    assert len(site.call("list", "--json").document) == 1
    assert len(site.call("history", "--json").document) == 1


def test_the_backup_leaves_itself_out(site: Site) -> None:
    site.config.write_text(site.config.read_text().replace('["source"]', '["."]'))
    site.back_up()
    site.back_up()
    listed = site.call("ls", "latest", "-R").out.splitlines()
    names = {line.removeprefix(f"{site.directory}/").split("/")[0] for line in listed}
    assert {"source", "config.toml"} <= names
    assert not {"state", "backups"} & names


def test_a_repository_out_of_reach_is_one_line_and_the_rest_is_listed(site: Site) -> None:
    snapshot = site.back_up()
    other = '[repositories.other]\nstore = { kind = "local", path = "nowhere" }\npassword = { file = "backups.key" }\n'
    site.config.write_text(site.config.read_text().replace("[jobs.site]", other + "[jobs.site]"))
    answer = site.call("list", "--json")
    assert answer.code == 1
    assert [row["id"] for row in answer.document] == [snapshot]
    assert json.loads(answer.err)["message"].startswith("there is no repository in")
    assert site.call("ls", "latest", "--json").code == 0


def test_one_job_that_fails_keeps_no_other_from_its_turn(site: Site) -> None:
    bad = site.config.read_text().partition("[jobs.site]")[2].replace("source", "gone").replace("gones", "sources")
    site.config.write_text(site.config.read_text().replace("[jobs.site]", f"[jobs.bad]{bad}[jobs.site]"))
    answer = site.call("run", "--all", "--json")
    assert answer.code == 1
    assert [line["status"] for line in answer.lines if line["type"] == "finished"] == ["failed", "ok"]


TWO = """
state_dir = "state"
[repositories.local]
store = { kind = "local", path = "backups" }
password = { file = "local.key" }
[repositories.offsite]
store = { kind = "local", path = "offsite" }
password = { file = "offsite.key" }
[jobs.site]
repositories = ["local", "offsite"]
sources = [{ kind = "files", paths = ["source"] }]
"""


def test_a_first_run_makes_every_repository_and_tells_of_each_in_lines(site: Site) -> None:
    site.config.write_text(TWO)
    answer = site.call("run", "site", "--json")
    assert (answer.code, answer.err) == (0, "")
    told = [line for line in answer.lines if line["type"] in {"started", "finished"}]
    assert [(line["type"], line["repository"]) for line in told] == [
        ("started", "local"), ("finished", "local"), ("started", "offsite"), ("finished", "offsite"),
    ]  # fmt: skip
    assert len({line["run"] for line in told}) == 1
    assert set(told[3]) == FINISHED
    assert (told[3]["status"], told[3]["message"], told[3]["files_new"]) == ("ok", "1 snapshot copied", None)
    assert told[3]["snapshot"] != told[1]["snapshot"]
    keys = {(site.directory / f"{name}.key").read_text() for name in ("local", "offsite")}
    assert len(keys) == 2


def test_people_are_told_of_copies_and_which_repository_failed(site: Site) -> None:
    site.config.write_text(TWO)
    dry = site.call("--json", "run", "site", "--dry-run")
    assert dry.lines[-1]["message"].endswith(", and copy it to offsite")
    answer = site.call("run", "site")
    assert "site → offsite: ok: 1 snapshot copied in" in answer.err
    shutil.rmtree(site.directory / "offsite")
    answer = site.call("run", "site")
    assert answer.code == 10
    assert "tui-backup: error: offsite: the repository offsite is no longer in" in answer.err
    shutil.rmtree(site.directory / "backups")
    answer = site.call("run", "site")
    assert answer.code == 10
    errors = [line for line in answer.err.splitlines() if line.startswith("tui-backup: error: ")]
    assert [line.split(": ")[2] for line in errors] == ["local", "offsite"]
    dry = site.call("run", "site", "--dry-run")
    assert (dry.code, dry.err.count("tui-backup: error: ")) == (10, 2)


def test_the_code_is_the_gravest_of_all_repositories(site: Site) -> None:
    site.config.write_text(TWO)
    site.call("run", "site")
    (site.directory / "offsite.key").write_text("another\n")
    assert site.call("run", "site").code == 12
