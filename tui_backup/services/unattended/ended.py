"""What becomes of something that was due: what its faces need to know, without what it takes to carry it out."""

from datetime import datetime
from pathlib import Path
from typing import Final, Self

import msgspec

from tui_backup.errors import BackupError
from tui_backup.model.schedule import Trigger
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of
from tui_backup.services.storage.snapshots import Trouble

PATIENCE_S: Final = 900
"""How long something that runs by itself waits for a lock that somebody else holds in a repository."""


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one thing that was due."""

    trigger: Trigger
    moment: datetime
    troubles: tuple[Trouble, ...] = ()
    """What went wrong; one without a name concerns the job as a whole."""
    is_put_off: bool = False
    """Whether somebody else is at work there, or something that it requires is missing, so that it stays due."""


class StateUnusable(BackupError):
    """Nothing can be run by itself, as nobody could know of it later: it would be run again and again."""

    @classmethod
    def for_(cls, state_dir: Path, error: OSError) -> Self:
        """Return the error for what the system says of a state directory."""
        message = _("nothing that is scheduled can be run: the state directory {path} cannot be written: {reason}")
        return cls(message.format(path=state_dir, reason=reason_of(error)))
