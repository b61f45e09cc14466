"""What programs that we start get to know."""

import os
from collections.abc import Mapping

_NAMES = {"PATH", "HOME", "LANG", "USER", "LOGNAME", "TMPDIR", "GNUPGHOME", "SSH_AUTH_SOCK", "DBUS_SESSION_BUS_ADDRESS"}
_PREFIXES = ("LC_", "XDG_")


def minimal_environment(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the few variables that a program needs to find itself, its user and their agents; never a secret."""
    known = os.environ if environment is None else environment
    return {name: value for name, value in known.items() if name in _NAMES or name.startswith(_PREFIXES)}
