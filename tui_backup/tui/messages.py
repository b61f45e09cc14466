"""What the message loop carries from other threads."""

from textual.message import Message

from tui_backup.model.event import Event
from tui_backup.services.launches import Launch


class EngineSpoke(Message):
    """A run said something; of how far it is, a newer event may take the place of one that nobody has heard yet."""

    def __init__(self, event: Event) -> None:
        super().__init__()
        self.event = event


class Depart(Message):
    """The UI has to end: its terminal is gone, or the process was told to stop."""


class DueSwitched(Message):
    """From now on what is due is run here, or not any more."""


class LaunchEnded(Message):
    """An operation of this process has ended, and nobody but the app wants to know."""

    def __init__(self, launch: Launch) -> None:
        super().__init__()
        self.launch = launch
