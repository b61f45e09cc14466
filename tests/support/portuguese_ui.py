"""The UI of a planted sample site in Portuguese: pictures of the dashboard, and what stands on other pages, as JSON.

`python -m tests.support.portuguese_ui CONFIG`: a process of its own, as pages are put into words at their import.
"""

import asyncio
import json
import socket
import sys
from typing import TYPE_CHECKING

from tests.support.sample_estate import NOW
from tui_backup.config.load import load_config
from tui_backup.services.workspace import Workspace

SIZES = {"80x24": (80, 24), "120x40": (120, 40)}

if TYPE_CHECKING:
    from tui_backup.tui.app import BackupApp
    from tui_backup.tui.places import Place


_LOOKS = 200
"""How often it is looked whether a page is drawn."""


async def pictures(config: str) -> dict[str, str]:
    """Return size -> the dashboard when every question is answered."""
    found = {}
    for name, size in SIZES.items():
        app = _app(config)
        async with app.run_test(size=size):
            await _settled(app)
            found[name] = app.export_screenshot()
    return found


async def texts(config: str) -> dict[str, str]:
    """Return page -> what stands on it, and in its help, in a small terminal."""
    from tui_backup.tui.places import PAGES

    found, app = {}, _app(config)
    async with app.run_test(size=SIZES["80x24"]) as pilot:
        await _settled(app)
        for place in _places():
            app.visit(place)
            await _settled(app)
            found[PAGES[type(place)]] = await _painted(app)
            await pilot.press("question_mark")
            found[f"help of {PAGES[type(place)]}"] = await _painted(app)
            await pilot.press("escape", "escape")
            await _settled(app)
    return found


def _app(config: str) -> "BackupApp":
    from tui_backup.tui.app import BackupApp
    from tui_backup.tui.desk import Desk
    from tui_backup.tui.glyphs import Glyphs

    return BackupApp(Desk(Workspace(load_config(config)), now=lambda: NOW, glyphs=Glyphs()), theme="night")


def _places() -> "list[Place]":
    from tui_backup.tui import places

    return [
        places.Problems(),
        places.Snapshots(),
        places.History(),
        places.AuditTrail(),
        places.Verify(),
        places.Damage(repository="local"),
        places.Prune(),
        places.Locks(),
        places.Keys(),
        places.Configuration(),
        places.Restore(),
        places.UndoRestore(),
        places.Schedules(),
        places.Themes(),
    ]


async def _painted(app: "BackupApp") -> str:
    """Return what is seen, once anything is: a busy machine takes a while to draw."""
    for _each in range(_LOOKS):
        if (text := _text(app)).strip():
            return text
        await asyncio.sleep(0.05)
    return ""


def _text(app: "BackupApp") -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


async def _settled(app: "BackupApp") -> None:
    quiet = 0
    while quiet < 3:
        await asyncio.sleep(0.05)
        quiet = quiet + 1 if app.desk.questions.are_settled else 0


if __name__ == "__main__":
    socket.gethostname = lambda: "web1"
    told = {"pictures": asyncio.run(pictures(sys.argv[1])), "texts": asyncio.run(texts(sys.argv[1]))}
    json.dump(told, sys.stdout)
