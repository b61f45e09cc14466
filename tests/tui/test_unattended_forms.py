"""The configuration editor: schedules, programs and whoever is told of things."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from tests.tui.conftest import Look, desk_of, settled
from tests.tui.test_configuration import judged, note, opened, read, row, typed, write
from tui_backup.tui.app import BackupApp
from tui_backup.tui.configuration import page as page_module
from tui_backup.tui.configuration.dialogs import SaveDialog
from tui_backup.tui.configuration.moments import next_moments
from tui_backup.tui.configuration.objects import Thing
from tui_backup.tui.configuration.rows import LastName
from tui_backup.tui.dialogs.confirm import Confirm
from tui_backup.tui.places import Configuration

AUTUMN = datetime(2026, 10, 31, 12, tzinfo=UTC)
SPRING = datetime(2026, 3, 7, 12, tzinfo=UTC)
NEW_YORK = "America/New_York"
NOTIFIERS = """
[notifiers.ops]
kind = "webhook"
url = "https://example.org/hooks/backup"
headers = { Authorization = "Bearer tr0ub4dor" }

[notifiers.check]
kind = "ping"
url = "https://example.org/5d7b9e2c-7e55-4c52-9c9b-0123456789ab"
"""

BY_ITSELF = """\
schedule = [{ at = "0 2 * * *", label = "nightly" }, { at = "0 3 * * 0", label = "weekly" }]
retry = { attempts = 3, wait = "10m" }
prune = "0 3 * * 0"
verify = "@monthly"
verify_subset = "1/7"
before = [["/usr/local/bin/flush", "my cache"]]
stop = ["systemd:whatsapp.service", "docker:evolution-1"]
"""


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge what is typed sooner than people would want it."""
    monkeypatch.setattr(page_module, "PATIENCE_S", 0.02)


@pytest.mark.parametrize(
    ("value", "zone", "now", "words"),
    [
        ("0 2 * * *", "UTC", AUTUMN, "every day at 02:00; next: Sun 02:00, Mon 02:00"),
        ("30 1 * * *", NEW_YORK, AUTUMN, "every day at 01:30; next: Sun 01:30 (clock back)"),
        ("30 2 * * *", NEW_YORK, SPRING, "every day at 02:30; next: Sun 03:00 (clock forward)"),
        ("0 2 31 * *", "UTC", AUTUMN, "Next: 2026-12-31 02:00, 2027-01-31 02:00"),
        ("30 0 1 * *", "UTC", AUTUMN, "on the 1st of each month at 00:30; next: Sun 00:30"),
        ([{"at": "0 2 * * 0", "label": "x"}, "0 2 1 * *"], "UTC", AUTUMN, "Next: Sun 02:00, 2026-11-08 02:00"),
        ("0 2 * *", "UTC", AUTUMN, ""),
        ("0 2 * * *", "Nowhere", AUTUMN, ""),
        ("0 2 * * *", 3, AUTUMN, ""),
        (None, "UTC", AUTUMN, ""),
    ],
)
def test_what_comes_next_in_words(value: Any, zone: Any, now: datetime, words: str) -> None:
    assert next_moments(value, zone, now).startswith(words)
    assert bool(next_moments(value, zone, now)) == bool(words)


async def test_the_last_of_several_words_is_completed() -> None:
    names = LastName(["start", "stale", "success"])
    assert await names.get_suggestion("start, s") == "start, stale"
    assert await names.get_suggestion("su") == "success"
    assert await names.get_suggestion("start, ") is None


async def test_below_a_schedule_stands_when_it_comes_next_or_what_is_wrong(app: BackupApp, site: Path) -> None:
    async with app.run_test() as pilot:
        page = await opened(pilot)
        schedule = row(page, "jobs", "site", "schedule")
        page.form.go_to(schedule.key)
        await typed(pilot, "0 2 * *")
        assert note(schedule).startswith("✖ '0 2 * *' is no schedule")
        await pilot.press(" ", "*")
        await judged(pilot)
        assert note(schedule).startswith("every day at 02:00; next: Sun 02:00")
        await pilot.press("enter", *"0 3 * * 0 weekly")
        await judged(pilot)
        assert note(schedule).startswith("Next: Sun 02:00, Sun 03:00, Mon 02:00")
        assert page.form.region.contains_region(schedule.region)
        assert page.board is not None
        assert page.board.draft.get(schedule.key) == [{"at": "0 2 * * *"}, {"at": "0 3 * * 0", "label": "weekly"}]


