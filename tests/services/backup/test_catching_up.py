"""What one repository of a job holds and another lacks is copied after each backup."""

import json
import time
from pathlib import Path

import msgspec
import pytest

from tests.support.estate import Estate, build_estate, job_text, password_of, run_in
from tests.support.faulty import Fault, FaultyStore, unavailable
from tests.support.killing import Moment
from tests.support.programs import ended
from tests.support.repositories import access_of, open_repository, put_back
from tests.support.trees import traits_of
from tests.support.victims import Doom, slay
from tui_backup.errors import Cancelled, Corrupted, RepositoryMissing, StoreUnavailable
from tui_backup.history.verifications import Findings
from tui_backup.model.event import Event, Finished, Started
from tui_backup.model.run import RunStatus, Verb
from tui_backup.model.snapshot import SAFETY
from tui_backup.primitives.clock import now
from tui_backup.services.runs import current as runs
from tui_backup.services.runs.past_runs import history_rows
from tui_backup.services.status.overview import report


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    return build_estate(tmp_path, ("local", "offsite", "third"))


def identities(estate: Estate, name: str) -> list[str]:
    return [snapshot.identity for snapshot in estate.held(name)]


def problems(estate: Estate) -> list[tuple[str, str | None]]:
    with estate.open() as workspace:
        found = report(workspace.config, workspace.history, workspace.state_dir, now())
        return [(problem.kind.value, problem.repository) for problem in found.problems]


@pytest.mark.requires("restic")
def test_every_repository_gets_the_same_snapshot_and_restic_knows_it(estate: Estate) -> None:
    ran = estate.run()
    assert ran.started == ["local", "offsite", "third"]
    assert ran.statuses == [("local", "ok"), ("offsite", "ok"), ("third", "ok")]
    first, second, third = (estate.held(name)[0] for name in estate.names)
    assert [event.snapshot for event in ran.ended] == [first.id, second.id, third.id]
    assert (second.copy_of, second.original, second.root) == (first.id, first.id, first.root)
    assert (second.time, second.host, second.paths, second.tags) == (first.time, first.host, first.paths, first.tags)
    assert [event.message for event in ran.ended] == [None, "1 snapshot copied", "1 snapshot copied"]
    assert all(event.bytes_added and event.duration is not None for event in ran.ended)
    for name in estate.names:
        (seen,) = estate.restic(name).json("snapshots")
        assert seen["tree"] == first.root
        estate.restic(name).check()
    assert problems(estate) == []


def test_the_history_names_the_copies(estate: Estate) -> None:
    estate.run()
    with estate.open() as workspace:
        rows = history_rows(workspace)
    assert sorted(row.repository or "" for row in rows) == sorted(estate.names)
    assert {row.copies for row in rows} == {("local", "offsite", "third")}
    assert {(row.verb, row.status) for row in rows} == {(Verb.BACKUP, RunStatus.OK)}


def test_a_copy_that_fails_stops_no_other_and_is_made_with_the_next_run(estate: Estate) -> None:
    broken = FaultyStore(estate.store("offsite"), Fault(on="put", prefix="snapshots", error=unavailable()))
    ran = estate.run(offsite=broken)
    assert ran.statuses == [("local", "ok"), ("offsite", "failed"), ("third", "ok")]
    assert (ran.errors, ran.ended[1].snapshot) == ([StoreUnavailable], None)
    assert ran.outcome.finished == ran.ended[0]
    assert problems(estate) == [("failed", "offsite"), ("copies", "offsite")]
    (estate.source / "b").write_text("two")
    again = estate.run()
    assert [event.message for event in again.ended] == [None, "2 snapshots copied", "1 snapshot copied"]
    assert identities(estate, "local") == identities(estate, "offsite") == identities(estate, "third")
    assert again.ended[1].snapshot == estate.held("offsite")[-1].id
    assert problems(estate) == []


