"""The program over a repository on a server, and restic's way to the same repository."""

import os
import uuid
from collections.abc import Mapping
from pathlib import Path

import msgspec

from tests.support.programs import Program
from tests.support.restic import Restic
from tests.support.servers.s3 import S3Server
from tests.support.servers.sshd import SshServer
from tui_backup.stores.base import Store
from tui_backup.stores.recipes import opened

PASSWORD = "correct horse"

_CONFIGURATION = """
state_dir = "state"
[repositories.distant]
store = {{ {store} }}
password = {{ file = "repository.key" }}
[jobs.site]
repositories = ["distant"]
sources = [{{ kind = "files", paths = ["{source}"] }}]
{keys}
"""

_ROOT = Path(__file__).parent.parent.parent


class Distant(Program, frozen=True):
    """A configuration with one job and one repository on a server."""

    restic: Restic
    """Reaches the server itself, whatever stands between it and the program."""

    def with_little_patience(self) -> dict[str, str]:
        """Return the environment in which the program soon takes a server that does not answer for gone."""
        return self._prepared("lose_patience")

    def with_a_wrong_clock(self) -> dict[str, str]:
        """Return the environment in which the program believes it is yesterday, as far as signatures go."""
        return self._prepared("live_yesterday")

    def _prepared(self, how: str) -> dict[str, str]:
        directory = self.directory / how
        directory.mkdir(exist_ok=True)
        (directory / "sitecustomize.py").write_text(f"from tests.support.impatience import {how}\n{how}()\n")
        return {"PYTHONPATH": f"{directory}{os.pathsep}{_ROOT}"}


def install_on(directory: Path, source: Path, store: Mapping[str, str], restic: Restic, keys: str = "") -> Distant:
    """Write a configuration for a `store` table; `keys` are further lines of the job."""
    directory.mkdir(exist_ok=True)
    table = ", ".join(f'{name} = "{text}"' for name, text in store.items())
    (directory / "config.toml").write_text(_CONFIGURATION.format(store=table, source=source, keys=keys))
    (directory / "config.toml").chmod(0o600)
    key = directory / "repository.key"
    key.touch(0o600)
    key.write_text(PASSWORD)
    return Distant(directory, source, restic)


def s3_table(server: S3Server, bucket: str, prefix: str = "") -> dict[str, str]:
    """Return the `store` table of a bucket."""
    return {**server.options, "bucket": bucket, **({"prefix": prefix} if prefix else {})}


def restic_on_s3(server: S3Server, bucket: str, prefix: str = "", program: str | None = None) -> Restic:
    """Return restic on a repository in a bucket."""
    return Restic(
        f"s3:{server.endpoint}/{bucket}/{prefix}".rstrip("/"),
        PASSWORD,
        program=program,
        environment=tuple(server.environment.items()),
        options=("--cacert", server.authority) if server.authority else (),
    )


def sftp_table(server: SshServer, path: str) -> dict[str, str]:
    """Return the `store` table of a directory of the server's."""
    url = f"sftp://{server.user}@127.0.0.1:{server.port}{path}"
    return {"kind": "sftp", "url": url, "key_file": server.key_file, "known_hosts": server.known_hosts}


def restic_on_sftp(server: SshServer, path: str, program: str | None = None) -> Restic:
    """Return restic on a repository in a directory of the server's."""
    options = ("-o", f"sftp.command={server.restic_command}")
    return Restic(f"sftp:tests:{path}", PASSWORD, program=program, options=options)


def store_of(table: Mapping[str, str]) -> Store:
    """Return the store of a `store` table."""
    options = {name: text for name, text in table.items() if name != "kind"}
    return opened((table["kind"], msgspec.json.encode(options)))


def new_place() -> str:
    """Return a name that nothing on a server has yet."""
    return uuid.uuid4().hex
