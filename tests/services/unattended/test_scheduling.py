"""What is due is carried out, each thing once, whoever else looks at the same time."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest

from tests.support.estate import Estate, build_estate
from tests.support.running import backup_elsewhere
from tests.support.servers.daemons import until
from tui_backup.errors import BackupError, Cancelled, Incomplete, SourceError
from tui_backup.model.event import Event, Verified, Waiting
from tui_backup.model.run import Verb
from tui_backup.model.schedule import Trigger, What
from tui_backup.model.standing import Integrity
from tui_backup.primitives.clock import now
from tui_backup.services.runs.current import cancel, list_runs
from tui_backup.services.unattended import scheduling
from tui_backup.services.unattended.claims import Attempt, Claim
from tui_backup.services.unattended.ended import Ended, StateUnusable
from tui_backup.services.workspace import Workspace

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
NIGHTLY = 'schedule = "0 2 * * *"'

Build = Callable[..., Estate]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Make an estate whose job says more, and which was seen at noon."""

    def build(keys: str, *names: str) -> Estate:
        estate = build_estate(tmp_path / "estate", names or ("local",))
        path = estate.directory / "config.toml"
        path.write_text('timezone = "UTC"\n' + path.read_text() + keys + "\n")
        assert look(estate, NOON) == []
        return estate

    return build


def look(estate: Estate, time: datetime) -> list[Ended]:
    """Do what a call of `--run-scheduled` does at a time."""
    with estate.open() as workspace:
        return list(run(workspace, time))


def run(workspace: Workspace, time: datetime) -> Iterator[Ended]:
    return scheduling.run_due(workspace, lambda _jobs: None, lambda: time)


def done(ended: list[Ended]) -> list[tuple[What, str | None]]:
    return [(each.trigger.what, each.trigger.label) for each in ended]


def errors(ended: list[Ended]) -> list[type[BackupError]]:
    return [type(trouble.error) for each in ended for trouble in each.troubles]


def kinds(estate: Estate, name: str = "local") -> list[str | None]:
    return [snapshot.kind for snapshot in estate.held(name)]


def verbs(estate: Estate) -> list[Verb]:
    with estate.open() as workspace:
        return [run.verb for run in reversed(workspace.history.runs())]


def followed(estate: Estate) -> list[bool]:
    """Return for each run, the first one first, whether the record says that another attempt follows."""
    with estate.open() as workspace:
        return [run.next_attempt is not None for run in reversed(workspace.history.runs())]


def is_taken(state: Path, name: str) -> bool:
    claim = Claim.take(state, name)
    if claim is not None:
        claim.release()
    return claim is None


def trigger(line: str = "0 2 * * *", what: What = What.BACKUP, label: str | None = "scheduled") -> Trigger:
    return Trigger(job="site", what=what, line=line, zone="UTC", label=label)


def test_however_many_moments_were_missed_the_last_one_is_run_once(build: Build) -> None:
    estate = build(NIGHTLY)
    ended = look(estate, NOON + 5 * DAY)
    assert [(each.moment, each.troubles) for each in ended] == [(NOON + 4 * DAY + 14 * HOUR, ())]
    assert look(estate, NOON + 5 * DAY) == []
    assert look(estate, NOON + 6 * DAY) != []
    assert kinds(estate) == ["scheduled", "scheduled"]


def test_each_schedule_leads_to_snapshots_of_its_own_kind(build: Build) -> None:
    estate = build('schedule = [{ at = "0 2 * * *", label = "nightly" }, { at = "0 3 * * *", label = "late" }]')
    assert done(look(estate, NOON + DAY)) == [(What.BACKUP, "nightly"), (What.BACKUP, "late")]
    assert kinds(estate) == ["nightly", "late"]


def test_a_run_by_hand_does_not_count(build: Build) -> None:
    estate = build(NIGHTLY)
    estate.run()
    assert len(look(estate, NOON + DAY)) == 1
    assert kinds(estate) == ["manual", "scheduled"]


def test_backups_come_first_then_verifications_then_pruning(build: Build) -> None:
    estate = build(f'prune = "0 2 * * *"\nverify = "0 2 * * *"\n{NIGHTLY}')
    assert [what for what, _label in done(look(estate, NOON + DAY))] == [What.BACKUP, What.VERIFY, What.PRUNE]
    assert verbs(estate) == [Verb.BACKUP, Verb.VERIFY, Verb.PRUNE]


def test_a_run_that_fails_is_tried_as_often_as_the_job_says_and_then_counts(build: Build) -> None:
    estate = build(f'{NIGHTLY}\nretry = {{ attempts = 3, wait = "1s" }}')
    shutil.rmtree(estate.source)
    events: list[Event] = []
    with estate.open() as workspace:
        workspace.bus.subscribe(events.append)
        assert errors(list(run(workspace, NOON + DAY))) == [SourceError]
    assert verbs(estate) == [Verb.BACKUP] * 3
    assert followed(estate) == [True, True, False]
    assert [event.message[:14] for event in events if isinstance(event, Waiting)] == ["tries again at"] * 2
    assert look(estate, NOON + DAY) == []