def test_the_one_that_missed_a_backup_catches_up_from_the_one_that_took_it(estate: Estate) -> None:
    estate.run()
    estate.hide("local")
    assert [estate.run().errors for _missed in range(2)] == [[RepositoryMissing]] * 2
    estate.show("local")
    ran = estate.run()
    assert ran.started == ["local", "offsite", "third", "local"]
    first, *_others, last = ran.ended
    assert last.message == "caught up: 2 snapshots copied"
    assert (last.snapshot, last.files_unmodified, last.status) == (first.snapshot, first.files_unmodified, "ok")
    assert sorted(identities(estate, "local")) == sorted(identities(estate, "offsite"))
    assert len(set(identities(estate, "local"))) == 4
    with estate.open() as workspace:
        newest = {row.repository: row for row in history_rows(workspace, limit=3)}
    assert (newest["local"].status, newest["local"].snapshot) == ("ok", first.snapshot)


def test_what_was_forgotten_on_purpose_does_not_come_back(estate: Estate) -> None:
    estate.run()
    with estate.open() as workspace:
        offsite = workspace.repository("offsite")
        (gone,) = offsite.snapshots()
        offsite.forget([gone])
        workspace.history.note_forgotten("offsite", [gone.identity])
    estate.run()
    assert [len(estate.held(name)) for name in estate.names] == [2, 1, 2]
    assert gone.identity not in identities(estate, "offsite")


def test_only_snapshots_of_the_job_and_host_are_copied_and_no_safety_copies(tmp_path: Path) -> None:
    estate = build_estate(tmp_path, ("local",), spare=("offsite",))
    estate.run()
    with estate.open() as workspace:
        files = access_of(workspace.repository("local")).snapshots
        fields = files.file(files.read()[0][0].id).fields
        for changed in (
            {"tags": ["tui-backup", "job=other", "kind=manual"]},
            {"tags": ["tui-backup", "job=site", f"kind={SAFETY}"]},
            {"tags": ["theirs"]},
            {"hostname": "elsewhere"},
        ):
            files.add(msgspec.json.encode(fields | changed))
    use(estate, "local", "offsite")
    ran = estate.run()
    assert len(estate.held("local")) == 6
    assert [event.message for event in ran.ended] == [None, "2 snapshots copied"]
    assert {(each.job, each.host == fields["hostname"], each.kind) for each in estate.held("offsite")} == {
        ("site", True, "manual")
    }


def test_a_new_repository_gets_all_there_is_even_if_one_snapshot_is_damaged(tmp_path: Path) -> None:
    estate = build_estate(tmp_path, ("local",), spare=("offsite",))
    for name in ("a", "b", "c"):
        (estate.source / name).write_text(f"content of {name}\n" * 100)
        estate.run()
    wounded = estate.held("local")[0]
    estate.lose_tree("local", wounded)
    use(estate, "local", "offsite")
    ran = estate.run()
    assert ran.statuses == [("local", "ok"), ("offsite", "ok")]
    assert ran.errors == [Corrupted]
    assert (ran.ended[1].message or "").startswith("3 snapshots copied; ")
    assert wounded.identity not in identities(estate, "offsite")


def test_what_the_policy_would_not_keep_is_not_copied(tmp_path: Path) -> None:
    estate = build_estate(tmp_path, ("local",), spare=("offsite",))
    for _run in range(3):
        estate.run()
    pinned, _old, newest = estate.held("local")
    with estate.open() as workspace:
        workspace.repository("local").retag(pinned, (*pinned.tags, "pin"))
    use(estate, "local", "offsite", "keep = { last = 2 }")
    ran = estate.run()
    assert (ran.errors, ran.ended[1].message) == ([], "3 snapshots copied")
    assert {pinned.id, newest.id, ran.ended[0].snapshot} == set(identities(estate, "offsite"))
    assert set(identities(estate, "local")) == set(identities(estate, "offsite"))


def test_what_is_known_to_be_damaged_is_not_copied(tmp_path: Path) -> None:
    estate = build_estate(tmp_path, ("local",), spare=("offsite",))
    estate.run()
    (damaged,) = estate.held("local")
    with estate.open() as workspace:
        findings = Findings(time=now(), needs=((damaged.id, ("p",)),), damaged=("p",))
        workspace.history.record_verification("local", findings)
    use(estate, "local", "offsite")
    assert (estate.run().errors, len(estate.held("offsite"))) == ([], 1)


