"""Signatures over bytes whose SHA-256 is known already, because it is their name."""

from typing import TYPE_CHECKING, Any, Final

from botocore.auth import AUTH_TYPE_MAPS, S3SigV4Auth

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_NAME: Final = "tui-backup-s3v4"
_USUAL: Final = {"s3v4", "v4"}


class _Auth(S3SigV4Auth):
    """Signs the digest that a body tells (`body.Body.sha256`), if it does; the server holds it against what arrives."""

    def payload(self, request: Any) -> str:
        known: str = getattr(request.body, "sha256", "")
        return known or super().payload(request)


def sign_known_digests(client: "S3Client") -> None:
    """Have a client sign so what it puts."""
    AUTH_TYPE_MAPS[_NAME] = _Auth
    client.meta.events.register_first("choose-signer.s3.PutObject", _choose)


def _choose(signature_version: object, **_others: object) -> Any:
    return _NAME if signature_version in _USUAL else None
