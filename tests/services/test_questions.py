import threading
from collections.abc import Callable
from functools import partial
from queue import Queue

import pytest

from tui_backup.errors import BackupError
from tui_backup.model.watch import Watch
from tui_backup.services.questions import MOST_ABOUT_ONE, MOST_THREADS, Question, Questions


def asked() -> tuple[Questions, "Queue[Question[int]]", Callable[[Question[int]], None]]:
    answers: Queue[Question[int]] = Queue()
    return Questions(lambda error: BackupError(f"unexpected {error}")), answers, answers.put


def test_a_question_is_answered_on_another_thread() -> None:
    questions, answers, answer = asked()
    questions.ask(lambda _watch: threading.get_ident(), answer)
    assert answers.get(timeout=5).result != threading.get_ident()


def test_errors_are_answers_too_ours_and_unexpected_ones() -> None:
    questions, answers, answer = asked()

    def fail(_watch: Watch) -> int:
        raise BackupError("no")

    questions.ask(fail, answer)
    error = answers.get(timeout=5).error
    assert error is not None
    assert error.message == "no"
    questions.ask(lambda _watch: 1 // 0, answer)
    error = answers.get(timeout=5).error
    assert error is not None
    assert error.message.startswith("unexpected")


def test_an_answer_that_nobody_can_take_holds_up_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    questions, answers, answer = asked()

    def closed(_question: Question[int]) -> None:
        raise RuntimeError("the loop is closed")

    for _each in range(MOST_THREADS + 1):
        questions.ask(lambda _watch: 1, closed)
    assert questions.wait(5)
    questions.ask(lambda _watch: 2, answer)
    assert answers.get(timeout=5).result == 2
    assert capsys.readouterr().err == ""


def test_nobody_hears_of_a_question_that_was_cancelled() -> None:
    questions, answers, answer = asked()
    started, cancelled = threading.Event(), threading.Event()

    def work(watch: Watch) -> int:
        started.set()
        cancelled.wait(5)
        watch.check()
        return 1

    question = questions.ask(work, answer)
    started.wait(5)
    question.cancel()
    cancelled.set()
    questions.ask(lambda _watch: 2, answer)
    assert answers.get(timeout=5).result == 2
    assert answers.empty()


def _say(number: int, _watch: Watch) -> int:
    return number


def test_a_few_threads_answer_many_questions() -> None:
    questions, answers, answer = asked()
    before = threading.active_count()
    for number in range(100):
        questions.ask(partial(_say, number), answer)
    assert sorted(answers.get(timeout=5).result for _number in range(100)) == list(range(100))
    assert threading.active_count() - before <= MOST_THREADS


def test_a_hanging_question_holds_up_no_other() -> None:
    questions, answers, answer = asked()
    over = threading.Event()
    questions.ask(lambda _watch: int(over.wait(10)), answer)
    questions.ask(lambda _watch: 7, answer)
    assert answers.get(timeout=5).result == 7
    assert not questions.are_settled
    over.set()


def test_one_can_wait_until_all_are_answered() -> None:
    questions, _answers, answer = asked()
    assert questions.wait(0)
    may_go_on = threading.Event()
    for _number in range(MOST_THREADS + 2):
        questions.ask(lambda _watch: int(may_go_on.wait(10)), answer)
    assert not questions.wait(0.01)
    may_go_on.set()
    assert questions.wait(5)


def test_what_hangs_takes_few_threads_and_those_who_need_something_else_are_served() -> None:
    questions, answers, answer = asked()
    over, begun = threading.Event(), threading.Semaphore(0)

    def hang(_watch: Watch) -> int:
        begun.release()
        return int(over.wait(10))

    hanging = [questions.ask(hang, answer, "slow") for _number in range(MOST_THREADS + 1)]
    for _number in range(MOST_ABOUT_ONE):
        assert begun.acquire(timeout=5)
    questions.ask(lambda _watch: 7, answer, "quick")
    assert answers.get(timeout=5).result == 7
    assert not begun.acquire(blocking=False)
    for question in hanging[MOST_ABOUT_ONE:-1]:
        question.cancel()
    over.set()
    assert questions.wait(5)
    assert [answers.get(timeout=5).result for _number in range(MOST_ABOUT_ONE + 1)] == [1] * (MOST_ABOUT_ONE + 1)
    assert answers.empty()


def test_threads_end_when_they_are_told_and_all_is_answered() -> None:
    questions, answers, answer = asked()
    begun, over = threading.Event(), threading.Event()

    def wait(_watch: Watch) -> int:
        begun.set()
        over.wait(5)
        return threading.get_native_id()

    questions.ask(wait, answer)
    assert begun.wait(5)
    questions.end()
    questions.ask(lambda _watch: threading.get_native_id(), answer)
    over.set()
    served = {answers.get(timeout=5).result for _number in range(2)}
    for thread in threading.enumerate():
        if thread.native_id in served:
            thread.join(5)
            assert not thread.is_alive()
