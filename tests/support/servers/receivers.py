"""Receivers of notices on this machine: over HTTP, over SMTP, and such that do what no receiver should."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.support.servers.certificates import Certificates
from tests.support.servers.daemons import LOCALHOST, free_port


class Got(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    """By their names in lower case."""
    body: bytes


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a receiver says."""

    status: int = 200
    headers: Mapping[str, str] = {}
    body: bytes = b"ok\n"


class Receiver:
    """An HTTP server that keeps what it gets."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.got: list[Got] = []
        self.answer: Callable[[Got], Answer] = lambda _got: Answer()
        """What it says to a request."""


@contextmanager
def receiver(certificates: Certificates | None = None) -> Iterator[Receiver]:
    """Run an HTTP server, encrypted if it is given a certificate."""

    class Handler(BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            with suppress(ConnectionError):
                super().handle_one_request()

        def take(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            got = Got(method=self.command, path=self.path, headers=headers, body=body)
            made.got.append(got)
            answer = made.answer(got)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_POST = do_PUT = take  # noqa: N815 - so http.server calls them

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - so it is called there
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Say nothing of clients that do not trust us."""

    with Quiet((LOCALHOST, 0), Handler) as server:
        if certificates is not None:
            server.socket = _context(certificates).wrap_socket(server.socket, server_side=True)
        made = Receiver(f"{'https' if certificates else 'http'}://{LOCALHOST}:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def listener(talk: Callable[[socket.socket, threading.Event], None]) -> Iterator[int]:
    """Run what `talk` makes of each connection; yield its port. The event is set when all is over."""
    over = threading.Event()
    threads: list[threading.Thread] = []

    def converse(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            talk(connection, over)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _peer = server.accept()
                threads.append(threading.Thread(target=converse, args=(connection,), daemon=True))
                threads[-1].start()

    with socket.create_server((LOCALHOST, 0)) as server:
        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield server.getsockname()[1]
        finally:
            over.set()
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
    for thread in (accepting, *threads):
        thread.join(5)


def hang(_connection: socket.socket, over: threading.Event) -> None:
    """Say nothing."""
    over.wait()


def drip(connection: socket.socket, over: threading.Event, beginning: bytes = b"") -> None:
    """Say something, then a byte now and then that ends nothing."""
    connection.sendall(beginning)
    while not over.wait(0.05):
        connection.sendall(b"1")


def drop(connection: socket.socket, _over: threading.Event) -> None:
    """Take what comes first if anything does, say half a line, and go."""
    connection.settimeout(0.1)
    with suppress(TimeoutError):
        connection.recv(100)
    connection.sendall(b"HTTP/1.1 20")


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail as it came."""

    sender: str
    recipients: tuple[str, ...]
    content: EmailMessage
    raw: bytes
    user: str | None


class MailServer:
    """What a server of mail got, and what it does not take."""

    def __init__(self) -> None:
        self.port = 0
        self.got: list[Mail] = []
        self.refused: dict[str, str] = {}
        """Recipient -> answer."""
        self.answer = "250 taken"
        """To the content of a mail."""

    async def handle_RCPT(  # noqa: N802 - so aiosmtpd calls it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 yes"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - see above
        assert isinstance(envelope.content, bytes)
        raw = envelope.content
        mail = Mail(
            sender=envelope.mail_from or "",
            recipients=tuple(envelope.rcpt_tos),
            content=BytesParser(policy=default).parsebytes(raw),
            raw=raw,
            user=session.auth_data if isinstance(session.auth_data, str) else None,
        )
        if self.answer.startswith("250"):
            self.got.append(mail)
        return self.answer


@contextmanager
def mail_server(
    certificates: Certificates | None = None, *, starttls: bool = True, password: str | None = None
) -> Iterator[MailServer]:
    """Run a server of mail: plain, with STARTTLS, or encrypted from the start; with a password only for `backup`."""
    made = MailServer()
    context = None if certificates is None else _context(certificates)

    def authenticated(
        server: SMTP, session: Session, envelope: Envelope, mechanism: str, auth_data: LoginPassword
    ) -> AuthResult:
        right = auth_data.login == b"backup" and auth_data.password == (password or "").encode()
        return AuthResult(success=right, handled=False, auth_data="backup" if right else None)

    made.port = free_port()
    controller = Controller(
        made,
        hostname=LOCALHOST,
        port=made.port,
        ssl_context=None if starttls else context,
        tls_context=context if starttls else None,
        require_starttls=context is not None and starttls,
        authenticator=authenticated if password else None,
        auth_required=password is not None,
        auth_require_tls=context is not None and starttls,
    )
    controller.start()
    try:
        yield made
    finally:
        controller.stop()


def _context(certificates: Certificates) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.certificate, certificates.key)
    return context
