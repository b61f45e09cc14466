"""Sidecars: the JSON beside an archive, and that inside a zip. What a sidecar tells is a hint, whoever wrote it.

`NAME.tar.gz.metadata.json` has the documented fields timestamp, size, checksum, compressed, encrypted and version, and
the facts as `Facts` has them; that of a sealed archive only the documented ones, format and kind. `backup_info.json`
inside a zip has the same but for size and checksum, which cannot be known before the zip is whole.
"""

from datetime import datetime
from typing import Any, Final

import msgspec

from tui_backup.formats.archive.facts import VERSION, Facts, fields_of, number, read_facts
from tui_backup.primitives.clock import rfc3339

ENDING: Final = ".metadata.json"
LARGEST: Final = 1 << 20
"""Bytes of the largest sidecar that is read."""

_CHECKSUM = "sha256:"


class Sidecar(msgspec.Struct, frozen=True, kw_only=True):
    """What a sidecar tells, so far as it can be understood; unknown is None."""

    facts: Facts
    size: int | None = None
    """Bytes of the archive as stored."""
    sha256: str | None = None
    """Of the archive as stored, 64 hex digits."""
    encrypted: bool | None = None
    tells_kind: bool = False
    """Whether it says what kind the archive is of, be it that nobody knows."""


def encode(format_: str, facts: Facts, *, size: int, sha256: str, encrypted: bool) -> bytes:
    """Return the sidecar of an archive; `size` and `sha256` are those of the file as stored."""
    stored = {"size": size, "checksum": _CHECKSUM + sha256}
    told = {"kind": facts.kind} if encrypted else fields_of(facts)
    return _encoded(_documented(facts, stored, encrypted=encrypted) | {"format": format_} | told)


def encode_inside(format_: str, facts: Facts) -> bytes:
    """Return what lies inside a zip."""
    return _encoded(_documented(facts, {}, encrypted=False) | {"format": format_} | fields_of(facts))


def decode(content: bytes, time: datetime) -> Sidecar | None:
    """Return what a sidecar tells, whichever program wrote it; None where it is none at all.

    `time` is for want of another.
    """
    try:
        fields = msgspec.json.decode(content)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    encrypted = fields.get("encrypted")
    return Sidecar(
        facts=read_facts(fields, time),
        size=number(fields.get("size")),
        sha256=_sha256(fields.get("checksum")),
        encrypted=encrypted if isinstance(encrypted, bool) else None,
        tells_kind="kind" in fields,
    )


def is_ours(content: bytes) -> bool:
    """Whether this program wrote a sidecar."""
    try:
        fields = msgspec.json.decode(content)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return False
    return isinstance(fields, dict) and isinstance(fields.get("format"), str) and fields.get("version") == VERSION


def retagged(content: bytes, tags: tuple[str, ...]) -> bytes:
    """Return a sidecar that this program wrote with other tags, all else as it was."""
    fields: dict[str, Any] = msgspec.json.decode(content, type=dict[str, Any])
    return _encoded(fields | {"tags": list(tags)})


def _documented(facts: Facts, stored: dict[str, Any], *, encrypted: bool) -> dict[str, Any]:
    kinds = {"compressed": True, "encrypted": encrypted, "version": VERSION}
    return {"timestamp": rfc3339(facts.time), **stored, **kinds}


def _encoded(fields: dict[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(fields), indent=2) + b"\n"


def _sha256(value: object) -> str | None:
    if not isinstance(value, str) or not value.startswith(_CHECKSUM):
        return None
    digits = value.removeprefix(_CHECKSUM).lower()
    return digits if len(digits) == 64 and all(digit in "0123456789abcdef" for digit in digits) else None
