"""What an encryption key of archives must be, wherever it comes from."""

from typing import Final

from tui_backup.errors import ConfigError
from tui_backup.primitives.i18n import _
from tui_backup.primitives.secret import Secret

SHORTEST_KEY: Final = 32
"""Characters that an encryption key has at least."""


def check_encryption_key(secret: Secret, key: str) -> None:
    """Refuse a key that could be guessed; `key` says where it stands. Raises ConfigError."""
    length = len(secret.reveal())
    if length < SHORTEST_KEY:
        message = _("{key}: an encryption key needs at least {shortest} characters, this one has {count}")
        raise ConfigError(
            message.format(key=key, shortest=SHORTEST_KEY, count=length),
            hint=_("`openssl rand -base64 32` prints a good one"),
        )
