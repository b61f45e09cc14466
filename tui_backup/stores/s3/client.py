"""Clients of botocore: one for each process and way to a server, made when it is first needed."""

import ssl
import threading
from datetime import datetime
from os.path import isfile
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from tui_backup import __version__
from tui_backup.primitives.secret import Secret, SecretSource
from tui_backup.stores.s3.body import MemoryBody
from tui_backup.stores.s3.retrying import Answers

if TYPE_CHECKING:
    from botocore.config import Config
    from mypy_boto3_s3 import S3Client

CONNECTIONS: Final = 8
"""Requests of a store that are worth having in flight at once."""

DEFAULT_REGION: Final = "us-east-1"

_AUTHORITIES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""Where systems keep the certificates that they trust."""

_POOL: Final = 2 * CONNECTIONS
_CONNECT_S: Final = 15
_SILENCE_S: Final = 60
"""How long a server may say nothing."""

_lock = threading.RLock()
_lines: dict["Way", "Line"] = {}
_secrets: dict[SecretSource, Secret] = {}


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """How a server is reached, and as whom."""

    endpoint: str | None
    """None: AWS, or where AWS_ENDPOINT_URL leads."""
    region: str | None
    access_key: SecretSource | None
    secret_key: SecretSource | None
    session_token: SecretSource | None
    ca_file: str | None
    path_style: bool | None
    """Whether the bucket stands in the path, not in the name of the host; None: as botocore thinks best."""


class Line(msgspec.Struct, frozen=True):
    """A client, and what is known of whom it talks to."""

    client: "S3Client"
    answers: Answers


def line_to(way: Way) -> Line:
    """Return what this process talks to a server with; several threads may do so at once."""
    line = _lines.get(way)
    if line is None:
        with _lock:
            line = _lines.get(way)
            if line is None:
                line = _lines[way] = Line(_client(way), Answers())
    return line


def secret_of(name: str, source: SecretSource | None) -> Secret | None:
    """Return the secret option `name`; the program or file that has it is asked once in a process."""
    if source is None:
        return None
    with _lock:
        if source not in _secrets:
            _secrets[source] = source.resolve(name)
        return _secrets[source]


def forget(way: Way) -> None:
    """Have the keys looked up anew by whoever asks next: they were refused."""
    with _lock:
        _lines.pop(way, None)
        _secrets.clear()


def _client(way: Way) -> "S3Client":
    from botocore.handlers import add_expect_header
    from botocore.session import Session

    from tui_backup.stores.s3.descriptions import descriptions
    from tui_backup.stores.s3.prompt import make_prompt
    from tui_backup.stores.s3.signing import sign_known_digests

    session = Session()
    session.register_component("data_loader", descriptions())
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_moment)
    region = way.region
    if region is None and way.endpoint is not None:
        region = session.get_config_variable("region") or DEFAULT_REGION
    client: Any = session.create_client(
        "s3",
        region_name=region,
        endpoint_url=way.endpoint,
        verify=way.ca_file or session.get_config_variable("ca_bundle") or _authorities(),
        aws_access_key_id=_revealed("access_key", way.access_key),
        aws_secret_access_key=_revealed("secret_key", way.secret_key),
        aws_session_token=_revealed("session_token", way.session_token),
        config=_config(way),
    )
    events = client.meta.events
    events.unregister("before-call.s3", add_expect_header)
    events.register("before-call.s3.DeleteObjects", _add_digest)
    events.register("before-parse.s3", _check_length)
    made: S3Client = client
    make_prompt(made)
    sign_known_digests(made)
    return made


def _revealed(name: str, source: SecretSource | None) -> str | None:
    secret = secret_of(name, source)
    return secret.reveal() if secret is not None else None


def _authorities() -> str | None:
    """Return the file of those whom this system trusts; None: botocore has a list of its own."""
    return next(
        (path for path in (ssl.get_default_verify_paths().cafile, *_AUTHORITIES) if path and isfile(path)), None
    )


def _config(way: Way) -> "Config":
    from botocore.config import Config

    styles: dict[bool | None, Literal["auto", "path", "virtual"]] = {None: "auto", True: "path", False: "virtual"}
    return Config(
        connect_timeout=_CONNECT_S,
        read_timeout=_SILENCE_S,
        max_pool_connections=_POOL,
        tcp_keepalive=True,
        user_agent=f"tui-backup/{__version__}",
        parameter_validation=False,
        retries={"total_max_attempts": 1, "mode": "standard"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": styles[way.path_style], "payload_signing_enabled": False},
    )


def _moment(text: str) -> datetime:
    """Return a time as servers write it; RFC 3339 is what all but a few headers have."""
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        from botocore.utils import parse_timestamp

        moment: datetime = parse_timestamp(text)
        return moment


def _add_digest(params: dict[str, Any], **_others: Any) -> None:
    """Add the header that servers older than checksums insist on."""
    params["headers"]["Content-MD5"] = MemoryBody(params["body"]).digest()


def _check_length(operation_model: Any, response_dict: dict[str, Any], **_others: Any) -> None:
    """Refuse an answer that broke off: botocore would take half of an error for another one, by its status alone."""
    from botocore.exceptions import IncompleteReadError

    body, length = response_dict["body"], response_dict["headers"].get("content-length")
    if length is None or not isinstance(body, bytes) or operation_model.http["method"] == "HEAD":
        return
    if len(body) != int(length):
        raise IncompleteReadError(actual_bytes=len(body), expected_bytes=int(length))
