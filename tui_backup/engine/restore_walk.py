"""A walk over the entries of a snapshot that trusts neither their names nor their order."""

from collections.abc import Callable, Iterable, Iterator
from zlib import crc32

import msgspec

from tui_backup.model.entry import Entry, EntryKind
from tui_backup.primitives.i18n import _

_LARGEST_FILE = 1 << 50
"""Bytes; what claims to be larger is refused."""

_LONGEST_NAME = 255
_NOT_NAMES = (b"", b".", b"..")


class Frame(msgspec.Struct, gc=False):
    """A directory of the snapshot while the walk is below it."""

    path: bytes
    """As in the snapshot; empty for the root."""
    number: int = -1
    """The entry's number in the walk; -1 for the root."""
    entry: Entry | None = None
    above: "Frame | None" = None
    last: bytes = b""
    """Name of the last child."""
    refused: bool = False
    """Whether nothing below may be used."""
    fresh: bool = False
    """Whether the restore makes this directory, so that nothing can be in it."""
    blocked: str = ""
    """Why nothing below can be restored, should anything there be selected; for people."""
    device: int = 0
    """`st_dev` of the directory in the target."""
    unknown: set[bytes] | None = None
    """Names in the target that the snapshot does not have; only where they are to be deleted."""


class Step(msgspec.Struct, gc=False):
    """One entry of a walk."""

    number: int
    entry: Entry
    frame: Frame
    """The directory that it is in."""
    below: Frame | None
    """What the walk enters next; only for a DIR. The visitor may write to it."""
    refusal: str | None
    """Why the entry must not be used, for people; empty where its directory was refused already."""

    @property
    def name(self) -> bytes:
        """The last component of the path."""
        return self.entry.path.rpartition(b"/")[2]


def mark_of(path: bytes) -> int:
    """Return a byte that most other paths do not have."""
    return crc32(path) & 0xFF


def walk(entries: Iterable[Entry], root: Frame, leave: Callable[[Frame], None] | None = None) -> Iterator[Step]:
    """Yield a step for each entry, and call `leave` for each directory once all below it was yielded.

    A name is refused when it is none, comes twice or out of order, when its directory is not the one being walked, or
    when the size is absurd.
    """
    stack = [root]
    for number, entry in enumerate(entries):
        parent, _slash, name = entry.path.rpartition(b"/")
        if stack[-1].path != parent:
            _unwind(stack, parent, leave)
        frame = stack[-1]
        refusal = _refusal(entry, frame, parent, name)
        if refusal is None:
            frame.last = name
        below = None
        if entry.kind is EntryKind.DIR:
            below = Frame(entry.path, number, entry, frame, refused=refusal is not None, device=frame.device)
            stack.append(below)
        yield Step(number, entry, frame, below, refusal)
    _unwind(stack, root.path, leave)


def _unwind(stack: list[Frame], parent: bytes, leave: Callable[[Frame], None] | None) -> None:
    if all(frame.path != parent for frame in reversed(stack)):
        return
    while stack[-1].path != parent:
        frame = stack.pop()
        if leave is not None and not frame.refused:
            leave(frame)


def _refusal(entry: Entry, frame: Frame, parent: bytes, name: bytes) -> str | None:
    if frame.path != parent:
        return _("its directory is not part of the snapshot")
    if frame.refused:
        return ""
    if name in _NOT_NAMES or b"\0" in name:
        return _("this is no name for a file")
    if len(name) > _LONGEST_NAME:
        return _("the name is longer than {count} bytes").format(count=_LONGEST_NAME)
    if name <= frame.last:
        return _("the name comes twice or out of order")
    if entry.kind is EntryKind.FILE and not 0 <= entry.size <= _LARGEST_FILE:
        return _("absurd size: {size} bytes").format(size=entry.size)
    return None
