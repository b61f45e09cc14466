"""Who hears about a run."""

from tui_backup.model.event import Event, Started
from tui_backup.services.bus import EventBus

EVENT = Started(run="1", job=None, repository=None)


def test_everybody_hears_until_they_leave() -> None:
    one: list[Event] = []
    two: list[Event] = []
    bus = EventBus()
    leave = bus.subscribe(one.append)
    bus.subscribe(two.append)
    bus.publish(EVENT)
    leave()
    bus.publish(EVENT)
    assert (len(one), len(two)) == (1, 2)


def test_who_raises_is_dropped_and_the_others_hear() -> None:
    def fail(_event: Event) -> None:
        raise ValueError("broken")

    heard: list[Event] = []
    failures: list[Exception] = []
    bus = EventBus(failures.append)
    bus.subscribe(fail)
    bus.subscribe(heard.append)
    bus.publish(EVENT)
    bus.publish(EVENT)
    assert (len(heard), len(failures)) == (2, 1)
