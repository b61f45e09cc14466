"""The UI in Portuguese, as a picture."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from pytest_textual_snapshot import SVGImageExtension
from syrupy.assertion import SnapshotAssertion

from tests.tui.conftest import SIZES, settled
from tui_backup.tui.app import BackupApp
from tui_backup.tui.dashboard.page import DashboardPage
from tui_backup.tui.records.audit import AuditPage
from tui_backup.tui.widgets.listing import Listing

ROOT = Path(__file__).parent.parent.parent


ENGLISH = {"and", "are", "for", "from", "not", "that", "the", "this", "was", "what", "which", "with"}
"""Words that no page can do without, and that Portuguese does not have."""


class Shown(NamedTuple):
    """What a process that speaks Portuguese has shown."""

    pictures: dict[str, str]
    texts: dict[str, str]


@pytest.fixture(scope="module")
def portuguese(planted_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    directory = tmp_path_factory.mktemp("portuguese")
    shutil.copytree(planted_once, directory, dirs_exist_ok=True, symlinks=True)
    environment = {**os.environ, "LANGUAGE": "", "LC_ALL": "", "LANG": "pt_BR.UTF-8", "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "tests.support.portuguese_ui", str(directory / "config.toml")]
    made = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT, env=environment)
    return Shown(**json.loads(made.stdout))


@pytest.mark.parametrize("size", SIZES)
def test_the_dashboard_in_portuguese(size: str, portuguese: Shown, snapshot: SnapshotAssertion) -> None:
    assert portuguese.pictures[size] == snapshot.use_extension(SVGImageExtension)


def test_no_page_speaks_english_among_portuguese(portuguese: Shown) -> None:
    spoken = {
        page: re.sub(r"\S*[-/]\S*", "", text) for page, text in portuguese.texts.items()
    }  # paths are what they are
    found = {page: ENGLISH & set(re.findall(r"[^\W\d_]+", text)) for page, text in spoken.items()}
    assert {page: words for page, words in found.items() if words} == {}
    assert all(text.strip() for text in portuguese.texts.values())


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
