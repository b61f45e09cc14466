"""Services of a pretended machine: programs named systemctl and docker that keep what runs in files.

They take the arguments and end with the codes of the real ones (systemd 252, docker 20), as far as this program uses
them. Each call is a line of `calls`; `refuse` names calls that fail, `hang` one that goes on for ever.
"""

import os
from pathlib import Path
from typing import NamedTuple

import msgspec

from tui_backup.model.hook import Stoppable
from tui_backup.primitives.clock import now
from tui_backup.primitives.processes import this_process
from tui_backup.services.programs.standstill import Record, Stopped

_SYSTEMCTL = """#!/bin/sh
cd {directory} || exit 70
echo "systemctl $*" >> calls
[ "$1" = --user ] && shift
verb=$1; shift
while [ "$1" != -- ]; do shift; done
unit=$2
grep -qx "systemctl $verb $unit" refuse 2>/dev/null && {{ echo "Job for $unit failed." >&2; exit 1; }}
grep -qx "systemctl $verb $unit" hang 2>/dev/null && sleep 300
case $verb in
show)
    [ -e "units/$unit" ] || {{ printf 'LoadState=not-found\\nActiveState=inactive\\n'; exit 0; }}
    printf 'LoadState=loaded\\nActiveState=%s\\n' "$(cat "units/$unit")" ;;
stop | start)
    [ -e "units/$unit" ] || {{ echo "Failed to $verb $unit: Unit $unit not loaded." >&2; exit 5; }}
    [ "$verb" = stop ] && echo inactive > "units/$unit" || echo active > "units/$unit" ;;
esac
"""
_DOCKER = """#!/bin/sh
cd {directory} || exit 70
echo "docker $*" >> calls
verb=$1
for name in "$@"; do :; done
grep -qx "docker $verb $name" refuse 2>/dev/null && {{ echo "Error response from daemon" >&2; exit 1; }}
[ -e "containers/$name" ] || {{ echo "Error: No such container: $name" >&2; exit 1; }}
case $verb in
inspect) cat "containers/$name" ;;
stop) echo exited > "containers/$name"; echo "$name" ;;
start) echo running > "containers/$name"; echo "$name" ;;
esac
"""
_APP = """#!/bin/sh
cd {directory} || exit 70
echo "app $*" >> calls
grep -qx "app $1" refuse 2>/dev/null && exit 1
case $1 in
stop) rm app-runs ;;
start) [ ! -e app-runs ] && touch app-runs ;;
status) [ -e app-runs ] ;;
esac
"""


class Services(NamedTuple):
    """Where the files lie."""

    directory: Path

    @property
    def programs(self) -> Path:
        """What comes first in PATH."""
        return self.directory / "programs"

    @property
    def path(self) -> str:
        """The PATH in which the programs are found."""
        return f"{self.programs}{os.pathsep}{os.environ['PATH']}"

    @property
    def app(self) -> str:
        """A program that takes stop, start and status; it refuses to be stopped, or started, twice."""
        return str(self.programs / "app")

    @property
    def app_runs(self) -> bool:
        return (self.directory / "app-runs").exists()

    def unit(self, name: str, state: str | None = None) -> str:
        """Return the state of a unit, once it is set to one."""
        return _state(self.directory / "units" / name, state)

    def container(self, name: str, state: str | None = None) -> str:
        """Return the state of a container, once it is set to one."""
        return _state(self.directory / "containers" / name, state)

    def refuse(self, *calls: str) -> None:
        """Have calls fail from here on: `systemctl start app.service`, `docker stop db`, `app start`."""
        (self.directory / "refuse").write_text("".join(f"{call}\n" for call in calls))

    def hang(self, *calls: str) -> None:
        """Have calls of systemctl go on for ever."""
        (self.directory / "hang").write_text("".join(f"{call}\n" for call in calls))

    @property
    def calls(self) -> list[str]:
        """What was called so far, without the options; questions left out."""
        told = (self.directory / "calls").read_text().splitlines() if (self.directory / "calls").exists() else []
        words = [[word for word in line.split() if not word.startswith("--")] for line in told]
        return [" ".join(each) for each in words if each[1] in {"stop", "start"}]

    def forget_calls(self) -> None:
        (self.directory / "calls").unlink(missing_ok=True)


def build_services(directory: Path, place: str | None = None) -> Services:
    """Make the programs, and nothing that runs but the app.

    With `place` the programs look there, seen from where they are started: so one PATH does for several directories.
    """
    made = Services(directory)
    for each in ("programs", "units", "containers"):
        (directory / each).mkdir(parents=True)
    for name, text in (("systemctl", _SYSTEMCTL), ("docker", _DOCKER), ("app", _APP)):
        path = made.programs / name
        path.write_text(text.format(directory=place or directory))
        path.chmod(0o755)
    (directory / "app-runs").touch()
    return made


def _state(path: Path, state: str | None) -> str:
    if state is not None:
        path.write_text(f"{state}\n")
    return path.read_text().strip()


def leave_stopped(state: Path) -> Path:
    """Leave what somebody leaves who dies while something stands still; return the file that its start makes."""
    started = state.parent / "started"
    what = Stoppable(kind="command", name="app", stop=("false",), start=("touch", str(started)))
    dead = msgspec.structs.replace(this_process(), pid=1, started=1)
    record = Record(run="20260101T000000Z-00000000", job="site", since=now(), owner=dead, stopped=(Stopped(what=what),))
    (state / "standstill").mkdir(parents=True)
    (state / "standstill" / f"{record.run}.json").write_bytes(msgspec.json.encode(record))
    return started
