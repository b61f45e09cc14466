"""Options that several kinds of notifier have: paths, secrets and addresses as a configuration gives them."""

import os
import re
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

from tui_backup.errors import ConfigError
from tui_backup.primitives.i18n import _
from tui_backup.primitives.secret import SecretSource

_TOKEN: Final = re.compile(r"(?=.*\d)[A-Za-z0-9_.~-]{16,}")
"""A part of a path that nobody would guess."""


def rooted_path(path: str | None, base: str) -> str | None:
    """Return a path taken from the directory `base`, or from the home directory where it begins with `~`."""
    return path and str(Path(base, os.path.expanduser(path)).absolute())


def rooted_secret(source: SecretSource | None, base: str) -> SecretSource | None:
    """Return the same source of a secret with its relative paths taken from `base`."""
    return source and source.rooted(base)


def revealed(option: str, source: SecretSource) -> str:
    """Return a secret that is one line of text; raises ConfigError where it is not, or cannot be had."""
    text = source.resolve(option).reveal()
    if not text.isprintable():
        raise ConfigError(_("{key}: must be one line without control characters").format(key=option))
    return text


def address(option: str, source: SecretSource) -> SplitResult:
    """Return a URL, which may be kept like a secret; raises ConfigError where it is none or cannot be had."""
    text = revealed(option, source)
    check_address(option, text)
    return urlsplit(text)


def check_address(option: str, text: str) -> None:
    """Refuse what is no URL of HTTP; raises ConfigError, which does not repeat it."""
    try:
        parts = urlsplit(text)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or not text.isascii() or " " in text:
        raise ConfigError(_("{key}: must be an address such as https://example.org/hooks").format(key=option))


def check_literal_address(option: str, source: SecretSource) -> None:
    """Refuse what is no URL of HTTP where it stands in the configuration itself; raises ConfigError."""
    if source.literal is not None:
        check_address(option, source.literal.reveal())


def check_ca_file(path: str | None) -> None:
    """Refuse a file of certificates that is none; raises ConfigError."""
    if path is not None:
        from tui_backup.notifiers.trust import trusting

        trusting(path)


def shown_address(source: SecretSource) -> str:
    """Return scheme and host of a URL that stands in the configuration itself; of another one where it comes from."""
    if source.literal is None:
        return repr(source)
    return place_of(urlsplit(source.literal.reveal()))


def place_of(url: SplitResult) -> str:
    """Return scheme, host and port of a URL, which is all of it that anybody may see."""
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname
    return f"{url.scheme}://{host}" + (f":{url.port}" if url.port else "")


def is_secret_address(source: SecretSource) -> bool:
    """Whether a URL is kept elsewhere, or looks as if whoever knows it may use it."""
    return source.literal is None or gives_access(source.literal.reveal())


def gives_access(address: str) -> bool:
    """Whether a URL holds a password, a query or a token; what is no URL may hold anything."""
    try:
        url = urlsplit(address)
    except ValueError:
        return True
    return not url.hostname or bool(
        url.username or url.password or url.query or any(map(_TOKEN.fullmatch, url.path.split("/")))
    )
