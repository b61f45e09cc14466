"""How a command goes about the locks of repositories."""

from collections.abc import Callable

import msgspec


class Locking(msgspec.Struct, frozen=True, kw_only=True):
    """What whoever opens a repository wishes of its locks."""

    wanted: bool = True
    """False: who only reads takes no lock. Whoever writes always does."""
    optional: bool = False
    """Whether the user could have asked for that (`--no-lock`), so that hints may name it."""
    retry_s: float = 0
    """Seconds for which to try again when somebody else holds the lock."""
    on_wait: Callable[[str], None] | None = None
    """Hears once, before the first pause, for whom it waits."""
    run_of: Callable[[int], str | None] | None = None
    """Names the run that a process of this host carries out, by its pid."""
