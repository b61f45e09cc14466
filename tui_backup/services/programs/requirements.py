"""Requirements: what a scheduled run waits for; soft, so whoever runs a job by hand is only told.

`ac-power` is met on a machine that is not fed by its battery alone, in systemd's sense (`src/shared/battery-util.c`): a
mains supply is online, or there is none and no battery of the machine is being drained. `network` is met where a route
leads to everywhere. `path:P` is met where P is there and is no empty directory on the file system of the directory in
which it lies: that is a place where nothing is mounted. Asking whether P is a mount point would refuse directories on
a disk, asking only whether it exists would take the empty place of a disk for the disk.
"""

import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from tui_backup.config.settings import JobConfig
from tui_backup.primitives.i18n import _

POWER: Final = Path("/sys/class/power_supply")
ROUTES: Final = Path("/proc/net")

_PATIENCE_S = 5.0
"""How long a file system may take to tell what is there."""
_UP, _REJECT = 0x1, 0x200
"""Flags of routes (`linux/route.h`)."""
_asking = dict[str, threading.Thread]()
"""Those that hang, by what they look at: a process that looks each minute must not have more and more of them."""
_ANYWHERE = {4: "0" * 8, 6: "0" * 32}


def unmet(job: JobConfig) -> str | None:
    """Return why a job has to wait, in a few words; None where nothing keeps it."""
    return lacking(job.timing.require)


def lacking(require: Sequence[str], power: Path = POWER, routes: Path = ROUTES) -> str | None:
    """Return what is not as it is required to be, in a few words; None where all is."""
    for each in require:
        kind, _colon, path = each.partition(":")
        reason = None
        if kind == "ac-power" and not _has_power(power):
            reason = _("it runs on battery")
        elif kind == "network" and not _has_route(routes):
            reason = _("there is no network")
        elif kind == "path":
            reason = _path_trouble(path)
        if reason is not None:
            return reason
    return None


def _has_power(supplies: Path) -> bool:
    """Whether the machine is on mains; so it is where nobody can know."""
    online = list[bool]()
    is_drained = False
    for supply in _entries(supplies):
        if _word(supply / "scope") == "Device":
            continue
        if _word(supply / "type") == "Battery":
            is_drained |= _word(supply / "status") == "Discharging"
        elif _word(supply / "online"):
            online.append(_word(supply / "online") != "0")
    return any(online) or (not online and not is_drained)


def _has_route(routes: Path) -> bool:
    """Whether a default route is up; so it is where the system does not tell of routes."""
    tables = [table for table in (routes / "route", routes / "ipv6_route") if table.exists()]
    if not tables:
        return True
    return any(_is_default(line.split()) for table in tables for line in _lines(table))


def _is_default(fields: list[str]) -> bool:
    """Read a line of `route` (device, destination, gateway, flags ...) or of `ipv6_route` (destination, length ...)."""
    with suppress(ValueError, IndexError):
        if len(fields) >= 11 and fields[1] == fields[7] == _ANYWHERE[4]:
            flags, device = int(fields[3], 16), fields[0]
        elif len(fields) == 10 and fields[0] == _ANYWHERE[6] and fields[1] == "00":
            flags, device = int(fields[8], 16), fields[9]
        else:
            return False
        return bool(flags & _UP) and not flags & _REJECT and device != "lo"
    return False


def _path_trouble(path: str) -> str | None:
    """Return why a path cannot be used; a file system that does not answer is left to the one thread that asked it."""
    silent = _("{path} does not answer").format(path=path)
    if (asking := _asking.get(path)) is not None and asking.is_alive():
        return silent
    found = list[str | None]()
    thread = threading.Thread(target=lambda: found.append(_looked_at(path)), name="look at a path", daemon=True)
    thread.start()
    thread.join(_PATIENCE_S)
    if found:
        return found[0]
    _asking[path] = thread
    return silent


def _looked_at(path: str) -> str | None:
    try:
        if os.path.isdir(path) and not os.path.ismount(path):
            with os.scandir(path) as entries:
                if next(entries, None) is None:
                    return _("nothing is mounted at {path}").format(path=path)
        else:
            os.stat(path)
    except PermissionError:
        return None
    except OSError:
        return _("{path} is not there").format(path=path)
    return None


def _entries(directory: Path) -> list[Path]:
    with suppress(OSError):
        return sorted(directory.iterdir())
    return []


def _lines(path: Path) -> list[str]:
    with suppress(OSError):
        return path.read_text(encoding="ascii", errors="replace").splitlines()
    return []


def _word(path: Path) -> str:
    return " ".join(_lines(path)).strip()
