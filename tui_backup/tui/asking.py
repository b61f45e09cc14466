"""Asking: how a page has something looked up aside, and hears of it in its own thread."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from textual.message import Message
from textual.message_pump import MessagePump

from tui_backup.errors import BackupError
from tui_backup.model.watch import Watch
from tui_backup.services.questions import Question, Questions

T = TypeVar("T")


class Answered(Message):
    """A question was answered; `deliver` hands that to whoever asked, in the thread of the UI."""

    bubble = False

    def __init__(self, deliver: Callable[[], None]) -> None:
        super().__init__()
        self.deliver = deliver


class Asker:
    """Asks questions for one page or widget; of several under one name only the newest is answered."""

    def __init__(self, questions: Questions, pump: MessagePump) -> None:
        """`pump` calls `deliver` of the `Answered` that is posted to it."""
        self._questions = questions
        self._pump = pump
        self._open: dict[str, Question[object]] = {}

    def ask(
        self,
        name: str,
        work: Callable[[Watch], T],
        answered: Callable[[T], None],
        failed: Callable[[BackupError], None],
        about: str | None = None,
    ) -> Question[T]:
        """Have `work` done aside; one of the other two hears what came of it, in the thread of the UI.

        `about` names the repository that the work needs.
        """

        def deliver(question: Question[T]) -> None:
            if question.is_cancelled:
                return
            if question.error is not None:
                failed(question.error)
            else:
                answered(question.result)

        def tell(question: Question[T]) -> None:
            self._pump.post_message(Answered(partial(deliver, question)))

        self.drop(name)
        question = self._questions.ask(work, tell, about)
        self._open[name] = question  # type: ignore[assignment]  # only ever cancelled from here
        return question

    def drop(self, name: str) -> None:
        """Do not want to know any more."""
        if (former := self._open.pop(name, None)) is not None:
            former.cancel()

    def drop_all(self) -> None:
        """Do not want to know anything any more."""
        for name in list(self._open):
            self.drop(name)
