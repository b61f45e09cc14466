"""Connections that confirm at once what they have received.

A server that sends the head of an answer and its body in two packets, and waits in between for the first to be
confirmed (Nagle's algorithm, on in radosgw unless it is told otherwise), meets a kernel that waits for 40 ms for
something to send the confirmation along with. That would be most of what it takes to fetch a small object.
"""

import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from urllib3.response import HTTPResponse


class _Prompt:
    """To be mixed in: confirms the head of an answer before its body is waited for."""

    sock: socket.socket | None

    def getresponse(self) -> "HTTPResponse":
        response: HTTPResponse = super().getresponse()  # type: ignore[misc]  # of what it is mixed into
        with suppress(AttributeError, OSError):
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)  # type: ignore[union-attr]  # suppressed
        return response


class _Connection(_Prompt, AWSHTTPConnection):  # type: ignore[misc]  # botocore overrides what urllib3 has typed
    pass


class _EncryptedConnection(_Prompt, AWSHTTPSConnection):  # type: ignore[misc]  # as above
    pass


class _Pool(AWSHTTPConnectionPool):
    ConnectionCls = _Connection


class _EncryptedPool(AWSHTTPSConnectionPool):
    ConnectionCls = _EncryptedConnection


def make_prompt(client: "S3Client") -> None:
    """Have a client use such connections, if botocore is built as when this was written; else it is only slower."""
    with suppress(AttributeError):
        session = client._endpoint.http_session  # type: ignore[attr-defined]  # noqa: SLF001  # no other way leads there
        session._pool_classes_by_scheme.update(http=_Pool, https=_EncryptedPool)  # noqa: SLF001  # as above
