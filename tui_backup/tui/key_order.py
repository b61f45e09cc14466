"""Keys in order: what a key does is done before the next one is given to anybody, however fast they come.

A widget takes what is typed into it at once; what is bound, also of its own keys, is done only after the key has
bubbled up to the app. Of keys that come in one go, as a slow line delivers them, the later would overtake.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial

from textual import events
from textual.app import App
from textual.message import Message

PATIENCE_S = 0.25
"""How long a key holds up those after it, where whoever had it went away with it."""


class KeyDone(Message):
    """Comes to the app on the way of a key, right after it."""


class KeyOrder:
    """The keys that wait for the one before them."""

    def __init__(self, app: App[None], give: Callable[[events.Key], Awaitable[None]]) -> None:
        """`give` hands a key to who has the focus."""
        self._app = app
        self._give = give
        self._waiting: deque[events.Key] = deque()
        self._under_way: KeyDone | None = None

    async def take(self, key: events.Key) -> None:
        """Have a key given to who has the focus when its turn comes."""
        if self._under_way is None:
            await self._hand_on(key)
        else:
            self._waiting.append(key)
            self._be_patient(self._under_way)

    async def go_on(self, done: KeyDone) -> None:
        """Take the next key; the one that is done may be known to be so already."""
        if done is self._under_way:
            self._under_way = None
            while self._waiting and self._under_way is None:
                await self._hand_on(self._waiting.popleft())

    async def _hand_on(self, key: events.Key) -> None:
        way = self._app.focused or self._app.screen
        await self._give(key)
        done = KeyDone()
        if way.post_message(done):
            self._under_way = done
            if self._waiting:
                self._be_patient(done)

    def _be_patient(self, done: KeyDone) -> None:
        self._app.set_timer(PATIENCE_S, partial(self._app.post_message, done))
