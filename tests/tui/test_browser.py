"""Looking into snapshots of the sample site: walking about, previews, comparisons, searching, versions."""

import os
import tarfile
import zipfile
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from tests.support.repositories import access_of
from tests.tui.conftest import Look, at, settled
from tui_backup.config.load import load_config
from tui_backup.model.watch import Watch
from tui_backup.services.restore.handing_out import Target
from tui_backup.services.workspace import Workspace
from tui_backup.tui.app import BackupApp
from tui_backup.tui.browser import taking
from tui_backup.tui.browser.changes import ChangesPage
from tui_backup.tui.browser.export_dialog import ExportDialog
from tui_backup.tui.browser.finder import FinderPage
from tui_backup.tui.browser.line import Line
from tui_backup.tui.browser.page import BrowserPage
from tui_backup.tui.browser.preview import Preview
from tui_backup.tui.browser.snapshots import SnapshotsPage
from tui_backup.tui.browser.text_pane import TextPane
from tui_backup.tui.browser.versions import VersionsPage
from tui_backup.tui.desk import RecordChanged
from tui_backup.tui.dialogs.command_line import CommandLineDialog
from tui_backup.tui.dialogs.confirm import Confirm
from tui_backup.tui.places import Browser, Changes, Finder, Place, Restore, Snapshots, Versions
from tui_backup.tui.widgets.listing import Listing

SITE = b"/srv/site"


def ids(site: Path, repository: str = "local") -> list[str]:
    with Workspace(load_config(str(site))) as workspace:
        return [each.id for each in workspace.history.snapshots(repository) if each.job == "site"]


def newest(site: Path, path: bytes = SITE, number: int = -1) -> Browser:
    return Browser(snapshot=ids(site)[number], repository="local", path=path)


def page_of(pilot: Pilot[None]) -> BrowserPage:
    page = pilot.app.screen
    assert isinstance(page, BrowserPage)
    return page


def names(pilot: Pilot[None]) -> list[str]:
    return [row.name for row in page_of(pilot).listing.rows]


def line(pilot: Pilot[None], which: str = "#state") -> str:
    return pilot.app.screen.query_one(which, Line).left


def preview(pilot: Pilot[None]) -> str:
    pane = pilot.app.screen.query_one(TextPane)
    return "\n".join("".join(piece for piece, _kind in text) for text in pane.lines)


async def press(pilot: Pilot[None], *keys: str) -> None:
    await pilot.press(*keys)
    await settled(pilot)


async def test_it_goes_down_and_up_with_the_cursor_where_it_was(app: BackupApp, site: Path) -> None:
    async with app.run_test() as pilot:
        await at(pilot, newest(site))
        assert names(pilot) == ["empty", "strange names", "uploads", "current", "index.html", "settings.toml"]
        await press(pilot, "down", "down", "enter")
        assert line(pilot, "#path") == "/srv/site/uploads"
        for _level in range(3):
            await press(pilot, "l")
        assert names(pilot) == ["note.txt"]
        for key in ("h", "backspace", "left", "h"):
            await press(pilot, key)
        row = page_of(pilot).row
        assert row is not None
        assert row.name == "uploads"


async def test_it_begins_where_the_first_choice_is_to_be_made(app: BackupApp, site: Path) -> None:
    async with app.run_test() as pilot:
        await at(pilot, newest(site, b"/"))
        assert line(pilot, "#path") == "/srv/site"
        await press(pilot, "h", "h", "h")
        assert names(pilot) == ["srv"]


async def test_a_file_puts_the_cursor_on_itself(app: BackupApp, site: Path) -> None:
    async with app.run_test() as pilot:
        await at(pilot, newest(site, SITE + b"/uploads/photo-2.jpg"))
        row = page_of(pilot).row
        assert row is not None
        assert row.entry.path == SITE + b"/uploads/photo-2.jpg"


async def test_what_has_changed_since_the_snapshot_before_is_told(app: BackupApp, site: Path) -> None:
    async with app.run_test() as pilot:
        await at(pilot, newest(site, SITE + b"/uploads"))
        page = page_of(pilot)
        texts = {row.name: page.listing.text_of(row)[:1] for row in page.listing.rows}
        assert texts["photo-4.jpg"] == "+"
        assert texts["photo-3.jpg"] == "p"
        assert line(pilot) == "+ new  ~ changed  - gone, since yesterday 02:00"


