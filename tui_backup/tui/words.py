"""Words: sizes, times, ages and states as all pages write them, in the language of whoever reads."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from tui_backup.model.run import RunStatus
from tui_backup.model.standing import Integrity, Standing
from tui_backup.primitives.clock import in_zone
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.schedule import Effect
from tui_backup.primitives.text import number
from tui_backup.services.words import status_word
from tui_backup.tui.glyphs import Glyphs
from tui_backup.tui.widgets.cells import Piece, Role

UNKNOWN = "-"
"""What stands for a fact that nobody knows."""

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")
_MINUTE_S, _HOUR_S, _DAY_S, _YEAR_S = 60, 3_600, 86_400, 31_557_600
_MONTH_S = _YEAR_S // 12


def brief_size(count: float | None) -> str:
    """Return a number of bytes in three significant digits: `999 B`, `1.23 GB`, `12.3 MB`."""
    if count is None:
        return UNKNOWN
    if count < 1000:
        return f"{number(count)} {_UNITS[0]}"
    step = 0
    while count >= 999.5 and step < len(_UNITS) - 1:
        count /= 1000
        step += 1
    return f"{number(count, _decimals(count))} {_UNITS[step]}"


def brief_rate(bytes_per_s: float) -> str:
    """Return how fast something goes: `214 MB/s`."""
    return _("{size}/s").format(size=brief_size(round(bytes_per_s)))


def brief_duration(seconds: float | None) -> str:
    """Return how long something takes in at most two units: `0.2 s`, `12 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`."""
    if seconds is None:
        return UNKNOWN
    if 0 <= seconds < 9.95:
        return _("{count} s").format(count=number(seconds, 1))
    whole = max(0, round(seconds))
    if whole < _MINUTE_S:
        return _("{count} s").format(count=whole)
    if whole < _HOUR_S:
        return _("{minutes} min {seconds} s").format(minutes=whole // _MINUTE_S, seconds=whole % _MINUTE_S)
    if whole < _DAY_S:
        return _("{hours} h {minutes} min").format(hours=whole // _HOUR_S, minutes=whole % _HOUR_S // _MINUTE_S)
    return _("{days} d {hours} h").format(days=number(whole // _DAY_S), hours=whole % _DAY_S // _HOUR_S)


def span(seconds: float) -> str:
    """Return about how much time that is, in one unit: `21 h`, `2 d`; less than a minute is `0 min`."""
    whole = max(0, int(seconds))
    if whole < _HOUR_S:
        return _("{count} min").format(count=whole // _MINUTE_S)
    if whole < 2 * _DAY_S:
        return _("{count} h").format(count=whole // _HOUR_S)
    if whole < 60 * _DAY_S:
        return _("{count} d").format(count=whole // _DAY_S)
    if whole < 2 * _YEAR_S:
        return _("{count} mo").format(count=whole // _MONTH_S)
    return _("{count} y").format(count=number(whole // _YEAR_S))


def ago(time: datetime | None, now: datetime) -> str:
    """Return how long ago something was: `just now`, `21 h ago`; `in 3 h` where it is still to come."""
    if time is None:
        return UNKNOWN
    past = (now - time).total_seconds()
    if abs(past) < _MINUTE_S:
        return _("just now")
    return _("{span} ago").format(span=span(past)) if past > 0 else until(time, now)


def until(time: datetime | None, now: datetime) -> str:
    """Return in how long something is to come: `in 3 h`, `in <1 min`; `now` where its time has come."""
    if time is None:
        return UNKNOWN
    left = (time - now).total_seconds()
    if left <= 0:
        return _("now")
    return _("in <1 min") if left < _MINUTE_S else _("in {span}").format(span=span(left))


def exact(time: datetime | None, zone: str | None) -> str:
    """Return a time to the second, with its zone: `2026-11-21 02:00:00 CET`; `zone` is as in `in_zone`."""
    return UNKNOWN if time is None else in_zone(time, zone).strftime("%Y-%m-%d %H:%M:%S %Z")


def of_the_clock(time: datetime, zone: str | None) -> str:
    """Return the time of the day, to the second: `22:58:01`."""
    return in_zone(time, zone).strftime("%H:%M:%S")


def day_and_time(time: datetime | None, now: datetime, zone: str | None) -> str:
    """Return a time as people name it: `today 02:00`, `yesterday 02:00`, `Wed 02:00`, `2026-11-02 02:00`."""
    if time is None:
        return UNKNOWN
    there = in_zone(time, zone)
    days = (in_zone(now, zone).date() - there.date()).days
    of_day = f"{there:%H:%M}"
    if days == 0:
        return _("today {time}").format(time=of_day)
    if days == 1:
        return _("yesterday {time}").format(time=of_day)
    if 1 < days < 7:
        return _("{weekday} {time}").format(weekday=weekdays()[there.weekday()], time=of_day)
    return f"{there:%Y-%m-%d} {of_day}"


def coming_day_and_time(time: datetime, now: datetime, zone: str | None) -> str:
    """Return a time to come as people name it: `today 02:00`, `tomorrow 02:00`, `Wed 02:00`, `2026-12-01 02:00`."""
    there = in_zone(time, zone)
    days = (there.date() - in_zone(now, zone).date()).days
    if days == 1:
        return _("tomorrow {time}").format(time=f"{there:%H:%M}")
    if 1 < days < 7:
        return _("{weekday} {time}").format(weekday=weekdays()[there.weekday()], time=f"{there:%H:%M}")
    return day_and_time(time, now, zone)


def clock_change(effect: Effect) -> str:
    """Return what the clock does about a moment: forward past it, or back, so that it comes twice."""
    return _("clock forward") if effect is Effect.AFTER_GAP else _("clock back")


def weekdays() -> Sequence[str]:
    """Return the short names of the days, Monday first."""
    return _("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")


def counted_files(count: int) -> str:
    """Return a number of files: `42,113 files`."""
    return ngettext("{count} file", "{count} files", count).format(count=number(count))


def counted_snapshots(count: int) -> str:
    """Return a number of snapshots: `5,000 snapshots`."""
    return ngettext("{count} snapshot", "{count} snapshots", count).format(count=number(count))


def integrity_words(standing: Standing, now: datetime) -> str:
    """Return what is known of a snapshot's integrity, and how old the proof is.

    `proven 2 d`: every byte was read and authenticated; `checked 9 d`: its structure only; `unverified`; `damaged`.
    """
    match standing:
        case Standing(integrity=Integrity.DAMAGED):
            return _("damaged")
        case Standing(integrity=Integrity.OK, verified_at=datetime() as since):
            return _("proven {span}").format(span=_age(since, now))
        case Standing(checked_at=datetime() as since):
            return _("checked {span}").format(span=_age(since, now))
        case _:
            return _("unverified")


def integrity_piece(standing: Standing, now: datetime) -> Piece:
    """Return the same as a piece of a cell."""
    roles: dict[Integrity, Role] = {Integrity.DAMAGED: "error", Integrity.OK: "ok", Integrity.UNVERIFIED: "dim"}
    return integrity_words(standing, now), roles[standing.integrity]


def status_piece(status: RunStatus, glyphs: Glyphs) -> Piece:
    """Return how a run ended as a piece of a cell: a sign and a word."""
    signs: dict[RunStatus, tuple[str, Role]] = {
        RunStatus.RUNNING: (glyphs.running, "accent"),
        RunStatus.OK: (glyphs.ok, "ok"),
        RunStatus.INCOMPLETE: (glyphs.stale, "warning"),
        RunStatus.FAILED: (glyphs.failed, "error"),
        RunStatus.CANCELLED: (glyphs.waiting, "dim"),
    }
    sign, role = signs[status]
    return f"{sign} {status_word(status)}", role


def _age(since: datetime, now: datetime) -> str:
    return span(max(timedelta(0), now - since).total_seconds())


def _decimals(value: float) -> int:
    """Return how many decimals make three significant digits of a number between 1 and 1000."""
    if value < 9.995:
        return 2
    return 1 if value < 99.95 else 0
