"""Names of time zones."""

from tui_backup.primitives.i18n import _


def check_zone(name: str) -> None:
    """Raise ValueError unless the system knows a time zone of this name."""
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(_suggestion(name)) from None


def _suggestion(name: str) -> str:
    from difflib import get_close_matches
    from zoneinfo import available_timezones

    known = available_timezones()
    if not known:
        return _("{name!r}: this system has no time zones at all; install tzdata").format(name=name)
    close = get_close_matches(name, known, 1)
    message = _("there is no time zone {name!r}").format(name=name)
    return _("{message}; did you mean {word}?").format(message=message, word=close[0]) if close else message
