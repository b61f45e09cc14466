"""How long a restore takes, by what the last restores of a job took."""

from collections.abc import Iterable

import msgspec

from tui_backup.model.run import Run, RunStatus
from tui_backup.primitives.middle import median

_TELLING_BYTES = 64 * 1024 * 1024
_TELLING_SHARE = 0.01


class RestoreTimes(msgspec.Struct, frozen=True, kw_only=True):
    """What the last restores of a job say; what is unknown is None."""

    count: int = 0
    """Restores that wrote something."""
    duration: float | None = None
    """Seconds: the median."""
    throughput: float | None = None
    """Bytes a second: the median of those whose time went into data, not into beginning."""
    expected: float | None = None
    """Seconds that a restore of the newest snapshot would take by that."""


def restore_times(rows: Iterable[Run], size: int | None) -> RestoreTimes:
    """Return what restores say, given how large the newest snapshot is; others that ended badly do not count.

    A restore of a few files out of a large snapshot tells how long it takes to begin, not how fast data comes back.
    """
    written = [
        (run.bytes_processed, run.duration)
        for run in rows
        if run.status in {RunStatus.OK, RunStatus.INCOMPLETE} and run.bytes_processed and run.duration
    ]
    telling = min(_TELLING_BYTES, (size or 0) * _TELLING_SHARE)
    speeds = [count / seconds for count, seconds in written if count >= telling]
    throughput = median(speeds) if speeds else None
    return RestoreTimes(
        count=len(written),
        duration=_rounded(median([seconds for _count, seconds in written])) if written else None,
        throughput=_rounded(throughput),
        expected=_rounded(size / throughput) if size is not None and throughput else None,
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
