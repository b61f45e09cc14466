"""What installing and removing did, or would do."""

import msgspec


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked after."""

    what: str
    """crontab, unit or systemctl."""
    object: str
    """Whose crontab, which file, which command."""
    detail: str
    text: str = ""
    """What is, or would be, written there."""


class Changes(msgspec.Struct, kw_only=True):
    """Filled step by step, so that what fails halfway leaves what was done before."""

    is_rehearsal: bool = False
    """Whether nothing is to be touched, and `done` is what would be."""
    done: list[Change] = []
    skipped: list[Change] = []
    """What was as it should be."""
    remarks: list[str] = []
    """What else somebody should know."""
