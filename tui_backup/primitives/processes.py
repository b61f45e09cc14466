"""Processes: told apart from every other that had or will have the same pid, and whether one has provably ended."""

import os
import re
from datetime import UTC, datetime
from functools import cache

import msgspec


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """A process, as a file that it leaves behind tells of it."""

    pid: int
    started: int
    """Clock ticks between boot and the start of the process; 0 where nobody can know."""
    boot: str
    """Random, new with every start of the kernel; empty where the system has no such thing."""
    machine: str
    """`/etc/machine-id`; empty where there is none."""
    space: int
    """Inode of the pid name space: pids are only comparable within one; 0 where nobody can know."""


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be seen of a living process; what the system does not tell is None or empty."""

    uid: int | None
    """Real user id."""
    began: datetime | None
    """By the clock as it is set now, to the second."""
    program: str


def this_process() -> Process:
    """Return the process that calls."""
    pid = os.getpid()
    return Process(pid=pid, started=_started(pid) or 0, boot=_boot(), machine=_machine(), space=_space())


def is_dead(process: Process) -> bool:
    """Whether a process of this machine has provably ended; False where nobody can tell."""
    if not process.boot:
        return False
    if process.boot != _boot():
        return bool(process.machine) and process.machine == _machine()
    return process.space == _space() and has_ended(process.pid, process.started)


def has_ended(pid: int, started: int = 0) -> bool:
    """Whether a process of this boot and pid name space has provably ended; a zombie has.

    Without the moment of its start, another process that has got the same pid since counts as this one.
    """
    if pid <= 0:
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        pass
    now = _started(pid)
    return now == 0 or (started != 0 and now not in {None, started})


def family(pid: int) -> dict[int, int]:
    """Return the pids of a process, of what it has started and of its session, with the moments at which they started.

    A child that has left the session and whose parents have ended is nobody's. The system must tell of its processes.
    """
    parents, found = dict[int, int](), {pid}
    for each in pids():
        state, *fields = _fields(each) or [""]
        if state not in {"", "Z", "X"}:
            parents[each] = int(fields[0])
            if int(fields[2]) == pid:
                found.add(each)
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return {member: _started(member) or 0 for member in found}


def pids() -> list[int]:
    """Return the pids of all processes that this one sees; none where the system does not tell."""
    return [int(name) for name in _listing("/proc") if name.isdecimal()]


def arguments(pid: int) -> list[str]:
    """Return the words with which a process was started; none where the system does not tell."""
    return _content(f"/proc/{pid}/cmdline", 1 << 20).rstrip("\0").split("\0")


def sighted(pid: int) -> Sighting | None:
    """Return what is to be seen of the process that has this pid now; None where there is none."""
    if has_ended(pid):
        return None
    return Sighting(uid=_user(pid), began=_began(pid), program=_content(f"/proc/{pid}/comm"))


def _user(pid: int) -> int | None:
    match = re.search(r"^Uid:\s*(\d+)", _content(f"/proc/{pid}/status"), re.MULTILINE)
    return int(match[1]) if match else None


def _began(pid: int) -> datetime | None:
    match = re.search(r"^btime (\d+)", _content("/proc/stat", 1 << 20), re.MULTILINE)
    started = _started(pid)
    if match is None or not started:
        return None
    return datetime.fromtimestamp(int(match[1]) + started // os.sysconf("SC_CLK_TCK"), UTC)


def _started(pid: int) -> int | None:
    """Return field 22 of `/proc/PID/stat`.

    0 for a zombie, None where the system does not say.
    """
    state, *fields = _fields(pid) or [""]
    if state in {"Z", "X"}:
        return 0
    return int(fields[18]) if len(fields) > 18 else None


def _fields(pid: int) -> list[str]:
    """Return what `/proc/PID/stat` has behind the program's name in brackets: state, parent, group, session, ..."""
    return _content(f"/proc/{pid}/stat").rpartition(")")[2].split()


@cache
def _boot() -> str:
    return _content("/proc/sys/kernel/random/boot_id")


@cache
def _machine() -> str:
    return _content("/etc/machine-id")


@cache
def _space() -> int:
    try:
        return os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        return 0


def _listing(path: str) -> list[str]:
    try:
        return os.listdir(path)
    except OSError:
        return []


def _content(path: str, at_most: int = 4096) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(at_most).strip()
    except OSError:
        return ""
