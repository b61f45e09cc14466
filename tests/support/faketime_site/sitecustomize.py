"""Sleeping for processes whose clock is faked: libfaketime 0.9.10 refuses the monotonic deadlines of `time.sleep`."""

import select
import time
from typing import SupportsIndex


def _sleep(seconds: float | SupportsIndex) -> None:
    select.select((), (), (), float(seconds))


time.sleep = _sleep
