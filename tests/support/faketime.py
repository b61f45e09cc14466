"""Processes whose clock is not that of the machine, by libfaketime; how long things take is as ever."""

import os
import subprocess
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

_SITE = Path(__file__).parent / "faketime_site"


@cache
def _library() -> str:
    """Return the library for programs with threads, as its own wrapper finds it."""
    asked = ["faketime", "-m", "now", "sh", "-c", "echo $LD_PRELOAD"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


def at(moment: datetime) -> dict[str, str]:
    """Return the variables with which a process starts at a moment, and goes on from there."""
    return {**_loaded(), "FAKETIME": f"@{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"}


class Clock:
    """A clock that can be set while processes look at it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.set(datetime.now(UTC))

    @property
    def variables(self) -> dict[str, str]:
        """What a process needs in its environment to go by this clock."""
        return {**_loaded(), "FAKETIME_TIMESTAMP_FILE": str(self._path), "FAKETIME_NO_CACHE": "1"}

    def set(self, moment: datetime) -> None:
        """Have it show another time from now on."""
        ahead = round((moment - datetime.now(UTC)).total_seconds())
        whole = self._path.with_suffix(".new")
        whole.write_text(f"{ahead:+d}\n")
        whole.rename(self._path)


def _loaded() -> dict[str, str]:
    path = os.pathsep.join(filter(None, (str(_SITE), os.environ.get("PYTHONPATH"))))
    return {"LD_PRELOAD": _library(), "DONT_FAKE_MONOTONIC": "1", "TZ": "UTC", "PYTHONPATH": path}
