"""So many bytes a second: measured against a clock of the test's own, and against the real one across processes."""

import io
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from tests.support.faulty import FaultyStore
from tui_backup.stores.limited import LimitedStore
from tui_backup.stores.local import LocalStore
from tui_backup.stores.memory import MemoryStore
from tui_backup.stores.pacing import Pace, PacedBody, sending

MEGABYTE = 1_000_000
KEY = "data/aa/x"


class Clock:
    """A clock that stands still until somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.naps: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("tui_backup.stores.pacing.time", clock)
    return clock


def limited(tmp_path: Path, beneath: object, **rates: int) -> LimitedStore:
    return LimitedStore(beneath=beneath, directory=str(tmp_path / "limits"), **rates)


@pytest.mark.parametrize("rate", [20_000, MEGABYTE, 8 * MEGABYTE])
@pytest.mark.parametrize("way", ["bytes", "file", "pieces"])
@pytest.mark.parametrize("knows", [True, False], ids=["paced", "at once"])
def test_uploads_take_their_time(
    tmp_path: Path, local: LocalStore, clock: Clock, rate: int, way: str, knows: bool
) -> None:
    store = limited(tmp_path, local if knows else MemoryStore(), upload=rate)
    body = os.urandom(4 * rate)
    began = clock.now
    if way == "pieces":
        with store.writing(KEY) as sink:
            for at in range(0, len(body), 1 << 20):
                sink.write(body[at : at + (1 << 20)])
    else:
        store.put(KEY, body if way == "bytes" else io.BytesIO(body))
    assert clock.now - began == pytest.approx(4, rel=0.1)
    if knows:
        assert max(clock.naps) < 0.3
    assert store.get(KEY) == body


@pytest.mark.parametrize("rate", [20_000, MEGABYTE, 8 * MEGABYTE])
@pytest.mark.parametrize("length", [True, False], ids=["part", "all"])
def test_downloads_take_their_time_and_come_in_small_parts(
    tmp_path: Path, local: LocalStore, clock: Clock, rate: int, length: bool
) -> None:
    body = os.urandom(4 * rate)
    local.put(KEY, body)
    beneath = FaultyStore(local)
    began = clock.now
    got = limited(tmp_path, beneath, download=rate).get(KEY, 1, len(body) - 1 if length else None)
    assert got == body[1:]
    assert clock.now - began == pytest.approx(4, rel=0.2 if rate < MEGABYTE else 0.1)
    assert beneath.counts["get"] <= 4 * 8 + 1


def test_what_is_small_is_paid_for_too(tmp_path: Path, local: LocalStore, clock: Clock) -> None:
    store = limited(tmp_path, local, upload=100_000, download=100_000)
    began = clock.now
    for number in range(100):
        store.put(f"keys/{number}", bytes(4_000))
    assert clock.now - began == pytest.approx(4, rel=0.1)
    began = clock.now
    for number in range(100):
        store.get(f"keys/{number}", 0, 4_000)
    assert clock.now - began == pytest.approx(4, rel=0.1)


def test_one_direction_does_not_slow_the_other(tmp_path: Path, local: LocalStore, clock: Clock) -> None:
    store = limited(tmp_path, local, upload=20_000)
    local.put(KEY, bytes(MEGABYTE))
    store.get(KEY)
    assert clock.naps == []


def test_a_rest_saves_nothing_up(tmp_path: Path, clock: Clock) -> None:
    pace = Pace(20_000, str(tmp_path / "pace"))
    pace.wait(20_000)
    clock.now += 3600
    began = clock.now
    pace.wait(40_000)
    assert clock.now - began == pytest.approx(2, abs=0.3)


def test_a_moment_of_another_boot_is_not_waited_for(tmp_path: Path, clock: Clock) -> None:
    pace = Pace(20_000, str(tmp_path / "pace"))
    clock.now = 1e7
    pace.wait(100_000)
    clock.now = 10
    pace.wait(2_000)
    assert clock.now < 11


@pytest.mark.parametrize("mess", [b"", b"half", b"\xff" * 8])
def test_a_mess_in_the_file_does_no_harm(tmp_path: Path, clock: Clock, mess: bytes) -> None:
    (tmp_path / "pace").write_bytes(mess)
    began = clock.now
    Pace(20_000, str(tmp_path / "pace")).wait(80_000)
    assert clock.now - began == pytest.approx(4, rel=0.1)


def test_without_a_file_this_process_keeps_the_pace_alone(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "limits").write_bytes(b"a file")
    store = limited(tmp_path, MemoryStore(), upload=20_000)
    began = clock.now
    store.put("a", bytes(40_000))
    store.put("b", bytes(40_000))
    assert clock.now - began == pytest.approx(4, rel=0.1)


def test_hashing_a_body_takes_no_time(tmp_path: Path, clock: Clock) -> None:
    for body in (bytes(80_000), io.BytesIO(bytes(80_000))):
        paced = PacedBody(body, Pace(20_000, str(tmp_path / "pace")))
        before = list(clock.naps)
        assert len(paced.read()) == 80_000
        assert (paced.seek(0, os.SEEK_END), paced.tell(), paced.seek(0)) == (80_000, 80_000, 0)
        assert clock.naps == before
        source = sending(cast(BinaryIO, paced))
        assert len(source.read()) == 80_000
        assert sum(clock.naps) - sum(before) == pytest.approx(4, rel=0.1)
        assert source.seek(0) == 0
        assert len(source.read(10)) == 10


WORKER = """
import sys
from tui_backup.stores.recipes import opened
store = opened((sys.argv[1], sys.argv[2].encode()))
sys.stdin.readline()
for number in range(5):
    store.put(f"{sys.argv[3]}/{number}", bytes(200_000))
"""


def test_processes_share_a_limit(tmp_path: Path, local: LocalStore) -> None:
    recipe = limited(tmp_path, local, upload=2 * MEGABYTE).recipe()
    assert recipe is not None
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, recipe[0], recipe[1].decode(), str(number)], stdin=subprocess.PIPE
        )
        for number in range(3)
    ]
    began = time.monotonic()
    for worker in workers:
        worker.communicate(b"\n")
    took = time.monotonic() - began
    assert len(list(local.objects())) == 15
    assert took > 1.3
