"""A real Docker engine of the tests' own: no network, no images but one made here, nothing left of it afterwards."""

import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from tests.support.machine import can_boot
from tests.support.servers.daemons import daemon, tail, until

_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
_IMAGE = "busybox-of-tests"
_FOR_EVER = ("/bin/busybox", "tail", "-f", "/dev/null")


def is_here() -> bool:
    """Whether an engine can be started: with what a machine needs, a client, and a program for its containers."""
    programs = ("docker", "dockerd", "containerd", "busybox", "unshare")
    return all(shutil.which(program, path=_PATH) for program in programs) and can_boot()


class Docker:
    """An engine, and its client."""

    def __init__(self, directory: Path) -> None:
        self.host = f"unix://{directory}/docker.sock"
        """For `DOCKER_HOST`."""
        self._directory = directory

    def call(self, *arguments: str, given: bytes = b"") -> str:
        """Return what the client says; raises CalledProcessError."""
        command = [shutil.which("docker") or "docker", *arguments]
        environment = {"PATH": _PATH, "DOCKER_HOST": self.host, "HOME": str(self._directory)}
        done = subprocess.run(command, input=given, env=environment, capture_output=True, check=True, timeout=60)
        return done.stdout.decode().strip()

    def run(self, name: str, *options: str, command: tuple[str, ...] = _FOR_EVER) -> None:
        """Start a container, which ends at once when it is told to unless its command says otherwise."""
        self.call("run", "--detach", "--init", "--network=none", f"--name={name}", *options, _IMAGE, *command)

    def state(self, name: str) -> str:
        """Return `running`, `exited`, `paused` ..."""
        return self.call("inspect", "--type=container", "--format={{.State.Status}}", name)

    def names(self) -> set[str]:
        """Return the containers that there are."""
        return set(self.call("ps", "--all", "--format={{.Names}}").split())

    def remove_all(self) -> None:
        """Have no container be left."""
        if names := self.names():
            self.call("rm", "--force", "--volumes", *names)

    def answers(self) -> bool:
        try:
            self.call("info")
        except subprocess.CalledProcessError:
            return False
        return True


@contextmanager
def docker_engine(directory: Path) -> Iterator[Docker]:
    """Run an engine until the block ends, in pid and mount name spaces that end with it, however that comes."""
    options = [
        f"--host=unix://{directory}/docker.sock",
        f"--data-root={directory}/data",
        f"--exec-root={directory}/exec",
        f"--pidfile={directory}/docker.pid",
        "--storage-driver=vfs",
        "--exec-opt=native.cgroupdriver=cgroupfs",
        "--iptables=false",
        "--ip6tables=false",
        "--bridge=none",
    ]
    log, engine = directory / "dockerd.log", Docker(directory)
    apart = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    dockerd = shutil.which("dockerd", path=_PATH) or "dockerd"
    with daemon([*apart, dockerd, *options], log, {"PATH": _PATH}) as process:
        until(lambda: process.poll() is not None or engine.answers(), lambda: tail(log))
        if process.poll() is not None:
            raise RuntimeError(f"dockerd has ended: {tail(log)}")
        engine.call("import", "-", _IMAGE, given=_image())
        yield engine
        engine.remove_all()
        process.kill()


def _image() -> bytes:
    """Return a tar file with one program that needs nothing else."""
    content, busybox = BytesIO(), shutil.which("busybox", path=_PATH) or "busybox"
    with tarfile.open(fileobj=content, mode="w") as tar:
        tar.add(busybox, "bin/busybox")
        link = tarfile.TarInfo("bin/sh")
        link.type, link.linkname = tarfile.SYMTYPE, "busybox"
        tar.addfile(link)
    return content.getvalue()
