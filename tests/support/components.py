"""Real programs and rights that tests need, and where they are."""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache

from tests.support.journal import has_journald
from tests.support.machine import can_boot
from tests.support.servers import ceph, docker
from tests.support.servers.rclone import rclone
from tests.support.servers.sshd import sshd


def restic() -> str | None:
    """Return the restic to test with: `$TUI_BACKUP_RESTIC`, else the one on PATH."""
    return shutil.which(os.environ.get("TUI_BACKUP_RESTIC") or "restic")


def restic_current() -> str | None:
    """Return a restic of today: `$TUI_BACKUP_RESTIC_CURRENT`, else where `benchmarks/fetch_restic` puts one."""
    return shutil.which(os.environ.get("TUI_BACKUP_RESTIC_CURRENT") or "/opt/restic-current/restic")


@cache
def _can_mount() -> bool:
    if os.geteuid() != 0:
        return False
    with tempfile.TemporaryDirectory() as directory:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "none", directory], check=False, capture_output=True)
        if mounted.returncode == 0:
            subprocess.run(["umount", directory], check=True)
        return mounted.returncode == 0


@cache
def _can_freeze() -> bool:
    """Whether a disk can be made of a file, and frozen."""
    if not _can_mount() or not all(map(shutil.which, ("mkfs.ext4", "fsfreeze", "losetup"))):
        return False
    return subprocess.run(["losetup", "--find"], check=False, capture_output=True).returncode == 0


def _has_radosgw() -> bool:
    path = f"{os.environ.get('PATH', '')}:/usr/sbin"
    return _imports("boto3") and all(shutil.which(program, path=path) for program in ceph.PROGRAMS)


def _imports(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


COMPONENTS: dict[str, Callable[[], bool]] = {
    "7z": lambda: shutil.which("7z") is not None,
    "acl": lambda: shutil.which("setfacl") is not None,
    "bsdtar": lambda: shutil.which("bsdtar") is not None,
    "borg": lambda: shutil.which("borg") is not None,
    "docker": docker.is_here,
    "cron": lambda: shutil.which("cron", path="/usr/sbin") is not None and can_boot(),
    "frozen": _can_freeze,
    "faketime": lambda: shutil.which("faketime") is not None,
    "journald": has_journald,
    "promtool": lambda: shutil.which("promtool") is not None and shutil.which("prometheus-node-exporter") is not None,
    "radosgw": _has_radosgw,
    "rclone": lambda: rclone() is not None and _imports("boto3"),
    "restic": lambda: restic() is not None,
    "restic-current": lambda: restic_current() is not None,
    "root": lambda: os.geteuid() == 0,
    "sshd": lambda: sshd() is not None and shutil.which("ssh") is not None,
    "strace": lambda: shutil.which("strace") is not None,
    "systemd": can_boot,
    "tmpfs": _can_mount,
    "tmux": lambda: shutil.which("tmux") is not None,
    "unzip": lambda: shutil.which("unzip") is not None,
}
"""Name -> whether it is here, for `@pytest.mark.requires(NAME)`."""