def test_another_attempt_makes_good_for_the_first(build: Build) -> None:
    estate = build(f'{NIGHTLY}\nretry = {{ attempts = 2, wait = "1s" }}')
    estate.hide("local")
    with estate.open() as workspace:
        workspace.bus.subscribe(lambda event: estate.show("local") if isinstance(event, Waiting) else None)
        assert errors(list(run(workspace, NOON + DAY))) == []
    assert kinds(estate) == ["scheduled"]


def test_what_is_incomplete_is_told_with_its_repository(build: Build) -> None:
    estate = build(NIGHTLY)
    config = estate.directory / "config.toml"
    config.write_text(config.read_text().replace('paths = ["source"]', 'paths = ["source", "gone"]'))
    ((trouble,),) = [each.troubles for each in look(estate, NOON + DAY)]
    assert (type(trouble.error), trouble.name, trouble.error.exit_code) == (Incomplete, "local", 3)


def test_a_job_that_somebody_runs_is_put_off(build: Build) -> None:
    estate = build(NIGHTLY)
    with backup_elsewhere(estate.directory / "state"):
        assert look(estate, NOON + DAY) == []
    assert len(look(estate, NOON + DAY)) == 1


def test_what_others_have_in_hand_is_theirs(build: Build) -> None:
    estate = build(f'verify = "0 2 * * *"\n{NIGHTLY}')
    told: list[tuple[str, ...]] = []
    claim = Claim.take(estate.directory / "state", "backup.site")
    assert claim is not None
    with estate.open() as workspace:
        ended = list(scheduling.run_due(workspace, told.append, lambda: NOON + DAY))
    claim.release()
    assert done(ended) == [(What.VERIFY, None)]
    assert told == [("site",)]


def test_two_heavy_things_never_happen_in_one_repository_at_once(build: Build) -> None:
    estate = build(f'verify = "0 2 * * *"\n{NIGHTLY}')
    state = estate.directory / "state"
    claim = Claim.take(state, "repository.local")
    assert claim is not None
    ended: list[Ended] = []
    thread = Thread(target=lambda: ended.extend(look(estate, NOON + DAY)))
    thread.start()
    until(lambda: len([run for run in list_runs(state) if run.waiting]) == 2, lambda: "nobody waits")
    waiting = {run.verb: run.waiting for run in list_runs(state)}
    assert waiting[Verb.BACKUP] == "waits until nobody else is at work in local"
    assert waiting[Verb.VERIFY] in {waiting[Verb.BACKUP], "waits for its turn: what is due is done one after the other"}
    assert look(estate, NOON + DAY) == []
    assert verbs(estate) == []
    claim.release()
    thread.join()
    assert sorted(what for what, _label in done(ended)) == [What.BACKUP, What.VERIFY]


def test_who_waits_at_random_is_seen_and_can_be_cancelled(build: Build) -> None:
    estate = build(f'{NIGHTLY}\ndelay = "300d"')
    state = estate.directory / "state"
    ended: list[Ended] = []
    thread = Thread(target=lambda: ended.extend(look(estate, NOON + DAY)))
    thread.start()
    until(lambda: any(each.waiting for each in list_runs(state)), lambda: "nobody waits")
    (running,) = list_runs(state)
    assert running.waiting is not None
    assert running.waiting.startswith("begins at ")
    assert look(estate, NOON + DAY) == []
    estate.run()
    cancel(state, running.run)
    thread.join()
    assert errors(ended) == [Cancelled]
    assert look(estate, NOON + DAY) == []


def test_what_is_told_to_stop_with_the_process_stays_due(build: Build) -> None:
    estate = build(f'{NIGHTLY}\nretry = {{ attempts = 3, wait = "1h" }}\ndelay = "300d"')
    with estate.open() as workspace:
        workspace.bus.subscribe(lambda event: workspace.cancel.cancel() if isinstance(event, Waiting) else None)
        assert errors(list(run(workspace, NOON + DAY))) == [Cancelled]
    config = estate.directory / "config.toml"
    config.write_text(config.read_text().replace("300d", "1s"))
    assert errors(look(estate, NOON + DAY)) == []
    assert kinds(estate) == ["scheduled"]


def die_over(estate: Estate, moment: datetime, deaths: int = 0) -> None:
    """Leave what a process leaves that dies over a moment."""
    claim = Claim.take(estate.directory / "state", "backup.site")
    assert claim is not None
    claim.note(Attempt(trigger=trigger(), moment=moment, deaths=deaths))
    claim.release()


def test_what_somebody_died_over_is_run_once_more_even_if_nothing_is_to_be_made_up_for(build: Build) -> None:
    estate = build(f"{NIGHTLY}\ncatch_up = false")
    die_over(estate, NOON + 14 * HOUR)
    ended = look(estate, NOON + DAY)
    assert [(each.moment, each.troubles) for each in ended] == [(NOON + 14 * HOUR, ())]
    assert look(estate, NOON + DAY) == []


