"""What a scheduled run waits for."""

import os
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.services.programs.test_hooks import Hooked
from tests.support.estate import build_estate
from tests.support.mounts import tmpfs
from tui_backup.model.event import Warned
from tui_backup.services.programs import requirements
from tui_backup.services.programs.requirements import lacking
from tui_backup.services.status.overview import report
from tui_backup.services.unattended.scheduling import run_due

HEAD = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
DEFAULT = "eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
NEAR = "eth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
HALF = "eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000080\t0\t0\t0\n"
REJECTED = "*\t00000000\t00000000\t0201\t0\t0\t0\t00000000\t0\t0\t0\n"
ZERO = "0" * 32
DEFAULT_6 = f"{ZERO} 00 {ZERO} 00 fe80{'0' * 27}1 00000400 00000001 00000000 00000003     eth0\n"
UNREACHABLE_6 = f"{ZERO} 00 {ZERO} 00 {ZERO} ffffffff 00000001 00000000 00200200       lo\n"

BATTERY = {"type": "Battery", "status": "Discharging"}
CHARGING = {"type": "Battery", "status": "Charging"}
MAINS, UNPLUGGED = {"type": "Mains", "online": "1"}, {"type": "Mains", "online": "0"}
MOUSE = {"type": "Battery", "scope": "Device", "status": "Discharging"}


def supplies(directory: Path, *each: dict[str, str]) -> Path:
    for number, facts in enumerate(each):
        (directory / f"supply{number}").mkdir()
        for name, value in facts.items():
            (directory / f"supply{number}" / name).write_text(f"{value}\n")
    return directory


@pytest.mark.parametrize(
    ("each", "is_met"),
    [
        ([], True),
        ([MAINS], True),
        ([MAINS, BATTERY], True),
        ([UNPLUGGED, BATTERY], False),
        ([UNPLUGGED, CHARGING], False),
        ([BATTERY], False),
        ([CHARGING], True),
        ([MOUSE], True),
        ([UNPLUGGED, MAINS], True),
    ],
)
def test_mains(tmp_path: Path, each: list[dict[str, str]], is_met: bool) -> None:
    reason = lacking(["ac-power"], power=supplies(tmp_path, *each))
    assert reason == (None if is_met else "it runs on battery")


def test_a_machine_that_does_not_tell_of_its_power_has_it(tmp_path: Path) -> None:
    assert lacking(["ac-power", "network"], power=tmp_path / "none", routes=tmp_path / "none") is None


@pytest.mark.parametrize(
    ("four", "six", "is_met"),
    [
        (NEAR + DEFAULT, "", True),
        (NEAR, DEFAULT_6, True),
        (NEAR, UNREACHABLE_6, False),
        (HALF + REJECTED, "", False),
        ("", "", False),
        ("eth0 nonsense\n", "more of it\n", False),
    ],
)
def test_network(tmp_path: Path, four: str, six: str, is_met: bool) -> None:
    (tmp_path / "route").write_text(HEAD + four)
    (tmp_path / "ipv6_route").write_text(six)
    assert lacking(["network"], routes=tmp_path) == (None if is_met else "there is no network")


def test_a_path(tmp_path: Path) -> None:
    place = tmp_path / "usb"
    assert lacking([f"path:{place}"]) == f"{place} is not there"
    place.mkdir()
    assert lacking([f"path:{place}"]) == f"nothing is mounted at {place}"
    (place / "backups").mkdir()
    assert lacking([f"path:{place}"]) is None
    assert lacking([f"path:{place}/file"]) == f"{place}/file is not there"
    (place / "file").touch()
    assert lacking([f"path:{place}/file"]) is None
    os.symlink(tmp_path / "gone", tmp_path / "link")
    assert lacking([f"path:{tmp_path}/link"]) == f"{tmp_path}/link is not there"


@pytest.mark.requires("tmpfs")
def test_an_empty_disk_is_there_once_it_is_mounted(tmp_path: Path) -> None:
    with tmpfs(tmp_path / "usb") as place:
        assert lacking([f"path:{place}"]) is None


def test_the_first_reason_is_told(tmp_path: Path) -> None:
    reason = lacking(["ac-power", f"path:{tmp_path}/gone"], power=supplies(tmp_path, BATTERY))
    assert reason == "it runs on battery"


def test_nothing_asked_is_nothing_lacking() -> None:
    assert lacking([]) is None


def test_a_file_system_that_never_answers_is_asked_by_one_thread_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    hangs, asked = threading.Event(), list[str]()

    def look(path: str) -> None:
        asked.append(path)
        hangs.wait()

    monkeypatch.setattr(requirements, "_looked_at", look)
    monkeypatch.setattr(requirements, "_PATIENCE_S", 0.05)
    for _minute in range(3):
        assert lacking(["path:/mnt/silent"]) == "/mnt/silent does not answer"
    assert asked == ["/mnt/silent"]
    hangs.set()
    requirements._asking["/mnt/silent"].join()
    assert lacking(["path:/mnt/silent"]) is None


def test_who_runs_a_job_by_hand_is_told_and_has_it_run(tmp_path: Path) -> None:
    estate = Hooked(*build_estate(tmp_path, ["local"]))
    estate.give(require=[f"path:{tmp_path}/usb"])
    ran = estate.run()
    assert ran.errors == []
    (warning,) = [event.message for event in ran.events if isinstance(event, Warned)]
    assert warning == f"{tmp_path}/usb is not there; it goes on all the same, as somebody asked"


def test_what_is_due_waits_and_runs_once_nothing_is_missing(tmp_path: Path) -> None:
    estate = Hooked(*build_estate(tmp_path, ["local"]))
    estate.give(require=[f"path:{tmp_path}/usb"])
    path = estate.directory / "config.toml"
    path.write_text(path.read_text().replace("[jobs.site]\n", '[jobs.site]\nschedule = "0 2 * * *"\n'))
    before, later = datetime(2026, 6, 1, 12, tzinfo=UTC), datetime(2026, 6, 2, 12, tzinfo=UTC)
    os.utime(path, (before.timestamp(), before.timestamp()))
    with estate.open() as workspace:

        def look(moment: datetime) -> tuple[int, str | None]:
            done = list(run_due(workspace, lambda _jobs: None, lambda: moment))
            (job,) = report(workspace.config, workspace.history, workspace.state_dir, moment).jobs
            return len(done), job.waiting

        assert look(before) == (0, None)
        assert look(later) == (0, f"{tmp_path}/usb is not there")
        (tmp_path / "usb" / "mine").mkdir(parents=True)
        assert look(later) == (1, None)
        assert look(later) == (0, None)
