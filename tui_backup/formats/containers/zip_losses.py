"""What zip does not carry of the members that were written, in words."""

from tui_backup.formats.containers.base import Member
from tui_backup.formats.containers.zip_records import is_utf8
from tui_backup.primitives.i18n import _, ngettext

_SECOND = 1_000_000_000


class Losses:
    """Counts as members are written."""

    def __init__(self) -> None:
        self._times = 0
        self._attributes = 0
        self._links = 0
        self._names = 0

    def note(self, member: Member) -> None:
        """Count what this member loses."""
        self._times += member.mtime_ns % _SECOND != 0
        self._attributes += bool(member.xattrs)
        self._links += bool(member.link)
        self._names += not is_utf8(member.path)

    def notes(self) -> tuple[str, ...]:
        """Return a sentence for each kind of loss."""
        attributes = ngettext(
            "the extended attributes of {count} entry are not in it",
            "the extended attributes of {count} entries are not in it",
            self._attributes,
        )
        links = ngettext(
            "{count} hard link is a file of its own in it",
            "{count} hard links are files of their own in it",
            self._links,
        )
        names = ngettext(
            "{count} name is not UTF-8 and may be shown otherwise by other programs",
            "{count} names are not UTF-8 and may be shown otherwise by other programs",
            self._names,
        )
        times = [_("times are kept to the second")] if self._times else []
        counted = ((attributes, self._attributes), (links, self._links), (names, self._names))
        return (*times, *(text.format(count=count) for text, count in counted if count))
