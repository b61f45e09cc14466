"""A machine of its own beside this one: a real systemd, booted on a copy of this system that nobody else sees.

Its file system is an overlay in memory over that of this machine, it has name spaces of its own, a group of its own for
its processes, and no network but its loopback. `shared` directories are the same here and there. It can lose its power.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tests.support.servers.daemons import until

ROOT = Path(__file__).parent.parent.parent
SYSTEMD = "/lib/systemd/systemd"
BOOT_S = 60

_MASKED = [
    "apt-daily-upgrade.timer", "apt-daily.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "fstrim.timer",
    "getty.target", "man-db.timer", "motd-news.timer", "systemd-binfmt.service", "systemd-firstboot.service",
    "systemd-hwdb-update.service", "systemd-journal-catalog-update.service", "systemd-logind.service",
    "systemd-machine-id-commit.service", "systemd-modules-load.service", "systemd-networkd.service",
    "systemd-pcrphase-sysinit.service", "systemd-pcrphase.service", "systemd-pstore.service",
    "systemd-random-seed.service", "systemd-resolved.service", "systemd-sysctl.service", "systemd-sysusers.service",
    "systemd-timesyncd.service", "systemd-tmpfiles-clean.timer", "systemd-tmpfiles-setup-dev.service",
    "systemd-tmpfiles-setup.service", "systemd-udev-settle.service", "systemd-udev-trigger.service",
    "systemd-udevd-control.socket", "systemd-udevd-kernel.socket", "systemd-udevd.service",
    "systemd-update-done.service", "systemd-update-utmp.service",
]  # fmt: skip

_KEEP = r"""
set -e
place=$1 group=$2; shift 2
mount -t tmpfs none "$place"
mkdir "$place/upper" "$place/work" "$place/root" "$place/groups"
mount -t overlay none -o "lowerdir=/,upperdir=$place/upper,workdir=$place/work" "$place/root"
cd "$place/root"
rm -rf etc/systemd/system etc/rc?.d
mkdir -p etc/systemd/system
for unit; do ln -s /dev/null "etc/systemd/system/$unit"; done
: > etc/fstab
echo 4f2c6f1b7b5e4a7f9a3d5c1e8b6a9d20 > etc/machine-id
mount -t cgroup2 none "$place/groups"
mkdir -p "$place/groups/$group"
echo kept
read -r _
"""

_BOOT = r"""
set -e
place=$1; shift
root=$place/root
mount --make-rprivate /
mount -t proc none "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro none "$root/sys"
mount -t cgroup2 none "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 none "$root/run"
mount -t tmpfs -o mode=755 none "$root/dev"
for node in "null 3" "zero 5" "full 7" "random 8" "urandom 9"; do
    mknod -m 666 "$root/dev/${node% *}" c 1 "${node#* }"
done
mknod -m 666 "$root/dev/tty" c 5 0
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 none "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
for shared; do mkdir -p "$root$shared"; mount --rbind "$shared" "$root$shared"; done
cd "$root"
mkdir -p .before
pivot_root . .before
umount --lazy /.before
export container=tests
exec /lib/systemd/systemd --unit=multi-user.target --log-target=console --show-status=0
"""


class Machine:
    """A machine that can be booted, used, and lose its power."""

    def __init__(self, keeper: "subprocess.Popen[str]", directory: Path, shared: Sequence[Path]) -> None:
        self.directory = directory
        self._keeper = keeper
        self._place = directory / "machine"
        self._shared = shared
        self._log = directory / "console"
        self._outer: subprocess.Popen[bytes] | None = None
        self._group = f"{directory.name}-{os.getpid()}"

    def boot(self) -> None:
        """Switch it on, and wait until it is up."""
        into = ["nsenter", "-t", str(self._keeper.pid), "-m", "--"]
        enter = f'echo $$ > "{self._place}/groups/{self._group}/cgroup.procs" && exec "$@"'
        apart = ["unshare", "--fork", "--kill-child=SIGKILL", "-p", "-m", "-C", "-i", "-u", "-n", "--"]
        init = ["sh", "-c", _BOOT, "boot", str(self._place), *map(str, self._shared)]
        with self._log.open("ab") as log:
            command = [*into, "sh", "-c", enter, "enter", *apart, *init]
            self._outer = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(self._is_up, lambda: self._log.read_text(errors="replace")[-3000:], BOOT_S)

    def lose_power(self) -> None:
        """Have everything in it end at once."""
        assert self._outer is not None
        os.kill(self._init(), signal.SIGKILL)
        self._outer.wait(20)
        self._outer = None

    def run(self, *command: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run a program in it as root."""
        into = ["nsenter", "-t", str(self._init()), "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--"]
        ended = subprocess.run(
            [*into, *command], capture_output=True, text=True, check=False, timeout=120, stdin=subprocess.DEVNULL,
            env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}, cwd="/",
        )  # fmt: skip
        assert not check or ended.returncode == 0, f"{command}: {ended.returncode}\n{ended.stdout}\n{ended.stderr}"
        return ended

    def switch_off(self) -> None:
        if self._outer is not None:
            self.lose_power()

    def _is_up(self) -> bool:
        try:
            return self.run("systemctl", "is-active", "multi-user.target", check=False).returncode == 0
        except (LookupError, OSError):
            return False

    def _init(self) -> int:
        """Return the pid, here, of its first process."""
        assert self._outer is not None
        (pid,) = Path(f"/proc/{self._outer.pid}/task/{self._outer.pid}/children").read_text().split() or [""]
        return int(pid or 0) or self._missing()

    def _missing(self) -> int:
        raise LookupError("it has not begun to boot")


@contextmanager
def machine(directory: Path, *shared: Path) -> Iterator[Machine]:
    """Yield a machine that is switched off; `directory` is for what it needs, `shared` is the same here and there."""
    place = directory / "machine"
    place.mkdir()
    group = f"{directory.name}-{os.getpid()}"
    needed = [path for path in (Path(sys.prefix), Path(sys.base_prefix), ROOT) if _lies_elsewhere(path)]
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _KEEP, "keep", str(place), group, *_MASKED]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as keeper:
        assert keeper.stdout is not None
        assert keeper.stdout.readline() == "kept\n"
        made = Machine(keeper, directory, [*needed, *shared])
        try:
            yield made
        finally:
            made.switch_off()
            script = (
                f'cd "{place}/groups/{group}" && find . -depth -type d -exec rmdir {{}} +; cd .. && rmdir "{group}"'
            )
            into = ["nsenter", "-t", str(keeper.pid), "-m", "--", "sh", "-c", script]
            subprocess.run(into, check=False, capture_output=True)
            keeper.kill()


@cache
def can_boot() -> bool:
    """Whether a machine can be had: root's rights, systemd, name spaces, overlays, and control groups."""
    if os.geteuid() != 0 or not os.path.exists(SYSTEMD) or not shutil.which("systemctl"):
        return False
    with tempfile.TemporaryDirectory() as directory:
        script = (
            'mount -t tmpfs none "$1" && cd "$1" && mkdir u w r g && mount -t cgroup2 none g && '
            'mount -t overlay none -o "lowerdir=/,upperdir=$1/u,workdir=$1/w" r && '
            "cd r && mkdir -p .before && pivot_root . .before"
        )
        command = ["unshare", "--mount", "--pid", "--fork", "--cgroup", "--net", "sh", "-c", script, "try", directory]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0


def _lies_elsewhere(path: Path) -> bool:
    """Whether a directory is on another file system than the root, so that it is not in an overlay over that."""
    return path.exists() and path.stat().st_dev != Path("/").stat().st_dev
