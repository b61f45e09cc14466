"""Questions: short pieces of work that a face has done aside, so that it never waits itself."""

import threading
from collections import Counter, deque
from collections.abc import Callable
from typing import Generic, TypeVar

from tui_backup.errors import BackupError, Cancelled
from tui_backup.model.watch import Watch

T = TypeVar("T")

MOST_THREADS = 24
"""How many questions are worked at together; more wait for their turn."""

MOST_ABOUT_ONE = 3
"""How many questions about one thing are worked at together, so that one that never answers takes no more threads."""

SEVERAL = "*"
"""What questions are about that need several repositories."""


class Question(Generic[T]):
    """A question that was asked. `cancel` may be called from any thread."""

    def __init__(
        self, work: Callable[[Watch], T], answer: Callable[["Question[T]"], None], about: str | None = None
    ) -> None:
        self.about = about
        """The repository that the work needs, which may never answer; None where that cannot be."""
        self.watch = Watch()
        """What the work counts on."""
        self.error: BackupError | None = None
        """Why there is no result."""
        self._work = work
        self._answer = answer
        self._results: list[T] = []

    @property
    def result(self) -> T:
        """What came of it; only where there is no error."""
        return self._results[0]

    @property
    def is_cancelled(self) -> bool:
        """Whether nobody wants to know any more."""
        return self.watch.cancel.cancelled

    def cancel(self) -> None:
        """Ask the work to stop; nobody is told what came of it."""
        self.watch.cancel.cancel()

    def settle(self, unexpected: Callable[[Exception], BackupError]) -> None:
        """Do the work and tell of it, on the thread that calls."""
        if self.is_cancelled:
            return
        try:
            self._results.append(self._work(self.watch))
        except Cancelled:
            return
        except BackupError as error:
            self.error = error
        except Exception as error:  # noqa: BLE001 - a fault of ours is told like any other, and must not end the thread
            self.error = unexpected(error)
        if self.is_cancelled:
            return
        try:
            self._answer(self)
        except Exception as error:  # noqa: BLE001 - whoever asked may be gone; the thread has others to serve
            unexpected(error)


class Questions:
    """Some threads that answer questions, started as they are needed. They hold up no process that wants to end.

    Who is asked first is answered first, but questions about one thing wait for each other once some are worked at:
    those who read in one repository are served while another one hangs.
    """

    def __init__(self, unexpected: Callable[[Exception], BackupError]) -> None:
        """`unexpected` turns a fault of our own into what people are told."""
        self._unexpected = unexpected
        self._waiting: deque[Question[object]] = deque()
        lock = threading.Lock()
        self._condition = threading.Condition(lock)
        self._settled = threading.Condition(lock)
        self._threads = self._idle = 0
        self._has_ended = False
        self._busy = Counter[str | None]()

    @property
    def are_settled(self) -> bool:
        """Whether nothing is asked that has not been answered."""
        with self._condition:
            return self._are_settled()

    def wait(self, timeout_s: float) -> bool:
        """Wait until all have been answered, or for so long; return whether they have."""
        with self._settled:
            return self._settled.wait_for(self._are_settled, timeout_s)

    def ask(
        self, work: Callable[[Watch], T], answer: Callable[[Question[T]], None], about: str | None = None
    ) -> Question[T]:
        """Have `work` done; `answer` is called on the thread that did it, unless the question was cancelled.

        `about` names the repository that the work needs, or is `SEVERAL`.
        """
        question = Question(work, answer, about)
        with self._condition:
            self._waiting.append(question)  # type: ignore[arg-type]  # the queue never looks at what comes of a question
            ready = sum(map(self._may_begin, self._waiting))
            if self._idle >= ready or self._threads >= MOST_THREADS:
                self._condition.notify()
            else:
                self._threads += 1
                threading.Thread(target=self._serve, name="question", daemon=True).start()
        return question

    def end(self) -> None:
        """Have threads end once nothing is asked any more, and let go of whoever asked."""
        with self._condition:
            self._has_ended = True
            self._condition.notify_all()

    def _are_settled(self) -> bool:
        return not self._waiting and self._idle == self._threads

    def _may_begin(self, question: Question[object]) -> bool:
        return question.about is None or self._busy[question.about] < MOST_ABOUT_ONE

    def _next(self) -> Question[object] | None:
        """Take the next question that may be worked at; those that were cancelled go."""
        for cancelled in [each for each in self._waiting if each.is_cancelled]:
            self._waiting.remove(cancelled)
        question = next(filter(self._may_begin, self._waiting), None)
        if question is not None:
            self._waiting.remove(question)
        return question

    def _serve(self) -> None:
        while True:
            with self._condition:
                self._idle += 1
                self._settled.notify_all()
                while (question := self._next()) is None:
                    if self._has_ended:
                        self._idle -= 1
                        self._threads -= 1
                        return
                    self._settled.notify_all()
                    self._condition.wait()
                self._idle -= 1
                self._busy[question.about] += 1
            question.settle(self._unexpected)
            with self._condition:
                self._busy[question.about] -= 1