def test_what_kills_twice_is_given_up_with_an_error_until_its_next_moment(build: Build) -> None:
    estate = build(NIGHTLY)
    die_over(estate, NOON + 14 * HOUR, deaths=1)
    ((trouble,),) = [each.troubles for each in look(estate, NOON + DAY)]
    assert "has ended 2 times without a result" in trouble.error.message
    assert look(estate, NOON + DAY) == []
    assert errors(look(estate, NOON + 2 * DAY)) == []
    assert kinds(estate) == ["scheduled"]


def test_what_is_over_stays_over_though_the_record_is_lost(build: Build) -> None:
    estate = build(NIGHTLY)
    assert len(look(estate, NOON + DAY)) == 1
    for path in (estate.directory / "state").glob("history.db*"):
        path.unlink()
    assert look(estate, NOON + DAY) == []


def test_who_has_lost_the_state_asks_the_repositories_what_was_run(build: Build) -> None:
    present = now().replace(hour=3)
    estate = build('schedule = "0 2 1 1 *"')
    assert len(look(estate, present + 730 * DAY)) == 1
    (snapshot,) = estate.held("local")
    shutil.rmtree(estate.directory / "state")
    assert look(estate, snapshot.time + 2 * MINUTE) == []
    shutil.rmtree(estate.directory / "state")
    assert len(look(estate, snapshot.time + 366 * DAY)) == 1
    assert len(estate.held("local")) == 2


def test_a_state_that_nobody_can_write_keeps_everything_from_running_and_is_told(build: Build) -> None:
    estate = build(NIGHTLY)
    shutil.rmtree(estate.directory / "state" / "schedule", ignore_errors=True)
    (estate.directory / "state" / "schedule").touch()
    with pytest.raises(StateUnusable, match="nothing that is scheduled can be run"):
        look(estate, NOON + DAY)
    assert kinds(estate) == []


def test_a_state_that_fails_halfway_through_a_look_leaves_nothing_that_goes_on(build: Build) -> None:
    estate = build(f'{NIGHTLY}\nverify = "0 2 * * *"\ndelay = "300d"')
    state = estate.directory / "state"
    (state / "schedule" / "verify.site").mkdir(parents=True)
    with pytest.raises(StateUnusable):
        look(estate, NOON + DAY)
    assert not is_taken(state, "backup.site")
    assert list_runs(state) == []


def test_what_cannot_be_noted_as_its_turn_comes_is_told_and_stays_due(build: Build) -> None:
    estate = build(f'{NIGHTLY}\nretry = {{ attempts = 2, wait = "1s" }}')
    place = estate.directory / "state" / "schedule" / "repository.local"
    place.mkdir(parents=True)
    assert errors(look(estate, NOON + DAY)) == [StateUnusable]
    place.rmdir()
    assert errors(look(estate, NOON + DAY)) == []
    assert kinds(estate) == ["scheduled"]
    assert verbs(estate) == [Verb.BACKUP]


def test_verifications_read_everything_in_turn(build: Build) -> None:
    estate = build('verify = "0 5 * * *"\nverify_subset = "1/3"')
    estate.run()
    read: list[int] = []
    for day in range(1, 4):
        with estate.open() as workspace:
            workspace.bus.subscribe(lambda event: read.append(event.bytes) if isinstance(event, Verified) else None)
            assert done(list(run(workspace, NOON + day * DAY))) == [(What.VERIFY, None)]
    assert (len(read), sum(read)) == (3, sum(found.size for found in estate.store("local").objects("data/")))
    with estate.open() as workspace:
        (snapshot,) = workspace.history.snapshots("local")
        assert workspace.history.standing("local", snapshot.id).integrity is Integrity.OK


def test_damage_that_a_verification_finds_is_an_error(build: Build) -> None:
    estate = build('verify = "0 5 * * *"')
    estate.run()
    estate.spoil("local", estate.held("local")[0], str(estate.source / "a").encode())
    ((trouble,),) = [each.troubles for each in look(estate, NOON + DAY)]
    assert trouble.name == "local"
    assert "damaged" in trouble.error.message


def test_who_has_a_time_for_pruning_forgets_after_a_run_and_gives_space_back_then(build: Build) -> None:
    estate = build(f'keep = {{ last = 1 }}\nprune = "0 3 * * *"\n{NIGHTLY}')
    (estate.source / "large").write_bytes(bytes(range(256)) * 8192)
    estate.run()
    (estate.source / "large").unlink()

    def held() -> int:
        return sum(found.size for found in estate.store("local").objects("data/"))

    before = held()
    assert done(look(estate, NOON + 14 * HOUR + MINUTE)) == [(What.BACKUP, "scheduled")]
    assert len(estate.held("local")) == 1
    assert held() >= before
    assert [(each.trigger.what, each.troubles) for each in look(estate, NOON + 16 * HOUR)] == [(What.PRUNE, ())]
    assert held() < before
