"""HTTP as notifiers speak it: one request, one answer within bounds, and not a word of the address in what is said.

Addresses are secrets: who knows that of a webhook or of a ping may use it. Messages name scheme and host alone.
"""

import logging
import ssl
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, unquote, urljoin, urlsplit, urlunsplit

import msgspec

from tui_backup import __version__
from tui_backup.errors import NotDelivered
from tui_backup.notifiers.deadline import THREAD, Deadline, late, within_deadline
from tui_backup.notifiers.options import place_of
from tui_backup.notifiers.trust import causes, trusting, untrusted
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of
from tui_backup.primitives.text import printable

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

USER_AGENT: Final = f"tui-backup/{__version__}"

_MOST_BYTES: Final = 64 * 1024
_MOST_WORDS: Final = 200
_MOST_REDIRECTS: Final = 3
_KEEPS_METHOD: Final = frozenset({307, 308})
_MAY_PASS: Final = frozenset({408, 425, 429})


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent."""

    url: SplitResult
    body: bytes
    method: str = "POST"
    headers: Mapping[str, str] = {}
    ca_file: str | None = None
    """Who signed the server's certificate; None: those whom the system trusts."""
    secrets: tuple[str, ...] = ()
    """What is in it that must not be repeated, should the answer do so; the address is never."""


def deliver(request: Request) -> None:
    """Send a request, once; it is delivered when the server has said so (2xx).

    Follows redirects that repeat the request at the same host, no others.

    Raises:
        NotDelivered: it is not delivered; transient unless the server refused the request itself (4xx).
        ConfigError: the CA file cannot be used.
    """
    within_deadline(lambda deadline: _deliver(request, deadline))


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    status: int
    location: str | None
    retry_after: str | None
    words: str
    """Its first line."""


def _deliver(request: Request, deadline: Deadline) -> None:
    url = request.url
    for _hop in range(_MOST_REDIRECTS + 1):
        answer = _exchange(request, url, deadline)
        if 200 <= answer.status < 300:
            return
        if not 300 <= answer.status < 400:
            raise _refused(url, answer)
        url = _next(url, answer)
    raise NotDelivered(_("{place} redirects in a circle").format(place=place_of(url)), transient=False)


def _exchange(request: Request, url: SplitResult, deadline: Deadline) -> _Answer:
    """Return what the server says to a request that is sent to this address."""
    from urllib3.exceptions import HTTPError

    context = trusting(request.ca_file) if url.scheme == "https" else None
    try:
        with _ways(url, context, deadline) as ways:
            response = ways.request(
                request.method,
                urlunsplit(url._replace(netloc=_netloc(url), fragment="")),
                body=request.body,
                headers={"User-Agent": USER_AGENT, **_login(request.url), **request.headers},
                redirect=False,
                retries=False,
                preload_content=False,
                decode_content=False,
            )
            try:
                return _Answer(
                    status=response.status,
                    location=response.headers.get("Location"),
                    retry_after=response.headers.get("Retry-After"),
                    words="" if response.status < 400 else _first_words(response, request),
                )
            finally:
                response.close()
    except (HTTPError, OSError, ValueError) as error:
        raise _failed(url, error, deadline) from None


def _login(url: SplitResult) -> dict[str, str]:
    """Return the header for a user and a password that stand in an address."""
    if url.username is None:
        return {}
    words = ":".join(unquote(each or "") for each in (url.username, url.password))
    return {"Authorization": f"Basic {b64encode(words.encode()).decode('ascii')}"}


def _ways(url: SplitResult, context: ssl.SSLContext | None, deadline: Deadline) -> "PoolManager":
    """Return what connects: straight on, or by the proxy that the variables name, with the deadline looking on."""
    from urllib.request import getproxies, proxy_bypass

    import urllib3
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

    class Plain(HTTPConnection):
        def _new_conn(self) -> Any:
            connection = super()._new_conn()
            deadline.show(connection)
            return connection

    class Encrypted(HTTPSConnection):
        def _new_conn(self) -> Any:
            connection = super()._new_conn()
            deadline.show(connection)
            return connection

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class EncryptedPool(HTTPSConnectionPool):
        ConnectionCls = Encrypted

    logging.getLogger("urllib3.connectionpool").addFilter(_discreet)
    options: dict[str, Any] = {"timeout": urllib3.Timeout(total=deadline.left), "ssl_context": context}
    proxy = None if proxy_bypass(url.netloc.rpartition("@")[2]) else getproxies().get(url.scheme)
    ways = _by_proxy(proxy, options) if proxy else urllib3.PoolManager(**options)
    ways.pool_classes_by_scheme = {"http": PlainPool, "https": EncryptedPool}
    return ways


