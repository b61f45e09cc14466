"""Bucket: the requests of a store, each tried as long as there is hope, its failures in our words."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from tui_backup.errors import StoreError
from tui_backup.stores.base import check_key
from tui_backup.stores.s3.client import Way, forget, line_to
from tui_backup.stores.s3.errors import READ, REFUSED_KEYS, Deed, Place, code_of, explained, failures
from tui_backup.stores.s3.retrying import tried
from tui_backup.stores.s3.terms import Terms

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

T = TypeVar("T")


class Bucket(msgspec.Struct, frozen=True):
    """A bucket below a prefix; keys are those of the store, names those of the bucket."""

    way: Way
    name: str
    prefix: str
    """Empty, or ends with a slash."""
    place: Place
    shown: str
    """What people call it."""
    terms: Terms

    @property
    def client(self) -> "S3Client":
        """What talks to the server; made when it is first asked for."""
        try:
            return line_to(self.way).client
        except failures() as error:
            raise explained(error, READ, self.shown, self.place) from error

    def path(self, key: str) -> str:
        """Return an object's place, for people."""
        return f"{self.shown}/{key}" if key else self.shown

    def object(self, key: str) -> dict[str, Any]:
        """Return what names an object in a request."""
        return {"Bucket": self.name, "Key": f"{self.prefix}{check_key(key)}"}

    def key_of(self, name: str) -> str | None:
        """Return the key of an object as the bucket names it; None where no store could have such a key."""
        try:
            return check_key(name[len(self.prefix) :]) if name.startswith(self.prefix) else None
        except ValueError:
            return None

    def ask(self, deed: Deed, key: str, call: Callable[["S3Client"], T], *, briefly: bool = False) -> T:
        """Return the answer to a request; raises a StoreError, once nothing is left to try.

        `briefly` is for what can be left undone where the server is in trouble.
        """
        client, kinds = self.client, failures()

        def once() -> T:
            try:
                return call(client)
            except kinds as error:
                raise explained(error, deed, self.path(key), self.place) from error

        try:
            return tried(once, line_to(self.way).answers, briefly=briefly)
        except StoreError as error:
            if code_of(error.__cause__) in REFUSED_KEYS:
                forget(self.way)
            raise
