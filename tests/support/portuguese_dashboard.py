"""The dashboard of a planted sample site, as a picture on standard output; for a process that speaks Portuguese.

`python -m tests.support.portuguese_dashboard CONFIG WIDTH HEIGHT`: a process of its own, as pages are put into words
when they are imported.
"""

import asyncio
import socket
import sys

from tests.support.sample_estate import NOW
from tui_backup.config.load import load_config
from tui_backup.services.workspace import Workspace


async def picture(config: str, width: int, height: int) -> str:
    """Return the UI of a configuration as it looks when every question is answered."""
    from tui_backup.tui.app import BackupApp
    from tui_backup.tui.desk import Desk
    from tui_backup.tui.glyphs import Glyphs

    app = BackupApp(Desk(Workspace(load_config(config)), now=lambda: NOW, glyphs=Glyphs()), theme="night")
    async with app.run_test(size=(width, height)) as pilot:
        for _round in range(2):
            await pilot.pause()
            while not app.desk.questions.are_settled:  # noqa: ASYNC110 - answered on threads, which know no loop
                await asyncio.sleep(0.005)
            await pilot.pause()
        return app.export_screenshot()


if __name__ == "__main__":
    socket.gethostname = lambda: "web1"
    sys.stdout.write(asyncio.run(picture(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
