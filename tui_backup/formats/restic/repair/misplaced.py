"""Packs in the directory of another id, where nobody reads them: found, and put where they belong."""

from collections.abc import Iterable

import msgspec

from tui_backup.errors import Corrupted, NotFound
from tui_backup.formats.restic.access import Access, Guard
from tui_backup.formats.restic.layout import FileKind, id_of, key_of, listing
from tui_backup.formats.restic.pack import LARGEST
from tui_backup.model.problem import Problem, ProblemKind
from tui_backup.model.upkeep import RepairStep
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _
from tui_backup.stores.base import ObjectInfo

MOVED = "move-pack"


class Misplaced(msgspec.Struct, frozen=True):
    """The packs that lie where they do not belong."""

    whole: dict[str, int]
    """Key -> bytes of those whose content is what their name says."""
    others: tuple[str, ...]
    """Keys of the rest."""

    def sizes(self) -> dict[str, int]:
        """Return the packs that can be put where they belong, by id, with their bytes."""
        return {_name(key): size for key, size in self.whole.items()}

    def steps(self) -> list[RepairStep]:
        """Return what is done about them."""
        return [
            RepairStep(what=MOVED, object=key, detail=_("to {key}").format(key=key_of(FileKind.DATA, _name(key))))
            for key in self.whole
        ]

    def problems(self) -> list[Problem]:
        """Return those that nothing can be done about."""
        message = _("the pack lies in the wrong directory, and is damaged")
        return [Problem(kind=ProblemKind.PACK_DAMAGED, object=key, message=message) for key in self.others]


def find_misplaced(access: Access, watch: Watch) -> Misplaced:
    """Read every pack that lies where it does not belong."""
    whole: dict[str, int] = {}
    others: list[str] = []
    misplaced = set(listing(access.store, FileKind.DATA).misplaced)
    for found in access.store.objects("data/") if misplaced else ():
        if found.key in misplaced:
            watch.check()
            if _is_whole(access, found):
                whole[found.key] = found.size
            else:
                others.append(found.key)
    return Misplaced(whole, tuple(others))


def move(access: Access, keys: Iterable[str], lock: Guard, watch: Watch) -> None:
    """Store packs where they belong, then remove them from where they do not."""
    for key in keys:
        watch.check()
        lock.confirm()
        content = access.store.get(key)
        if id_of(content) == _name(key):
            access.store.put(key_of(FileKind.DATA, _name(key)), content)
            access.store.delete(key)


def _is_whole(access: Access, found: ObjectInfo) -> bool:
    if found.size > LARGEST:
        return False
    try:
        return id_of(access.store.get(found.key)) == _name(found.key)
    except (Corrupted, NotFound):
        return False


def _name(key: str) -> str:
    return key.rpartition("/")[2]
