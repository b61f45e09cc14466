"""Watch: what a long operation knows of the run that it is part of."""

from collections.abc import Callable

from tui_backup.primitives.cancel import CancelToken

Warned = tuple[bytes | None, str]
"""A raw path, None where it concerns no path, and what is wrong with it."""

Warn = Callable[[bytes | None, str], None]


class Watch:
    """Counters that the run's owner samples, a way to warn, and a request to stop.

    The operation writes the counters and calls `warn`; the owner reads the counters from another thread a few times
    a second. `current` is the raw path being worked at.
    """

    def __init__(self, cancel: CancelToken | None = None, on_warning: Warn | None = None) -> None:
        self.cancel = cancel or CancelToken()
        self.files_done = 0
        self.bytes_done = 0
        self.files_total: int | None = None
        self.bytes_total: int | None = None
        self.current: bytes | None = None
        self.warnings = 0
        self.guard: Callable[[], None] | None = None
        """Called by `check` too: raises when what the operation relies on, such as a lock, is gone."""
        self.on_wait: Callable[[str], None] | None = None
        """Hears, in place of whoever opened the repository, for whom the operation waits."""
        self._on_warning = on_warning
        self._collections: list[list[Warned]] = []

    def restart(self) -> None:
        """Count anew: what was counted so far belongs to another repository."""
        self.files_done = self.bytes_done = 0
        self.files_total = self.bytes_total = None
        self.current = None

    def warn(self, path: bytes | None, message: str) -> None:
        """Tell of trouble that does not stop the operation; `path` is raw, None where it concerns no path."""
        self.warnings += 1
        for collection in self._collections:
            collection.append((path, message))
        if self._on_warning is not None:
            self._on_warning(path, message)

    def collected(self) -> list[Warned]:
        """Return a list that every warning from now on goes into as well."""
        self._collections.append([])
        return self._collections[-1]

    def check(self) -> None:
        """Raise Cancelled when the run was asked to stop, or what the guard raises."""
        self.cancel.check()
        if self.guard is not None:
            self.guard()
