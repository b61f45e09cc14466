"""Who hears about a run in progress."""

import threading
from collections.abc import Callable

from tui_backup.model.event import Event

Subscriber = Callable[[Event], None]


class EventBus:
    """Carries events from the threads of runs to whoever subscribed; every method may be called from any thread.

    Subscribers are called on the publishing thread, in the order in which they came. One that raises is dropped and
    told to `on_failure`; the others, and the run, do not notice.
    """

    def __init__(self, on_failure: Callable[[Exception], None] | None = None) -> None:
        self._lock = threading.Lock()
        self._subscribers: tuple[Subscriber, ...] = ()
        self._on_failure = on_failure

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Call `subscriber` with each event from here on; return what ends that."""
        with self._lock:
            self._subscribers += (subscriber,)
        return lambda: self._drop(subscriber)

    def publish(self, event: Event) -> None:
        """Tell every subscriber."""
        for subscriber in self._subscribers:
            try:
                subscriber(event)
            except Exception as error:  # noqa: BLE001 - who listens must never end a backup
                self._drop(subscriber)
                if self._on_failure is not None:
                    self._on_failure(error)

    def _drop(self, subscriber: Subscriber) -> None:
        with self._lock:
            self._subscribers = tuple(other for other in self._subscribers if other is not subscriber)
