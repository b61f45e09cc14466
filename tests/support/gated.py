"""A job whose repository opens as soon as a test lets it: its run goes on until then, and costs nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.estate import Estate, build_estate

_BUSY_BYTES = 3 << 29
_WAITING = '{ command = ["sh", "-c", "until [ -e gate ]; do sleep 0.05; done; cat local.key"] }'


class Gated:
    """An estate with one repository, whose password is not told before `release`."""

    def __init__(self, directory: Path) -> None:
        self.estate: Estate = build_estate(directory, ["local"])
        self.config = self.estate.directory / "config.toml"
        self.config.write_text(self.config.read_text().replace('{ file = "local.key" }', _WAITING))

    def release(self) -> None:
        """Let the repository be opened."""
        (self.estate.directory / "gate").touch()

    def make_busy(self) -> None:
        """Have a run read for seconds, and wait for nothing."""
        self.release()
        with open(self.estate.source / "large", "wb") as file:
            file.truncate(_BUSY_BYTES)

    @property
    def goes_on(self) -> bool:
        """Whether a run goes on."""
        return any((self.estate.directory / "state" / "runs").glob("*/heartbeat"))

    @property
    def statuses(self) -> list[str]:
        """How the runs have ended, the newest first."""
        with self.estate.open() as workspace:
            return [run.status for run in workspace.history.runs()]


@contextmanager
def gated(directory: Path) -> Iterator[Gated]:
    """Make such an estate; at the end nobody waits for it."""
    made = Gated(directory)
    try:
        yield made
    finally:
        made.release()
