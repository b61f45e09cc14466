"""Year: a calendar of the last 365 days, and which of their snapshots a policy would leave."""

from collections.abc import Sequence
from datetime import date, timedelta

from textual.content import Content
from textual.widget import Widget

from tui_backup.primitives.i18n import ngettext
from tui_backup.tui.glyphs import Glyphs

WEEK = 7


class Year(Widget):
    """One column a week, one row a day of the week, the present at the right."""

    DEFAULT_CSS = """
    Year { height: auto; padding: 1 1 0 3; }
    """

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._kept: Sequence[bool] = ()
        self._today = date.min
        self._text = ""

    def show(self, kept: Sequence[bool], today: date) -> None:
        """Show which days have a snapshot left; the last one is `today`."""
        self._kept, self._today = kept, today
        self._text = ""
        self.refresh(layout=True)

    def say(self, text: str) -> None:
        """Say why there is nothing to show."""
        self._kept, self._text = (), text
        self.refresh(layout=True)

    def render(self) -> Content:
        """Draw months, days and what they come to."""
        if not self._kept:
            return Content.styled(self._text, "$quiet")
        first = self._today - timedelta(days=len(self._kept) - 1)
        lead = first.weekday()
        weeks = -(-(lead + len(self._kept)) // WEEK)
        shown = min(weeks, max(1, self.size.width))
        rows = [self._months(first, lead, weeks, shown)]
        for weekday in range(WEEK):
            cells = [self._day(week * WEEK + weekday - lead) for week in range(weeks - shown, weeks)]
            rows.append(Content("").join(cells))
        rows.append(Content.styled(self._summary(), "$quiet"))
        return Content("\n").join(rows)

    def _months(self, first: date, lead: int, weeks: int, shown: int) -> Content:
        line = [" "] * (shown + 3)
        for week in range(weeks - shown, weeks):
            begin = first + timedelta(days=week * WEEK - lead)
            if begin.day <= WEEK and week - weeks + shown + 3 <= shown:
                at = week - weeks + shown
                line[at : at + 2] = f"{begin.month:02d}"
        return Content.styled("".join(line).rstrip(), "$quiet")

    def _day(self, number: int) -> Content:
        if not 0 <= number < len(self._kept):
            return Content(" ")
        if self._kept[number]:
            return Content.styled(self._glyphs.full, "$accent")
        return Content.styled(self._glyphs.dot, "$quiet")

    def _summary(self) -> str:
        count = sum(self._kept)
        oldest = len(self._kept) - 1 - self._kept.index(True) if count else 0
        words = ngettext("{count} of 365 days stays", "{count} of 365 days stay", count)
        left = words.format(count=count)
        days = ngettext("the oldest {days} day old", "the oldest {days} days old", oldest).format(days=oldest)
        return f"{left}, {days}"
