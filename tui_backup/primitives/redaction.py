"""Secrets that were given away, so that what a library says of them can be kept out of a log.

Only who reveals a secret can hand it on; so what was revealed is all that may come back in somebody's message.
"""

import threading
from typing import Final

MASK: Final = "********"

_SHORTEST: Final = 4
"""Characters; to mask anything shorter would spoil every other word, and hides nothing that is a secret."""

_known: tuple[str, ...] = ()
"""Longest first."""
_lock = threading.Lock()


def keep_out(secret: str) -> None:
    """Mask a secret from here on, as it stands, and as it stands in addresses, in `repr` and in JSON."""
    global _known  # noqa: PLW0603 - replaced whole, so that who reads it needs no lock
    if len(secret) < _SHORTEST or secret in _known:
        return
    forms = {secret, repr(secret)[1:-1], secret.replace("\\", "\\\\").replace('"', '\\"')}
    if not secret.isalnum():
        from urllib.parse import quote, quote_plus

        raw = secret.encode("utf-8", "surrogateescape")
        forms |= {quote(raw), quote(raw, safe=""), quote_plus(raw)}
    with _lock:
        _known = tuple(sorted({*_known, *forms}, key=len, reverse=True))


def redacted(text: str) -> str:
    """Return text with asterisks in place of every secret that this process has given away."""
    for secret in _known:
        if secret in text:
            text = text.replace(secret, MASK)
    return text
