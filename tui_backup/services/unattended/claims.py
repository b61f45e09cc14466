"""Claims: who carries out what is due, and what somebody who died had begun.

`STATE/schedule/WHAT.JOB` is locked (flock) by the process that has something in hand, and `repository.NAME` beside it
by the one that is at work there. The kernel takes these locks from whoever dies. What is written into the former says
which moment was begun, and whether it is over; if it is neither over nor locked, its owner did not live to its end.
"""

import fcntl
import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Self

import msgspec

from tui_backup.model.schedule import Trigger
from tui_backup.primitives.atomic import sync


class Stage(StrEnum):
    """How far it is with a moment."""

    BEGUN = "begun"
    OVER = "over"
    WITHDRAWN = "withdrawn"
    """It was told to stop before it was over, and is still due."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """A moment whose turn has come."""

    trigger: Trigger
    moment: datetime
    stage: Stage = Stage.BEGUN
    deaths: int = 0
    """How many processes have died over it."""
    parts: dict[str, int] = {}
    """Of verifications: which part of the data was read last, by repository."""


class Claim:
    """The right to carry out one thing, until it is released or the process ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, state_dir: Path, name: str) -> Self | None:
        """Return the claim to something; None where somebody else has it.

        Raises:
            OSError: the state directory cannot be used.
        """
        places = state_dir / "schedule"
        places.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(places / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        return cls(descriptor)

    def last(self) -> Attempt | None:
        """Return what was noted last, by whoever had the claim then."""
        with suppress(OSError, msgspec.DecodeError):
            return msgspec.json.decode(os.pread(self._descriptor, 65536, 0), type=Attempt)
        return None

    def note(self, attempt: Attempt) -> None:
        """Write durably what begins or is over; raises OSError where that is not possible."""
        content = msgspec.json.encode(attempt)
        os.pwrite(self._descriptor, content, 0)
        os.ftruncate(self._descriptor, len(content))
        sync(self._descriptor)

    def release(self) -> None:
        """Give the right back."""
        os.close(self._descriptor)


def take_all(state_dir: Path, names: Sequence[str]) -> list[Claim] | None:
    """Return several claims, or None where somebody has one of them; raises OSError as `Claim.take`."""
    taken: list[Claim] = []
    try:
        for name in names:
            claim = Claim.take(state_dir, name)
            if claim is None:
                break
            taken.append(claim)
        else:
            return taken
    except BaseException:
        release_all(taken)
        raise
    release_all(taken)
    return None


def release_all(claims: Sequence[Claim]) -> None:
    """Give several claims back."""
    for claim in claims:
        claim.release()


def unfinished(state_dir: Path) -> dict[str, Attempt]:
    """Return what was begun and is not over, by the names of claims; who can take one knows that its owner died."""
    found: dict[str, Attempt] = {}
    with suppress(OSError):
        for entry in os.scandir(state_dir / "schedule"):
            with suppress(OSError, msgspec.DecodeError), open(entry.path, "rb") as file:
                attempt = msgspec.json.decode(file.read(), type=Attempt)
                if attempt.stage is Stage.BEGUN:
                    found[entry.name] = attempt
    return found
