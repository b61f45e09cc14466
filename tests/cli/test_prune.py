"""`prune` and `forget`, as users meet them."""

import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.calling import Call
from tests.support.estate import Estate, build_estate, job_text
from tests.support.histories import leave_lock, plant, with_keep
from tests.support.killing import Moment
from tests.support.victims import Doom, slay, victim
from tui_backup.primitives.clock import now

DAY = timedelta(days=1)
DOCUMENT = ["keep", "remove", "freed", "repacked", "dry_run"]


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    """An estate with snapshots that are 0, 2, 4 and 6 days old in one repository, and a spare one."""
    estate = build_estate(tmp_path / "estate", ("local",), spare=("usb",))
    estate.run()
    plant(estate, "local", [now() - days * DAY for days in (6, 4, 2)])
    with_keep(estate, "{ last = 2 }")
    return estate


def ids(estate: Estate, name: str = "local") -> list[str]:
    return [snapshot.id for snapshot in estate.held(name)]


def kinds(program: Call) -> list[str]:
    return [problem["kind"] for problem in program("--json", "status").document["problems"]]


def named(items: list[Any]) -> list[str]:
    return [each["id"] for each in items]


@pytest.mark.requires("restic")
def test_prune_does_what_its_dry_run_says(estate: Estate, program: Call) -> None:
    before = ids(estate)
    rehearsed = program("--json", "prune", "--dry-run")
    assert (rehearsed.code, ids(estate)) == (0, before)
    document = rehearsed.document
    assert list(document)[:5] == DOCUMENT
    assert named(document["remove"]) == [before[1], before[0]]
    assert document["keep"][0] == {
        "id": before[3],
        "reasons": ["newest good snapshot", "last snapshot"],
        "repository": "local",
        "job": "site",
        "size": estate.held("local")[3].size,
    }
    assert (document["dry_run"], document["held"]) == (True, [])
    done = program("--json", "prune")
    assert (done.code, done.err) == (0, "")
    assert done.document == document | {"dry_run": False}
    assert ids(estate) == before[2:]
    estate.restic("local").check()
    row = program("--json", "history", "--limit", "1").document[0]
    assert (row["verb"], row["repository"], row["status"]) == ("prune", "local", "ok")


def test_the_plan_is_shown_with_reasons_and_sizes(estate: Estate, program: Call) -> None:
    before = ids(estate)
    answer = program("prune", "-r", "local", "--dry-run")
    lines = answer.out.splitlines()
    assert lines[0] == "site → local: 2 snapshots stay, 2 go"
    assert lines[1].split() == ["snapshot", "time", "size", "why", "it", "stays"]
    assert lines[2].startswith(before[3][:8])
    assert lines[2].endswith("newest good snapshot, last snapshot")
    assert lines[5].startswith(before[0][:8])
    assert "goes" in lines[5]
    assert lines[6].startswith("local: 0 Bytes of ")
    assert answer.err == ""


def test_a_prune_is_quiet_when_told_so(estate: Estate, program: Call) -> None:
    answer = program("--quiet", "prune")
    assert (answer.code, answer.out, answer.err) == (0, "", "")
    assert len(ids(estate)) == 2


@pytest.mark.requires("restic")
def test_space_is_reclaimed_where_no_policy_forgets_anything(estate: Estate, program: Call) -> None:
    with_keep(estate, "")
    (estate.source / "a").write_bytes(bytes(range(256)) * 1000)
    estate.run()
    assert program("forget", "latest", "--yes").code == 0
    answer = program("--json", "prune")
    assert answer.code == 0
    assert (answer.document["keep"], answer.document["remove"]) == ([], [])
    assert answer.document["freed"] > 200
    assert len(ids(estate)) == 4
    estate.restic("local").check()
    assert program("prune").err.endswith("there is nothing to do\n")


def test_several_jobs_in_one_repository_are_pruned_at_once(estate: Estate, program: Call) -> None:
    config = estate.directory / "config.toml"
    config.write_text(config.read_text() + job_text("mail", ("local",)))
    with_keep(estate, "{ last = 1 }", "mail")
    mail = plant(estate, "local", [now() - days * DAY for days in (5, 3)], job="mail")
    others = set(ids(estate)) - set(mail)
    only = program("--json", "prune", "--job", "mail").document
    assert named(only["remove"]) == [mail[0]]
    assert set(ids(estate)) == others | {mail[1]}
    plant(estate, "local", [now() - DAY], job="mail")
    both = program("--json", "prune").document
    assert {(each["job"], each["repository"]) for each in both["remove"]} == {("mail", "local"), ("site", "local")}
    assert len(ids(estate)) == 3
    runs = program("--json", "history").document
    assert [row["verb"] for row in runs].count("prune") == 2


