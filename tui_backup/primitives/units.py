"""Durations, sizes and shares as people write them in a configuration or on a command line."""

import re
from typing import Final

from tui_backup.primitives.i18n import _

SECONDS: Final = {
    "s": 1,
    "m": 60,
    "h": 3600,
    "d": 86_400,
    "w": 604_800,
    "mo": 2_629_746,
}
"""Seconds of each unit of time; a month is a twelfth of the mean Gregorian year, 30.44 days."""

BYTES: Final = {
    "B": 1,
    "kB": 1000,
    "KB": 1000,
    "MB": 1000**2,
    "GB": 1000**3,
    "TB": 1000**4,
    "PB": 1000**5,
    "KiB": 1024,
    "MiB": 1024**2,
    "GiB": 1024**3,
    "TiB": 1024**4,
    "PiB": 1024**5,
}
"""Bytes of each unit of size."""

SPANS: Final = {"y": (12, 0, 0), "mo": (1, 0, 0), "w": (0, 7, 0), "d": (0, 1, 0), "h": (0, 0, 1)}
"""Months, days and hours of each unit of a span that is counted by the calendar."""

_NUMBER = re.compile(r"(\d{1,18}(?:\.\d{1,9})?)\s*([A-Za-z%]*)", re.ASCII)


def parse_duration(text: str) -> int:
    """Return the seconds of `90s`, `15m`, `26h`, `7d`, `2w` or `6mo`; a month counts 30.44 days.

    Raises:
        ValueError: it is no duration.
    """
    number, unit = _split(text)
    if number is None or "." in number or unit not in SECONDS:
        raise ValueError(
            _("{text!r} is not a duration; write a whole number and a unit: 90s, 15m, 26h, 7d, 2w, 6mo").format(
                text=text
            )
        )
    return int(number) * SECONDS[unit]


def format_duration(seconds: int) -> str:
    """Return what `parse_duration` reads as exactly these seconds, in the largest unit that divides them."""
    unit = max((unit for unit in SECONDS if seconds % SECONDS[unit] == 0), key=SECONDS.__getitem__)
    return f"{seconds // SECONDS[unit]}{unit}" if seconds else "0s"


def parse_span(text: str) -> tuple[int, int, int]:
    """Return months, days and hours of `30d`, `6mo`, `1y6mo` or `2w12h`, to be counted by the calendar.

    Raises:
        ValueError: it is no such span.
    """
    found = re.findall(r"(\d{1,6})(y|mo|w|d|h)", text, re.ASCII)
    if not found or "".join(number + unit for number, unit in found) != text:
        raise ValueError(
            _("{text!r} is not a span; write whole numbers and units: 12h, 30d, 2w, 6mo (months), 1y6mo").format(
                text=text
            )
        )
    months, days, hours = (sum(int(number) * SPANS[unit][at] for number, unit in found) for at in range(3))
    return months, days, hours


def parse_size(text: str | int) -> int:
    """Return the bytes of `500MB`, `2GB` (powers of 1000), `1.5GiB` (powers of 1024) or a plain number.

    Raises:
        ValueError: it is no size, or negative.
    """
    if isinstance(text, int):
        number, unit = (str(text), "B") if text >= 0 else (None, "")
    else:
        number, unit = _split(text)
    if number is None or (unit or "B") not in BYTES or (not unit and "." in number):
        raise ValueError(_("{text!r} is not a size; write bytes, or a unit: 500MB, 2GB, 1GiB").format(text=text))
    whole, _point, fraction = number.partition(".")
    scale = BYTES[unit or "B"]
    return int(whole) * scale + int(fraction or "0") * scale // int(10 ** len(fraction))


def parse_rate(text: str | int) -> int:
    """Return the bytes a second of `10MB/s`, `500KiB/s` or a plain number.

    Raises:
        ValueError: it is no rate, or nothing would ever pass.
    """
    size = text.removesuffix("/s") if isinstance(text, str) else text
    try:
        rate = parse_size(size)
    except ValueError:
        rate = 0
    if not rate:
        raise ValueError(_("{text!r} is not a rate; write a size a second: 500KB/s, 10MB/s").format(text=text))
    return rate


def parse_percent(text: str) -> float:
    """Return the number before the sign of `5%` or `2.5%`.

    Raises:
        ValueError: it is no share from 0 to 100 percent.
    """
    number, unit = _split(text)
    if number is None or unit != "%" or float(number) > 100:
        raise ValueError(
            _("{text!r} is not a percentage; write a number from 0 to 100 and a sign: 5%").format(text=text)
        )
    return float(number)


def _split(text: str) -> tuple[str | None, str]:
    """Return number and unit as written; no number where the text is of another shape."""
    match = _NUMBER.fullmatch(text)
    return (match[1], match[2]) if match else (None, "")