def test_cancelling_between_copies_ends_them_all_and_keeps_the_backup(estate: Estate) -> None:
    with estate.open() as workspace:

        def cancel(event: Event) -> None:
            if isinstance(event, Started) and event.repository == "offsite":
                runs.cancel(workspace.state_dir, event.run)
                time.sleep(0.1)

        workspace.bus.subscribe(cancel)
        ran = run_in(workspace)
    assert ran.statuses == [("local", "ok"), ("offsite", "cancelled"), ("third", "cancelled")]
    assert ran.errors == [Cancelled]
    assert ran.outcome.finished == ran.ended[0]
    estate.run()
    assert [len(estate.held(name)) for name in estate.names] == [2, 2, 2]


def test_a_repository_that_cannot_be_listed_after_its_copy_keeps_it(estate: Estate) -> None:
    estate.run()
    broken = FaultyStore(estate.store("offsite"))
    with estate.open(offsite=broken) as workspace:

        def fail(event: Event) -> None:
            if isinstance(event, Started) and event.repository == "offsite":
                listed = broken.log.count(("objects", "snapshots/"))
                assert listed == 1
                broken.faults.append(Fault(on="objects", prefix="snapshots", at=2, error=unavailable()))

        workspace.bus.subscribe(fail)
        ran = run_in(workspace)
    assert ran.statuses == [("local", "ok"), ("offsite", "ok"), ("third", "ok")]
    assert ran.errors == [StoreUnavailable]
    assert ran.ended[1].snapshot == estate.held("offsite")[-1].id


@pytest.mark.requires("restic")
@pytest.mark.parametrize(
    "doom",
    [
        Doom(Moment.HALFWAY, what="owner put data", number=3),
        Doom(Moment.BEFORE, what="owner put snapshots", number=2),
        Doom(Moment.AFTER, what="owner put snapshots", number=2),
    ],
    ids=["pack", "before", "after"],
)
def test_a_run_that_was_killed_while_it_copied_is_finished_by_the_next(tmp_path: Path, doom: Doom) -> None:
    estate = build_estate(tmp_path)
    remains = slay(estate.installation, doom, "run", "site")
    assert remains.was_killed
    with estate.open() as workspace:
        rows = history_rows(workspace)
        assert {row.repository: row.status.value for row in rows} == {"local": "ok", "offsite": "failed"}
        told = list(runs.attach(workspace.state_dir, rows[0].run))
        assert [event.repository for event in told if isinstance(event, Finished)] == ["local", "offsite"]
    ran = estate.run()
    assert ran.statuses == [("local", "ok"), ("offsite", "ok")]
    assert identities(estate, "local") == identities(estate, "offsite")
    estate.restic("offsite").check()


@pytest.mark.requires("restic")
def test_two_jobs_may_run_into_the_same_repositories_at_once(tmp_path: Path) -> None:
    estate = build_estate(tmp_path)
    with (estate.directory / "config.toml").open("a") as config:
        config.write(job_text("other", ("offsite", "local"), "config.toml"))
    processes = [estate.installation.start("--json", "run", job) for job in ("site", "other")]
    said = [ended(process) for process in processes]
    assert [each.code for each in said] == [0, 0], said
    for name in estate.names:
        assert sorted(snapshot.job or "" for snapshot in estate.held(name)) == ["other", "site"]
        estate.restic(name).check()


def test_a_copy_restores_what_was_backed_up(estate: Estate) -> None:
    estate.run()
    repository = open_repository(estate.directory / "third", password_of("third"))
    assert traits_of(put_back(repository, repository.snapshots()[0], estate.directory / "out")) == traits_of(
        estate.source
    )


def test_a_repository_that_joins_a_job_cuts_files_as_its_first_one(tmp_path: Path) -> None:
    estate = build_estate(tmp_path, ("local",))
    with (estate.directory / "config.toml").open("a") as config:
        config.write('[repositories.offsite]\nstore = { kind = "local", path = "offsite" }\npassword = "secret word"\n')
    use(estate, "local", "offsite")
    assert estate.run().errors == []
    with estate.open() as workspace:
        configs = [access_of(workspace.repository(name)).config for name in ("local", "offsite")]
    assert configs[0].chunker_polynomial == configs[1].chunker_polynomial
    assert configs[0].id != configs[1].id


def use(estate: Estate, first: str, second: str, *lines: str) -> None:
    """Have the job use two repositories, and whatever else it is told."""
    config = estate.directory / "config.toml"
    told = "\n".join([json.dumps([first, second]), *lines])
    config.write_text(config.read_text().replace('["local"]', told))
