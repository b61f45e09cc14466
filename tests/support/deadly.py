"""A program that kills itself at a chosen step of carrying out what is due.

    python -m tests.support.deadly MODULE NAME before|after NUMBER ARGUMENTS...

runs the program with these arguments; the NUMBER-th call of `NAME` (`Claim.note`) ends it by SIGKILL, workers and all.
"""

import os
import signal
import sys
from importlib import import_module
from itertools import count
from typing import Any

from tui_backup.cli.main import main


def arm(module: str, name: str, when: str, number: int) -> None:
    """Have a call of a function end the process."""
    *path, last = name.split(".")
    owner: Any = import_module(module)
    for part in path:
        owner = getattr(owner, part)
    function, calls = getattr(owner, last), count(1)

    def deadly(*arguments: Any, **options: Any) -> Any:
        is_the_one = next(calls) == number
        if is_the_one and when == "before":
            os.killpg(0, signal.SIGKILL)
        answer = function(*arguments, **options)
        if is_the_one:
            os.killpg(0, signal.SIGKILL)
        return answer

    setattr(owner, last, deadly)


if __name__ == "__main__":
    module, name, when, number, *arguments = sys.argv[1:]
    arm(module, name, when, int(number))
    sys.argv[1:] = arguments
    main()
