"""The desk: what pages are given, and how it is given back."""

import threading
from pathlib import Path

from tests.tui.conftest import desk_of
from tui_backup.config.load import load_config
from tui_backup.services.workspace import Workspace

SOON_S = 10.0


def test_nobody_waits_for_a_workspace_that_is_closed(site: Path) -> None:
    desk = desk_of(site)
    record = desk.workspace.history
    with record._database.reading():  # as a question does that takes long
        renewing = threading.Thread(
            target=desk.renew, args=(Workspace(load_config(str(site)), desk.bus),), daemon=True
        )  # fmt: skip
        renewing.start()
        renewing.join(SOON_S)
        assert not renewing.is_alive()
        assert not desk.questions.are_settled
    assert desk.questions.wait(SOON_S)
    assert not record.runs()
    desk.close()
