from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.samples import vectors
from tui_backup.formats.restic.times import Moment, format_time, moment_of, parse_time, to_datetime


@pytest.mark.parametrize("vector", vectors()["times"], ids=lambda vector: vector["mtime_field"])
def test_times_are_as_restic_writes_them(vector: dict[str, str]) -> None:
    ns, text = int(vector["ns_since_epoch"]), vector["mtime_field"]
    assert parse_time(text) == Moment(ns, 60)
    assert format_time(ns, 60) == text


DAY = 86_400


@given(
    ns=st.integers((-62_167_219_200 + DAY) * 10**9, (253_402_300_799 - DAY) * 10**9),
    offset=st.integers(-23 * 60, 23 * 60),
)
def test_what_is_written_is_read_back_to_the_nanosecond(ns: int, offset: int) -> None:
    assert parse_time(format_time(ns, offset)) == Moment(ns, offset)


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("0000-01-01T00:00:00Z", -62_167_219_200 * 10**9),
        ("0000-02-29T12:00:00Z", (-62_167_219_200 + 59 * 86400 + 43200) * 10**9),
        ("0001-01-01T00:00:00Z", -62_135_596_800 * 10**9),
        ("1969-12-31T23:59:59.999999999Z", -1),
        ("9999-12-31T23:59:59.999999999Z", 253_402_300_800 * 10**9 - 1),
    ],
)
def test_the_ends_of_the_calendar_are_held(text: str, ns: int) -> None:
    assert parse_time(text) == Moment(ns)
    assert format_time(ns, 0) == text


def test_years_beyond_four_digits_are_cut() -> None:
    assert format_time(10**15 * 10**9, 0).startswith("9999-12-31T23:59:59")
    assert format_time(-(10**15) * 10**9, 0).startswith("0000-01-01T00:00:00")


def test_the_local_clock_is_used_unless_an_offset_is_given() -> None:
    ns = 1_700_000_000 * 10**9
    offset = datetime.fromtimestamp(1_700_000_000, UTC).astimezone().utcoffset()
    assert offset is not None
    assert format_time(ns) == format_time(ns, offset // timedelta(minutes=1))


def test_more_than_nine_digits_are_cut_and_a_zero_offset_is_utc() -> None:
    assert parse_time("2023-11-14T22:13:20.1234567899+00:00") == Moment(1_700_000_000_123_456_789)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2023-11-14 22:13:20Z",
        "2023-11-14T22:13:20",
        "2023-02-30T00:00:00Z",
        "2023-11-14T24:00:00Z",
        "2023-11-14T22:13:60Z",
        "2023-11-14T22:13:20+24:00",
        "2023-11-14T22:13:20.Z",
        "2023-11-14T22:13:20Z\n",
        "٢٠٢٣-11-14T22:13:20Z",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_time(text)


def test_a_datetime_keeps_its_instant_and_its_offset() -> None:
    when = datetime(2026, 11, 21, 2, 0, 0, 123456, tzinfo=timezone(timedelta(hours=-3)))
    moment = moment_of(when)
    assert moment.offset == -180
    assert to_datetime(moment) == when
    assert to_datetime(moment).utcoffset() == timedelta(hours=-3)


@pytest.mark.parametrize("text", ["0000-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00"])
def test_the_datetime_of_an_extreme_time_can_still_be_converted(text: str) -> None:
    assert to_datetime(parse_time(text)).astimezone(UTC).year in {2, 9998}
