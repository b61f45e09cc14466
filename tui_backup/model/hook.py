"""Hook: a program of the user's that runs beside a backup; and what stands still meanwhile."""

from typing import Final

import msgspec

HOOK_TIMEOUT_S: Final = 3600
"""How long a hook may take where the configuration does not say."""

STOPPING_TIMEOUT_S: Final = 120
"""How long it may take until something stands still, or runs again."""


class Hook(msgspec.Struct, frozen=True, kw_only=True):
    """A program and its arguments; no shell sees them."""

    argv: tuple[str, ...]
    timeout_s: int = HOOK_TIMEOUT_S


class Hooks(msgspec.Struct, frozen=True, kw_only=True):
    """The programs of one job."""

    before: tuple[Hook, ...] = ()
    """Before anything is stopped or read; one that fails fails the run."""
    after: tuple[Hook, ...] = ()
    """Once a snapshot is there and everything runs again; one that fails leaves the snapshot `ok`, but not the run."""
    on_failure: tuple[Hook, ...] = ()
    """Once a run has failed, whyever."""


class Stoppable(msgspec.Struct, frozen=True, kw_only=True):
    """Something that stands still while a job reads: a unit, a container, or what two commands stop and start."""

    kind: str
    """systemd, docker or command."""
    name: str
    """Of the unit or container; the stop command as one line, where it is commands."""
    stop: tuple[str, ...] = ()
    start: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    """A command that ends with 0 while it runs; empty: it is taken to run."""
    timeout_s: int = STOPPING_TIMEOUT_S
    """How long stopping and starting may take, each."""
