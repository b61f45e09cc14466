"""What is broken on purpose is seen and told within one check, by the commands that monitoring and cron call.

Each call is a process of its own, under a clock that the test holds; who is told is a real receiver.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.calling import Answer
from tests.support.faketime import at
from tests.support.mounts import read_only, tmpfs
from tests.support.servers.daemons import free_port
from tests.support.servers.receivers import Receiver, receiver
from tests.support.telling import content, event
from tui_backup.primitives.uptime import uptime

pytestmark = pytest.mark.requires("faketime")

EVENING = datetime.now(UTC).replace(hour=23, minute=0, second=0, microsecond=0)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
NIGHT = timedelta(hours=3, minutes=1)
"""From the evening until the job is due, and a minute more."""

CONFIG = """
timezone = "UTC"
state_dir = "state"
[repositories.local]
store = {{ kind = "local", path = "disk/backups" }}
password = {{ file = "backups.key" }}
{repository}
[jobs.site]
repositories = ["local"]
sources = [{{ kind = "files", paths = ["source"] }}]
schedule = "0 2 * * *"
expected_every = "26h"
[notifiers.ops]
kind = "webhook"
url = "{url}"
"""


class Machine:
    """A machine on which a job is backed up each night."""

    def __init__(self, directory: Path, ops: Receiver) -> None:
        self.directory = directory
        self.ops = ops
        self.disk, self.state, self.source = (directory / name for name in ("disk", "state", "source"))
        for each in (self.disk, self.source, directory / "tmp"):
            each.mkdir(parents=True)
        (self.source / "a").write_bytes(os.urandom(300_000))
        self.configure()

    def configure(self, repository: str = "", more: str = "") -> None:
        text = CONFIG.format(url=self.ops.url, repository=repository) + more
        (self.directory / "config.toml").write_text(text)
        os.utime(self.directory / "config.toml", (EVENING.timestamp() - 86_400,) * 2)

    def call(self, *arguments: str, after: timedelta = timedelta()) -> Answer:
        """Call the program so long after the evening began, as cron or a monitor does."""
        command = [sys.executable, "-m", "tui_backup", "-c", str(self.directory / "config.toml"), *arguments]
        variables = {**os.environ, **at(EVENING + after), "TMPDIR": str(self.directory / "tmp")}
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=60)
        return Answer(done.returncode, done.stdout, done.stderr)

    @property
    def told(self) -> list[str]:
        """What somebody was told, but for that the clock was set: that of these processes was."""
        return [event(got) for got in self.ops.got if content(got)["trouble"] != "clock"]

    def begin(self) -> None:
        """Have cron look in the evening, and somebody back up a minute later."""
        assert self.call("--run-scheduled") == (0, "", "")
        assert self.call("-q", "run", "site", after=MINUTE).code == 0
        healthy = self.call("status", "--check", after=2 * MINUTE)
        assert (healthy.code, "all healthy" in healthy.out) == (0, True)
        assert self.told == []

    def seen(self, *words: str, hint: str, after: timedelta) -> None:
        """Look with each command that a monitor or a login would call, and see it named."""
        checked = self.call("status", "--check", after=after)
        assert checked.code == 1
        motd = self.call("status", "--motd", after=after)
        assert (motd.code, motd.out.startswith("tui-backup: 1 problem: ") or "problems, first: " in motd.out) == (
            0,
            True,
        )
        for word in words:
            assert word in checked.out
        assert f"hint: {hint}" in checked.out

    def problems(self, after: timedelta) -> set[str]:
        """Return the kinds of what the metrics say is wrong."""
        text = self.call("status", "--prometheus", after=after).out
        found = [line for line in text.splitlines() if line.startswith("tui_backup_problems{")]
        return {line.partition('kind="')[2].partition('"')[0] for line in found if not line.endswith(" 0")}


@pytest.fixture
def ops() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


@pytest.fixture
def machine(tmp_path: Path, ops: Receiver) -> Machine:
    return Machine(tmp_path / "machine", ops)


def test_cron_is_removed(machine: Machine) -> None:
    machine.begin()
    later = 3 * DAY
    machine.seen(
        "nobody has looked at the schedules since",
        "though site was due at",
        "job site last succeeded",
        hint="cron, a timer or `tui-backup daemon` has to do so: `tui-backup schedule install` sets that up",
        after=later,
    )
    assert machine.problems(later) - {"clock"} == {"stale", "scheduler"}
    assert machine.call("-q", "verify", after=later).code == 0
    assert sorted(machine.told) == ["job_stale", "schedules_unwatched"]


def test_the_clock_is_two_days_ahead_and_set_back(machine: Machine, ops: Receiver) -> None:
    machine.begin()
    assert machine.call("--run-scheduled", after=2 * DAY).code == 0
    machine.seen(
        "the newest backup of site is of", "which has not come yet: a clock is or was wrong",
        hint="see what `date` says", after=5 * MINUTE,
    )  # fmt: skip
    assert machine.problems(5 * MINUTE) == {"clock"}
    assert machine.call("--run-scheduled", after=6 * MINUTE).code == 0
    assert "clock_wrong" in [event(got) for got in ops.got]


@pytest.mark.skipif((uptime() or (0, 0))[1] < 1800, reason="until then a clock may be wrong at first")
def test_a_clock_that_jumps_is_named_by_whoever_looks_next(machine: Machine, ops: Receiver) -> None:
    machine.begin()
    machine.seen(
        "the clock of this machine was set ahead by 48 h", hint="see what `date` says", after=2 * DAY + 2 * MINUTE
    )
    assert machine.call("--run-scheduled", after=2 * DAY + 3 * MINUTE).code == 0
    assert "clock_wrong" in [event(got) for got in ops.got]
    assert "the clock of this machine was set back by" in machine.call("status", after=5 * MINUTE).out


@pytest.mark.requires("tmpfs")
def test_the_state_directory_is_read_only(machine: Machine) -> None:
    machine.begin()
    with read_only(machine.state):
        machine.seen(
            "what happens now is not recorded",
            hint="is the disk of the state directory full, or mounted read-only? `df` and `mount` tell",
            after=3 * MINUTE,
        )
        due = machine.call("--run-scheduled", after=NIGHT)
        assert due.code == 1
        assert "nothing that is scheduled can be run: the state directory" in due.err
        assert machine.told == ["history_failed"]
        assert machine.call("--run-scheduled", after=NIGHT + MINUTE).code == 1
        assert machine.told == ["history_failed"]
    assert machine.call("--run-scheduled", after=NIGHT + 2 * MINUTE) == (0, "", "")


def test_the_repository_is_unplugged(machine: Machine) -> None:
    machine.begin()
    machine.disk.rename(machine.directory / "drawer")
    due = machine.call("--run-scheduled", after=NIGHT)
    assert due.code == 10
    assert "is the disk mounted?" in due.err
    assert machine.told == ["backup_failed"]
    machine.seen("the last run of job site failed", hint="tui-backup history --job site", after=NIGHT + MINUTE)
    assert machine.problems(NIGHT + MINUTE) == {"failed"}
    (machine.directory / "drawer").rename(machine.disk)
    assert machine.call("--run-scheduled", after=DAY + NIGHT) == (0, "", "")
    assert machine.told == ["backup_failed", "recovered"]


def test_a_notifier_is_down(machine: Machine) -> None:
    machine.configure(more=f'[notifiers.bad]\nkind = "webhook"\nurl = "http://127.0.0.1:{free_port()}"\n')
    machine.begin()
    machine.source.rename(machine.directory / "away")
    assert machine.call("--run-scheduled", after=NIGHT).code == 1
    assert machine.told == ["backup_failed"]
    machine.seen(
        "the notifier bad was not reached since", "Connection refused",
        hint="tui-backup notify test bad", after=NIGHT + MINUTE,
    )  # fmt: skip
    assert machine.problems(NIGHT + MINUTE) == {"failed", "notifier"}
    for minute in (2, 5, 6):
        assert machine.call("--run-scheduled", after=NIGHT + minute * MINUTE) == (0, "", "")
    assert machine.told == ["backup_failed", "notifier_failed"]


@pytest.mark.requires("tmpfs")
@pytest.mark.parametrize("min_free", ['min_free = "5%"', ""], ids=["by a limit", "by what the last backups took"])
def test_the_disk_is_all_but_full(machine: Machine, ops: Receiver, min_free: str) -> None:
    machine.configure(min_free)
    with tmpfs(machine.disk, size="16m"):
        machine.begin()
        for minute in (2, 3):
            (machine.source / "a").write_bytes(os.urandom(300_000))
            assert machine.call("-q", "run", "site", after=minute * MINUTE).code == 0
        room = os.statvfs(machine.disk)
        (machine.disk / "filler").write_bytes(bytes(int(room.f_bavail - 0.01 * room.f_blocks) * room.f_frsize))
        assert machine.call("--run-scheduled", after=5 * MINUTE) == (0, "", "")
        assert machine.told == ["low_space"]
        assert content(ops.got[0])["repository"] == "local"
        machine.seen("repository local has only", hint="tui-backup prune -r local", after=6 * MINUTE)
        assert machine.problems(6 * MINUTE) == {"low-space"}
        assert machine.call("acknowledge", "-r", "local", after=7 * MINUTE).code == 0
        for days in (1, 2):
            assert machine.call("-q", "--run-scheduled", after=days * DAY + 5 * MINUTE).code in {0, 1}
        assert "low_space" not in machine.told[1:]
        (machine.disk / "filler").unlink()
        assert machine.call("--run-scheduled", after=2 * DAY + NIGHT).code == 0
        assert machine.told[-1] == "recovered"
