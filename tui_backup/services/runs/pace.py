"""How fast a run goes, and how long it will take."""

from collections import deque

from tui_backup.model.event import Progressed
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import duration, number, size

WINDOW_S = 10.0
"""How far back the rate looks."""


class Pace:
    """Bytes per second over the last seconds, from samples of how far a run is."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()

    def add(self, event: Progressed, at_s: float) -> None:
        """Take a sample at a moment of a clock that only goes forward, in seconds."""
        samples = self._samples
        if samples and event.bytes_done < samples[-1][1]:
            samples.clear()
        samples.append((at_s, event.bytes_done))
        while at_s - samples[0][0] > WINDOW_S and len(samples) > 2:
            samples.popleft()

    def clear(self) -> None:
        """Begin anew."""
        self._samples.clear()

    @property
    def rate(self) -> float:
        """Bytes per second; 0 while nobody can know."""
        samples = list(self._samples)
        if len(samples) < 2 or samples[-1][0] <= samples[0][0]:
            return 0.0
        return (samples[-1][1] - samples[0][1]) / (samples[-1][0] - samples[0][0])

    def left_s(self, event: Progressed) -> float | None:
        """Return how many seconds are left; None while nobody can know."""
        rate = self.rate
        if not rate or event.bytes_total is None or is_beyond(event):
            return None
        return (event.bytes_total - event.bytes_done) / rate


def share(event: Progressed) -> int | None:
    """Return how much of the bytes is done, in percent; None while nobody knows how many there are."""
    if not event.bytes_total or is_beyond(event):
        return None
    return 100 * event.bytes_done // event.bytes_total


def is_beyond(event: Progressed) -> bool:
    """Whether more is done than there was thought to be: totals are those of the last time until all is counted."""
    return event.bytes_total is not None and event.bytes_done > event.bytes_total


def amount(event: Progressed) -> str:
    """Return how much is done: `61 %, 731 MB of 1.2 GB`, or only how many bytes."""
    done = share(event)
    if done is None:
        return size(event.bytes_done)
    return _("{share} %, {done} of {total}").format(
        share=done, done=size(event.bytes_done), total=size(event.bytes_total)
    )


def facts(event: Progressed, pace: Pace) -> list[str]:
    """Return how far a run is: what is done, files, rate, time left, as far as each is known."""
    found = [amount(event)]
    if event.files_done or event.files_total:
        found.append(ngettext("{count} file", "{count} files", event.files_done).format(count=number(event.files_done)))
    if rate := pace.rate:
        found.append(_("{size}/s").format(size=size(round(rate))))
    if (left := pace.left_s(event)) is not None:
        found.append(_("{time} left").format(time=duration(left)))
    return found
