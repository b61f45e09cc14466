"""An HTTP proxy between S3's clients and a server, with trouble on demand.

Requests go on as they are, with their `Host`, so that signatures hold. `python -m tests.support.servers.fault_proxy
URL` runs it alone, for people and benchmarks: `--port`, `--latency SECONDS`.
"""

import argparse
import asyncio
import random
import re
import sys
from collections.abc import AsyncIterator, Mapping

import aiohttp
import msgspec
from aiohttp import web
from yarl import URL

from tests.support.servers.controlled import Controlled, obey
from tests.support.servers.daemons import LOCALHOST
from tests.support.servers.s3 import REGION

_PIECE = 256 * 1024

_OF_ONE_CONNECTION = {
    "connection",
    "expect",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
_NOT_OURS = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class Rule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which requests meet with what. The first rule that is due decides; those after it do not count that request."""

    method: str = ""
    """`PUT`, `PUT|POST`; empty for any."""
    path: str = ""
    """A regular expression, searched for in path and query."""
    nth: int = 1
    """It begins with the N-th request that fits."""
    count: int | None = None
    """For so many requests that fit; None for ever."""
    share: float = 1.0
    """Of these, so many meet with it, as dice with a fixed seed fall."""

    status: int = 0
    """Answered instead of the server."""
    code: str = "SlowDown"
    """S3's name for the trouble with `status`."""
    retry_after: int | None = None
    """Seconds, told with `status`."""
    delay: float = 0.0
    """Seconds before the request goes on; if nobody waits any more, it does not."""
    reset: bool = False
    """The connection ends before the request goes on."""
    cut_upload: int | None = None
    """It ends, on both sides, after so many bytes of the request's body."""
    lose_answer: bool = False
    """It ends when the server has answered."""
    truncate: int | None = None
    """It ends after so many bytes of the answer's body."""
    flip: int | None = None
    """In this byte of the answer's body a bit is turned over."""
    stall: float = 0.0
    """Seconds in the middle of the answer's body."""
    rate: int | None = None
    """Bytes a second of the answer's body."""
    page: int | None = None
    """The request, a list, goes on as one for so many keys at most."""
    keys: tuple[str, str] = ("", "")
    """Access key and secret key, with which it is signed anew for that."""


class Seen(msgspec.Struct):
    """A request, in the order they came."""

    method: str
    path: str
    """Path and query, as the client sent them."""
    status: int = 0
    """What the client was answered; 0 where the connection ended."""
    rule: int | None = None
    """The rule that it met with."""
    begun: float = 0.0
    ended: float = 0.0
    """Seconds of one clock."""
    uploaded: int = 0
    """Bytes of its body, as the client announced them."""


class FaultProxy(Controlled):
    """A proxy before `server`, a URL, in a process of its own. Its rules can be changed at any time."""

    def __init__(self, server: str, *, latency: float = 0.0) -> None:
        super().__init__(__name__, server, "--controlled", "--latency", str(latency))

    @property
    def url(self) -> str:
        """Where clients find the server now."""
        return f"http://{LOCALHOST}:{self.port}"

    def set(self, *rules: Rule) -> None:
        """Replace all rules, and forget what was seen."""
        self.ask(rules, dict)

    @property
    def seen(self) -> list[Seen]:
        """The requests since `set`."""
        return self.ask(None, list[Seen])


class _Proxy:
    def __init__(self, server: str, latency: float) -> None:
        self._server = server.rstrip("/")
        self._latency = latency
        self._heed(())

    def heed(self, line: bytes) -> object:
        """Take new rules, or tell what was seen."""
        rules = msgspec.json.decode(line, type=tuple[Rule, ...] | None)
        if rules is None:
            return self._seen
        self._heed(rules)
        return {}

    def _heed(self, rules: tuple[Rule, ...]) -> None:
        self._rules = rules
        self._met = [0] * len(rules)
        self._seen: list[Seen] = []
        self._dice = random.Random(1)  # the same in every run

    async def connect(self, _application: web.Application) -> AsyncIterator[None]:
        """Hold the connections to the server."""
        unlimited = aiohttp.ClientTimeout(total=None)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(auto_decompress=False, connector=connector, timeout=unlimited) as session:
            self._session = session
            yield

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Pass one request on, or not."""
        seen = Seen(request.method, request.raw_path, begun=_now(), uploaded=request.content_length or 0)
        self._seen.append(seen)
        seen.rule = self._due(request)
        rule = Rule() if seen.rule is None else self._rules[seen.rule]
        try:
            await asyncio.sleep(self._latency + rule.delay)
            answer = await self._answer(request, rule)
            if answer is None:
                if request.transport:
                    request.transport.abort()
                return web.Response()
            seen.status = answer.status
            return answer
        finally:
            seen.ended = _now()

    def _due(self, request: web.Request) -> int | None:
        for number, rule in enumerate(self._rules):
            if not (re.fullmatch(rule.method or ".*", request.method) and re.search(rule.path, request.raw_path)):
                continue
            self._met[number] += 1
            passed = self._met[number] - rule.nth
            if passed < 0 or (rule.count is not None and passed >= rule.count):
                continue
            if rule.share >= 1 or self._dice.random() < rule.share:
                return number
        return None

    async def _answer(self, request: web.Request, rule: Rule) -> web.StreamResponse | None:
        """Return what the client is answered, None where the connection is to end."""
        if rule.reset or request.transport is None or request.transport.is_closing():
            return None
        if rule.status:
            await request.read()
            return _refusal(rule)
        path, headers = request.raw_path, _kept(request.headers)
        if rule.page is not None:
            path = f"{re.sub('&max-keys=[0-9]+', '', path)}&max-keys={rule.page}"
            headers = _signed(path, request.headers["Host"], rule.keys)
        body = request.content if rule.cut_upload is None else _beginning(request.content, rule.cut_upload)
        try:
            async with self._session.request(
                request.method,
                URL(self._server + path, encoded=True),
                headers=headers,
                data=body if request.can_read_body else None,
                allow_redirects=False,
                skip_auto_headers=_NOT_OURS,
            ) as answer:
                if rule.lose_answer:
                    await answer.read()
                    return None
                return await _hand_back(request, answer, rule)
        except (aiohttp.ClientError, ConnectionError):
            return None


async def _beginning(body: aiohttp.StreamReader, length: int) -> AsyncIterator[bytes]:
    """Yield the first bytes of a body, then fail."""
    while length > 0 and (piece := await body.read(length)):
        yield piece
        length -= len(piece)
    raise ConnectionResetError


async def _hand_back(request: web.Request, answer: aiohttp.ClientResponse, rule: Rule) -> web.StreamResponse | None:
    given = web.StreamResponse(status=answer.status, reason=answer.reason, headers=_kept(answer.headers))
    if request.method == "HEAD":
        given.content_length = int(answer.headers.get("Content-Length", "0"))
    await given.prepare(request)
    at = 0
    async for coming in answer.content.iter_chunked(_PIECE):
        piece = coming
        if rule.truncate is not None and at + len(piece) > rule.truncate:
            await given.write(piece[: rule.truncate - at])
            return None
        if rule.flip is not None and at <= rule.flip < at + len(piece):
            piece = _flipped(piece, rule.flip - at)
        if rule.rate:
            await asyncio.sleep(len(piece) / rule.rate)
        if rule.stall and at == 0:
            await given.write(piece[: len(piece) // 2])
            await asyncio.sleep(rule.stall)
            await given.write(piece[len(piece) // 2 :])
        else:
            await given.write(piece)
        at += len(piece)
    await given.write_eof()
    return given


def _signed(path: str, host: str, keys: tuple[str, str]) -> list[tuple[str, str]]:
    """Return the headers of a request without a body."""
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    request = AWSRequest("GET", f"http://{host}{path}", headers={"Host": host})
    S3SigV4Auth(Credentials(*keys), "s3", REGION).add_auth(request)
    return list(request.headers.items())


def _refusal(rule: Rule) -> web.Response:
    body = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{rule.code}</Code><Message>injected</Message></Error>'
    headers = {} if rule.retry_after is None else {"Retry-After": str(rule.retry_after)}
    return web.Response(status=rule.status, text=body, content_type="application/xml", headers=headers)


def _flipped(piece: bytes, at: int) -> bytes:
    changed = bytearray(piece)
    changed[at] ^= 1
    return bytes(changed)


def _kept(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(name, text) for name, text in headers.items() if name.lower() not in _OF_ONE_CONNECTION]


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _run(server: str, port: int, latency: float, *, controlled: bool) -> None:
    proxy = _Proxy(server, latency)
    application = web.Application(client_max_size=1 << 40)
    application.cleanup_ctx.append(proxy.connect)
    application.router.add_route("*", "/{path:.*}", proxy.handle)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, LOCALHOST, port).start()
        listening = runner.addresses[0][1]
        if controlled:
            await obey(listening, proxy.heed)
        else:
            print(f"http://{LOCALHOST}:{listening}", flush=True)
            await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def main(*arguments: str) -> None:
    """Run until Ctrl+C, or until whoever controls it is gone."""
    parser = argparse.ArgumentParser(description="A proxy before an S3 server.")
    parser.add_argument("server")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--controlled", action="store_true")
    chosen = parser.parse_args(arguments)
    asyncio.run(_run(chosen.server, chosen.port, chosen.latency, controlled=chosen.controlled))


if __name__ == "__main__":
    main(*sys.argv[1:])
