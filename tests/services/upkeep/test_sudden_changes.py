"""Sudden changes on real backups: told, retention held, until somebody has looked."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.estate import Estate, build_estate
from tests.support.histories import with_keep
from tui_backup.engine.usual import KNOWN
from tui_backup.errors import PlanHeld
from tui_backup.history.sudden_changes import SuddenChange
from tui_backup.model.trouble import TroubleKind
from tui_backup.model.watch import Watch
from tui_backup.primitives.clock import now
from tui_backup.services.alerts.acknowledging import Acknowledged, acknowledge
from tui_backup.services.status.overview import report
from tui_backup.services.upkeep import pruning

FILES = 60
SIZE = 32_768


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    """A job with sixty files of which one or two change from one backup to the next, backed up often enough."""
    estate = build_estate(tmp_path, ("local",))
    for number in range(FILES):
        (estate.source / f"f{number}").write_bytes(os.urandom(SIZE))
    for number in range(KNOWN + 1):
        (estate.source / f"f{number}").write_bytes(os.urandom(SIZE))
        assert estate.run().errors == []
    return estate


def encrypt(estate: Estate) -> None:
    for path in estate.source.iterdir():
        path.write_bytes(os.urandom(path.stat().st_size))


def encrypt_under_other_names(estate: Estate) -> None:
    for path in list(estate.source.iterdir()):
        (estate.source / f"{path.name}.locked").write_bytes(os.urandom(path.stat().st_size))
        path.unlink()


def unmount(estate: Estate) -> None:
    for path in estate.source.iterdir():
        path.unlink()


def grow(estate: Estate) -> None:
    for number in range(FILES):
        (estate.source / f"new{number}").write_bytes(os.urandom(SIZE))


def rename(estate: Estate) -> None:
    for path in list(estate.source.iterdir()):
        path.rename(estate.source / f"renamed-{path.name}")


def touch(estate: Estate) -> None:
    for path in estate.source.iterdir():
        path.touch()
        path.chmod(0o640)


def change_of(estate: Estate) -> SuddenChange | None:
    with estate.open() as workspace:
        return workspace.history.sudden_changes().get("site")


def kinds(estate: Estate) -> list[TroubleKind]:
    with estate.open() as workspace:
        found = report(workspace.config, workspace.history, workspace.state_dir, now())
    return [trouble.kind for trouble in found.problems]


def acknowledged(estate: Estate) -> Acknowledged:
    with estate.open() as workspace:
        return acknowledge(workspace, "site")


def prune(estate: Estate) -> int:
    """Prune as somebody does who says yes to everything; return how many snapshots stay."""
    with estate.open() as workspace:
        plan = pruning.plan(workspace, [workspace.job("site")], "local", Watch())
        pruning.prune(workspace, plan)
    return len(estate.held("local"))


@pytest.mark.parametrize("change", [encrypt, encrypt_under_other_names, unmount])
def test_what_is_far_from_usual_holds_retention_until_somebody_has_looked(
    estate: Estate, change: Callable[[Estate], None]
) -> None:
    with_keep(estate, "{ last = 3 }")
    change(estate)
    ran = estate.run()
    assert ran.ended[0].status == "ok"
    assert ran.errors == [PlanHeld]
    assert kinds(estate) == [TroubleKind.SUDDEN_CHANGE]
    with pytest.raises(PlanHeld):
        prune(estate)
    assert len(estate.held("local")) == KNOWN + 2

    found = acknowledged(estate)
    assert found.change is not None
    assert kinds(estate) == []
    assert prune(estate) == 3
    assert estate.run().errors == []


def test_a_plan_from_before_is_not_carried_out_either(estate: Estate) -> None:
    with_keep(estate, "{ last = 3 }")
    with estate.open() as workspace:
        plan = pruning.plan(workspace, [workspace.job("site")], "local", Watch())
        encrypt(estate)
        assert estate.run().errors == [PlanHeld]
        with pytest.raises(PlanHeld) as held:
            pruning.carry_out(workspace, plan, Watch())
    assert "acknowledge site" in (held.value.hint or "")
    assert len(estate.held("local")) == KNOWN + 2


@pytest.mark.parametrize("change", [grow, rename, touch])
def test_what_happens_every_day_is_no_sudden_change(estate: Estate, change: Callable[[Estate], None]) -> None:
    with_keep(estate, "{ last = 3 }")
    change(estate)
    assert estate.run().errors == []
    assert (change_of(estate), kinds(estate)) == (None, [])


def test_the_first_that_nobody_has_looked_at_stays_and_usual_starts_anew_afterwards(estate: Estate) -> None:
    encrypt(estate)
    estate.run()
    first = change_of(estate)
    unmount(estate)
    estate.run()
    assert change_of(estate) == first
    assert acknowledged(estate).change == first
    assert acknowledged(estate).is_nothing
    grow(estate)
    encrypt(estate)
    for _ in range(2):
        assert estate.run().errors == []
    assert kinds(estate) == []


def test_who_was_killed_before_judging_is_judged_by_the_next_run(estate: Estate) -> None:
    encrypt(estate)
    estate.run()
    with closing(sqlite3.connect(estate.directory / "state" / "history.db", isolation_level=None)) as record:
        record.execute("DELETE FROM sudden_changes")
    estate.run()
    assert kinds(estate) == [TroubleKind.SUDDEN_CHANGE]


def test_a_backup_into_another_repository_is_compared_with_nothing(tmp_path: Path) -> None:
    estate = build_estate(tmp_path)
    for number in range(FILES):
        (estate.source / f"f{number}").write_bytes(os.urandom(SIZE))
    for _ in range(KNOWN + 1):
        estate.run()
    estate.hide("local")
    ran = estate.run()
    assert ran.statuses[-1] == ("offsite", "ok")
    assert change_of(estate) is None
