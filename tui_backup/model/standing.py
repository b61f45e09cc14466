"""Standing: what is known of the integrity of a snapshot, and since when."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Integrity(StrEnum):
    """Whether a snapshot could be restored; OK only if every byte that it needs was read and authenticated."""

    UNVERIFIED = "unverified"
    OK = "ok"
    DAMAGED = "damaged"


class Standing(NamedTuple):
    """The integrity of one snapshot in one repository."""

    integrity: Integrity = Integrity.UNVERIFIED
    verified_at: datetime | None = None
    """Oldest proof among the packs that it needs; None unless every one of them is proven."""
    checked_at: datetime | None = None
    """When its structure was last checked."""
