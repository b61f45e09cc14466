"""Terms: on which an object is kept: in which class, encrypted by the server how, locked until when."""

import base64
import binascii
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from tui_backup.errors import ConfigError
from tui_backup.primitives.i18n import _
from tui_backup.primitives.secret import SecretSource
from tui_backup.stores.s3.client import secret_of

_ARCHIVES: Final = {"GLACIER", "DEEP_ARCHIVE"}
"""Classes whose objects cannot be read at once."""

LOCK_MODE: Final = "COMPLIANCE"
"""The mode of object lock that nobody can shorten."""

_PACKS: Final = "data/"
_NEVER_LOCKED: Final = "locks/"
_KEY_BYTES: Final = 32


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for beside an object's bytes."""

    storage_class: str | None = None
    sse: str | None = None
    sse_kms_key: str | None = None
    sse_c_key: SecretSource | None = None
    lock_days: int = 0

    def of_new(self, key: str) -> dict[str, Any]:
        """Return the parameters of a request that makes an object."""
        named: dict[str, Any] = {
            "StorageClass": self._class_of(key),
            "ServerSideEncryption": self.sse,
            "SSEKMSKeyId": self.sse_kms_key,
        }
        if until := self.locked_until(key):
            named |= {"ObjectLockMode": LOCK_MODE, "ObjectLockRetainUntilDate": until}
        return {name: value for name, value in named.items() if value is not None} | self.known()

    def locked_until(self, key: str) -> datetime | None:
        """Return until when an object is locked that is made now; None where it is not."""
        if not self.lock_days or key.startswith(_NEVER_LOCKED):
            return None
        return datetime.now(UTC) + timedelta(days=self.lock_days)

    def of_note(self) -> dict[str, Any]:
        """Return those of an object that will be gone soon."""
        return {name: value for name, value in self.of_new(_NEVER_LOCKED).items() if name != "StorageClass"}

    def known(self) -> dict[str, Any]:
        """Return the parameters of a request that sends or fetches bytes of an object that there is."""
        if self.sse_c_key is None:
            return {}
        return {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": self._customer_key(self.sse_c_key)}

    def _class_of(self, key: str) -> str | None:
        return None if self.storage_class in _ARCHIVES and not key.startswith(_PACKS) else self.storage_class

    def _customer_key(self, source: SecretSource) -> bytes:
        secret = secret_of("sse_c_key", source)
        try:
            key = base64.b64decode(secret.reveal() if secret else "", validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != _KEY_BYTES:
            message = _("sse_c_key: must be {count} bytes, written in base64").format(count=_KEY_BYTES)
            raise ConfigError(message, hint="openssl rand -base64 32")
        return key
