"""Who called this program, and from where, as far as the system tells.

The user and the controlling terminal are the kernel's word. Whom sudo acted for, and from which address somebody came
over SSH, stand in environments, that of this process or of one above it: whoever owns such a process may have written
something else there.
"""

import os
import pwd
import re
from collections.abc import Mapping

import msgspec

_ADDRESS = re.compile(r"[0-9A-Za-z.:%_-]{1,64}")
_UNIT = re.compile(r"(?!user@)[^/]+\.service")
_SCHEDULERS = {"cron": "cron", "crond": "cron", "fcron": "cron", "anacron": "anacron", "atd": "at"}
_HEIGHT = 32
"""How many processes above this one are looked at."""

_UNSET = 2**32 - 1
"""A login user id that nobody has set."""


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """A process, and on whose behalf it works; what is unknown is None."""

    uid: int
    pid: int
    sudo: str | None = None
    """Who called sudo."""
    login: str | None = None
    """Who logged in, as the kernel's auditing knows it."""
    terminal: str | None = None
    """`pts/0`."""
    address: str | None = None
    """Of the SSH client."""
    by: str | None = None
    """What started it without anybody being there: `cron`, or a systemd unit."""

    def __str__(self) -> str:
        """Return `root (uid 0, sudo alice) pts/0 from 192.0.2.7 pid 4711`, or the part of it that is known."""
        user = _name(self.uid)
        roles = [f"uid {self.uid}"]
        if self.sudo:
            roles.append(f"sudo {self.sudo}")
        if self.login and self.login not in {self.sudo, user}:
            roles.append(f"login {self.login}")
        words = [user or "-", f"({', '.join(roles)})"]
        words += [self.terminal] if self.terminal else []
        words += [f"from {self.address}"] if self.address else []
        words += [f"by {self.by}"] if self.by else []
        return " ".join([*words, f"pid {self.pid}"])


class _Status(msgspec.Struct, frozen=True):
    """What `/proc/PID/stat` says."""

    name: str
    parent: int
    terminal: int


def caller(environment: Mapping[str, str] | None = None) -> Caller:
    """Return who this process works for."""
    own = os.environ if environment is None else environment
    uid, login = os.getuid(), _login()
    above = _above()
    terminal = _terminal_name(_status("self"))
    address = _address_in(own) or next(filter(None, (_address_in(_environment(pid)) for pid in above)), None)
    return Caller(
        uid=uid,
        pid=os.getpid(),
        sudo=own.get("SUDO_USER") or None,
        login=None if login is None else _name(login) or str(login),
        terminal=terminal,
        address=address,
        by=_scheduler(above) or (None if terminal or address else _unit()),
    )


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""


def _login() -> int | None:
    text = _content("/proc/self/loginuid").decode("ascii", "replace").strip()
    return int(text) if text.isdecimal() and int(text) != _UNSET else None


def _above() -> list[int]:
    """Return the processes above this one, the nearest first."""
    found: list[int] = []
    pid = os.getppid()
    while pid > 1 and len(found) < _HEIGHT:
        found.append(pid)
        status = _status(str(pid))
        pid = status.parent if status else 0
    return found


def _status(pid: str) -> _Status | None:
    """Return fields 2, 4 and 7 of `/proc/PID/stat`; the name stands in brackets and may hold anything."""
    before, _bracket, after = _content(f"/proc/{pid}/stat").decode("utf-8", "replace").rpartition(")")
    fields = after.split()
    if len(fields) < 5:
        return None
    return _Status(before.partition("(")[2], int(fields[1]), int(fields[4]))


def _terminal_name(status: _Status | None) -> str | None:
    """Return the name of a controlling terminal.

    Of the device number, bits 8 to 15 are the major part, the others the minor one. Source: proc(5), `tty_nr`.
    """
    number = status.terminal & 0xFFFFFFFF if status else 0
    major, minor = number >> 8 & 0xFF, number & 0xFF | number >> 12 & 0xFFF00
    if 136 <= major <= 143:
        return f"pts/{minor + (major - 136) * 256}"
    if major == 4:
        return f"tty{minor}" if minor < 64 else f"ttyS{minor - 64}"
    return f"tty {major}:{minor}" if number else None


def _address_in(environment: Mapping[str, str]) -> str | None:
    text = environment.get("SSH_CONNECTION") or environment.get("SSH_CLIENT") or ""
    address = text.split(" ")[0]
    return address if _ADDRESS.fullmatch(address) else None


def _environment(pid: int) -> dict[str, str]:
    """Return what the environment of a process says about SSH, and nothing else of it."""
    pairs = (line.partition(b"=") for line in _content(f"/proc/{pid}/environ").split(b"\0"))
    return {name.decode(): value.decode("utf-8", "replace") for name, _, value in pairs if name in _SSH}


_SSH = {b"SSH_CONNECTION", b"SSH_CLIENT"}


def _scheduler(above: list[int]) -> str | None:
    """Return the scheduler among the processes above, if it is root's: a name alone proves nothing."""
    for pid in above:
        status = _status(str(pid))
        if status and status.name.lower() in _SCHEDULERS and _owner(pid) == 0:
            return _SCHEDULERS[status.name.lower()]
    return None


def _unit() -> str | None:
    """Return the systemd service that this process belongs to."""
    for line in _content("/proc/self/cgroup").decode("utf-8", "replace").splitlines():
        _number, controllers, path = [*line.split(":", 2), "", ""][:3]
        unit = path.rpartition("/")[2]
        if controllers in {"", "name=systemd"} and _UNIT.fullmatch(unit):
            return f"systemd {unit}"
    return None


def _owner(pid: int) -> int | None:
    try:
        return os.stat(f"/proc/{pid}").st_uid
    except OSError:
        return None


def _content(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(1 << 20)
    except OSError:
        return b""
