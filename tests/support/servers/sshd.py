"""OpenSSH's own server on a high port, as the user of the tests."""

import getpass
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tests.support.servers.daemons import LOCALHOST, daemon, free_port, wait_until_it_listens

_CONFIGURATION = """
Port {port}
ListenAddress 127.0.0.1
HostKey {directory}/host_key
AuthorizedKeysFile {directory}/authorized_keys
PidFile none
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
MaxStartups 100
MaxSessions 100
PermitUserEnvironment no
Subsystem sftp internal-sftp {sftp}
"""

_CLIENT = """
Host tests
    HostName 127.0.0.1
    Port {port}
    User {user}
    IdentityFile {directory}/key
    IdentitiesOnly yes
    UserKnownHostsFile {directory}/known_hosts
    GlobalKnownHostsFile none
    StrictHostKeyChecking yes
    BatchMode yes
    LogLevel ERROR
"""


def sshd() -> str | None:
    """Return where the server is, which insists on being called by its full path."""
    return shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


class SshServer(msgspec.Struct, frozen=True):
    """Where it listens, and the files with which a client is let in."""

    port: int
    user: str
    key_file: str
    known_hosts: str
    ssh_config: str
    """For OpenSSH's client; it names the server `tests`."""
    files: str
    """A directory of the server's that clients may fill."""
    pid: int = 0

    @property
    def restic_command(self) -> str:
        """What restic's option `sftp.command` has to be, whatever its repository calls the host."""
        return f"ssh -F {self.ssh_config} tests -s sftp"

    def behind(self, port: int) -> "SshServer":
        """Return the same server as it is reached through another port."""
        directory = Path(self.ssh_config).parent / str(port)
        directory.mkdir()
        for path in (self.key_file, self.known_hosts, self.ssh_config):
            text = Path(path).read_text()
            new = directory / Path(path).name
            new.touch(0o600)
            new.write_text(text.replace(str(Path(path).parent), str(directory)).replace(str(self.port), str(port)))
        return msgspec.structs.replace(
            self,
            port=port,
            key_file=str(directory / "key"),
            known_hosts=str(directory / "known_hosts"),
            ssh_config=str(directory / "ssh_config"),
        )


@contextmanager
def ssh_server(
    directory: Path, *, denied: Sequence[str] = (), lines: Sequence[str] = (), port: int = 0
) -> Iterator[SshServer]:
    """Run a server; `denied` are requests that its SFTP part does not know (`posix-rename`).

    `lines` of its configuration come before the usual ones, which they replace.
    """
    port = port or free_port()
    user = getpass.getuser()
    files = directory / "files"
    files.mkdir(exist_ok=True)
    if not (directory / "key").exists():
        _make_keys(directory)
    public = (directory / "host_key.pub").read_text()
    (directory / "known_hosts").write_text(f"[{LOCALHOST}]:{port} {public}")
    (directory / "authorized_keys").write_bytes((directory / "key.pub").read_bytes())
    sftp = f"-P {','.join(denied)}" if denied else ""
    usual = _CONFIGURATION.format(port=port, directory=directory, sftp=sftp)
    (directory / "sshd_config").write_text("\n".join(lines) + usual)
    (directory / "ssh_config").write_text(_CLIENT.format(port=port, directory=directory, user=user))
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    log = directory / "sshd.log"
    with daemon([sshd() or "sshd", "-D", "-e", "-f", directory / "sshd_config"], log) as process:
        wait_until_it_listens(port, process, log)
        yield SshServer(
            port=port,
            user=user,
            key_file=str(directory / "key"),
            known_hosts=str(directory / "known_hosts"),
            ssh_config=str(directory / "ssh_config"),
            files=str(files),
            pid=process.pid,
        )


def _make_keys(directory: Path) -> None:
    for name in ("host_key", "key"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", directory / name]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