async def test_names_are_compared_with_the_disk_of_today(app: BackupApp, site: Path) -> None:
    async with app.run_test() as pilot:
        await at(pilot, newest(site))
        await press(pilot, "D")
        page = page_of(pilot)
        assert {page.listing.text_of(row)[:1] for row in page.listing.rows} == {"-"}
        assert "on this host" in line(pilot)


async def test_marks_stay_while_one_walks_about(app: BackupApp, site: Path) -> None:
    async with app.run_test() as pilot:
        await at(pilot, newest(site))
        await press(pilot, "end", "space", "up", "space")
        assert line(pilot) == "2 marked, 75 B"
        await press(pilot, "home", "down", "down", "enter", "end", "space", "h")
        assert line(pilot) == "3 marked, 20.6 kB"
        assert page_of(pilot).listing.marks == {SITE + b"/settings.toml", SITE + b"/index.html"}
        await press(pilot, "asterisk")
        assert line(pilot) == "5 marked, 20.5 kB and 3 directories"
        await press(pilot, "u")
        assert page_of(pilot).marks.paths == ()


async def test_a_path_can_be_typed(app: BackupApp, site: Path) -> None:
    async with app.run_test() as pilot:
        await at(pilot, newest(site))
        await press(pilot, "at")
        pilot.app.screen.query_one("#jump", Input).value = "/srv/site/uploads/../uploads/deep/er/still/note.txt"
        await press(pilot, "enter")
        assert line(pilot, "#path") == "/srv/site/uploads/deep/er/still"
        await press(pilot, "at")
        pilot.app.screen.query_one("#jump", Input).value = "nowhere"
        await press(pilot, "enter")
        assert line(pilot, "#path") == "/srv/site/uploads/deep/er/still"
        await press(pilot, "at", "escape")
        assert isinstance(pilot.app.screen, BrowserPage)


async def test_a_filter_looks_at_names(app: BackupApp, site: Path) -> None:
    async with app.run_test() as pilot:
        await at(pilot, newest(site))
        await press(pilot, "slash", "e", "x")
        assert names(pilot) == ["index.html"]
        await press(pilot, "escape")
        assert len(names(pilot)) == 6


async def test_a_filter_that_is_kept_is_taken_back_before_the_page_is_left(app: BackupApp, site: Path) -> None:
    async with app.run_test() as pilot:
        await at(pilot, newest(site))
        page = page_of(pilot)
        await press(pilot, "slash", "e", "x", "enter")
        assert (names(pilot), page.listing.has_focus) == (["index.html"], True)
        await press(pilot, "escape")
        assert pilot.app.screen is page
        assert len(names(pilot)) == 6
        await press(pilot, "escape")
        assert pilot.app.screen is not page


async def test_the_preview_shows_text_bytes_and_names(app: BackupApp, site: Path) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await at(pilot, newest(site, SITE + b"/settings.toml"))
        assert preview(pilot).startswith('[shop]\nname = "The shop"')
        await press(pilot, "home", "down", "down")
        assert "photo-4.jpg" in preview(pilot)
        await press(pilot, "enter", "end")
        assert preview(pilot).startswith("00000000  00 01 02")


async def test_a_narrow_terminal_shows_the_preview_in_place_of_the_list(app: BackupApp, site: Path) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await at(pilot, newest(site, SITE + b"/settings.toml"))
        assert not pilot.app.screen.query_one(Preview).display
        await press(pilot, "enter")
        assert "The shop" in preview(pilot)
        await press(pilot, "escape")
        assert pilot.app.screen.query_one(Listing).has_focus
        assert not pilot.app.screen.query_one(Preview).display


async def test_a_preview_is_audited_and_only_where_it_is_seen(app: BackupApp, site: Path) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await at(pilot, newest(site, SITE + b"/settings.toml"))
        assert audited(app) == []
        await press(pilot, "tab")
        assert audited(app)[0].endswith("/srv/site/settings.toml")


def audited(app: BackupApp) -> list[str]:
    return [each.detail for each in app.desk.workspace.audit.records()[0] if each.verb == "dump"]


async def test_hostile_text_is_shown_harmlessly(app: BackupApp, site: Path) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await at(pilot, newest(site, SITE + b"/strange names"))
        for number, row in enumerate(page_of(pilot).listing.rows):
            page_of(pilot).listing.cursor = number
            await settled(pilot)
            shown = preview(pilot) + row.name
            assert not set(shown) & set("\x1b\x07\u202e\t")


