"""What is usual for a job, and what is so far from it that somebody has to look: ransomware, or an empty source.

A backup is compared with up to twenty good ones before it, by the median of each measure and by their spread (median
absolute deviation, scaled to a standard deviation), which a single odd run among them does not move. At least five
must be known. Three things are told:

* emptied: at most one file in fifty is left of what usually are ten or more. That is a source that is not mounted.
* size or number of files: more than three times the usual or less than half of it, farther from it than six spreads,
  and by more than 16 MiB or 50 files. Slow growth moves the median along, and a job whose size always varies has a
  wide spread.
* replaced files: of the files of the last backup into the same repository at least half (and 50) are gone or have
  another content, the share is farther from the usual than six spreads and a quarter, and what had to be stored is
  more than three times the usual and 1 MiB. Encryption makes every file new to a repository, under its own name or
  another one; files that were renamed, touched or given to another owner cost no room, and new files beside the old
  ones replace nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec

from tui_backup.primitives.i18n import _
from tui_backup.primitives.middle import median
from tui_backup.primitives.text import number, size

KNOWN: Final = 5
"""Good backups that must be known before any is judged."""

LOOKED_AT: Final = 20
"""Good backups that say what is usual, at most: the newest."""

_SPREADS: Final = 6
_SCALED: Final = 1.4826
"""Makes a median absolute deviation a standard deviation, of values that scatter normally."""
_GROWN, _SHRUNK = 3, 2
_LEAST_BYTES: Final = 16 * 2**20
_LEAST_FILES: Final = 50
_MANY: Final = 10
_LEFT_OF: Final = 50
_REPLACED: Final = 0.5
_FARTHER: Final = 0.25
_LEAST_ADDED: Final = 2**20


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """What one backup found; what is unknown is None."""

    size: int | None = None
    """Bytes of all files."""
    files: int | None = None
    files_before: int | None = None
    """Files in the last backup into the same repository, where it was compared with that."""
    unmodified: int | None = None
    """Those of them that are there as they were."""
    added: int | None = None
    """Bytes that had to be stored."""

    @property
    def replaced(self) -> int | None:
        """Files of the last backup that are gone or have another content."""
        if self.files_before is None or self.unmodified is None:
            return None
        return max(0, self.files_before - self.unmodified)

    @property
    def replaced_share(self) -> float | None:
        """The same as a share of them."""
        if self.replaced is None or not self.files_before:
            return None
        return self.replaced / self.files_before


def unusual(found: Measure, before: Sequence[Measure]) -> list[str]:
    """Return in what a backup is far from what is usual, for people; `before` are the good ones before it."""
    if len(before) < KNOWN:
        return []
    return [*_emptied(found, before)] or [*_another_size(found, before), *_replaced(found, before)]


def _emptied(found: Measure, before: Sequence[Measure]) -> Iterator[str]:
    known = _values(before, lambda each: each.files)
    usual = median(known) if known else 0
    if found.files is not None and usual >= _MANY and found.files * _LEFT_OF <= usual:
        text = _("{count} of usually {usual} files are left")
        yield text.format(count=number(found.files), usual=number(round(usual)))


def _another_size(found: Measure, before: Sequence[Measure]) -> Iterator[str]:
    known = _values(before, lambda each: each.size)
    if found.size is not None and _is_far(found.size, known, _LEAST_BYTES):
        text = _("{size} instead of usually {usual}")
        yield text.format(size=size(found.size), usual=size(round(median(known))))
    known = _values(before, lambda each: each.files)
    if found.files is not None and _is_far(found.files, known, _LEAST_FILES):
        text = _("{count} files instead of usually {usual}")
        yield text.format(count=number(found.files), usual=number(round(median(known))))


def _replaced(found: Measure, before: Sequence[Measure]) -> Iterator[str]:
    shares = _values(before, lambda each: each.replaced_share)
    added = _values(before, lambda each: each.added)
    share, count = found.replaced_share, found.replaced
    if share is None or count is None or found.added is None or len(shares) < KNOWN or not added:
        return
    usual = median(shares)
    if (
        share >= _REPLACED
        and count >= _LEAST_FILES
        and share > usual + max(_SPREADS * _spread(shares), _FARTHER)
        and found.added > max(_GROWN * median(added), _LEAST_ADDED)
    ):
        text = _("{count} of {total} files were replaced ({share} %; usually {usual} %)")
        yield text.format(
            count=number(count),
            total=number(found.files_before or 0),
            share=round(100 * share),
            usual=round(100 * usual),
        )


def _is_far(value: float, known: Sequence[float], least: float) -> bool:
    if len(known) < KNOWN:
        return False
    usual = median(known)
    distance = abs(value - usual)
    is_another = value > _GROWN * usual or value * _SHRUNK < usual
    return is_another and distance > least and distance > _SPREADS * _spread(known)


def _spread(values: Sequence[float]) -> float:
    usual = median(values)
    return _SCALED * median(abs(value - usual) for value in values)


def _values(measures: Sequence[Measure], of: Callable[[Measure], float | None]) -> list[float]:
    return [value for each in measures if (value := of(each)) is not None]
