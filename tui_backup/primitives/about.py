"""About: what people are told of a key of the configuration, beside the field that holds it.

path: Annotated[str, About(N_("Directory"), N_("Where the repository lies"))]
"""

from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec

Shape = Literal[
    "", "duration", "span", "size", "share", "path", "directory", "zone", "patterns", "paths", "repositories", "format",
    "keep", "store", "source", "theme", "schedule", "cron", "commands", "toml", "topics", "jobs", "notifier",
    "address",
]  # fmt: skip


class About(msgspec.Struct, frozen=True):
    """A key for people; label and help are marked by `N_` and translated where they are shown."""

    label: str
    help: str
    """One line: what it is for, and what holds where it is left out."""
    shape: Shape = ""
    """What its type does not tell of it."""
    leaves_out: bool = False
    """Whether it keeps something from being backed up."""
    short_for: str = ""
    """The key that says the same at more length, and is offered in its place."""
    formats: tuple[str, ...] = ()
    """The formats of repositories that have use for it; empty: all of them."""


def about_of(type_: Any) -> About | None:
    """Return what people are told of a field of this type; None: nothing."""
    if get_origin(type_) is not Annotated:
        return None
    return next((each for each in get_args(type_)[1:] if isinstance(each, About)), None)
