"""Opening: what a repository is opened with, secrets and all, from what the configuration says of it."""

from tui_backup.config.lines import dotted
from tui_backup.config.settings import RepositoryConfig
from tui_backup.formats.base import ArchiveOptions, Opening
from tui_backup.formats.encryption_key import check_encryption_key
from tui_backup.model.locking import Locking
from tui_backup.primitives.ledger import Ledger
from tui_backup.primitives.secret import Secret
from tui_backup.stores.base import Store


def opening_of(
    config: RepositoryConfig, *, locking: Locking, ledger: Ledger | None = None, store: Store | None = None
) -> Opening:
    """Return what it takes to open or to make a repository; may take as long as a command that tells a secret.

    `store` is the configured one with what stands in front of it.

    Raises:
        ConfigError: a secret cannot be had, or the encryption key is too short.
    """
    key = secret_key(config.name, "password")
    return Opening(
        name=config.name,
        store=store or config.store,
        password=config.password.resolve(key) if config.password else Secret(""),
        compression=config.compression,
        archives=ArchiveOptions(
            name=config.archive_name,
            compression_level=config.compression_level,
            encryption_key=encryption_key(config),
            history_file=config.history_file,
        ),
        append_only=config.append_only,
        ledger=ledger,
        locking=locking,
    )


def secret_key(repository: str, name: str) -> str:
    """Return the place of a secret in the configuration, for people."""
    return dotted(("repositories", repository, name))


def encryption_key(config: RepositoryConfig) -> Secret | None:
    """Return what archives are sealed with; None: they are not.

    Raises:
        ConfigError: it cannot be had, or is too short.
    """
    if config.encryption_key is None:
        return None
    key = secret_key(config.name, "encryption_key")
    secret = config.encryption_key.resolve(key)
    check_encryption_key(secret, key)
    return secret