async def test_a_file_is_written_into_the_working_directory(
    app: BackupApp, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    async with app.run_test() as pilot:
        await at(pilot, newest(site, SITE + b"/settings.toml"))
        for _time in range(2):
            await press(pilot, "w")
            assert isinstance(pilot.app.screen, Confirm)
            await press(pilot, "right", "enter")
        await press(pilot, "w", "enter")
    assert sorted(os.listdir()) == ["settings.toml", "settings_1.toml"]
    assert (tmp_path / "here" / "settings.toml").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("steps", "ending"), [(0, ".tar"), (1, ".tar.gz"), (3, ".zip")])
async def test_what_is_marked_is_exported_in_the_format_that_is_chosen(
    app: BackupApp, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: int, ending: str
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    async with app.run_test() as pilot:
        await at(pilot, newest(site))
        await press(pilot, "home", "down", "space", "end", "space", "x")
        dialog = pilot.app.screen
        assert isinstance(dialog, ExportDialog)
        assert pilot.app.focused is dialog.query_one("#no")
        await press(pilot, "shift+tab", *["right"] * steps)
        assert str(dialog.query_one("#target", Static).content).endswith(ending)
        await press(pilot, "tab", "tab", "enter")
    (made,) = os.listdir()
    assert made.endswith(ending)
    if ending == ".zip":
        with zipfile.ZipFile(made) as zipped:
            assert "srv/site/settings.toml" in zipped.namelist()
        return
    with tarfile.open(made) as archive:
        found = archive.getnames()
    assert found[:2] == ["srv/site/settings.toml", "srv/site/strange names"]
    assert len(found) == 9


async def test_marks_go_along_to_the_restore(app: BackupApp, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone: list[Place] = []
    async with app.run_test() as pilot:
        await at(pilot, newest(site))
        monkeypatch.setattr(page_of(pilot), "go", gone.append)
        await press(pilot, "end", "space", "home")
        page_of(pilot).action_restore()
    (place,) = gone
    assert isinstance(place, Restore)
    assert (place.job, place.snapshot, place.paths) == ("site", ids(site)[-1], (SITE + b"/settings.toml",))


async def test_the_command_line_is_that_of_what_is_at_hand(app: BackupApp, site: Path) -> None:
    async with app.run_test() as pilot:
        place = newest(site)
        await at(pilot, place)
        assert page_of(pilot).command_line() == ["ls", place.snapshot[:8], "/srv/site", "--long", "-r", "local"]
        await press(pilot, "end", "tab")
        words = page_of(pilot).command_line()
        assert words == ["dump", place.snapshot[:8], "/srv/site/settings.toml", "-r", "local"]
        await press(pilot, "c")
        assert isinstance(pilot.app.screen, CommandLineDialog)


async def test_a_snapshot_that_is_not_there_is_said_to_be_gone(app: BackupApp, site: Path) -> None:
    async with app.run_test() as pilot:
        await at(pilot, Browser(snapshot="ab" * 32, repository="local"))
        remark = page_of(pilot).listing.remark
        assert remark is not None
        assert remark.failed
        assert "no longer in local" in remark.text


async def test_damage_is_told_where_it_is_and_the_rest_still_works(app: BackupApp, site: Path) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await at(pilot, newest(site))
        wipe(site.parent / "local" / "data")
        await press(pilot, "end")
        assert "is damaged" in preview(pilot)
        await press(pilot, "home", "down", "enter")
        remark = page_of(pilot).listing.remark
        assert remark is not None
        assert "is damaged" in remark.text
        assert "verify" in remark.hint
        await press(pilot, "h")
        assert len(names(pilot)) == 6


def wipe(packs: Path) -> None:
    """Have all packs hold nothing but zeros."""
    for pack in packs.rglob("*"):
        if pack.is_file():
            pack.chmod(0o600)
            pack.write_bytes(bytes(pack.stat().st_size))


async def test_who_holds_the_repository_is_told(app: BackupApp, site: Path) -> None:
    with Workspace(load_config(str(site))) as other, access_of(other.repository("local")).exclusive(Watch()):
        async with app.run_test() as pilot:
            await at(pilot, newest(site))
            assert "local is held exclusively by" in line(pilot)
            assert len(names(pilot)) == 6


async def test_all_snapshots_are_listed_and_lead_to_the_browser(app: BackupApp, site: Path) -> None:
    async with app.run_test() as pilot:
        await at(pilot, Snapshots())
        page = pilot.app.screen
        assert isinstance(page, SnapshotsPage)
        assert len(page.listing.rows) == 10
        await press(pilot, "slash", *"damaged", "enter", "enter")
        assert isinstance(pilot.app.screen, BrowserPage)


async def test_what_others_do_meanwhile_is_seen_in_the_list(app: BackupApp, site: Path) -> None:
    async with app.run_test() as pilot:
        await settled(pilot)
        await press(pilot, "S")
        page = pilot.app.screen
        assert isinstance(page, SnapshotsPage)
        with Workspace(load_config(str(site))) as other:
            other.repository("local").forget(other.repository("local").snapshots()[:1])
        app.post_message(RecordChanged())
        await settled(pilot)
        assert len(page.listing.rows) == 9


async def test_a_repository_that_is_not_there_is_told_and_the_others_are_listed(app: BackupApp, site: Path) -> None:
    (site.parent / "local").rename(site.parent / "away")
    async with app.run_test() as pilot:
        await at(pilot, Snapshots())
        assert line(pilot).startswith("local: ")
        page = pilot.app.screen
        assert isinstance(page, SnapshotsPage)
        assert len(page.listing.rows) == 5


async def test_the_finder_finds_and_goes_there(app: BackupApp, site: Path) -> None:
    async with app.run_test() as pilot:
        await at(pilot, Finder(job="site"))
        await press(pilot, *"note.*", "enter")
        page = pilot.app.screen
        assert isinstance(page, FinderPage)
        (hit,) = page.listing.rows
        assert hit.snapshots == 5
        assert page.command_line() == ["find", "note.*", "--job", "site"]
        await press(pilot, "enter")
        row = page_of(pilot).row
        assert row is not None
        assert row.name == "note.txt"


async def test_a_search_that_finds_nothing_can_be_made_wider(app: BackupApp, site: Path) -> None:
    async with app.run_test() as pilot:
        place = newest(site, number=0)
        await at(pilot, Finder(snapshot=place.snapshot, repository="local", job="site"))
        await press(pilot, *"photo-4*", "enter")
        page = pilot.app.screen
        assert isinstance(page, FinderPage)
        assert len(page.listing.rows) == 0
        assert page.listing.empty.hint == "W searches wider"
        await press(pilot, "W")
        assert len(page.listing.rows) == 1


async def test_a_part_of_a_name_finds_nothing_and_the_pattern_that_does_is_told(app: BackupApp) -> None:
    async with app.run_test() as pilot:
        await at(pilot, Finder(job="site"))
        await press(pilot, *"hoto-4", "enter")
        page = pilot.app.screen
        assert isinstance(page, FinderPage)
        assert len(page.listing.rows) == 0
        assert page.listing.empty.hint == "Names match as a whole: try *hoto-4*. W searches wider"


async def test_the_browser_leads_to_the_finder_of_its_snapshot(app: BackupApp, site: Path) -> None:
    async with app.run_test() as pilot:
        await at(pilot, newest(site))
        await press(pilot, "f")
        page = pilot.app.screen
        assert isinstance(page, FinderPage)
        assert page.heading().startswith("Find in snapshot ")


async def test_versions_are_listed_and_two_are_compared(app: BackupApp, site: Path) -> None:
    async with app.run_test() as pilot:
        await at(pilot, newest(site, SITE + b"/index.html"))
        await press(pilot, "v")
        page = pilot.app.screen
        assert isinstance(page, VersionsPage)
        assert len(page.listing.rows) == 5
        assert page.listing.rows[0].repositories == ("local", "offsite")
        await press(pilot, "space", "end", "space", "d")
        assert "-<p>Night 0</p>" in preview(pilot)
        assert "+<p>Night 4</p>" in preview(pilot)


async def test_another_snapshot_is_chosen_and_the_changes_are_shown(app: BackupApp, site: Path) -> None:
    async with app.run_test() as pilot:
        await at(pilot, newest(site))
        await press(pilot, "d", "end", "enter")
        page = pilot.app.screen
        assert isinstance(page, ChangesPage)
        first, last = ids(site)[0], ids(site)[-1]
        assert page.command_line() == ["diff", first[:8], last[:8], "-r", "local"]
        assert [each.change.value for each in page.listing.rows] == ["content", "added", "added", "added", "added"]
        await press(pilot, "t")
        assert len(page.listing.rows) == 4
        await press(pilot, "enter")
        assert page_of(pilot).copy is not None
        assert line(pilot, "#path") == "/srv/site/uploads"


async def test_nothing_of_the_live_disk_is_told_where_there_is_none(app: BackupApp, site: Path) -> None:
    async with app.run_test() as pilot:
        place = newest(site)
        await at(pilot, Changes(snapshot=place.snapshot, repository="local"))
        page = pilot.app.screen
        assert isinstance(page, ChangesPage)
        remark = page.listing.remark
        assert remark is not None
        assert remark.failed
        assert page.command_line() is None
        assert f"restore {place.snapshot[:8]} --in-place --dry-run" in page.lacks_command_line()


async def test_a_slow_answer_is_waited_for_aloud_and_escape_stops_it(
    app: BackupApp, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with app.run_test() as pilot:
        await at(pilot, newest(site))
        page = page_of(pilot)
        page.read(lambda watch: watch.cancel.wait(20), lambda _answer: None, telling=lambda _watch: "slow…")
        assert not page.query_one("#progress").display
        for _time in range(100):
            if page.query_one("#progress").display:
                break
            await pilot.pause(0.05)
        assert line(pilot, "#progress") == "slow…"
        assert page.listing.has_class("-waiting")
        await press(pilot, "escape")
        assert pilot.app.screen is page
        assert not page.query_one("#progress").display
        assert not page.listing.has_class("-waiting")


def test_look_browser(look: Look, site: Path) -> None:
    look(newest(site))


def test_look_hostile(look: Look, site: Path) -> None:
    async def move(pilot: Pilot[None]) -> None:
        await pilot.press("down", "down", "space", "space")

    look(newest(site, SITE + b"/strange names"), move)


def test_look_preview(look: Look, site: Path) -> None:
    async def rest(pilot: Pilot[None]) -> None:
        await pilot.press("end", "tab")

    look(newest(site), rest)


def test_look_hex(look: Look, site: Path) -> None:
    async def rest(pilot: Pilot[None]) -> None:
        await pilot.press("end", "enter")

    look(newest(site, SITE + b"/uploads"), rest)


def test_look_snapshots(look: Look, site: Path) -> None:
    look(Snapshots())


def test_look_versions(look: Look, site: Path) -> None:
    look(Versions(path=SITE + b"/index.html", job="site"))


def test_look_finder(look: Look, site: Path) -> None:
    async def search(pilot: Pilot[None]) -> None:
        await pilot.press(*"*e*", "enter")

    look(Finder(job="site"), search)


def test_look_changes(look: Look, site: Path) -> None:
    first, last = newest(site, number=0), newest(site)
    look(Changes(snapshot=first.snapshot, repository="local", other=last.snapshot, other_repository="local"))


def test_look_choose_other(look: Look, site: Path) -> None:
    async def choose(pilot: Pilot[None]) -> None:
        await pilot.press("d")

    look(newest(site), choose)


def test_look_difference(look: Look, site: Path) -> None:
    async def choose(pilot: Pilot[None]) -> None:
        await pilot.press("d")

    look(Versions(path=SITE + b"/index.html", job="site"), choose)


def test_look_gone(look: Look) -> None:
    look(Browser(snapshot="ab" * 32, repository="local"))


def test_look_ascii(look: Look, site: Path) -> None:
    async def mark(pilot: Pilot[None]) -> None:
        await pilot.press("down", "space")

    look(newest(site), mark, ascii_only=True)


def test_look_confirm_writing(look: Look, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = Target(path=b"/root/settings.toml", free=10)
    monkeypatch.setattr(taking, "target_for", lambda _name: target)

    async def write(pilot: Pilot[None]) -> None:
        await pilot.press("end", "w")

    look(newest(site), write)


def test_look_of_an_export(look: Look, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = Target(path=b"/root/site-1a2b3c4d.tar", free=1 << 40)
    monkeypatch.setattr(taking, "target_for", lambda _name: target)

    async def export(pilot: Pilot[None]) -> None:
        await press(pilot, "home", "down", "space", "x", "shift+tab", "right")

    look(newest(site), export)
