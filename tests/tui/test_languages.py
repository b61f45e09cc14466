"""The UI in Portuguese, as a picture."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_textual_snapshot import SVGImageExtension  # type: ignore[import-untyped]  # it tells no types
from syrupy.assertion import SnapshotAssertion

from tests.tui.conftest import SIZES, settled
from tui_backup.tui.app import BackupApp
from tui_backup.tui.dashboard.page import DashboardPage
from tui_backup.tui.records.audit import AuditPage
from tui_backup.tui.widgets.listing import Listing

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("size", SIZES)
def test_the_dashboard_in_portuguese(size: str, site: Path, snapshot: SnapshotAssertion) -> None:
    command = [sys.executable, "-m", "tests.support.portuguese_dashboard", str(site), *map(str, SIZES[size])]
    made = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "LANGUAGE": "", "LC_ALL": "", "LANG": "pt_BR.UTF-8", "PYTHONUTF8": "1"},
    )
    assert made.stdout == snapshot.use_extension(SVGImageExtension)


async def test_an_action_is_found_by_its_name_in_the_other_language(app: BackupApp) -> None:
    async with app.run_test(size=SIZES["80x24"]) as pilot:
        await settled(pilot)
        await pilot.press("colon", *"auditoria")
        assert app.screen.query_one(Listing).rows
        await pilot.press("enter")
        await settled(pilot)
        assert isinstance(app.screen, AuditPage)


async def test_a_name_of_no_action_finds_nothing_and_says_so(app: BackupApp) -> None:
    async with app.run_test(size=SIZES["80x24"]) as pilot:
        await settled(pilot)
        await pilot.press("colon", *"[zzz")
        remark = app.screen.query_one(Listing).remark
        assert remark is not None
        assert remark.text == "Nothing matches “[zzz”"
        await pilot.press("enter", "escape")
        await settled(pilot)
        assert isinstance(app.screen, DashboardPage)
