"""What lines of crontab(5) say, and what is none."""

import subprocess
import sys
from datetime import date

import pytest

from tui_backup.primitives.cron import _RANGES, _expanded, _simple, parse_line


@pytest.mark.parametrize(
    ("field", "numbers"),
    [
        ("*", range(7)),
        ("7", {0}),
        ("5-7", {5, 6, 0}),
        ("0-7", range(7)),
        ("1-7/2", {1, 3, 5, 0}),
        ("*/3", {0, 3, 6}),
        ("mon-fri", range(1, 6)),
        ("SUN,wed", {0, 3}),
        ("1,3-4", {1, 3, 4}),
    ],
)
def test_weekdays_are_numbers_names_lists_ranges_and_steps(field: str, numbers: set[int]) -> None:
    assert parse_line(f"0 0 * * {field}").weekdays == set(numbers)


@pytest.mark.parametrize(
    ("field", "numbers"), [("0", {0}), ("5-7", {5, 6, 7}), ("*/25", {0, 25, 50}), ("50-59/4", {50, 54, 58})]
)
def test_minutes_are_seconds_since_midnight(field: str, numbers: set[int]) -> None:
    assert parse_line(f"{field} 2 * * *").times == tuple(7200 + 60 * minute for minute in sorted(numbers))


def test_what_needs_no_croniter_means_what_it_means_there() -> None:
    ends = (60, 24, 32, 13, 8)
    for at, end in enumerate(ends):
        for number in range(end + 2):
            for text in (str(number), f"{number:02}", f"*/{number}", f"*/0{number}"):
                fields = ["*"] * 5
                fields[at] = text
                try:
                    expected = _expanded("", fields)
                except ValueError:
                    expected = None
                simple = _simple(text, _RANGES[at])
                assert simple is None or (expected is not None and simple == expected[at]), (at, text)
        assert all(_simple(str(number), _RANGES[at]) == frozenset([number]) for number in _RANGES[at])


def test_common_lines_do_not_import_croniter() -> None:
    program = """
import sys
from tui_backup.primitives.cron import parse_line
for line in ("0 2 * * *", "*/15 * * * *", "30 5 * * 0", "@daily", "@yearly"):
    parse_line(line)
print("croniter" in sys.modules)
"""
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "False\n"


@pytest.mark.parametrize(
    ("short", "line"),
    [
        ("@hourly", "0 * * * *"),
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@weekly", "0 0 * * 0"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
    ],
)
def test_short_lines_stand_for_five_fields(short: str, line: str) -> None:
    assert parse_line(short) == parse_line(line)


@pytest.mark.parametrize(
    "line",
    [
        "", "* * * *", "* * * * * *", "* * * * * * *", "@reboot", "@Daily", "@every 5m",
        "60 * * * *", "0 24 * * *", "0 0 0 * *", "0 0 32 * *", "0 0 * 13 *", "0 0 * * 8", "-1 * * * *", "٣ * * * *",
        "0 0 l * *", "0 0 15w * *", "0 0 * * 1#2", "0 0 * * l5", "0 0 ? * *", "H 0 * * *", "R 0 * * *",
        "5/15 * * * *", "30-30 * * * *", "22-2 * * * *", "*/0 * * * *", "*-5 * * * *", "0 0 * * jan", "mon 0 * * *",
        "1,,2 * * * *", "H(0-5) 0 * * *", "1, * * * *", "0~30 * * * *", "0\u00a00 * * *",
    ],
)  # fmt: skip
def test_what_crontab_does_not_know_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="is no schedule; write five fields"):
        parse_line(line)


def test_either_of_day_and_weekday_is_enough_where_both_are_given() -> None:
    line = parse_line("0 0 13 * fri")
    falls = [day for day in range(1, 32) if line.falls_on(date(2026, 3, day))]

    assert falls == [6, 13, 20, 27]
    assert line.falls_on(date(2026, 4, 13))


def test_both_must_fit_where_one_begins_with_a_star() -> None:
    line = parse_line("0 0 */2 * mon")
    falls = [day for day in range(1, 32) if line.falls_on(date(2026, 3, day))]

    assert falls == [9, 23]


@pytest.mark.parametrize(
    ("line", "is_fixed"),
    [
        ("0 2 * * *", True),
        ("0-59/15 2 * * *", True),
        ("*/15 2 * * *", False),
        ("0 */6 * * *", False),
        ("@hourly", False),
    ],
)
def test_a_star_in_minute_or_hour_makes_a_line_one_of_no_fixed_time(line: str, is_fixed: bool) -> None:
    assert parse_line(line).is_fixed is is_fixed


@pytest.mark.parametrize(
    ("line", "comes"),
    [
        ("0 0 30 2 *", False),
        ("0 0 31 2,4,6 *", False),
        ("0 0 29 2 *", True),
        ("0 0 30 2 mon", True),
        ("0 0 31 4,5 *", True),
    ],
)
def test_some_days_never_come(line: str, comes: bool) -> None:
    assert parse_line(line).comes is comes
