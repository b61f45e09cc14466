"""Past runs and the audit: sifted, read aside, and told as they are."""

import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from tests.support.sample_estate import NOW
from tests.tui.conftest import Look, at, settled
from tui_backup.config.load import load_config
from tui_backup.history.anchors import Gathered
from tui_backup.history.audit import AuditFile, Entry
from tui_backup.model.run import RunStatus, Verb
from tui_backup.services.runs.past_runs import history_rows
from tui_backup.services.workspace import Workspace
from tui_backup.tui.app import BackupApp
from tui_backup.tui.places import AuditTrail, History
from tui_backup.tui.records.history import HistoryPage
from tui_backup.tui.records.page import RecordsPage
from tui_backup.tui.records.verdict import VerdictDialog

HOSTILE = "snapshot ab12cd34 [@click=app.bell]\x1b[31m, repository local"


def page(pilot: Pilot[None]) -> RecordsPage[Any]:
    assert isinstance(pilot.app.screen, RecordsPage)
    return pilot.app.screen


def texts(pilot: Pilot[None]) -> list[str]:
    listing = page(pilot).listing
    return [listing.text_of(line) for line in listing.rows]


def detail(pilot: Pilot[None]) -> str:
    return str(page(pilot).query_one("#detail", Static).content)


@pytest.fixture
def no_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose logs know nothing of this audit."""
    monkeypatch.setattr("tui_backup.services.audit.place_anchor", lambda *_: None)
    monkeypatch.setattr("tui_backup.services.audit.gather", lambda _trusted: Gathered(anchors=(), sources=()))


@pytest.fixture
def audited(site: Path, no_logs: None) -> Path:
    """A site with an audit: what ended well, what failed, what was killed, and a hostile name."""
    with Workspace(load_config(str(site))) as workspace:
        with workspace.audit.act("restore", HOSTILE, "to /tmp/x"):
            pass
        with pytest.raises(KeyError), workspace.audit.act("forget", "snapshot 00112233, repository offsite"):
            raise KeyError
        workspace.audit.begin("prune", "repository local", "2 snapshots")
    return site


@pytest.fixture
def busy(site: Path) -> Path:
    """A site with thousands of runs."""
    with Workspace(load_config(str(site))) as workspace:
        run = workspace.history.runs(None, 1)[0]
        for number in range(5_000):
            started = NOW - timedelta(hours=number)
            workspace.history.finish(
                msgspec.structs.replace(run, id=f"{started:%Y%m%dT%H%M%SZ}-{number:08x}", started=started)
            )
    return site


async def test_all_runs_are_there_newest_first(app: BackupApp, site: Path) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await at(pilot, History())
        expected = history_rows(app.desk.workspace)
        shown = [line.record for line in page(pilot).listing.rows]
        assert shown == expected
        assert "x failed" in texts(pilot)[0] or "failed" in texts(pilot)[0]


async def test_runs_are_sifted_by_job_verb_and_status(app: BackupApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await at(pilot, History())
        everything = len(texts(pilot))
        await pilot.press("b")
        assert {line.record.job for line in page(pilot).listing.rows} == {"mail"}
        assert page(pilot).command_line() == ["history", "--job", "mail"]
        await pilot.press("x", "s")
        assert {line.record.status for line in page(pilot).listing.rows} == {RunStatus.FAILED}
        await pilot.press("w")
        assert page(pilot).command_line() == ["history", "--verb", "run"]
        await pilot.press("x")
        assert len(texts(pilot)) == everything


async def test_one_job_can_be_asked_for(app: BackupApp) -> None:
    async with app.run_test() as pilot:
        await at(pilot, History(job="wiki"))
        assert {line.record.job for line in page(pilot).listing.rows} == {"wiki"}
        await pilot.press("b")
        assert len({line.record.job for line in page(pilot).listing.rows}) > 1


async def test_text_is_looked_for_in_all_that_is_known_of_a_run(app: BackupApp) -> None:
    async with app.run_test() as pilot:
        await at(pilot, History())
        await pilot.press("slash", *"space left")
        assert [line.record.status for line in page(pilot).listing.rows] == [RunStatus.FAILED]
        await pilot.press("enter")
        assert "no space left on /srv/backups [/etc]" in detail(pilot)
        assert "2026-11-21 14:58:01 -03" in detail(pilot)


async def test_a_restore_that_can_be_undone_says_so(app: BackupApp) -> None:
    until = NOW + timedelta(days=7)
    async with app.run_test() as pilot:
        await at(pilot, History())
        history_page = page(pilot)
        assert isinstance(history_page, HistoryPage)
        row = history_page.listing.rows[0].record
        told = history_page.details(msgspec.structs.replace(row, verb=Verb.RESTORE, undo_until=until))
        assert "can be undone until 2026-11-28 19:58:01 -03" in told[0]


async def test_thousands_of_runs_are_filtered_at_once(busy: Path, app: BackupApp) -> None:
    async with app.run_test() as pilot:
        await at(pilot, History())
        assert len(page(pilot).listing.rows) > 5_000
        field = page(pilot).query_one("#filter Input", Input)
        await pilot.press("slash")
        begun = time.perf_counter()
        field.value = "no such thing"
        await pilot.pause()
        assert time.perf_counter() - begun < 2
        assert page(pilot).listing.rows == []


async def test_the_audit_is_shown_newest_first_and_names_do_no_harm(audited: Path, app: BackupApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await at(pilot, AuditTrail())
        shown = texts(pilot)
        assert "(no end is recorded)" in shown[0]
        assert "failed: KeyError" in shown[1]
        await pilot.press("end")
        await pilot.press("b")
        await pilot.press("slash", *"ab12cd34")
        assert all("\x1b" not in text for text in texts(pilot))
        assert len(texts(pilot)) == 2


async def test_the_audit_is_proven_plainly(audited: Path, app: BackupApp) -> None:
    async with app.run_test() as pilot:
        await at(pilot, AuditTrail())
        await pilot.press("V")
        await settled(pilot)
        assert "No sign that anything in it was altered" in verdict_of(pilot)
        await pilot.press("escape")
        alter(app)
        await pilot.press("V")
        await settled(pilot)
        assert "1 problem: this record was altered" in verdict_of(pilot)


def verdict_of(pilot: Pilot[None]) -> str:
    assert isinstance(pilot.app.screen, VerdictDialog)
    return str(pilot.app.screen.query_one("#verdict", Static).content)


def alter(app: BackupApp) -> None:
    path = app.desk.workspace.state_dir / "audit.jsonl"
    path.write_text(path.read_text().replace("to /tmp/x", "to /tmp/y"))


async def test_an_audit_that_cannot_be_read_is_said(app: BackupApp, site: Path) -> None:
    os.makedirs(app.desk.workspace.state_dir / "audit.jsonl")
    async with app.run_test() as pilot:
        await at(pilot, AuditTrail())
        listing = page(pilot).listing
        assert listing.remark is not None
        assert listing.remark.failed
        assert "cannot be read" in listing.remark.text


# pictures


@pytest.fixture
def held_audit(site: Path, no_logs: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """An audit that is the same on every machine."""
    monkeypatch.setattr("tui_backup.history.audit.now", lambda: NOW - timedelta(hours=3))
    monkeypatch.setattr("tui_backup.services.audit.caller", lambda: "ana (uid 1000) pts/0 from 192.0.2.7 pid 4711")
    monkeypatch.setattr("os.urandom", lambda count: bytes(range(count)))
    with Workspace(load_config(str(site))) as workspace:
        file = AuditFile(workspace.state_dir / "audit.jsonl")
        file.append(Entry(who="cron", verb="forget", object="snapshot 00112233, repository offsite", detail="daily"))
        with workspace.audit.act("restore", HOSTILE, "to /srv/site_restored_2026-11-21"):
            pass
        with pytest.raises(KeyError), workspace.audit.act("key add", "repository offsite"):
            raise KeyError
        workspace.audit.begin("prune", "repository local", "2 snapshots")


def test_look_history(look: Look) -> None:
    look(History())


def test_look_history_sifted(look: Look) -> None:
    async def sift(pilot: Pilot[None]) -> None:
        await pilot.press("s")
        await pilot.press("slash", *"wiki")

    look(History(), sift)


def test_look_audit(held_audit: None, look: Look) -> None:
    look(AuditTrail())


def test_look_audit_proven(held_audit: None, look: Look) -> None:
    async def prove(pilot: Pilot[None]) -> None:
        await pilot.press("V")

    look(AuditTrail(), prove)
