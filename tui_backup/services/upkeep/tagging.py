"""Tags of snapshots: given and taken away; what is known of a snapshot follows it to its new id."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui_backup.errors import BackupError, NotFound, UsageError
from tui_backup.model.snapshot import Snapshot, is_reserved
from tui_backup.primitives.i18n import _
from tui_backup.services.storage.snapshots import Found, Reach
from tui_backup.services.storage.stores import refuse_removing

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace


def own_tags(snapshot: Snapshot) -> tuple[str, ...]:
    """Return the tags of a snapshot that people may give and take away: not those that the program itself sets."""
    return tuple(tag for tag in snapshot.tags if not is_reserved(tag))


def check_tags(tags: Sequence[str]) -> tuple[str, ...]:
    """Return tags as they are kept.

    Raises:
        UsageError: one is empty, holds a comma, or is a mark that only the program itself sets.
    """
    for tag in tags:
        if not tag.strip() or "," in tag:
            raise UsageError(
                _("{tag!r} cannot be a tag").format(tag=tag), hint=_("a tag has no comma and is not empty")
            )
        if is_reserved(tag):
            raise UsageError(_("the tag {tag!r} is set by the program only").format(tag=tag))
    return tuple(tags)


def tags_after(snapshot: Snapshot, *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the tags that a snapshot would have; those it has keep their order.

    Raises:
        UsageError: one of the tags cannot be one, or is the program's own.
    """
    check_tags((*add, *remove))
    kept = [tag for tag in snapshot.tags if tag not in remove]
    return tuple(dict.fromkeys([*kept, *add]))


def retag(workspace: "Workspace", found: Found, tags: Sequence[str]) -> Snapshot:
    """Give a snapshot other tags, in the one repository where it was found; return it under its new id.

    Raises:
        BackupError: the repository cannot be written, or the snapshot was changed or removed meanwhile.
    """
    refuse_removing(workspace, found.shelf.name)
    repository, former = found.shelf.repository, found.snapshot
    added, removed = (sorted(set(one) - set(other)) for one, other in ((tags, former.tags), (former.tags, tags)))
    change = ", ".join([*(f"add {tag}" for tag in added), *(f"remove {tag}" for tag in removed)])
    try:
        with workspace.audit.act("tag", f"snapshot {former.short_id}, repository {found.shelf.name}", change) as act:
            renewed = repository.retag(former, tags)
            act.outcome = f"ok: snapshot {renewed.short_id}"
    except NotFound as error:
        message = _("the snapshot {id} was changed or removed meanwhile").format(id=former.short_id)
        raise BackupError(message, hint=_("tui-backup list shows what is there")) from error
    workspace.history.follow_snapshot(found.shelf.name, former.id, renewed.id)
    workspace.history.remember_snapshots(found.shelf.name, repository.snapshots())
    return renewed


def copies(reached: Reach, found: Found) -> list[tuple[str, Snapshot]]:
    """Return the other copies of a snapshot among the repositories reached, each with its repository's name."""
    return [
        (shelf.name, snapshot)
        for shelf in reached.shelves
        for snapshot in shelf.snapshots
        if shelf.name != found.shelf.name and snapshot.identity == found.snapshot.identity
    ]
