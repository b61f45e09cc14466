"""Schedule: the moments of a cron line in a time zone."""

from tui_backup.primitives.i18n import _


def check_line(line: str) -> None:
    """Refuse what is no cron line of five fields, nor `@daily` or one of its like; raises ValueError."""
    from croniter import croniter

    fields = line.split()
    is_short = len(fields) == 1 and line.startswith("@") and line != "@reboot"
    if not (is_short or len(fields) == 5) or not croniter.is_valid(line):
        message = _("{line!r} is no schedule; write five fields: minute, hour, day, month, weekday, as 0 2 * * *")
        raise ValueError(message.format(line=line))
