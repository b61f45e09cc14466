"""What is said where `append_only = true` keeps everything as it is."""

from tui_backup.errors import AppendOnly
from tui_backup.primitives.i18n import _


def nothing_goes(place: str) -> AppendOnly:
    """Return the error for work that would remove something, before it has begun."""
    return AppendOnly(_("nothing is removed from {place}: append_only = true").format(place=place), hint=_hint())


def stays(place: str, key: str) -> AppendOnly:
    """Return the error for an object that would be removed or replaced."""
    message = _("{key} in {place} is neither removed nor replaced: append_only = true")
    return AppendOnly(message.format(key=key, place=place), hint=_hint())


def _hint() -> str:
    return _("whoever may remove things needs a configuration without it, on another machine best")