def test_a_plan_that_is_held_does_nothing_until_somebody_insists(estate: Estate, program: Call) -> None:
    assert program("prune").code == 0
    plant(estate, "local", [now() - days * DAY for days in range(10, 20)])
    before = ids(estate)
    with_keep(estate, "{ last = 1 }")
    shown = program("--json", "prune", "--dry-run")
    assert (shown.code, len(shown.document["remove"])) == (0, 11)
    assert shown.document["held"][0]["reason"].startswith("11 of 12 snapshots would go")
    assert kinds(program) == []
    refused = program("prune")
    assert refused.code == 1
    assert "error: nothing of job site was forgotten in local: 11 of 12 snapshots would go" in refused.err
    assert "`tui-backup prune --job site -r local --yes` does it" in refused.err
    assert ids(estate) == before
    assert kinds(program) == ["held"]
    document = program("--json", "prune").document
    assert (document["remove"], document["held"][0]["job"]) == ([], "site")
    assert program("status", "--check").code == 1
    assert program("prune", "--yes").code == 0
    assert ids(estate) == [before[-1]]
    assert kinds(program) == []


def test_a_plan_that_is_held_keeps_no_other_repository_from_its_turn(estate: Estate, program: Call) -> None:
    config = estate.directory / "config.toml"
    config.write_text(config.read_text() + job_text("mail", ("usb",)))
    assert program("run", "mail").code == program("prune").code == 0
    plant(estate, "local", [now() - days * DAY for days in range(10, 20)])
    plant(estate, "usb", [now() - days * DAY for days in range(10, 12)], job="mail")
    with_keep(estate, "{ last = 1 }")
    with_keep(estate, "{ last = 1 }", "mail")
    answer = program("--json", "prune")
    assert answer.code == 1
    assert {each["repository"] for each in answer.document["remove"]} == {"usb"}
    assert [each["repository"] for each in answer.document["held"]] == ["local"]
    assert len(ids(estate, "local")) == 12
    assert len(ids(estate, "usb")) == 1


def test_one_repository_that_cannot_be_reached_keeps_no_other_from_its_turn(estate: Estate, program: Call) -> None:
    estate.hide("usb")
    program("list")
    with estate.open() as workspace:
        workspace.history.remember_repository("usb", "0" * 64)
    answer = program("--json", "prune")
    assert answer.code == 10
    assert len(answer.document["remove"]) == 2
    assert len(ids(estate)) == 2


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("prune", "--job", "siet"), "there is no job 'siet'"),
        (("prune", "--job", "site", "-r", "usb"), "job site has no repository 'usb'"),
        (("prune", "-r", "usp"), "'usp'"),
        (("forget",), "missing argument"),
    ],
)
def test_what_does_not_exist_is_named(
    estate: Estate, program: Call, arguments: tuple[str, ...], complaint: str
) -> None:
    answer = program(*arguments)
    assert answer.code == 2
    assert complaint in answer.err
    assert len(ids(estate)) == 4


def test_forget_removes_what_is_named_and_notes_it(estate: Estate, program: Call) -> None:
    before = ids(estate)
    refused = program("forget", before[0])
    assert refused.code == 2
    assert "this would forget 1 snapshot; nothing was touched" in refused.err
    rehearsed = program("--json", "forget", before[0][:8], before[1], before[0], "--dry-run")
    assert (rehearsed.code, ids(estate)) == (0, before)
    done = program("--json", "forget", before[0][:8], before[1], before[0], "--yes")
    assert (done.code, done.err) == (0, "")
    assert done.document == rehearsed.document | {"dry_run": False}
    assert list(done.document) == DOCUMENT
    assert named(done.document["remove"]) == before[:2]
    assert (done.document["keep"], done.document["freed"]) == ([], 0)
    assert ids(estate) == before[2:]
    with estate.open() as workspace:
        assert workspace.history.forgotten("local") == set(before[:2])
    assert [row["id"] for row in program("--json", "list").document] == before[2:]


