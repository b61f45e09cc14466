"""Hardening: what a unit that makes backups as root cannot do, and where it can write.

Whoever runs programs of somebody else's in it cannot know what these need: then next to nothing is forbidden.
"""

import os
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Final

from tui_backup.config.lines import dotted
from tui_backup.config.settings import Config
from tui_backup.primitives.safety_directory import NAME

_PLACE: Final = "ReadWritePaths="

_COMMON: Final = """\
LockPersonality=yes
RestrictRealtime=yes
"""

_STRICT: Final = """\
# Everything is read, whoever it belongs to, with its trusted.* attributes; own files may lie in others' directories.
CapabilityBoundingSet=CAP_DAC_READ_SEARCH CAP_DAC_OVERRIDE CAP_FOWNER CAP_SYS_ADMIN
NoNewPrivileges=yes
ProtectHome=read-only
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
"""

_CALLS: Final = """\
RestrictNamespaces=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
UMask=0077
"""

_LEFT_OUT: Final = """\
# PrivateTmp, ProtectKernelModules and ProtectProc would hide what is to be backed up, or who holds a lock.
"""


def programs_of(config: Config) -> list[str]:
    """Return the keys of a configuration that have somebody else's programs run, in the order of the file."""
    found = dict.fromkeys(_keys(config))
    return list(found)


def hardening(config: Config, *, is_system: bool) -> str:
    """Return the lines of a `[Service]` that forbid what a backup by a configuration does not need.

    A unit of a user has no right to close off parts of the file system, and gets only what costs it nothing.
    """
    if keys := programs_of(config):
        reason = (
            f"# {', '.join(keys)}: runs programs of which nobody here knows what they need, so little is forbidden.\n"
        )
        return reason + (_COMMON if is_system else "")
    if not is_system:
        return "NoNewPrivileges=yes\n" + _COMMON + _CALLS
    places = [f"{_PLACE}{quoted(place)}" for place in writable(config)]
    reason = "# Where the configuration says, and what is kept for undo, can be written to; nothing else.\n"
    paths = "\n".join(["ProtectSystem=strict", *places, ""])
    return reason + paths + _STRICT + _COMMON + _CALLS + _LEFT_OUT


def writable(config: Config) -> list[str]:
    """Return where runs by a configuration write, as `ReadWritePaths=` takes it: what may be missing begins with `-`.

    Of what is not there yet, and is made by the first run, it is the nearest directory above that is.
    """
    wanted = [config.state_dir, "/tmp", "/var/tmp"]  # noqa: S108 - large uploads and told alerts lie there for a while
    if config.metrics_file is not None:
        wanted.append(os.path.dirname(config.metrics_file))
    for repository in config.repositories.values():
        place = repository.store.describe()
        if os.path.isabs(place):
            wanted.append(_existing(place))
        secret = repository.own_secret
        if secret is not None and secret.file is not None and not os.path.lexists(secret.file):
            wanted.append(_existing(os.path.dirname(secret.file)))
    roots = [root for job in config.jobs.values() for source in job.sources for root in source.roots()]
    kept = sorted({str(above / os.fsdecode(NAME)) for root in roots for above in (Path(root), *Path(root).parents)})
    return [f"-{place}" for place in dict.fromkeys([*wanted, *kept])]


def fits(present: str, wanted: str) -> bool:
    """Whether a unit does what is wanted: it says the same, but may let more places be written to.

    What a first run has made is a smaller place than the directory in which it could make it.
    """
    had, asked = _parted(present), _parted(wanted)
    return had[0] == asked[0] and all(any(each.is_relative_to(place) for place in had[1]) for each in asked[1])


def _parted(text: str) -> tuple[list[str], list[PurePath]]:
    """Return the lines of a unit without those of places, and the places."""
    lines = text.splitlines()
    places = [line.removeprefix(_PLACE).strip('"').lstrip("-") for line in lines if line.startswith(_PLACE)]
    return [line for line in lines if not line.startswith(_PLACE)], [PurePath(place) for place in places]


def quoted(word: str) -> str:
    """Return a word as systemd reads it: in double quotes where needed, `%` doubled."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"' if set(word) & set(" '\"\\;\t") else escaped


def _keys(config: Config) -> Iterator[str]:
    for job in config.jobs.values():
        hooks = {"before": job.hooks.before, "after": job.hooks.after, "on_failure": job.hooks.on_failure}
        yield from (f"jobs.{job.name}.{key}" for key, given in {"stop": job.stop, **hooks}.items() if given)
    yield from (dotted(at) for at, secret in config.secrets() if secret.command is not None)
    yield from (f"notifiers.{each.name}" for each in config.notifiers.values() if hasattr(each.notifier, "command"))


def _existing(path: str) -> str:
    """Return a path, or the nearest directory above it that exists."""
    while not os.path.lexists(path):
        path = os.path.dirname(path)
    return path
