"""Trials: whether what a configuration says can be done on this machine now. Nothing is made, locked or changed."""

from collections.abc import Iterator, Mapping
from time import monotonic
from typing import Any

import msgspec

from tui_backup.config.check import check
from tui_backup.config.fields import fields_of
from tui_backup.config.lockable import check_lockable
from tui_backup.config.opening import opening_of
from tui_backup.config.settings import Config, JobConfig, RepositoryConfig
from tui_backup.errors import BackupError
from tui_backup.formats.registry import FORMATS
from tui_backup.model.entry import Entry
from tui_backup.model.locking import Locking
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import size
from tui_backup.services.setup.first_start import Finding, Weight
from tui_backup.sources.base import Source, Unread

_MOST_UNREAD = 5


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """What the excludes of a source leave out."""

    entries: int
    bytes: int
    of: int
    """Entries that were looked at."""
    is_whole: bool
    """Whether there was time for everything."""


def try_general(config: Config) -> list[Finding]:
    """Say what is doubtful about the whole configuration."""
    doubts = [
        Finding(Weight.CAREFUL, ": ".join(filter(None, (doubt.key, doubt.message, doubt.hint))))
        for doubt in check(config)
    ]
    return doubts or [Finding(Weight.SOUND, _("nothing is doubtful"))]


def try_repository(config: RepositoryConfig, known: str | None) -> list[Finding]:
    """Open a repository, if there is one; `known` is the id of the one that had its name so far."""
    place = config.store.describe()
    try:
        caution = check_lockable(config)
        if not FORMATS.load(config.format).exists(config.store):
            return [_not_there(config, known)]
        repository = FORMATS.load(config.format).open(opening_of(config, locking=Locking(wanted=False)))
        try:
            if known not in {None, repository.id}:
                return [Finding(Weight.WRONG, _("in {place} is another repository than so far").format(place=place))]
            count = len(repository.snapshots())
        finally:
            repository.close()
    except BackupError as error:
        return [Finding(Weight.WRONG, f"{error.message}; {error.hint}" if error.hint else error.message)]
    opened = ngettext("it opens, and holds {count} snapshot", "it opens, and holds {count} snapshots", count)
    cautions = [Finding(Weight.CAREFUL, caution)] if caution else []
    return [Finding(Weight.SOUND, opened.format(count=count)), *_space(config), *cautions]


def try_job(config: JobConfig, own_places: tuple[bytes, ...], watch: Watch, seconds: float = 5) -> list[Finding]:
    """Walk the sources of a job, for some time; `own_places` belong to the backup itself."""
    findings: list[Finding] = []
    for source in config.sources:
        findings += _try_source(source.without(own_places), watch, monotonic() + seconds)
    return findings


def left_out(source: Source, own_places: tuple[bytes, ...], watch: Watch, seconds: float = 2) -> LeftOut | None:
    """Count what the excludes of a source leave out, for some time; None where it has none."""
    whole = _whole(source)
    if whole == source:
        return None
    until = monotonic() + seconds
    stored = _entries(source.without(own_places), watch)
    following = next(stored, None)
    out = bytes_out = count = 0
    for entry in _entries(whole.without(own_places), watch):
        count += 1
        if following is not None and following.path == entry.path:
            following = next(stored, None)
        else:
            out += 1
            bytes_out += entry.size
        if monotonic() > until:
            return LeftOut(entries=out, bytes=bytes_out, of=count, is_whole=False)
    return LeftOut(entries=out, bytes=bytes_out, of=count, is_whole=True)


def _not_there(config: RepositoryConfig, known: str | None) -> Finding:
    place = config.store.describe()
    if known is not None:
        return Finding(
            Weight.WRONG, _("the repository is no longer in {place}; is the disk mounted?").format(place=place)
        )
    return Finding(Weight.CAREFUL, _("there is none in {place} yet: the first run makes it").format(place=place))


def _space(config: RepositoryConfig) -> Iterator[Finding]:
    space = config.store.space()
    if space is not None:
        text = _("{free} of {total} are free").format(free=size(space.free), total=size(space.total))
        yield Finding(Weight.SOUND, text)


def _try_source(source: Source, watch: Watch, until: float) -> Iterator[Finding]:
    files = dict.fromkeys(source.roots(), 0)
    sizes = dict.fromkeys(source.roots(), 0)
    unread: list[Unread] = []
    is_whole = True
    try:
        for each in source.entries(watch):
            watch.check()
            if isinstance(each, Unread):
                unread.append(each)
            elif (root := _root(each, files)) is not None:
                files[root] += 1
                sizes[root] += each.size
            if monotonic() > until:
                is_whole = False
                break
    except BackupError as error:
        yield Finding(Weight.WRONG, error.message)
        return
    for each in unread[:_MOST_UNREAD]:
        yield Finding(Weight.WRONG, f"{each.path.decode('utf-8', 'surrogateescape')}: {each.reason}")
    if len(unread) > _MOST_UNREAD:
        more = len(unread) - _MOST_UNREAD
        yield Finding(Weight.WRONG, ngettext("{count} more", "{count} more", more).format(count=more))
    yield from _reached(files, sizes, is_whole=is_whole)


def _reached(files: Mapping[str, int], sizes: Mapping[str, int], *, is_whole: bool) -> Iterator[Finding]:
    for root, count in files.items():
        if not count:
            continue
        text = ngettext("{root}: {count} entry, {size}", "{root}: {count} entries, {size}", count)
        shown = text.format(root=root, count=f"{count:,}", size=size(sizes[root]))
        yield Finding(Weight.SOUND, shown if is_whole else _("{found} and more").format(found=shown))


def _root(entry: Entry, roots: Mapping[str, int]) -> str | None:
    """Return the root that an entry lies below; None for the directories above."""
    path = entry.path.decode("utf-8", "surrogateescape")
    return next((root for root in roots if path == root or path.startswith(f"{root.rstrip('/')}/")), None)


def _entries(source: Source, watch: Watch) -> Iterator[Entry]:
    for each in source.entries(watch):
        watch.check()
        if not isinstance(each, Unread):
            yield each


def _whole(source: Source) -> Source:
    """Return the same source with nothing left out."""
    adapter: Any = source
    nothing = {field.name: field.default for field in fields_of(type(adapter)) if field.about.leaves_out}
    whole: Source = msgspec.structs.replace(adapter, **nothing)
    return whole
