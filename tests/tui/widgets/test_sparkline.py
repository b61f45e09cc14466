import pytest

from tui_backup.tui.widgets.sparkline import sparkline

BARS = "12345678"


@pytest.mark.parametrize(
    ("values", "width", "drawn"),
    [
        ([], 10, ""),
        ([5, 5, 5], 10, "888"),
        ([100, 50], 10, "84"),
        ([0, 1], 10, "18"),
        ([0, 0], 10, "11"),
        ([1, None, 1], 10, "8 8"),
        ([9, 9, 1, 2, 4], 3, "248"),
        ([1], 0, ""),
    ],
)
def test_bars_stand_on_zero_and_the_newest_are_kept(values: list[float | None], width: int, drawn: str) -> None:
    assert sparkline(values, width, BARS) == drawn
