"""Delivery: what waits in the outbox is handed to the notifiers, side by side, each in its own order.

A notice leaves the outbox once it was delivered, so whoever is killed in between leaves it for the next process, which
sends it again under the same id. One process at a time serves a notifier: it holds `STATE/outbox/NAME`, by a lock
that the kernel takes from whoever dies.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from tui_backup.config.settings import NotifierConfig
from tui_backup.errors import BackupError
from tui_backup.history.history import History
from tui_backup.history.outbox import Letter, Reception
from tui_backup.model.notice import Topic
from tui_backup.primitives.flock import lock_until
from tui_backup.primitives.i18n import _

PATIENCE_S: Final = 40.0
"""How long a process that has done its work waits for deliveries, in all."""

START_COUNTS_FOR: Final = timedelta(hours=1)
"""How long somebody wants to hear that a run has begun."""

_FIRST_PAUSE: Final = timedelta(minutes=1)
_LONGEST_PAUSE: Final = timedelta(hours=1)
_LONGEST_REASON: Final = 500

Clock = Callable[[], datetime]
Tell = Callable[[str], None]


class Post:
    """Where letters are, and who is told of trouble with them."""

    def __init__(self, history: History, state_dir: Path, clock: Clock, tell: Tell) -> None:
        self.history = history
        self.state_dir = state_dir
        self.clock = clock
        self.tell = tell


def deliver(post: Post, receivers: Sequence[NotifierConfig], patience_s: float = PATIENCE_S) -> None:
    """Deliver what waits for these notifiers, as far as that goes in so many seconds; the rest waits on."""
    waiting = post.history.waiting_letters()
    until = time.monotonic() + patience_s
    couriers = [
        threading.Thread(target=_serve, args=(post, receiver, until), name=f"notify {receiver.name}", daemon=True)
        for receiver in receivers
        if receiver.name in waiting
    ]
    for courier in couriers:
        courier.start()
    for courier in couriers:
        courier.join(max(0.0, until - time.monotonic()))


def _serve(post: Post, receiver: NotifierConfig, until: float) -> None:
    try:
        with _alone(post.state_dir, receiver.name, until) as is_ours:
            if is_ours:
                _hand_over(post, receiver, until)
    except Exception as error:  # noqa: BLE001 - who tells others must never end anything
        post.tell(f"{receiver.name}: {error!r}")


def _hand_over(post: Post, receiver: NotifierConfig, until: float) -> None:
    """Deliver letters until none is left, there is no time, or the notifier does not take them."""
    reception = post.history.receptions().get(receiver.name)
    if reception is not None and reception.failing_since <= post.clock() < reception.next_at:
        return
    while letters := post.history.letters(receiver.name):
        refused: Letter | None = None
        for letter in letters:
            if time.monotonic() >= until:
                return
            error = _attempt(post, receiver, letter)
            if error is None:
                if refused is not None:
                    _give_up(post, refused)
                    refused = None
                continue
            if error.transient or refused is not None or letter is letters[-1]:
                _note_failure(post, receiver.name, error)
                return
            refused = letter


def _attempt(post: Post, receiver: NotifierConfig, letter: Letter) -> BackupError | None:
    """Send one letter; return why that did not work."""
    assert letter.number is not None
    notice = letter.notice
    if notice.topic is not Topic.START or post.clock() - notice.time < START_COUNTS_FOR:
        try:
            receiver.notifier.send(notice)
        except BackupError as error:
            return error
        except Exception as error:  # noqa: BLE001 - a fault of an adapter is told like any other failure
            return BackupError(_("unexpected error: {kind}: {error}").format(kind=type(error).__name__, error=error))
        post.history.note_received(receiver.name)
    post.history.remove_letter(letter.number)
    return None


def _give_up(post: Post, letter: Letter) -> None:
    """Take out what was refused though a later notice was taken: trying again will not help."""
    assert letter.number is not None
    text = _("the notifier {name} has refused a notice for good: {title}")
    post.tell(text.format(name=letter.notifier, title=letter.notice.title))
    post.history.remove_letter(letter.number)


def _note_failure(post: Post, name: str, error: BackupError) -> None:
    """Note that a notifier cannot be reached, and when to try again."""
    present = post.clock()
    known = post.history.receptions().get(name)
    attempts = known.attempts + 1 if known else 1
    pause = min(_FIRST_PAUSE * 2 ** min(attempts - 1, 10), _LONGEST_PAUSE)
    post.tell(_("the notifier {name} was not reached: {reason}").format(name=name, reason=error.message))
    post.history.note_unreceived(
        name,
        Reception(
            failing_since=known.failing_since if known else present,
            attempts=attempts,
            next_at=present + pause,
            reason=error.message[:_LONGEST_REASON],
            lost=known.lost if known else 0,
        ),
    )


@contextmanager
def _alone(state_dir: Path, name: str, until: float) -> Iterator[bool]:
    """Keep other processes from serving a notifier; waits for them. Where the state cannot be written nobody can."""
    try:
        places = state_dir / "outbox"
        places.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(places / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        yield True
        return
    try:
        yield lock_until(descriptor, until)
    finally:
        os.close(descriptor)
