"""Telling of runs while they go on: JSON lines on stdout, or progress on stderr."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tui_backup.cli import output
from tui_backup.cli.invocation import Invocation
from tui_backup.cli.progress import Progress
from tui_backup.errors import BackupError
from tui_backup.model.event import Event
from tui_backup.services.bus import EventBus

EVERY_S = 10.0
"""How often `--verbose` says how far a run is where there is no bar."""


@contextmanager
def following(invocation: Invocation, bus: EventBus, *, lines: bool = True, only_asked: bool = False) -> Iterator[None]:
    """Tell of everything that the bus carries until the block ends; without `lines`, stdout is for a document.

    With `only_asked`, people are told only what `--verbose` or a signal asks for.

    The block goes on where stdout cannot be written; the program ends with that error.
    """
    with telling(invocation, lines=lines, errors_follow=True, only_asked=only_asked) as tell:

        def hear(event: Event) -> None:
            with suppress(BackupError, OSError):
                tell(event)

        unsubscribe = bus.subscribe(hear)
        try:
            yield
        finally:
            unsubscribe()


@contextmanager
def telling(
    invocation: Invocation,
    *,
    lines: bool = True,
    errors_follow: bool = False,
    outputs: bool = False,
    only_asked: bool = False,
) -> Iterator[Callable[[Event], None]]:
    """Give a function that tells of an event; it raises, once, when stdout cannot be written any more.

    `outputs`: whether what programs beside the run write is told, verbose or not.

    Raises:
        BrokenPipeError: nobody reads it.
        BackupError: its disk is full, or the like.
    """
    progress = Progress(
        quiet=invocation.quiet,
        mute=invocation.json or (only_asked and not invocation.verbose),
        errors_follow=errors_follow,
        every_s=EVERY_S if invocation.verbose else None,
        all_warnings=invocation.verbose,
        outputs=outputs or invocation.verbose,
    )
    invocation.progress = progress

    def tell(event: Event) -> None:
        progress.hear(event)
        if lines and invocation.json and invocation.output_failure is None:
            try:
                output.write_line(event)
            except (BackupError, OSError) as error:
                invocation.output_failure = error
                raise

    try:
        yield tell
    finally:
        invocation.progress = None
        progress.close()
