"""The picture in README: the UI of the sample site while a backup goes on.

`python -m tests.support.readme_picture` makes it.
"""

import asyncio
import re
import sys
import tempfile
from pathlib import Path

from tests.support.sample_estate import NOW, planted
from tui_backup.config.load import load_config
from tui_backup.model.event import Progressed, Started
from tui_backup.services.workspace import Workspace
from tui_backup.tui.app import BackupApp
from tui_backup.tui.dashboard.page import REST_S
from tui_backup.tui.desk import Desk
from tui_backup.tui.glyphs import Glyphs
from tui_backup.tui.run_board import RunBoard

PICTURE = Path(__file__).parent.parent.parent / "docs" / "interface.svg"
SIZE = (110, 30)

_LONG_NAME = re.compile(r"\n\[jobs\.new-job.*", re.DOTALL)
_RUN = "20261121T225742Z-0a1b2c3d"


async def drawn(directory: Path) -> str:
    """Return the picture, made in an empty directory."""
    config = planted(directory)
    config.write_text(_LONG_NAME.sub("\n", config.read_text()))
    desk = Desk(Workspace(load_config(str(config))), now=lambda: NOW, glyphs=Glyphs())
    desk.workspace.host = "web1"
    seconds = [0.0]
    desk.board = RunBoard(lambda: seconds[0])
    app = BackupApp(desk)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause(0.5)
        desk.bus.publish(Started(run=_RUN, job="mail", repository="local"))
        for done in (290, 517, 731):
            desk.bus.publish(_progress(done))
            await pilot.pause(0.2)
            seconds[0] += 1.0
        await pilot.pause(3 * REST_S)
        picture = app.export_screenshot(title="tui-backup")
    return normal(picture)


def normal(picture: str) -> str:
    """Return a picture without the number that is another one each time."""
    return re.sub(r"\bterminal-\d+-", "terminal-", picture)


def _progress(done: int) -> Progressed:
    return Progressed(
        run=_RUN,
        files_done=42_113,
        files_total=69_000,
        bytes_done=done * 1_000_000,
        bytes_total=1_200_000_000,
        current="/var/mail/vhosts/example.org/info/cur/1763762281.M4P8.web1,S=2817:2,S",
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        PICTURE.write_text(asyncio.run(drawn(Path(made))), encoding="utf-8")
    sys.stdout.write(f"{PICTURE}\n")
