"""What is usual for a job, and what is so far from it that somebody has to look: ransomware, or an empty source.

A backup is compared with up to twenty good ones before it, by the median of each measure and by their spread (median
absolute deviation, scaled to a standard deviation), which a single odd run among them does not move. At least five
must be known. Three things are told:

* emptied: at most one file in fifty is left of what usually are ten or more. That is a source that is not mounted.
  Where two of the known backups were as empty, it is one that is filled and emptied all the time.
* size or number of files: more than three times the usual or less than half of it, farther from it than six spreads,
  and by more than 16 MiB or 50 files. Slow growth moves the median along, and a job whose size always varies has a
  wide spread; what two of the known backups come close to has happened before.
* replaced files: of the files of the last backup into the same repository at least half (and 50), or nine in ten (and
  10), are gone or have another content, the share is farther from the usual than six spreads and a quarter, and what
  had to be stored is more than three times the usual and 1 MiB. Encryption makes every file new to a repository,
  under its own name or another one; files that were renamed, touched or given to another owner cost no room, and new
  files beside the old ones replace nothing. What is written anew each week is known once two of the known backups
  were such; until then what somebody has acknowledged of late stands for it.
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
_PRECEDENTS: Final = 2
"""Of how many known backups that were as odd nobody would say that they were the only one."""
_LEFT_OF: Final = 50
_REPLACED: Final = 0.5
_NEARLY_ALL: Final = 0.9
_LIKE: Final = 2
"""Up to how many times as much may be stored as when it was like that before."""
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


def unusual(found: Measure, before: Sequence[Measure], vouched: Measure | None = None) -> list[str]:
    """Return in what a backup is far from what is usual, for people.

    `before` are the good ones before it, `vouched` is one that was far from it and that somebody has acknowledged
    lately.
    """
    if len(before) < KNOWN:
        return []
    sizes = _another_size(found, before)
    return [*_emptied(found, before)] or [*sizes, *_replaced(found, before, vouched)]


def _emptied(found: Measure, before: Sequence[Measure]) -> Iterator[str]:
    known = _values(before, lambda each: each.files)
    usual = median(known) if known else 0
    as_empty = sum(count * _LEFT_OF <= usual for count in known)
    if found.files is not None and usual >= _MANY and found.files * _LEFT_OF <= usual and as_empty < _PRECEDENTS:
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


def _replaced(found: Measure, before: Sequence[Measure], vouched: Measure | None) -> Iterator[str]:
    shares = _values(before, lambda each: each.replaced_share)
    added = _values(before, lambda each: each.added)
    share, count = found.replaced_share, found.replaced
    if share is None or count is None or found.added is None or len(shares) < KNOWN or not added:
        return
    usual = median(shares)
    if (
        _is_much(share, count)
        and share > usual + max(_SPREADS * _spread(shares), _FARTHER)
        and found.added > max(_GROWN * median(added), _LEAST_ADDED)
        and sum(_is_like(found, other) for other in before) < _PRECEDENTS
        and not (vouched is not None and _is_like(found, vouched))
    ):
        text = _("{count} of {total} files were replaced ({share} %; usually {usual} %)")
        yield text.format(
            count=number(count),
            total=number(found.files_before or 0),
            share=round(100 * share),
            usual=round(100 * usual),
        )


def _is_much(share: float, count: int) -> bool:
    """Whether so many files, and such a share of them, are much for a job of any size."""
    return (share >= _REPLACED and count >= _LEAST_FILES) or (share >= _NEARLY_ALL and count >= _MANY)


def _is_like(found: Measure, other: Measure) -> bool:
    """Whether another backup replaced as much, and stored at least half as much for that."""
    if other.replaced_share is None or other.replaced is None or found.added is None or other.added is None:
        return False
    return _is_much(other.replaced_share, other.replaced) and found.added <= _LIKE * other.added


def _is_far(value: float, known: Sequence[float], least: float) -> bool:
    if len(known) < KNOWN:
        return False
    usual = median(known)
    distance = abs(value - usual)
    is_another = value > _GROWN * usual or value * _SHRUNK < usual
    like_it = sum(abs(each - value) * 2 < distance for each in known)
    return is_another and distance > max(least, _SPREADS * _spread(known)) and like_it < _PRECEDENTS


def _spread(values: Sequence[float]) -> float:
    usual = median(values)
    return _SCALED * median(abs(value - usual) for value in values)


def _values(measures: Sequence[Measure], of: Callable[[Measure], float | None]) -> list[float]:
    return [value for each in measures if (value := of(each)) is not None]