async def test_what_is_no_toml_is_told_and_never_saved(app: BackupApp, site: Path) -> None:
    before = read(site)
    async with app.run_test() as pilot:
        page = await opened(pilot)
        retry = row(page, "jobs", "site", "retry")
        page.form.go_to(retry.key)
        await typed(pilot, "{ attempts = 3")
        assert note(retry).startswith("✖ not valid TOML: { attempts = 3, ")
        await pilot.press("ctrl+s")
        await settled(pilot)
        assert app.screen is page
        await pilot.press(" ", "}")
        await judged(pilot)
        page.form.go_to(("jobs", "site", "before"))
        await typed(pilot, "/bin/true 'a b'")
        await pilot.press("ctrl+s")
        await settled(pilot)
        assert isinstance(app.screen, SaveDialog)
        assert read(site) == before
        await pilot.press("S")
        await settled(pilot)
    assert "retry = { attempts = 3 }" in read(site)
    assert 'before = [["/bin/true", "a b"]]' in read(site)


async def test_a_notifier_is_made_tried_renamed_and_taken_out(app: BackupApp, site: Path, tmp_path: Path) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        page = await opened(pilot, Configuration())
        await pilot.press("A", *"ops", "enter")
        await judged(pilot)
        assert "this is missing" in note(row(page, "notifiers", "ops", "url"))
        assert page.board is not None
        page.board.choose(("notifiers", "ops"), "notifier", "command")
        page.redraw(Thing("notifiers", "ops"))
        await judged(pilot)
        page.form.go_to(("notifiers", "ops", "command"))
        await typed(pilot, "touch")
        await pilot.press("enter", *str(tmp_path / "told"))
        page.form.go_to(("notifiers", "ops", "on"))
        await typed(pilot, "stale, failed")
        assert "must be one of start, success, failure" in note(row(page, "notifiers", "ops", "on"))
        await typed(pilot, "stale, failure")
        await pilot.press("escape", "T")
        await settled(pilot)
        assert page.form.findings.found[0].text == "ops: delivered to touch"
        assert (tmp_path / "told").exists()
        await pilot.press("R", *"-2", "enter")
        await judged(pilot)
        assert page.board.draft.tables["notifiers"]["ops-2"]["on"] == ["stale", "failure"]
        assert page.board.faults == []
        await pilot.press("D")
        await pilot.pause()
        assert isinstance(app.screen, Confirm)
        assert "told of nothing" in "".join(str(each.content) for each in app.screen.query(Static))


async def test_secrets_of_notifiers_are_never_on_the_screen_and_stay(site: Path) -> None:
    write(site, read(site) + NOTIFIERS)
    app = BackupApp(desk_of(site))
    async with app.run_test(size=(120, 40)) as pilot:
        page = await opened(pilot, Configuration(notifier="ops"))
        headers = row(page, "notifiers", "ops", "headers")
        seen = app.export_screenshot()
        assert "https://example.org/hooks/backup" in seen
        page.form.go_to(headers.key)
        await pilot.press("end", "left", "left", *", X = { file = 'x' }")
        await judged(pilot)
        assert page.board is not None
        meant = {"Authorization": "Bearer tr0ub4dor", "X": {"file": "x"}}
        assert page.board.draft.get(headers.key) == meant
        seen += app.export_screenshot()
        page.objects.go_to(Thing("notifiers", "check"))
        await judged(pilot)
        seen += app.export_screenshot()
        await pilot.press("f2")
        await judged(pilot)
        text = page.text.text
        assert "********" in text
        assert "5d7b9e2c" not in seen + text
        assert "tr0ub4dor" not in seen + text


async def test_a_mask_that_stands_for_nothing_is_no_secret(site: Path) -> None:
    write(site, read(site) + NOTIFIERS)
    app = BackupApp(desk_of(site))
    async with app.run_test(size=(120, 40)) as pilot:
        page = await opened(pilot, Configuration(notifier="ops"))
        headers = row(page, "notifiers", "ops", "headers")
        page.form.go_to(headers.key)
        await typed(pilot, '{ X = "********" }')
        assert "give the secret again" in note(headers)
        assert Thing("notifiers", "ops") in page.objects.wrong


def test_look_of_what_a_job_does_by_itself(look: Look, site: Path) -> None:
    write(site, read(site).replace("[jobs.site]\n", f"[jobs.site]\n{BY_ITSELF}"))

    async def look_down(pilot: Pilot[None]) -> None:
        page = await opened(pilot)
        page.form.go_to(("jobs", "site", "verify_subset"))
        await judged(pilot)

    look(Configuration(job="site"), look_down)


def test_look_of_a_notifier(look: Look, site: Path) -> None:
    write(site, read(site) + NOTIFIERS)

    async def wait(pilot: Pilot[None]) -> None:
        await opened(pilot, Configuration(notifier="ops"))

    look(Configuration(notifier="ops"), wait)
