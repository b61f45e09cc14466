"""Names of archives: made from a template, and read again from archives of which nothing but the name is known.

A template is text with the fields {job}, {host}, {kind} and {time:...}, where the time is one of

    iso       2025-08-29T05-00-00-000Z    UTC
    seconds   2025-08-29T05-00-00         in the zone of the job, as the next one
    compact   20241201_140530
    epoch     1234567890
"""

import re
import string
import unicodedata
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, tzinfo
from typing import Final

import msgspec

from tui_backup.errors import ConfigError
from tui_backup.primitives.i18n import _
from tui_backup.stores.base import check_key

_TIMES: Final[dict[str, Callable[[datetime], str]]] = {
    "iso": lambda time: _utc(time).strftime(f"%Y-%m-%dT%H-%M-%S-{_utc(time).microsecond // 1000:03d}Z"),
    "seconds": lambda time: time.strftime("%Y-%m-%dT%H-%M-%S"),
    "compact": lambda time: time.strftime("%Y%m%d_%H%M%S"),
    "epoch": lambda time: str(int(time.timestamp())),
}
_WORDS: Final = ("job", "host", "kind")
_FIELDS: Final = ", ".join(f"{{{name}}}" for name in (*_WORDS, *(f"time:{form}" for form in _TIMES)))

_LONGEST_WORD: Final = 48
_LONGEST: Final = 173
"""Bytes of a name: with the longest ending, and that of a file being written, they are 255."""

_WRITTEN_TIMES: Final = (
    (re.compile(r"(?<!\d)(\d{4})-(\d\d)-(\d\d)T(\d\d)-(\d\d)-(\d\d)-(\d{3})Z"), UTC),
    (re.compile(r"(?<!\d)(\d{4})-(\d\d)-(\d\d)T(\d\d)-(\d\d)-(\d\d)(?!\d)"), None),
    (re.compile(r"(?<!\d)(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)(?!\d)"), None),
)
_EPOCH: Final = re.compile(r"(?<!\d)(\d{10})(\d{3})?(?!\d)")
_KIND: Final = re.compile(r"[_-]([a-z]+(?:-[a-z]+)*)(?:-\d+)?", re.ASCII)
_KIND_UNKNOWN: Final = "kind"
"""What a name has in place of a kind that nobody knows: the field's own name."""


class NameFacts(msgspec.Struct, frozen=True):
    """What a name is made of."""

    job: str
    host: str
    kind: str
    time: datetime
    """Aware, in the zone of the job."""


class ReadName(msgspec.Struct, frozen=True):
    """What a name tells."""

    time: datetime | None = None
    """Aware; where the name has no zone, in that of the machine."""
    kind: str | None = None


def check_template(template: str) -> None:
    """Make sure that a template can name archives.

    Raises:
        ConfigError: it cannot; the message has the field.
    """
    word = "x" * _LONGEST_WORD
    made = render(template, NameFacts(word, word, word, datetime(2025, 8, 29, tzinfo=UTC)))
    try:
        check_key(made)
    except ValueError as error:
        raise _wrong(_("a name cannot begin with a dot, or hold characters that do not print")) from error
    if "/" in made or made != made.strip() or made.startswith("-"):
        raise _wrong(_("a name cannot hold / nor begin with a dash or a space, nor end with one"))
    if "{time:" not in template:
        raise _wrong(_("it needs {{time:...}}, or all archives would have one name").format())
    if len(made.encode()) > _LONGEST:
        raise _wrong(_("it is too long"))


def render(template: str, facts: NameFacts) -> str:
    """Return the name that a template makes, without an extension; what a job or host is called does no harm in it.

    Raises:
        ConfigError: the template has a field that there is not.
    """
    made = "".join(_parts(template, facts))
    return f"_{made[1:]}" if made[:1] in {".", "-"} and template[:1] == "{" else made


def candidates(name: str, skip: Callable[[int], int]) -> Iterator[str]:
    """Yield a name, then others for the case that it is taken: with -2, -3 and so on, some passed over.

    `skip` says how many, given the number: two who look for a name at the same time had better not go in step.
    """
    yield name
    number = 2
    while True:
        yield f"{name}-{number}"
        number += 1 + skip(number)


def read_name(name: str) -> ReadName:
    """Return what a name tells, whichever program made it."""
    for pattern, zone in _WRITTEN_TIMES:
        for match in pattern.finditer(name):
            if (time := _time(match, zone)) is not None:
                return ReadName(time, _kind_behind(name, match.end()))
    for match in _EPOCH.finditer(name):
        seconds, thousandths = int(match[1]), int(match[2] or 0)
        return ReadName(
            datetime.fromtimestamp(seconds, UTC).replace(microsecond=thousandths * 1000),
            _kind_behind(name, match.end()),
        )
    return ReadName()


def _parts(template: str, facts: NameFacts) -> Iterator[str]:
    words = {"job": facts.job, "host": facts.host, "kind": facts.kind}
    try:
        pieces = list(string.Formatter().parse(template))
    except ValueError as error:
        raise _wrong(_("a {{ or }} stands alone; write it twice if it is meant").format()) from error
    for literal, field, form, conversion in pieces:
        yield literal
        if field is None:
            continue
        written = f"{{{field}{'!' if conversion else ''}{conversion or ''}{':' if form else ''}{form or ''}}}"
        if conversion is None and not form and field in words:
            yield _harmless(words[field]) or field
        elif conversion is None and field == "time" and form in _TIMES:
            yield _TIMES[form](facts.time)
        else:
            raise _wrong(_("there is no field {field}").format(field=written))


def _harmless(text: str) -> str:
    """Return a word in which nothing but letters, digits, dot, dash and underscore is left."""
    composed = unicodedata.normalize("NFC", text[:_LONGEST_WORD])
    harmless = "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in composed)
    return harmless.encode()[:_LONGEST_WORD].decode("utf-8", "ignore")


def _utc(time: datetime) -> datetime:
    return time.astimezone(UTC)


def _time(match: re.Match[str], zone: tzinfo | None) -> datetime | None:
    year, month, day, hour, minute, second, *thousandths = map(int, match.groups())
    try:
        wall = datetime(year, month, day, hour, minute, second, sum(thousandths) * 1000, tzinfo=zone)
        return wall.astimezone(zone)
    except (ValueError, OverflowError, OSError):
        return None


def _kind_behind(name: str, end: int) -> str | None:
    match = _KIND.fullmatch(name, end)
    return match[1] if match and match[1] != _KIND_UNKNOWN else None


def _wrong(reason: str) -> ConfigError:
    return ConfigError(
        _("name: {reason}").format(reason=reason), hint=_("the fields are {fields}").format(fields=_FIELDS)
    )
