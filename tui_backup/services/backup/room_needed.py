"""How much room a backup will need in a repository, by what the last ones needed there; the record alone tells."""

from typing import TYPE_CHECKING

import msgspec

from tui_backup.config.settings import Config, RepositoryConfig
from tui_backup.history.history import History
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import size
from tui_backup.services.storage.contacts import remember_space

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace

_LOOKED_AT = 4
"""Backups into a repository that tell, the oldest of which may have been its first, when everything was new."""


class Need(msgspec.Struct, frozen=True):
    """What the next backup of a job may take."""

    job: str
    bytes: int


class Room(msgspec.Struct, frozen=True):
    """How much room a repository has."""

    free: int | None
    """Bytes; None: unknown."""
    is_low: bool | None
    """None: unknown, though somebody asks."""
    lacking: Need | None = None
    """What a backup may need that is not there."""


def needed(history: History, job: str, repository: str) -> int | None:
    """Return the most bytes that the last backups of a job added to a repository; None where too few are known.

    The oldest of those that are known does not count: the first backup stores everything, the next ones little.
    """
    added = [run.bytes_added or 0 for run in history.good_backups(job, repository, _LOOKED_AT)]
    return max(added[:-1], default=None)


def most_needed(config: Config, history: History, repository: str) -> Need | None:
    """Return what the job takes that needs most room in a repository."""
    needs = [
        Need(job.name, bytes_)
        for job in config.jobs.values()
        if repository in job.repositories and (bytes_ := needed(history, job.name, repository)) is not None
    ]
    return max(needs, key=lambda need: need.bytes, default=None)


def room_of(config: Config, history: History, repository: RepositoryConfig) -> Room:
    """Return how much room a repository had at the last contact, and whether that is too little."""
    contact = history.contact(repository.name)
    if contact is None or contact.free is None:
        return Room(None, None if repository.min_free else False)
    limit = repository.min_free.limit(contact.total) if repository.min_free else None
    need = most_needed(config, history, repository.name)
    lacking = need if need is not None and contact.free < need.bytes else None
    if lacking is not None or (limit is not None and contact.free < limit):
        return Room(contact.free, True, lacking)
    return Room(contact.free, None if repository.min_free and limit is None else False)


def lacking_words(repository: str, free: int | None, need: Need) -> str:
    """Return that a backup may not find the room that it needs, for people."""
    text = _("repository {repository} has only {free} free, and a backup of {job} took up to {needed} of late")
    return text.format(repository=repository, free=size(free), job=need.job, needed=size(need.bytes))


def warn_of_space(workspace: "Workspace", job: str, repository: str, watch: Watch) -> None:
    """Warn where a backup that is about to begin may not find the room that the last ones took."""
    need = needed(workspace.history, job, repository)
    if need is None:
        return
    remember_space(workspace, repository)
    contact = workspace.history.contact(repository)
    if contact is not None and contact.free is not None and contact.free < need:
        watch.warn(None, lacking_words(repository, contact.free, Need(job, need)))
