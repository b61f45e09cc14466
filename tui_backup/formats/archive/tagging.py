"""Tagging: tags stand beside an archive: in its sidecar, and of a sealed one at the head of its list."""

from contextlib import closing

import msgspec

from tui_backup.errors import BackupError
from tui_backup.formats.archive import entry_list, sidecar
from tui_backup.formats.archive.access import Access
from tui_backup.formats.archive.catalog import Archive, Encryption
from tui_backup.formats.archive.entry_list import Head
from tui_backup.formats.archive.facts import OURS, own_tags
from tui_backup.formats.archive.seal import SMALL_SEGMENT_LOG, SealedSink
from tui_backup.primitives.i18n import _


def retag(access: Access, archive: Archive, tags: tuple[str, ...]) -> None:
    """Give an archive other tags; what tells them is replaced whole or not at all.

    Raises:
        BackupError: another program made it, or nothing that tells of it can be read.
    """
    wanted = own_tags(tags)
    if not archive.facts.tool.startswith(OURS):
        raise BackupError(
            _("{key} has no tags: another program made it, or it cannot be read").format(key=archive.key),
            hint=_("no policy touches what other programs made"),
        )
    if archive.encryption is Encryption.NONE and archive.sidecar is not None:
        access.store.put(archive.sidecar.key, sidecar.retagged(access.store.get(archive.sidecar.key), wanted))
    else:
        _rewrite_list(access, archive, wanted)


def _rewrite_list(access: Access, archive: Archive, tags: tuple[str, ...]) -> None:
    assert archive.listed is not None
    with access.entry_list(archive) as file:
        assert file is not None
        with closing(file):
            former, _members = entry_list.read_list(file)
            head = Head(
                name=former.name,
                size=former.size,
                sha256=former.sha256,
                facts=msgspec.structs.replace(former.facts, tags=tags),
            )
            with access.store.writing(archive.listed.key) as out:
                salt = access.salt() if archive.encryption is Encryption.SEALED else None
                if salt is None or access.passphrase is None:
                    entry_list.rewrite(file, head, out)
                else:
                    sealed = SealedSink(out, access.passphrase, salt, SMALL_SEGMENT_LOG)
                    entry_list.rewrite(file, head, sealed)
                    sealed.close()
