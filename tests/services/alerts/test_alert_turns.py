"""Who hears what, and when: begin, reminder, end, against a clock that the tests hold."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from tests.support.telling import Nobody
from tui_backup.config.settings import NotifierConfig
from tui_backup.history.alerts import Alert
from tui_backup.history.history import History
from tui_backup.history.outbox import Letter
from tui_backup.model.notice import Topic
from tui_backup.model.run import Run, RunStatus, Verb
from tui_backup.model.trouble import Trouble, TroubleKind
from tui_backup.notifiers.base import TROUBLES
from tui_backup.services.alerts.alert_turns import SETTLED_AFTER, Look, identity_of, of_endings, turn

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

STALE = Trouble(kind=TroubleKind.STALE, job="site", message="job site last succeeded 2 days ago")
FAILED = Trouble(kind=TroubleKind.FAILED, job="site", repository="local", message="no space left")
INCOMPLETE = Trouble(kind=TroubleKind.INCOMPLETE, job="site", repository="local", message="2 warnings")
ELSEWHERE = Trouble(kind=TroubleKind.FAILED, job="site", repository="offsite", message="refused")
FULL = Trouble(kind=TroubleKind.LOW_SPACE, repository="local", message="little is free")
CHANGED = Trouble(kind=TroubleKind.SUDDEN_CHANGE, job="site", message="everything is another")


def receiver(name: str = "ops", *topics: Topic, jobs: tuple[str, ...] = ()) -> NotifierConfig:
    return NotifierConfig(name=name, notifier=Nobody(), topics=frozenset(topics) or TROUBLES, jobs=frozenset(jobs))


class Watcher:
    """Looks now and then, as processes do that know each other by the record alone."""

    def __init__(self, state: Path, *receivers: NotifierConfig) -> None:
        self.state = state
        self.look = Look(
            time=NOON,
            host="web1",
            receivers=receivers or (receiver(),),
            troubles=(),
            jobs=frozenset({"site", "mail"}),
            repositories=frozenset({"local", "offsite"}),
        )

    def sees(self, after: timedelta, *troubles: Trouble, **fields: object) -> list[str]:
        """Look so long after noon; return what was told of it: the receiver, where it is not `ops`, and the event."""
        look = msgspec.structs.replace(self.look, time=NOON + after, troubles=troubles, **fields)
        with History.open(self.state) as history:
            before = {letter.number for letter in letters(history, look)}
            history.update_alerts(lambda alerts: turn(look, alerts))
            assert history.troubles == []
            return [said(letter) for letter in letters(history, look) if letter.number not in before]

    def alerts(self) -> list[Alert]:
        with History.open(self.state) as history:
            return history.alerts()


def letters(history: History, look: Look) -> list[Letter]:
    return [letter for each in look.receivers for letter in history.letters(each.name)]


def said(letter: Letter) -> str:
    notice = letter.notice
    words = [notice.event, notice.trouble if notice.event == "recovered" else None, "again" * notice.is_reminder]
    return " ".join(filter(None, ["" if letter.notifier == "ops" else f"{letter.notifier}:", *words]))


@pytest.fixture
def watcher(tmp_path: Path) -> Watcher:
    return Watcher(tmp_path)


def test_one_when_it_begins_one_a_day_and_one_when_it_is_over(watcher: Watcher) -> None:
    heard = {hour: watcher.sees(hour * HOUR, *([STALE] if hour < 60 else [])) for hour in range(72)}
    assert {hour: told for hour, told in heard.items() if told} == {
        0: ["job_stale"], 24: ["job_stale again"], 48: ["job_stale again"], 60: ["recovered stale"],
    }  # fmt: skip


def test_who_looks_once_a_day_and_a_little_early_misses_no_day(watcher: Watcher) -> None:
    looks = [day * DAY - (day % 2) * timedelta(minutes=9) for day in range(6)]
    assert [watcher.sees(look, STALE) for look in looks] == [["job_stale"], *[["job_stale again"]] * 5]


def test_days_without_anybody_who_looks_are_one_reminder(watcher: Watcher) -> None:
    assert watcher.sees(0 * HOUR, STALE) == ["job_stale"]
    assert watcher.sees(9 * DAY, STALE) == ["job_stale again"]
    assert watcher.sees(9 * DAY + HOUR, STALE) == []


def test_each_trouble_is_told_for_itself(watcher: Watcher) -> None:
    mail = msgspec.structs.replace(STALE, job="mail")
    assert watcher.sees(0 * HOUR, STALE, FULL) == ["job_stale", "low_space"]
    assert watcher.sees(HOUR, STALE, mail, FULL) == ["job_stale"]
    assert watcher.sees(2 * HOUR, mail) == ["recovered low-space", "recovered stale"]


def test_what_was_there_before_anybody_was_to_be_told_is_told(watcher: Watcher) -> None:
    first = watcher.sees(30 * DAY, STALE, FULL, FAILED)
    assert sorted(first) == ["backup_failed", "job_stale", "low_space"]


def test_a_run_that_fails_in_several_repositories_is_one_alert(watcher: Watcher) -> None:
    assert watcher.sees(0 * HOUR, FAILED, ELSEWHERE) == ["backup_failed"]
    assert watcher.sees(HOUR, ELSEWHERE) == []
    assert watcher.sees(2 * HOUR) == ["recovered failed"]


def test_a_run_that_fails_after_incomplete_ones_is_told_and_not_the_other_way_round(watcher: Watcher) -> None:
    assert watcher.sees(0 * HOUR, INCOMPLETE) == ["backup_incomplete"]
    assert watcher.sees(HOUR, FAILED) == ["backup_failed"]
    assert watcher.sees(2 * HOUR, INCOMPLETE) == []
    assert watcher.sees(3 * HOUR) == ["recovered failed"]


def test_the_beginning_says_what_the_run_said(watcher: Watcher) -> None:
    run = Run(
        id="r1", verb=Verb.BACKUP, job="site", repository="local", kind="manual", status=RunStatus.FAILED,
        started=NOON, message="no space left", duration=3.0,
    )  # fmt: skip
    watcher.sees(0 * HOUR, FAILED, runs={identity_of(FAILED): (run,)})
    with History.open(watcher.state) as history:
        (letter,) = history.letters("ops")
    assert (letter.notice.run, letter.notice.duration, letter.notice.trouble) == ("r1", 3.0, "failed")
    assert (letter.notice.since, letter.notice.status) == (NOON, "failed")


def test_a_run_that_was_cancelled_ends_nothing(watcher: Watcher) -> None:
    assert watcher.sees(0 * HOUR, FAILED) == ["backup_failed"]
    assert watcher.sees(HOUR, undecided=frozenset({"site"})) == []
    assert watcher.sees(2 * HOUR) == ["recovered failed"]


def test_what_comes_and_goes_is_told_less_and_its_end_only_once_it_holds(watcher: Watcher) -> None:
    heard = []
    for hour in range(12):
        heard += watcher.sees(hour * HOUR, *([FULL] if hour % 2 == 0 else []))
    assert heard == ["low_space", "recovered low-space", "low_space", "recovered low-space", "low_space"]
    assert watcher.sees(11 * HOUR + SETTLED_AFTER - timedelta(minutes=1)) == []
    assert watcher.sees(11 * HOUR + SETTLED_AFTER) == ["recovered low-space"]
    assert watcher.sees(4 * DAY, FULL) == ["low_space"]
    assert watcher.sees(4 * DAY + HOUR) == ["recovered low-space"]


def test_what_comes_and_goes_is_still_reminded_of(watcher: Watcher) -> None:
    for hour in range(5):
        watcher.sees(hour * HOUR, *([FULL] if hour % 2 == 0 else []))
    heard = {hour: watcher.sees(hour * HOUR, *([FULL] if hour % 2 == 0 else [])) for hour in range(5, 40)}
    assert {hour: told for hour, told in heard.items() if told} == {28: ["low_space again"]}


def test_what_is_not_configured_any_more_ends_without_a_word(watcher: Watcher) -> None:
    assert len(watcher.sees(0 * HOUR, STALE, FULL)) == 2
    assert watcher.sees(HOUR, jobs=frozenset({"mail"}), repositories=frozenset({"offsite"})) == []
    assert all(alert.closed_at for alert in watcher.alerts())


def test_who_is_told_of_some_topics_hears_the_end_of_those_alone(tmp_path: Path) -> None:
    watcher = Watcher(
        tmp_path,
        receiver("stale", Topic.STALE, Topic.RECOVERY),
        receiver("quiet", Topic.STALE),
        receiver("ends", Topic.RECOVERY),
        receiver("mail", *TROUBLES, jobs=("mail",)),
    )
    assert watcher.sees(0 * HOUR, STALE, FULL) == ["stale: job_stale", "quiet: job_stale", "mail: low_space"]
    assert watcher.sees(HOUR) == ["stale: recovered stale", "mail: recovered low-space"]


def test_nobody_is_told_that_they_are_not_reached(tmp_path: Path) -> None:
    watcher = Watcher(tmp_path, receiver("ops"), receiver("mail"))
    lost = Trouble(kind=TroubleKind.NOTIFIER, notifier="mail", message="mail is not reached")
    assert watcher.sees(0 * HOUR, lost) == ["notifier_failed"]
    assert watcher.sees(HOUR) == ["recovered notifier"]


def test_what_is_acknowledged_is_not_reminded_of_but_its_end_is_told(watcher: Watcher) -> None:
    assert len(watcher.sees(0 * HOUR, STALE, FULL)) == 2
    with History.open(watcher.state) as history:
        history.acknowledge("site")
    assert watcher.sees(DAY, STALE, FULL) == ["low_space again"]
    assert watcher.sees(DAY + HOUR) == ["recovered low-space", "recovered stale"]
    assert watcher.sees(DAY + 2 * HOUR, STALE) == ["job_stale"]


def test_a_sudden_change_that_somebody_acknowledged_is_over_without_a_word(watcher: Watcher) -> None:
    assert watcher.sees(0 * HOUR, CHANGED) == ["sudden_change"]
    assert watcher.sees(DAY, CHANGED) == ["sudden_change again"]
    with History.open(watcher.state) as history:
        history.acknowledge("site")
    assert watcher.sees(DAY + HOUR) == []
    assert watcher.sees(DAY + 2 * HOUR, CHANGED) == ["sudden_change"]


def test_a_clock_that_is_set_back_neither_repeats_nor_loses_anything(watcher: Watcher) -> None:
    assert watcher.sees(2 * DAY, STALE) == ["job_stale"]
    assert watcher.sees(0 * HOUR, STALE) == []
    assert watcher.sees(HOUR) == ["recovered stale"]


def ended(status: RunStatus, verb: Verb = Verb.BACKUP, repository: str = "local") -> tuple[Run, ...]:
    run = Run(
        id=f"{verb}-{status}", verb=verb, job="site", repository=repository, kind=None, status=status, started=NOON
    )
    return (run,)


def test_ends_are_told_to_who_wants_them_and_troubles_in_their_place_otherwise(watcher: Watcher) -> None:
    everything = receiver("all", *Topic)
    ops = receiver("ops", Topic.FAILURE, Topic.SUCCESS)
    look = msgspec.structs.replace(watcher.look, receivers=(everything, ops), troubles=(FAILED,))
    runs = [
        ended(RunStatus.OK), ended(RunStatus.FAILED), ended(RunStatus.CANCELLED),
        ended(RunStatus.FAILED, Verb.RESTORE), ended(RunStatus.FAILED, Verb.VERIFY),
    ]  # fmt: skip
    assert [said(letter) for letter in of_endings(look, runs)] == [
        "all: backup_completed", "backup_completed", "all: backup_failed",
        "all: restore_failed", "restore_failed", "all: verify_failed", "verify_failed",
    ]  # fmt: skip


def test_damage_that_a_verification_found_is_told_once(watcher: Watcher) -> None:
    damaged = Trouble(kind=TroubleKind.DAMAGED, job="site", repository="local", message="a pack is damaged")
    look = msgspec.structs.replace(watcher.look, troubles=(damaged,))
    assert list(of_endings(look, [ended(RunStatus.FAILED, Verb.VERIFY)])) == []
    assert len(list(of_endings(look, [ended(RunStatus.FAILED, Verb.VERIFY, "offsite")]))) == 1