def test_what_cannot_be_forgotten_is_not_noted(estate: Estate, program: Call) -> None:
    before = ids(estate)
    leave_lock(estate)
    for arguments in (("forget", before[0], "--yes"), ("prune",)):
        answer = program(*arguments)
        assert answer.code == 11
        assert "web2" in answer.err
    assert ids(estate) == before
    with estate.open() as workspace:
        assert workspace.history.forgotten("local") == set()
        assert workspace.history.last_prune("site", "local") is None


def test_forget_tells_people_what_goes_and_that_prune_frees_the_space(estate: Estate, program: Call) -> None:
    before = ids(estate)
    answer = program("forget", before[0], "--yes")
    assert answer.code == 0
    assert answer.out.splitlines()[1].startswith(before[0][:8])
    assert answer.err == "1 snapshot forgotten; `tui-backup prune` frees the space\n"


def test_the_newest_good_one_is_forgotten_only_if_somebody_insists(estate: Estate, program: Call) -> None:
    before = ids(estate)
    refused = program("forget", "latest")
    assert refused.code == 2
    assert f"warning: snapshot {before[3][:8]} is the newest good one of job site in local" in refused.err
    assert "hint: --yes forgets it all the same" in refused.err
    assert ids(estate) == before
    assert program("forget", "latest", "--yes").code == 0
    assert ids(estate) == before[:3]


def test_what_is_pinned_is_not_forgotten(estate: Estate, program: Call) -> None:
    (pinned,) = plant(estate, "local", [now() - 9 * DAY], tags=("pin",))
    answer = program("forget", pinned, ids(estate)[1], "--yes")
    assert answer.code == 2
    assert f"error: snapshot {pinned[:8]} in local is pinned; nothing was touched" in answer.err
    assert len(ids(estate)) == 5
    assert pinned not in named(program("--json", "prune").document["remove"])


def test_a_snapshot_of_another_program_is_forgotten_by_name_only(estate: Estate, program: Call) -> None:
    (foreign,) = plant(estate, "local", [now()], job=None)
    assert program("prune").code == 0
    assert foreign in ids(estate)
    assert program("forget", foreign, "--yes").code == 0
    assert foreign not in ids(estate)


def test_a_safety_copy_is_forgotten_with_a_warning(estate: Estate, program: Call) -> None:
    own = ("tui-backup", "job=site", "kind=safety")
    (safety,) = plant(estate, "local", [now()], job=None, tags=own)
    answer = program("forget", safety, "--yes")
    assert answer.code == 0
    assert "cannot be undone" in answer.err


@pytest.mark.requires("restic")
@pytest.mark.parametrize("what", ["owner delete snapshots", "owner delete index", "owner put index"])
@pytest.mark.parametrize("command", [("run", "site"), ("prune",)], ids=str)
def test_killed_while_it_prunes_the_next_run_goes_on(estate: Estate, command: tuple[str, ...], what: str) -> None:
    """Whatever the run was killed at, its own backup stays."""
    (estate.source / "a").write_text("two\n")
    estate.run()
    estate.restic("local").run("forget", ids(estate)[-1])
    plant(estate, "local", [now() - days * DAY for days in (8, 9, 10)])
    remains = slay(estate.installation, Doom(Moment.AFTER, what=what), *command)
    assert remains.was_killed
    estate.restic("local").run("unlock", "--remove-all")
    estate.restic("local").check()
    ended = estate.run()
    assert ended.errors == []
    assert len(ids(estate)) == 2
    estate.restic("local").check()


@pytest.mark.requires("restic")
def test_cancelled_while_it_prunes_the_backup_stays(estate: Estate) -> None:
    doom = Doom(Moment.BEFORE, whom="nobody", what="owner delete snapshots")
    with victim(estate.installation, doom, "run", "site") as running:
        running.await_pause()
        running.process.send_signal(signal.SIGTERM)
        running.resume()
        said = running.end()
    assert said.code == 130
    with estate.open() as workspace:
        runs = [(run.verb.value, run.status.value) for run in workspace.history.runs(limit=2)]
    assert runs == [("prune", "cancelled"), ("run", "ok")]
    estate.restic("local").check()
    assert estate.run().errors == []
    assert len(ids(estate)) == 2
