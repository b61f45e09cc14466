"""What the message loop carries from other threads."""

from textual.message import Message

from tui_backup.model.event import Event, Progressed
from tui_backup.services.launches import Launch


class EngineSpoke(Message):
    """A run said something."""

    def __init__(self, event: Event) -> None:
        super().__init__()
        self.event = event

    def can_replace(self, message: Message) -> bool:
        """A newer progress of the same run makes an older one stale."""
        return (
            isinstance(message, EngineSpoke)
            and isinstance(self.event, Progressed)
            and isinstance(message.event, Progressed)
            and self.event.run == message.event.run
        )


class Depart(Message):
    """The UI has to end: its terminal is gone, or the process was told to stop."""


class LaunchEnded(Message):
    """An operation of this process has ended, and nobody but the app wants to know."""

    def __init__(self, launch: Launch) -> None:
        super().__init__()
        self.launch = launch