def _discreet(record: logging.LogRecord) -> bool:
    """Keep addresses out of logs: urllib3 notes the path of each request for who debugs."""
    return record.threadName != THREAD


def _by_proxy(proxy: str, options: dict[str, Any]) -> "PoolManager":
    import urllib3
    from urllib3.util import make_headers

    if "://" not in proxy:
        proxy = f"http://{proxy}"
    url = urllib3.util.parse_url(proxy)
    headers = make_headers(proxy_basic_auth=url.auth) if url.auth else None
    return urllib3.ProxyManager(proxy, proxy_headers=headers, proxy_ssl_context=options["ssl_context"], **options)


def _netloc(url: SplitResult) -> str:
    """Return host and port without user and password: those are no part of a request."""
    return url.netloc.rpartition("@")[2]


def _first_words(response: "BaseHTTPResponse", request: Request) -> str:
    """Return the first line of an answer, without what it may repeat of the request; nothing where it breaks off."""
    from urllib3.exceptions import HTTPError

    body = bytearray()
    with suppress(HTTPError, OSError):
        while len(body) < _MOST_BYTES and (piece := response.read(_MOST_BYTES // 16)):
            body += piece
    text = body[:_MOST_BYTES].decode("utf-8", "replace")
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    for secret in (*request.secrets, *_parts(request.url)):
        line = line.replace(secret, "********")
    return printable(line[:_MOST_WORDS])


def _parts(url: SplitResult) -> tuple[str, ...]:
    """Return what of an address is nobody's business, the longest first."""
    path = url.path.strip("/")
    known = {path, url.query, url.username or "", url.password or "", *path.split("/"), *url.query.split("&")}
    return tuple(sorted((part for part in known if len(part) > 3), key=len, reverse=True))


def _next(url: SplitResult, answer: _Answer) -> SplitResult:
    """Return where a redirect leads, if it may be followed."""
    there = urlsplit(urljoin(urlunsplit(url), answer.location or ""))
    same = (there.scheme, there.hostname, there.port) == (url.scheme, url.hostname, url.port)
    safer = (url.scheme, there.scheme, there.hostname) == ("http", "https", url.hostname)
    if answer.location and answer.status in _KEEPS_METHOD and (same or safer):
        return there
    text = _("{place} answers {status} and sends elsewhere").format(place=place_of(url), status=answer.status)
    raise NotDelivered(text, hint=_("give the address to which it leads"), transient=False)


def _refused(url: SplitResult, answer: _Answer) -> NotDelivered:
    text = _("{place} answers {status}").format(place=place_of(url), status=answer.status)
    if answer.words:
        text = f"{text}: {answer.words}"
    wait = printable((answer.retry_after or "")[:_MOST_WORDS])
    hint = _("it asks to wait: Retry-After: {time}").format(time=wait) if wait else None
    return NotDelivered(text, hint=hint, transient=answer.status >= 500 or answer.status in _MAY_PASS)


def _failed(url: SplitResult, error: BaseException, deadline: Deadline) -> NotDelivered:
    """Return what is said of a connection that could not be made, or was lost; errors of urllib3 repeat addresses."""
    from urllib3.exceptions import NameResolutionError, ProxyError
    from urllib3.exceptions import TimeoutError as TookTooLong

    place, chain = place_of(url), list(causes(error))
    if any(isinstance(each, ProxyError) for each in chain):
        return NotDelivered(_("{place}: the proxy on the way there does not let us pass").format(place=place))
    if any(isinstance(each, NameResolutionError) for each in chain):
        return NotDelivered(_("{place}: there is no host of that name").format(place=place))
    if any(isinstance(each, ssl.SSLError) for each in chain):
        return untrusted(place, error)
    for each in chain:
        if isinstance(each, OSError) and each.errno and each.strerror:
            return NotDelivered(_("{place}: {reason}").format(place=place, reason=reason_of(each)))
    if isinstance(error, TookTooLong):
        return late(deadline.seconds)
    return NotDelivered(_("{place}: the connection broke off").format(place=place))
