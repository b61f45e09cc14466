"""Way: how a server is reached, and as whom; stores with the same way share a connection."""

import os
from typing import Final

import msgspec

from tui_backup.primitives.secret import SecretSource

_USUAL_CONFIG: Final = ("~/.ssh/config", "/etc/ssh/ssh_config")


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """What the store's options say; None: the ssh_config decides, else what ssh would do."""

    host: str
    user: str | None
    port: int | None
    key_file: str | None
    key_passphrase: SecretSource | None
    password: SecretSource | None
    known_hosts: str | None
    ssh_config: str | None

    def config_files(self) -> list[str]:
        """Return the files to read settings from; of several that say something, the first counts."""
        if self.ssh_config is not None:
            return [self.ssh_config]
        return [path for path in map(os.path.expanduser, _USUAL_CONFIG) if os.access(path, os.R_OK)]
