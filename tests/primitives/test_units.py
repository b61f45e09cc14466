"""Durations, sizes and shares as people write them."""

import pytest

from tui_backup.primitives.units import format_duration, parse_duration, parse_percent, parse_size, parse_span


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("15m", 900), ("26h", 93_600), ("7d", 604_800), ("2w", 1_209_600), ("6mo", 15_778_476), ("0s", 0)],
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("seconds", [0, 1, 59, 90, 900, 93_600, 604_800, 15_778_476, 86_400 * 365])
def test_a_formatted_duration_reads_back_as_it_was(seconds: int) -> None:
    assert parse_duration(format_duration(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "5", "h", "1.5h", "-3d", "1 fortnight", "26H", "1h30m", "٣d", "1d\n"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "count"),
    [("500MB", 500_000_000), ("2GB", 2 * 10**9), ("1GiB", 2**30), ("1.5 KiB", 1536), ("10B", 10), ("7", 7), (42, 42)],
)
def test_a_size_counts_in_thousands_unless_it_says_so(text: str | int, count: int) -> None:
    assert parse_size(text) == count


@pytest.mark.parametrize("text", ["", "2G", "GB", "1.5", "-1", -1, "2gb", "5%"])
def test_anything_else_is_no_size(text: str | int) -> None:
    with pytest.raises(ValueError, match="is not a size"):
        parse_size(text)


@pytest.mark.parametrize(("text", "share"), [("5%", 5.0), ("2.5%", 2.5), ("100%", 100.0)])
def test_a_share_is_a_number_and_a_sign(text: str, share: float) -> None:
    assert parse_percent(text) == share


@pytest.mark.parametrize("text", ["5", "101%", "-1%", "%", "five%"])
def test_anything_else_is_no_share(text: str) -> None:
    with pytest.raises(ValueError, match="is not a percentage"):
        parse_percent(text)


@pytest.mark.parametrize(
    ("text", "span"),
    [("30d", (0, 30, 0)), ("2w12h", (0, 14, 12)), ("6mo", (6, 0, 0)), ("1y6mo1mo", (19, 0, 0)), ("0d", (0, 0, 0))],
)
def test_a_span_is_counted_by_the_calendar(text: str, span: tuple[int, int, int]) -> None:
    assert parse_span(text) == span


@pytest.mark.parametrize("text", ["", "5", "6m", "90s", "-3d", "1.5d", "1d 2h", "٣d", "1d\n", "1234567d"])
def test_anything_else_is_no_span(text: str) -> None:
    with pytest.raises(ValueError, match="is not a span"):
        parse_span(text)
