"""Failed: how a worker tells its owner that it cannot go on, and how the owner raises that again."""

from typing import NoReturn, Self

import msgspec

from tui_backup import errors
from tui_backup.errors import BackupError


class Failed(msgspec.Struct, tag=True, array_like=True):
    """The worker cannot go on; `name` is the class of the error."""

    name: str
    message: str
    hint: str | None

    @classmethod
    def of(cls, error: BackupError) -> Self:
        """Return what tells of an error."""
        return cls(type(error).__name__, error.message, error.hint)

    def raise_again(self) -> NoReturn:
        """Raise the error in this process."""
        kind = getattr(errors, self.name, BackupError)
        raise kind(self.message, hint=self.hint)
