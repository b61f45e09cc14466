"""Lockable: whether the store of a repository can do what `object_lock_days` asks of it."""

from tui_backup.config.settings import RepositoryConfig
from tui_backup.errors import NotFound, StoreError
from tui_backup.primitives.i18n import _
from tui_backup.stores.base import Retention


def retention_of(config: RepositoryConfig) -> Retention:
    """Return what locks the objects of a repository.

    Raises:
        StoreError: its store cannot do that.
    """
    retention = config.store.retention
    if retention is None:
        raise StoreError(
            _("{place} does not lock objects, as object_lock_days of {name} wants").format(
                place=config.store.describe(), name=config.name
            ),
            hint=_("object lock is chosen when a bucket is made: name another bucket, or take object_lock_days out"),
        )
    return retention


def check_lockable(config: RepositoryConfig) -> str | None:
    """Make sure that a store can lock what a repository wants locked; return what is unwise about it all the same.

    Raises:
        StoreError: it cannot. A place that is not there yet is made as it has to be.
    """
    if config.object_lock_days is None:
        return None
    try:
        retention = retention_of(config)
    except NotFound:
        return None
    if not retention.by_default():
        return None
    words = _(
        "{place} locks everything by default, restic's lock files too: they cannot be removed for good, and pile up; "
        "take the default retention away, object_lock_days does without"
    )
    return words.format(place=config.store.describe())
