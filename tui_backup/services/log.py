"""The program's log: `log/tui-backup.log` in the state directory, for developers; 0600, five files of a megabyte.

Never holds secrets or file contents. A log that cannot be written is done without.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging

_BYTES = 1024 * 1024
_FILES = 5


class ProgramLog:
    """The log of one process; `logging` is not imported, and no file made, before the first line."""

    def __init__(self, state_dir: Path, level: str = "info") -> None:
        """Log what is at least as grave as `level`: debug, info, warning or error."""
        self.path = state_dir / "log" / "tui-backup.log"
        self._level = level
        self._logger: logging.Logger | None = None

    def debug(self, message: str) -> None:
        """Note what only helps to find a fault."""
        self._opened().debug("%s", message)

    def info(self, message: str) -> None:
        """Note what happened."""
        self._opened().info("%s", message)

    def warning(self, message: str) -> None:
        """Note trouble."""
        self._opened().warning("%s", message)

    def unexpected(self, error: BaseException) -> None:
        """Note an exception that nobody expected, with its traceback."""
        self._opened().error("%s", type(error).__name__, exc_info=error)

    def close(self) -> None:
        """Close the file."""
        if self._logger is not None:
            for handler in tuple(self._logger.handlers):
                self._logger.removeHandler(handler)
                handler.close()
            self._logger = None

    def _opened(self) -> "logging.Logger":
        if self._logger is None:
            import logging

            self._logger = logging.Logger("tui_backup", self._level.upper())  # noqa: LOG001 - each log has its own file
            self._logger.addHandler(_handler(self.path))
        return self._logger


def _handler(path: Path) -> "logging.Handler":
    import logging
    from io import FileIO, TextIOWrapper
    from logging.handlers import RotatingFileHandler

    class PrivateFile(RotatingFileHandler):
        """Made 0600; one that cannot be written is silent."""

        def _open(self) -> TextIOWrapper:
            return TextIOWrapper(
                FileIO(self.baseFilename, "a", opener=_private), "utf-8", "replace", write_through=True
            )

        def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is that of logging
            """Do without."""

    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return logging.NullHandler()
    handler = PrivateFile(path, maxBytes=_BYTES, backupCount=_FILES - 1, delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(message)s"))
    return handler


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)
