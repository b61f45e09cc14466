"""Programs with another sense of time: called as an interpreter starts (see `distant.py`)."""

import datetime
import importlib
from typing import Any

SILENCE_S = 2
"""How long a server may say nothing."""
PATIENCE_S = 4.0
"""How long it is tried to reach one."""


def lose_patience() -> None:
    """Shorten all time-outs, for tests in which a server never answers again; in worker processes, too."""
    from tui_backup.primitives import crew
    from tui_backup.stores.s3 import client, retrying
    from tui_backup.stores.sftp import connecting, line, session

    start = crew._START  # where the workers of the program begin
    crew._START = f"from tests.support.impatience import lose_patience; lose_patience(); {start}"
    for module, name, seconds in (
        (client, "_SILENCE_S", SILENCE_S),
        (client, "_CONNECT_S", SILENCE_S),
        (retrying, "PATIENCE_S", PATIENCE_S),
        (retrying, "FIRST_PATIENCE_S", SILENCE_S),
        (retrying, "_LONGEST_S", 1.0),
        (session, "SILENCE_S", SILENCE_S),
        (connecting, "CONNECT_S", SILENCE_S),
        (line, "PATIENCE_S", PATIENCE_S),
        (line, "FIRST_PATIENCE_S", SILENCE_S),
    ):
        setattr(module, name, seconds)


def live_yesterday() -> None:
    """Have requests signed as if it were yesterday."""
    auth: Any = importlib.import_module("botocore.auth")
    now = auth.get_current_datetime
    auth.get_current_datetime = lambda *arguments, **named: now(*arguments, **named) - datetime.timedelta(days=1)
