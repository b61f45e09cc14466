"""The contract of a source: where data is."""

from collections.abc import Iterable, Iterator
from typing import BinaryIO, Protocol

import msgspec

from tui_backup.model.entry import Entry
from tui_backup.model.watch import Watch
from tui_backup.sources.rules import Rules


class Unread(msgspec.Struct, frozen=True):
    """Something that belongs into the snapshot and could not be read."""

    path: bytes
    reason: str
    vanished: bool = False
    """Whether it was there a moment ago: normal on a live server, a warning only."""


class Source(Protocol):
    """Where data is. Adapters are frozen structs of their options; making one does no I/O."""

    def rooted(self, base: str) -> "Source":
        """Return the same source with relative paths taken from the directory `base`."""
        ...

    def without(self, places: Iterable[bytes]) -> "Source":
        """Return the same source that passes over places of the backup itself, given as absolute raw paths."""
        ...

    def check(self) -> None:
        """Find what is wrong with the options that making the source left unseen, without looking at the data.

        Raises:
            ConfigError: something is; where one option is to blame, the message begins with its name and a colon.
        """
        ...

    def roots(self) -> tuple[str, ...]:
        """Return the paths as the snapshot records them, for people and for finding the parent."""
        ...

    def is_in_place(self) -> bool:
        """Whether the paths in the snapshot are those on this host, so that a restore in place knows where to go."""
        ...

    def patterns(self) -> tuple[str, ...]:
        """Return the excludes as the snapshot records them."""
        ...

    def rules(self) -> tuple[Rules, ...]:
        """Return what stays out of a backup, and so is not to be deleted by a restore either."""
        ...

    def open_stored(self, path: bytes) -> BinaryIO | None:
        """Open the regular file that lies today where a snapshot has this path; None where there is none to be read."""
        ...

    def children(self, path: bytes) -> list[Entry | Unread]:
        """Return what lies today in a directory of a snapshot, by name, as `entries` would yield it; not what is below.

        Empty where the directory is none of this source's; one `Unread` of `path` itself where it cannot be listed.
        """
        ...

    def entries(self, watch: Watch) -> Iterator[Entry | Unread]:
        """Yield directories before what they hold, siblings in byte order of their names, starting below `/`.

        Parents of the roots are yielded too. What exists and cannot be read is yielded as `Unread`, as is a
        configured path that does not exist; those come before the first entry. Where an `Unread` stands among the
        entries means nothing.

        Raises:
            SourceError: none of the configured paths exists.
        """
        ...
