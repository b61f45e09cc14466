"""Retrying: what passes is tried again, with back-off and jitter, for as long as there is hope."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from tui_backup.errors import StoreError
from tui_backup.primitives.hurry import in_a_hurry, sleep
from tui_backup.stores.s3.errors import Unintelligible, has_answered, wait_wished

if TYPE_CHECKING:
    from tenacity import RetryCallState

T = TypeVar("T")

PATIENCE_S: Final = 120.0
"""How long to wait, in all, between the attempts of one request to a server that has answered before."""

FIRST_PATIENCE_S: Final = 8.0
"""How long to try to reach a server that has never answered, as its address may be wrong, or that was given up."""

_SHORTEST_S: Final = 0.25
_LONGEST_S: Final = 15.0


class Answers:
    """Whether a server has ever answered this process, and was not given up since."""

    def __init__(self) -> None:
        self.any = False


def tried(call: Callable[[], T], answers: Answers, *, briefly: bool = False) -> T:
    """Return what a request returns, which raises a StoreError where it fails; one that is transient is tried again."""
    try:
        answer = call()
    except StoreError as error:
        answers.any = answers.any or has_answered(error)
        if not error.transient:
            raise
        failed = error
    else:
        answers.any = True
        return answer
    return _again(failed, call, answers, FIRST_PATIENCE_S if briefly else PATIENCE_S)


def _again(failed: StoreError, call: Callable[[], T], answers: Answers, patience_s: float) -> T:
    """Return what a request returns that has failed once."""
    from tenacity import Retrying, retry_if_exception, wait_random_exponential

    back_off = wait_random_exponential(multiplier=_SHORTEST_S, max=_LONGEST_S)

    def wait(state: "RetryCallState") -> float:
        return max(back_off(state), wait_wished(_error(state)))

    def is_hopeless(state: "RetryCallState") -> bool:
        answers.any = answers.any or has_answered(_error(state))
        if not answers.any:
            return (state.seconds_since_start or 0.0) >= FIRST_PATIENCE_S
        is_brief = in_a_hurry() or isinstance(_error(state), Unintelligible)
        if state.idle_for < (FIRST_PATIENCE_S if is_brief else patience_s):
            return False
        if is_brief:
            return True
        answers.any = patience_s < PATIENCE_S
        return True

    failures = [failed]

    def attempt() -> T:
        if failures:
            raise failures.pop()
        return call()

    retrying = Retrying(retry=retry_if_exception(_passes), wait=wait, stop=is_hopeless, sleep=sleep, reraise=True)
    return retrying(attempt)


def _passes(error: BaseException) -> bool:
    return isinstance(error, StoreError) and error.transient


def _error(state: "RetryCallState") -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
