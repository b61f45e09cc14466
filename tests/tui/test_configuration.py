"""The configuration editor: what somebody presses, and what stands in the file afterwards."""

import fcntl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import msgspec
import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Static

from tests.tui.conftest import Look, at, desk_of, settled
from tui_backup.primitives.about import About
from tui_backup.primitives.text import printable
from tui_backup.stores.registry import STORES
from tui_backup.tui.app import BackupApp
from tui_backup.tui.configuration import page as page_module
from tui_backup.tui.configuration.dialogs import ConflictDialog, LeaveDialog, NameDialog, SaveDialog
from tui_backup.tui.configuration.objects import Objects, Thing
from tui_backup.tui.configuration.page import ConfigurationPage
from tui_backup.tui.configuration.rows import Row
from tui_backup.tui.configuration.source_text import SourceText
from tui_backup.tui.configuration.year import Year
from tui_backup.tui.dialogs.confirm import Confirm
from tui_backup.tui.places import Configuration

SITE = Configuration(job="site")
PATIENCE_S = 0.02


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge what is typed sooner than people would want it."""
    monkeypatch.setattr(page_module, "PATIENCE_S", PATIENCE_S)


def read(path: Path) -> str:
    """Return what stands in a file."""
    return path.read_text()


def write(path: Path, text: str) -> None:
    """Do what somebody else does to a file."""
    path.write_text(text)


async def judged(pilot: Pilot[None]) -> None:
    """Wait until what was typed was judged."""
    await pilot.pause(PATIENCE_S * 3)
    await settled(pilot)


async def typed(pilot: Pilot[None], text: str) -> None:
    """Type a text in place of what stands in the field, and wait until that was judged."""
    await pilot.press("ctrl+u", "ctrl+k", *text)
    await judged(pilot)


async def opened(pilot: Pilot[None], place: Configuration = SITE) -> ConfigurationPage:
    """Go to the editor, and wait until it has looked at what it shows."""
    app = pilot.app
    assert isinstance(app, BackupApp)
    app.desk.given = "config.toml"
    await at(pilot, place)
    await judged(pilot)
    page = app.screen
    assert isinstance(page, ConfigurationPage)
    return page


def row(page: ConfigurationPage, *key: str | int) -> Row:
    """Return the row of a key."""
    return next(each for each in page.form.rows if each.key == key)


def note(row: Row) -> str:
    """Return what stands below a field."""
    return str(row.query_one(".note", Static).content)


async def test_a_job_that_is_edited_is_saved_and_its_comments_stay(app: BackupApp, site: Path) -> None:
    before = read(site)
    async with app.run_test() as pilot:
        await opened(pilot)
        await typed(pilot, "offsite")
        await pilot.press("ctrl+s")
        await settled(pilot)
        dialog = app.screen
        assert isinstance(dialog, SaveDialog)
        assert app.focused is dialog.query_one("#stay")
        await pilot.press("S")
        await settled(pilot)
        assert app.desk.workspace.config.jobs["site"].repositories == ("offsite",)
    assert read(site) == before.replace('["local", "offsite"]', '["offsite"]')
    assert "# The shop and its uploads.\n[jobs.site]" in read(site)


async def test_what_is_typed_after_saving_was_asked_for_is_not_saved_with_it(app: BackupApp, site: Path) -> None:
    before = read(site)
    async with app.run_test() as pilot:
        page = await opened(pilot)
        await typed(pilot, "offsite")
        page.saving.save()
        assert page.board is not None
        page.board.give(("language",), "pt_BR")
        await settled(pilot)
        await pilot.press("S")
        await settled(pilot)
        assert read(site) == before.replace('["local", "offsite"]', '["offsite"]')
        assert page.is_changed
        page.saving.save()
        await settled(pilot)
        await pilot.press("S")
        await settled(pilot)
        assert 'language = "pt_BR"' in read(site)
        assert not page.is_changed


async def test_nobody_leaves_while_the_file_is_written(app: BackupApp, site: Path) -> None:
    async with app.run_test() as pilot:
        page = await opened(pilot)
        await typed(pilot, "offsite")
        page.saving.save()
        await settled(pilot)
        with site.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # as another who saves it
            await pilot.press("S", "escape", "escape")
            await pilot.pause()
            assert app.screen is page
        await settled(pilot)
        await pilot.press("escape")
        await settled(pilot)
        assert not page.is_attached


async def test_what_is_wrong_is_said_at_its_field_and_never_saved(app: BackupApp, site: Path) -> None:
    before = read(site)
    async with app.run_test() as pilot:
        page = await opened(pilot)
        wanted = row(page, "jobs", "site", "expected_every")
        page.form.go_to(wanted.key)
        await typed(pilot, "soon")
        assert "'soon' is not a duration" in note(wanted)
        assert Thing("jobs", "site") in page.objects.wrong
        await pilot.press("ctrl+s")
        await settled(pilot)
        assert app.screen is page
        await typed(pilot, "30h")
        assert note(wanted) == wanted.field.help
    assert read(site) == before


async def test_an_emptied_field_takes_its_key_out_and_given_again_it_stands_where_it_stood(app: BackupApp) -> None:
    async with app.run_test() as pilot:
        page = await opened(pilot)
        board = page.board
        assert board is not None
        page.form.go_to(("jobs", "site", "expected_every"))
        await typed(pilot, "")
        assert "expected_every" not in board.draft.tables["jobs"]["site"]
        await typed(pilot, "26h")
        assert board.draft.text == board.saved.text
        assert not page.is_changed


async def test_what_somebody_else_saved_meanwhile_is_shown_and_both_can_be_kept(app: BackupApp, site: Path) -> None:
    before = read(site)
    async with app.run_test() as pilot:
        await opened(pilot)
        await typed(pilot, "offsite")
        write(site, theirs := before.replace("# The shop and its uploads.", "# The shop, since 1998."))
        await pilot.press("ctrl+s")
        await settled(pilot)
        await pilot.press("S")
        await settled(pilot)
        assert isinstance(app.screen, ConflictDialog)
        assert read(site) == theirs
        await pilot.click("#both")
        await settled(pilot)
        await pilot.press("ctrl+s")
        await settled(pilot)
        await pilot.press("S")
        await settled(pilot)
    assert read(site) == theirs.replace('["local", "offsite"]', '["offsite"]')


async def test_mine_can_be_dropped_for_what_somebody_else_saved(app: BackupApp, site: Path) -> None:
    async with app.run_test() as pilot:
        page = await opened(pilot)
        await typed(pilot, "offsite")
        write(site, theirs := read(site).replace('"26h"', '"28h"'))
        await pilot.press("ctrl+s")
        await settled(pilot)
        await pilot.press("S")
        await settled(pilot)
        await pilot.click("#theirs")
        await judged(pilot)
        assert not page.is_changed
        assert app.focused is page.objects
        assert row(page, "jobs", "site", "expected_every").given == "28h"
    assert read(site) == theirs


async def test_leaving_with_changes_asks_and_stays_unless_told_otherwise(app: BackupApp) -> None:
    async with app.run_test() as pilot:
        page = await opened(pilot)
        await typed(pilot, "offsite")
        await pilot.press("escape")
        assert app.focused is page.query_one(Objects)
        await pilot.press("escape")
        await pilot.pause()
        asked = app.screen
        assert isinstance(asked, LeaveDialog)
        await pilot.press("enter")
        await pilot.pause()
        assert page.is_current
        await pilot.press("q")
        await pilot.pause()
        await pilot.click("#leave")
        await settled(pilot)
        assert not page.is_attached


async def test_quitting_asks_about_changes_too(app: BackupApp) -> None:
    async with app.run_test() as pilot:
        page = await opened(pilot)
        await typed(pilot, "offsite")
        await pilot.press("ctrl+q")
        await pilot.pause()
        assert isinstance(app.screen, LeaveDialog)
        await pilot.press("enter")
        await pilot.pause()
        assert page.is_current
        await pilot.press("ctrl+q")
        await pilot.pause()
        await pilot.click("#leave")
        await pilot.pause()
        assert not app.is_running


async def test_the_text_and_the_forms_show_the_same_draft(app: BackupApp, site: Path) -> None:
    async with app.run_test() as pilot:
        page = await opened(pilot)
        page.form.go_to(("jobs", "site", "expected_every"))
        await typed(pilot, "30h")
        await pilot.press("f2")
        text = page.query_one(SourceText)
        assert 'expected_every = "30h"' in text.text
        text.load_text(text.text.replace('"30h"', '"31h"') + "\n# a last word\n")
        await judged(pilot)
        await pilot.press("f2")
        await settled(pilot)
        assert row(page, "jobs", "site", "expected_every").given == "31h"
        await pilot.press("S")
        await settled(pilot)
        await pilot.press("S")
        await settled(pilot)
    assert read(site).endswith("# a last word\n")
    assert '"31h"' in read(site)


async def test_who_has_turned_to_the_text_is_not_called_back_to_the_form(app: BackupApp) -> None:
    async with app.run_test() as pilot:
        page = await opened(pilot)
        page.action_turn()
        page.enter_form(())
        await settled(pilot)
        assert page.focused is page.text


async def test_arrows_and_letters_that_come_in_one_go_keep_their_order(app: BackupApp) -> None:
    async with app.run_test() as pilot:
        page = await opened(pilot)
        await pilot.press("f2")
        await judged(pilot)
        before = page.text.text
        for key in ["down"] * before.count("\n") + ["e", "left", "n", "end", "d"]:
            app.post_message(events.Key(key, key if len(key) == 1 else None))
        await judged(pilot)
        assert page.text.text == before + "ned"


async def test_a_text_that_is_no_toml_stays_in_the_editor_with_its_line_marked(app: BackupApp, site: Path) -> None:
    before = read(site)
    async with app.run_test() as pilot:
        page = await opened(pilot, Configuration(as_text=True))
        await pilot.press("down", "end", "x")
        await judged(pilot)
        assert str(page.query_one("#trouble", Static).content).startswith("line 2: not valid TOML")
        await pilot.press("ctrl+s", "f2")
        await settled(pilot)
        assert page.is_text
        assert app.screen is page
    assert read(site) == before


async def test_a_secret_in_the_file_is_never_on_the_screen(site: Path) -> None:
    text = read(site).replace('password = { file = "local.key" }', 'password = "tr0ub4dor"')
    write(site, text)
    app = BackupApp(desk_of(site))
    async with app.run_test() as pilot:
        page = await opened(pilot, Configuration(repository="local"))
        seen = app.export_screenshot()
        await pilot.press("f2")
        await judged(pilot)
        assert "tr0ub4dor" not in page.query_one(SourceText).text
        await pilot.press(*"#x", "ctrl+s")
        await settled(pilot)
        assert isinstance(app.screen, SaveDialog)
        assert "tr0ub4dor" not in seen + app.export_screenshot()
        await pilot.press("S")
        await settled(pilot)
    assert read(site) == f"#x{text}"


async def test_a_new_job_is_named_filled_in_and_saved(app: BackupApp, site: Path) -> None:
    before = read(site)
    async with app.run_test(size=(80, 40)) as pilot:
        page = await opened(pilot, Configuration())
        await pilot.press("n")
        await pilot.pause()
        assert isinstance(app.screen, NameDialog)
        await pilot.press(*"site", "enter")
        assert isinstance(app.screen, NameDialog)
        await pilot.press(*"-2", "enter")
        await judged(pilot)
        assert "this is missing" in note(row(page, "jobs", "site-2", "sources", 0, "paths"))
        page.form.go_to(("jobs", "site-2", "sources", 0, "paths"))
        await pilot.press(*"/opt", "enter", *"/var/lib/x")
        await judged(pilot)
        await pilot.press("ctrl+s")
        await settled(pilot)
        await pilot.press("S")
        await settled(pilot)
        assert app.desk.workspace.config.jobs["site-2"].sources[0].roots() == ("/opt", "/var/lib/x")
    assert read(site).startswith(before)


async def test_deleting_a_job_says_that_backups_stay_and_does_nothing_at_once(app: BackupApp, site: Path) -> None:
    before = read(site)
    async with app.run_test() as pilot:
        page = await opened(pilot)
        await pilot.press("escape", "D")
        await pilot.pause()
        dialog = app.screen
        assert isinstance(dialog, Confirm)
        assert "No backup is deleted" in "".join(str(each.content) for each in dialog.query(Static))
        await pilot.click("#yes")
        await judged(pilot)
        assert Thing("jobs", "site") not in page.objects.rows
        assert page.is_changed
    assert read(site) == before


async def test_a_renamed_repository_is_followed_by_its_jobs(app: BackupApp) -> None:
    async with app.run_test() as pilot:
        page = await opened(pilot, Configuration(repository="offsite"))
        await pilot.press("escape", "R")
        await pilot.pause()
        await pilot.press("-", "2", "enter")
        await judged(pilot)
        assert page.board is not None
        assert page.board.faults == []
        assert page.board.draft.tables["jobs"]["site"]["repositories"] == ["local", "offsite-2"]


async def test_sources_are_added_and_taken_out(app: BackupApp) -> None:
    async with app.run_test(size=(80, 60)) as pilot:
        page = await opened(pilot)
        await pilot.press("escape", "a")
        await judged(pilot)
        assert page.board is not None
        assert len(page.board.draft.tables["jobs"]["site"]["sources"]) == 2
        await pilot.click("SourceButton")
        await judged(pilot)
        assert page.board.draft.tables["jobs"]["site"]["sources"] == [{"kind": "files"}]


async def test_a_test_opens_the_repository_and_reaches_the_sources(app: BackupApp, tmp_path: Path) -> None:
    async with app.run_test() as pilot:
        page = await opened(pilot, Configuration(repository="local"))
        await pilot.press("escape", "T")
        await settled(pilot)
        assert page.form.findings.found[0].text == "it opens, and holds 5 snapshots"
        page.objects.go_to(Thing("jobs", "mail"))
        await settled(pilot)
        await pilot.press("T")
        await settled(pilot)
        assert "/var/mail" in page.form.findings.found[0].text


async def test_a_key_file_is_made_where_a_secret_is_given_as_one(app: BackupApp, tmp_path: Path) -> None:
    async with app.run_test(size=(100, 40)) as pilot:
        page = await opened(pilot, Configuration(repository="local"))
        await pilot.press("escape", "N")
        await pilot.pause()
        await pilot.press(*"usb", "enter")
        await judged(pilot)
        page.form.go_to(("repositories", "usb", "store", "path"))
        await pilot.press(*"usb-disk")
        await judged(pilot)
        await pilot.click("SecretRow Button")
        await settled(pilot)
    assert (tmp_path / "usb.key").stat().st_mode & 0o777 == 0o600
    assert len((tmp_path / "usb.key").read_text()) > 40


async def test_the_calendar_shows_what_a_policy_would_leave(app: BackupApp) -> None:
    async with app.run_test() as pilot:
        page = await opened(pilot)
        year = page.query_one(Year)
        assert "9 of 365" in str(year.render())
        page.form.go_to(("jobs", "site", "keep", "daily"))
        await typed(pilot, "30")
        assert "30 of 365" in str(year.render())


async def test_what_excludes_leave_out_is_counted_while_somebody_types(app: BackupApp, tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    for name in ("a.log", "b.log", "c"):
        (tmp_path / "tree" / name).write_bytes(bytes(500))
    async with app.run_test(size=(100, 60)) as pilot:
        page = await opened(pilot)
        page.form.go_to(("jobs", "site", "sources", 0, "paths"))
        await pilot.press("ctrl+a")
        await typed(pilot, "tree")
        page.form.go_to(("jobs", "site", "sources", 0, "exclude"))
        await typed(pilot, "*.log")
        found = str(page.query_one("#left-out-0", Static).content)
        assert found.startswith("Leaves out 2 of ")
        assert found.endswith("1.00 kB")


class Cupboard(msgspec.Struct, frozen=True):
    """A store of a kind that nobody has thought of."""

    shelf: Annotated[int, About("Shelf", "Counted from below")]


async def test_a_kind_that_is_registered_has_a_form(app: BackupApp, monkeypatch: pytest.MonkeyPatch) -> None:
    places = {"local": vars(STORES)["_places"]["local"], "cupboard": f"{__name__}:Cupboard"}
    monkeypatch.setattr(STORES, "_places", places)
    async with app.run_test() as pilot:
        page = await opened(pilot, Configuration(repository="local"))
        page.form.go_to(("repositories", "local", "store", "kind"))
        await pilot.press("right")
        await judged(pilot)
        assert page.board is not None
        assert page.board.draft.tables["repositories"]["local"]["store"]["kind"] == "cupboard"
        shelf = row(page, "repositories", "local", "store", "shelf")
        assert (shelf.field.label, note(shelf)) == ("Shelf", "✖ this is missing")


async def test_hostile_text_in_the_file_harms_no_terminal(site: Path) -> None:
    hostile = '["/x\\u001b[31m", "/[@click=app.bell]y", "/\\u202eexe.txt"]'
    write(site, read(site).replace('["/srv/site"]', hostile))
    app = BackupApp(desk_of(site))
    async with app.run_test(size=(80, 30)) as pilot:
        page = await opened(pilot)
        lines = page.query_one("Lines")
        drawn = "".join(segment.text for y in range(3) for segment in lines.render_line(y))
        assert printable(drawn) == drawn
        assert "[@click=app.bell]y" in drawn
        assert page.board is not None
        assert not page.is_changed


def pressed(*keys: str) -> Callable[[Pilot[None]], Awaitable[None]]:
    """Return what goes to the editor and presses these keys; `=text` is typed, `~` waits until it was judged."""

    async def press(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, BackupApp)
        app.desk.given = "config.toml"
        await judged(pilot)
        for key in keys:
            if key == "~":
                await judged(pilot)
            else:
                await pilot.press(*(key[1:] if key.startswith("=") else [key]))
                await settled(pilot)
        await judged(pilot)

    return press


@pytest.mark.parametrize(
    ("place", "keys"),
    [
        pytest.param(SITE, (), id="job"),
        pytest.param(SITE, ("pagedown",) * 6, id="keep"),
        pytest.param(Configuration(repository="local"), ("escape",), id="repository"),
        pytest.param(Configuration(), (), id="general"),
        pytest.param(SITE, ("=x", "~"), id="wrong"),
        pytest.param(SITE, ("ctrl+u", "=local", "ctrl+s"), id="save"),
        pytest.param(SITE, ("f2", "end", "=x", "~"), id="text"),
        pytest.param(SITE, ("escape", "D"), id="delete"),
        pytest.param(SITE, ("escape", "n", "=Backup"), id="name"),
    ],
)
def test_look(look: Look, place: Configuration, keys: tuple[str, ...]) -> None:
    look(place, pressed(*keys))


def test_look_conflict(look: Look, site: Path) -> None:
    async def conflict(pilot: Pilot[None]) -> None:
        await pressed("ctrl+u", "=local")(pilot)
        write(site, read(site).replace("# The shop and its uploads.", "# [@click=app.bell]The shop."))
        await pressed("ctrl+s", "S")(pilot)

    look(SITE, conflict)


async def test_another_format_has_other_keys_and_drops_those_that_it_has_no_use_for(app: BackupApp, site: Path) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        page = await opened(pilot, Configuration())
        page.redraw(Thing("repositories", "local"))
        await judged(pilot)
        names = [each.key[2] for each in page.form.rows]
        assert {"password", "compression"} <= set(names)
        assert not {"name", "encryption_key", "history_file"} & set(names)
        page.form.go_to(("repositories", "local", "format"))
        await pilot.press("right")
        await judged(pilot)
        assert page.board is not None
        table = page.board.draft.get(("repositories", "local"))
        assert table["format"] == "tar.gz"
        assert "password" not in table
        names = [each.key[2] for each in page.form.rows]
        assert {"name", "compression_level", "encryption_key", "history_file"} <= set(names)
        assert not {"password", "compression", "max_unused"} & set(names)
        assert page.board.faults == []
        page.form.go_to(("repositories", "local", "format"))
        await pilot.press("left")
        await judged(pilot)
        assert page.board.draft.get(("repositories", "local", "password")) == {"file": "local.key"}


def test_look_of_a_repository_of_archives(look: Look, site: Path) -> None:
    async def choose(pilot: Pilot[None]) -> None:
        page = await opened(pilot, Configuration())
        page.redraw(Thing("repositories", "local"))
        await judged(pilot)
        page.form.go_to(("repositories", "local", "format"))
        await pilot.press("right", "right")
        await judged(pilot)

    look(Configuration(), choose)
