"""What reaches real receivers: after real runs, after failures on the way, after processes that died."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.estate import Estate
from tests.support.servers.receivers import Answer, Got, Receiver, drop, hang, listener, receiver
from tests.support.telling import NOON, content, event, events, listed, tell, telling_estate
from tui_backup.history.outbox import KEPT_FOR, MOST_KEPT, Letter
from tui_backup.model.notice import Notice, Topic
from tui_backup.model.trouble import TroubleKind
from tui_backup.notifiers import base
from tui_backup.services.alerts import telling as alerts
from tui_backup.services.restore.rehearsals import rehearse_jobs
from tui_backup.services.status.overview import report

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
EVERYTHING = listed(*Topic)
REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def ops() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


@pytest.fixture
def estate(tmp_path: Path, ops: Receiver) -> Estate:
    return telling_estate(tmp_path / "estate", [("ops", ops.url)])


def fill(estate: Estate, *names: str) -> None:
    """Put notices into the outbox."""
    with estate.open() as workspace:
        workspace.history.post(Letter("ops", notice(name)) for name in names)


def notice(name: str) -> Notice:
    return Notice(
        id=name, topic=Topic.FAILURE, event=name, title=name, message=name, time=NOON, host="web1", job="site"
    )  # fmt: skip


def waiting(estate: Estate, name: str = "ops") -> list[str]:
    with estate.open() as workspace:
        return [letter.notice.event for letter in workspace.history.letters(name)]


def problems(estate: Estate) -> list[TroubleKind]:
    with estate.open() as workspace:
        found = report(workspace.config, workspace.history, workspace.state_dir, NOON)
    return [trouble.kind for trouble in found.problems]


def test_a_job_that_fails_and_is_mended_is_told_twice(estate: Estate, ops: Receiver) -> None:
    estate.run()
    assert events(ops) == []
    (estate.source / "a").unlink()
    estate.source.rmdir()
    estate.run()
    assert events(ops) == ["backup_failed"]
    told = content(ops.got[0])
    assert (told["job"], told["status"], told["trouble"]) == ("site", "failed", "failed")
    estate.run()
    assert events(ops) == ["backup_failed"]
    estate.source.mkdir()
    (estate.source / "a").write_text("two\n")
    estate.run()
    assert events(ops) == ["backup_failed", "recovered"]
    assert content(ops.got[1])["since"] == told["since"]


def test_who_wants_to_hear_of_everything_does(tmp_path: Path, ops: Receiver) -> None:
    estate = telling_estate(tmp_path / "estate", [("ops", ops.url)], on=EVERYTHING)
    estate.run()
    assert sorted(events(ops)) == ["backup_completed", "backup_started"]
    estate.source.rename(tmp_path / "elsewhere")
    estate.run()
    estate.run()
    assert sorted(events(ops)[2:]) == ["backup_failed", "backup_failed", "backup_started", "backup_started"]
    assert waiting(estate) == []


def test_staleness_is_told_by_whoever_looks(tmp_path: Path, ops: Receiver) -> None:
    estate = telling_estate(tmp_path / "estate", [("ops", ops.url)], job='expected_every = "26h"\n')
    tell(estate)
    assert events(ops) == []
    tell(estate, 27 * HOUR)
    tell(estate, 28 * HOUR)
    tell(estate, 27 * HOUR + DAY)
    assert events(ops) == ["job_stale", "job_stale again"]


def test_what_a_receiver_does_not_take_is_kept_in_order(estate: Estate, ops: Receiver) -> None:
    refusals = iter(range(3))
    ops.answer = lambda _got: Answer(status=200 if next(refusals, None) is None else 500)
    fill(estate, "one", "two")
    tell(estate)
    tell(estate, 59 * timedelta(seconds=1))
    assert (events(ops), waiting(estate), problems(estate)) == (["one"], ["one", "two"], [TroubleKind.NOTIFIER])
    tell(estate, MINUTE)
    tell(estate, 2 * MINUTE)
    assert events(ops) == ["one", "one"]
    tell(estate, 3 * MINUTE)
    assert (events(ops), problems(estate)) == (["one"] * 3, [TroubleKind.NOTIFIER])
    tell(estate, 7 * MINUTE)
    assert events(ops) == ["one", "one", "one", "one", "two"]
    assert len({got.headers["x-tui-backup-id"] for got in ops.got}) == 2
    assert (waiting(estate), problems(estate)) == ([], [])


@pytest.mark.parametrize("talk", [hang, drop])
def test_who_hangs_or_drops_keeps_nobody_else_waiting(tmp_path: Path, ops: Receiver, talk: object) -> None:
    with listener(hang if talk is hang else drop) as port:
        estate = telling_estate(tmp_path / "estate", [("bad", f"http://127.0.0.1:{port}"), ("ops", ops.url)])
        with estate.open() as workspace:
            workspace.history.post(Letter(name, notice("one")) for name in ("bad", "ops"))
        began = time.monotonic()
        tell(estate, patience_s=1.0)
        assert time.monotonic() - began < 5
        assert (events(ops), waiting(estate, "bad"), waiting(estate)) == (["one"], ["one"], [])


def test_a_receiver_that_hangs_holds_the_end_of_a_run_for_its_time_out_and_the_next_one_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "TIMEOUT_S", 0.4)
    asked: list[int] = []

    def hanging(connection: socket.socket, over: threading.Event) -> None:
        asked.append(1)
        hang(connection, over)

    with listener(hanging) as port:
        urls = [(f"slow{number}", f"http://127.0.0.1:{port}") for number in range(3)]
        estate = telling_estate(tmp_path / "estate", urls, on=EVERYTHING)
        for _run in range(2):
            began = time.monotonic()
            assert estate.run().errors == []
            assert time.monotonic() - began < 20
        assert len(asked) == 3
        assert waiting(estate, "slow0").count("backup_completed") == 2


def test_what_is_refused_for_itself_is_given_up_and_what_is_refused_altogether_is_not(
    estate: Estate, ops: Receiver
) -> None:
    ops.answer = lambda got: Answer(status=413 if event(got) == "large" else 200)
    fill(estate, "large", "small")
    tell(estate)
    assert (events(ops), waiting(estate)) == (["large", "small"], [])
    ops.answer = lambda _got: Answer(status=401)
    fill(estate, "three", "four", "five")
    tell(estate)
    assert (events(ops)[2:], waiting(estate)) == (["three", "four"], ["three", "four", "five"])
    ops.answer = lambda _got: Answer()
    tell(estate, HOUR)
    assert (events(ops)[4:], waiting(estate)) == (["three", "four", "five"], [])


def test_the_outbox_is_bounded_in_number_and_age(estate: Estate, ops: Receiver) -> None:
    ops.answer = lambda _got: Answer(status=503)
    fill(estate, *(f"n{number}" for number in range(MOST_KEPT + 5)))
    assert waiting(estate)[:1] == ["n5"]
    tell(estate)
    tell(estate, KEPT_FOR + MINUTE)
    assert waiting(estate) == []


def test_others_hear_of_a_notifier_that_keeps_failing(tmp_path: Path, ops: Receiver) -> None:
    with receiver() as bad:
        estate = telling_estate(tmp_path / "estate", [("bad", bad.url), ("ops", ops.url)])
        bad.answer = lambda _got: Answer(status=500)
        with estate.open() as workspace:
            workspace.history.post([Letter("bad", notice("one"))])
        for minute in (0, 1, 3, 4):
            tell(estate, minute * MINUTE)
        assert (events(ops), set(events(bad))) == (["notifier_failed"], {"one"})
        bad.answer = lambda _got: Answer()
        tell(estate, HOUR)
        tell(estate, 2 * HOUR)
        assert events(ops) == ["notifier_failed", "recovered"]


def test_a_receiver_that_fails_fails_no_run(estate: Estate, ops: Receiver) -> None:
    ops.answer = lambda _got: Answer(status=500)
    with (estate.directory / "config.toml").open("a") as file:
        file.write(f"on = [{EVERYTHING}]\n")
    ran = estate.run()
    assert (ran.errors, ran.statuses) == ([], [("local", "ok")])
    assert "backup_completed" in waiting(estate)


def test_whoever_dies_between_sending_and_noting_sends_it_again_as_the_same(estate: Estate, ops: Receiver) -> None:
    fill(estate, "one", "two")
    victims: list[subprocess.Popen[bytes]] = []
    arrived = threading.Event()

    def kill(_got: Got) -> Answer:
        arrived.wait()
        os.kill(victims[0].pid, signal.SIGKILL)
        victims[0].wait()
        return Answer()

    ops.answer = kill
    script = (
        "import sys\nfrom tui_backup.services.alerts.telling import tell\n"
        "from tui_backup.services.workspace import Workspace\n"
        "from tests.support.telling import NOON\n"
        "with Workspace.open(sys.argv[1]) as workspace: tell(workspace, lambda: NOON, 20)"
    )
    config = str(estate.directory / "config.toml")
    victims.append(subprocess.Popen([sys.executable, "-c", script, config], cwd=REPOSITORY))
    arrived.set()
    assert victims[0].wait(30) == -signal.SIGKILL
    ops.answer = lambda _got: Answer()
    tell(estate)
    assert events(ops) == ["one", "one", "two"]
    assert len({got.headers["x-tui-backup-id"] for got in ops.got[:2]}) == 1


def test_several_at_once_tell_it_once(tmp_path: Path, ops: Receiver) -> None:
    estate = telling_estate(tmp_path / "estate", [("ops", ops.url)], job='expected_every = "26h"\n')
    tell(estate)
    several = threading.Barrier(4)

    def look() -> None:
        with estate.open() as workspace:
            several.wait()
            alerts.tell(workspace, lambda: NOON + 2 * DAY, 20)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert events(ops) == ["job_stale"]


def test_who_hangs_while_it_looks_keeps_nobody_from_telling(
    estate: Estate, ops: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerts, "OTHERS_LOOK_S", 0.1)
    fill(estate, "one")
    with (estate.directory / "state" / "alerts.lock").open("w") as hanging:
        fcntl.flock(hanging, fcntl.LOCK_EX)
        tell(estate)
    assert events(ops) == ["one"]


def test_reading_and_trying_tells_nobody(estate: Estate, ops: Receiver) -> None:
    fill(estate, "one")
    with estate.open() as workspace:
        report(workspace.config, workspace.history, workspace.state_dir, NOON)
    with estate.open() as workspace:
        rehearse_jobs(workspace, [workspace.job("site")])
    assert (events(ops), waiting(estate)) == ([], ["one"])
