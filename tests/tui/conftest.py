"""What tests of the UI share: the sample site, a held clock, and pictures."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.pilot import Pilot

from tests.support.sample_estate import NOW, planted
from tui_backup.config.load import load_config
from tui_backup.services.workspace import Workspace
from tui_backup.tui.app import BackupApp
from tui_backup.tui.desk import Desk
from tui_backup.tui.glyphs import ASCII, Glyphs
from tui_backup.tui.page import Page
from tui_backup.tui.places import Place

SIZES = {"80x24": (80, 24), "120x40": (120, 40)}
THEMES = ("night", "paper")

Before = Callable[[Pilot[None]], Awaitable[None]]
Look = Callable[..., None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "snap_compare" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.picture)


@pytest.fixture(autouse=True)
def _patient_notices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have what is said in passing stay for as long as a busy machine takes to look at it."""
    monkeypatch.setattr(BackupApp, "NOTIFICATION_TIMEOUT", 300)


@pytest.fixture(autouse=True)
def _desks_closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close desks after a test, as the program does: their threads would keep the app for as long as tests go on."""
    made: list[Desk] = []
    make = Desk.__init__

    def remembered(desk: Desk, *given: Any, **named: Any) -> None:
        made.append(desk)
        make(desk, *given, **named)

    monkeypatch.setattr(Desk, "__init__", remembered)
    yield
    for desk in made:
        desk.close()


@pytest.fixture(autouse=True)
def _style_sheets_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what style sheets say from one app to the next: a program has one app, and our tests have a thousand."""
    monkeypatch.setattr(Stylesheet, "_parse_rules", _parsed_once)


_parse = Stylesheet._parse_rules
_parsed: dict[object, list[RuleSet]] = {}


def _parsed_once(sheet: Stylesheet, css: str, *place: object, **named: object) -> list[RuleSet]:
    key = frozenset(sheet._variables.items()), css, place, frozenset(named.items())
    if key not in _parsed:
        _parsed[key] = _parse(sheet, css, *place, **named)  # type: ignore[arg-type]  # as they came
    return _parsed[key]


@pytest.fixture(scope="session")
def planted_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a sample site that nobody changes: planting one takes time."""
    return planted(tmp_path_factory.mktemp("planted")).parent


@pytest.fixture
def site(planted_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration of a sample site, on the host `web1`, with four jobs and a history."""
    monkeypatch.setattr("socket.gethostname", lambda: "web1")
    monkeypatch.chdir(tmp_path)
    shutil.copytree(planted_once, tmp_path, dirs_exist_ok=True, symlinks=True)
    return tmp_path / "config.toml"


def desk_of(config: Path | None, *, glyphs: Glyphs | None = None) -> Desk:
    """Return the desk of a configuration, at the moment that all pictures show."""
    workspace = Workspace(load_config(str(config))) if config else None
    return Desk(workspace, now=lambda: NOW, glyphs=glyphs or Glyphs())


@pytest.fixture
def app(site: Path) -> BackupApp:
    """The UI of the sample site."""
    return BackupApp(desk_of(site))


async def settled(pilot: Pilot[None]) -> None:
    """Wait until every question is answered and everything is drawn."""
    app = pilot.app
    assert isinstance(app, BackupApp)
    quiet = 0
    while quiet < 3:
        await pilot.pause()
        quiet = quiet + 1 if app.desk.questions.are_settled else 0
        if not quiet:
            await asyncio.sleep(0.005)


def command_line(pilot: Pilot[None]) -> list[str] | None:
    """Return the command that does what is at hand on the page, without the program's name."""
    assert isinstance(pilot.app.screen, Page)
    words = pilot.app.screen.command_line()
    return None if words is None else list(words)


async def at(pilot: Pilot[None], place: Place) -> None:
    """Go to a place, and wait until it is there."""
    app = pilot.app
    assert isinstance(app, BackupApp)
    await settled(pilot)
    app.visit(place)
    await settled(pilot)


@pytest.fixture(params=[f"{size}-{theme}" for size in SIZES for theme in THEMES])
def look(request: pytest.FixtureRequest, site: Path, snap_compare: Callable[..., bool]) -> Look:
    """A function that compares the UI with a picture, at each size and in each theme.

    `look(place, before)` goes to a place, lets `before` press keys, and compares.
    """
    size, theme = str(request.param).split("-")

    def compare(place: Place | None = None, before: Before | None = None, *, ascii_only: bool = False) -> None:
        app = BackupApp(desk_of(site, glyphs=ASCII if ascii_only else None), theme=theme)

        async def arrive(pilot: Pilot[None]) -> None:
            await settled(pilot)
            if place is not None:
                await at(pilot, place)
            if before is not None:
                await before(pilot)
                await settled(pilot)

        assert snap_compare(app, terminal_size=SIZES[size], run_before=arrive)

    return compare
