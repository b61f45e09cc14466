"""The moments of schedules, and what daylight saving does to them."""

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from tui_backup.primitives.schedule import Effect, check_line, count, effect, latest, moments


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def first(line: str, zone: str | None, after: str, how_many: int = 3) -> list[str]:
    return [f"{each:%m-%d %H:%M}" for each in islice(moments(line, zone, utc(after)), how_many)]


@pytest.mark.parametrize(
    ("zone", "line", "after", "expected"),
    [
        ("UTC", "0 2 * * *", "2026-01-01T02:00", ["01-02 02:00", "01-03 02:00", "01-04 02:00"]),
        ("Asia/Kolkata", "0 0 1 * *", "2026-01-01", ["01-31 18:30", "02-28 18:30", "03-31 18:30"]),
        ("America/New_York", "30 2 * * *", "2026-03-08", ["03-08 07:00", "03-09 06:30", "03-10 06:30"]),
        ("America/New_York", "0-59/15 2 * * *", "2026-03-08", ["03-08 07:00", "03-09 06:00", "03-09 06:15"]),
        ("America/New_York", "0 2,3 * * *", "2026-03-08", ["03-08 07:00", "03-09 06:00", "03-09 07:00"]),
        ("America/New_York", "*/30 2 * * *", "2026-03-08", ["03-09 06:00", "03-09 06:30", "03-10 06:00"]),
        ("America/New_York", "30 1 * * *", "2026-11-01", ["11-01 05:30", "11-02 06:30", "11-03 06:30"]),
        ("America/New_York", "30 */1 * * *", "2026-11-01T05:00", ["11-01 05:30", "11-01 06:30", "11-01 07:30"]),
        ("America/New_York", "*/30 1 * * *", "2026-11-01T05:15", ["11-01 05:30", "11-01 06:00", "11-01 06:30"]),
        ("America/Sao_Paulo", "0 0 * * *", "2018-11-03T12:00", ["11-04 03:00", "11-05 02:00", "11-06 02:00"]),
        ("America/Sao_Paulo", "30 23 * * *", "2018-02-17", ["02-17 01:30", "02-18 01:30", "02-19 02:30"]),
        ("Australia/Lord_Howe", "15 2 * * *", "2026-10-03", ["10-03 15:30", "10-04 15:15", "10-05 15:15"]),
        ("Australia/Lord_Howe", "45 1 * * *", "2026-04-04", ["04-04 14:45", "04-05 15:15", "04-06 15:15"]),
        ("America/St_Johns", "0 0 * * *", "2006-10-28", ["10-28 02:30", "10-29 02:30", "10-30 03:30"]),
        ("Pacific/Apia", "0 2 * * *", "2011-12-28", ["12-28 12:00", "12-29 12:00", "12-30 12:00"]),
        ("Asia/Pyongyang", "45 23 * * *", "2018-05-03", ["05-03 15:15", "05-04 15:00", "05-05 14:45"]),
    ],
)
def test_moments(zone: str, line: str, after: str, expected: list[str]) -> None:
    assert first(line, zone, after) == expected


@pytest.mark.parametrize("line", ["0 0 30 2 *", "0 0 31 4,6 *"])
def test_a_line_that_never_comes_is_refused_and_has_no_moments(line: str) -> None:
    assert list(moments(line, "UTC", utc("2026-01-01"))) == []
    assert latest(line, "UTC", utc("2016-01-01"), utc("2026-01-01")) is None
    with pytest.raises(ValueError, match="never comes: no such month has that day"):
        check_line(line)


def test_the_calendar_ends() -> None:
    assert len(list(moments("@yearly", "UTC", utc("9990-06-01")))) == 8


def test_the_zone_of_the_machine_is_taken_where_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert first("30 2 * * *", None, "2026-03-08") == ["03-08 07:00", "03-09 06:30", "03-10 06:30"]
    finally:
        monkeypatch.undo()
        time.tzset()


def test_the_latest_moment_is_within_its_bounds() -> None:
    at = utc("2026-05-05T02:00")

    assert latest("0 2 * * *", "UTC", at - timedelta(seconds=1), at) == at
    assert latest("0 2 * * *", "UTC", at, at + timedelta(hours=23)) is None
    assert latest("0 2 * * *", "UTC", at - timedelta(days=3650), at - timedelta(microseconds=1)) == at - timedelta(
        days=1
    )
    assert latest("0 2 * * *", "UTC", at, at - timedelta(days=9)) is None


def test_moments_are_counted() -> None:
    start = utc("2026-01-01")

    assert count("* * * * *", "UTC", start, start + timedelta(days=2, seconds=59)) == 2 * 1440
    assert count("30 1 * * *", "America/New_York", start, utc("2027-01-01")) == 365
    assert count("0 0 * * *", "UTC", start, start + timedelta(days=2)) == 2
    assert count("0 2 * * *", "UTC", start, start) == 0


@pytest.mark.parametrize(
    ("line", "moment", "expected"),
    [
        ("30 2 * * *", "2026-03-08T07:00", Effect.AFTER_GAP),
        ("30 2,3 * * *", "2026-03-08T07:30", None),
        ("*/30 * * * *", "2026-03-08T07:00", None),
        ("30 1 * * *", "2026-03-08T06:30", None),
        ("30 1 * * *", "2026-11-01T05:30", Effect.FIRST_OF_TWO),
        ("*/30 * * * *", "2026-11-01T05:30", Effect.FIRST_OF_TWO),
        ("*/30 * * * *", "2026-11-01T06:30", Effect.SECOND_OF_TWO),
        ("*/30 * * * *", "2026-11-01T07:00", None),
        ("30 0 * * *", "2026-11-01T04:30", None),
    ],
)
def test_what_daylight_saving_does_to_a_moment_is_known(line: str, moment: str, expected: Effect | None) -> None:
    assert effect(line, "America/New_York", utc(moment)) == expected
