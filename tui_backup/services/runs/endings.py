"""How a run that ended is told of, in one line."""

from tui_backup.model.event import Ending, Finished, Restored, Tended, Verified
from tui_backup.model.snapshot import short
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import duration, number, printable, size
from tui_backup.services.words import status_word, verb_word


def sentence(ending: Ending) -> str:
    """Return what became of a run, ready for the terminal."""
    match ending:
        case Finished():
            return _finished(ending)
        case Restored():
            return _restored(ending)
        case Verified():
            return _verified(ending)
        case Tended():
            return _tended(ending)


def where(job: str | None, repository: str | None) -> str:
    """Return `site → local`, or the half of it that is known."""
    return " → ".join(each for each in (job, repository) if each)


def _finished(ending: Finished) -> str:
    place = where(ending.job, ending.repository)
    if ending.snapshot is None:
        message = "" if ending.message in {None, ending.status} else f": {ending.message}"
        return printable(f"{place}: {status_word(ending.status)}{message}")
    if ending.files_new is None:
        return _copied(ending, place)
    text = _("{place}: {status}: backed up {bytes} in {time} ({added} new), snapshot {snapshot}").format(
        place=place,
        status=status_word(ending.status),
        bytes=size(ending.bytes_processed),
        time=duration(ending.duration),
        added=size(ending.bytes_added),
        snapshot=short(ending.snapshot),
    )
    return printable(text + (f": {ending.message}" if ending.message else ""))


def _copied(ending: Finished, place: str) -> str:
    text = _("{place}: {status}: {message} in {time} ({added} new), snapshot {snapshot}").format(
        place=place,
        status=status_word(ending.status),
        message=ending.message,
        time=duration(ending.duration),
        added=size(ending.bytes_added),
        snapshot=short(ending.snapshot or "-"),
    )
    return printable(text)


def _restored(ending: Restored) -> str:
    text = _("{status}: undone in {time}: {written} put back, {skipped} as they were, {deleted} removed")
    if ending.run == ending.restore:
        text = _("{status}: restored {bytes} in {time}: {written} written, {skipped} skipped, {deleted} deleted")
    text = text.format(
        status=status_word(ending.status),
        bytes=size(ending.bytes),
        time=duration(ending.duration),
        written=ending.written,
        skipped=ending.skipped,
        deleted=ending.deleted,
    )
    return printable(text + (f": {ending.message}" if ending.message else ""))


def _verified(ending: Verified) -> str:
    problems = ngettext("{count} problem", "{count} problems", ending.problems).format(count=ending.problems)
    text = _("{place}: {status}: {checked}, {problems}").format(
        place=ending.repository,
        status=status_word(ending.status),
        checked=checked(ending.snapshots, ending.packs, ending.bytes),
        problems=problems,
    )
    return printable(text + (f": {ending.message}" if ending.message else ""))


def _tended(ending: Tended) -> str:
    text = _("{place}: {status}: {verb} took {time}").format(
        place=where(ending.job, ending.repository),
        status=status_word(ending.status),
        verb=verb_word(ending.verb),
        time=duration(ending.duration),
    )
    return printable(text + (f": {ending.message}" if ending.message else ""))


def checked(snapshots: int, packs: int, read: int) -> str:
    """Return what a verification looked at; `read` is in bytes."""
    return _("{snapshots} and {packs} checked, {size} read").format(
        snapshots=ngettext("{count} snapshot", "{count} snapshots", snapshots).format(count=number(snapshots)),
        packs=ngettext("{count} pack", "{count} packs", packs).format(count=number(packs)),
        size=size(read),
    )
