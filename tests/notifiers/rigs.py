"""A rig for each kind of notifier: the notifier as somebody would configure it, and whoever gets what it sends."""

import json
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import msgspec

from tests.notifiers.given import secret
from tests.support.servers.certificates import Certificates
from tests.support.servers.daemons import LOCALHOST
from tests.support.servers.receivers import Answer, MailServer, Receiver, mail_server, receiver
from tui_backup.notifiers.base import Notifier
from tui_backup.notifiers.registry import NOTIFIERS

TOKEN = "tok-5ecret-0123456789abcdef"
PASSWORD = "pässwort-5ecret"
SECRETS = (TOKEN, PASSWORD)


class Rig(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of notifier and its receiver."""

    notifier: Notifier
    received: Callable[[], str]
    """Everything readable that came."""
    refuse: Callable[[], None]
    """Have the receiver refuse everything from here on, for good, and repeat what it was given."""
    fail: Callable[[], None]
    """Have the receiver fail for a while."""


def made(kind: str, **options: Any) -> Notifier:
    return NOTIFIERS.load(kind)(**options)


def repeating(got: Any) -> bytes:
    """Return an answer that holds all that was asked."""
    return f"no: {got.path} {got.headers}".encode()


def _over_http(server: Receiver, notifier: Notifier, text: Callable[[bytes], str]) -> Rig:
    def answer(status: int) -> None:
        server.answer = lambda got: Answer(status=status, body=repeating(got))

    return Rig(
        notifier=notifier,
        received=lambda: "\n".join(text(got.body) for got in server.got),
        refuse=lambda: answer(403),
        fail=lambda: answer(503),
    )


def _json_text(body: bytes) -> str:
    return "\n".join(str(value) for value in json.loads(body).values())


@contextmanager
def webhook(directory: Path, certificates: Certificates) -> Iterator[Rig]:
    with receiver(certificates) as server:
        notifier = made(
            "webhook",
            url=secret(f"{server.url}/hooks/{TOKEN}?key={TOKEN}"),
            secret=secret(PASSWORD),
            headers={"X-Token": secret(TOKEN)},
            ca_file=certificates.authority,
        )
        yield _over_http(server, notifier, _json_text)


@contextmanager
def ntfy(directory: Path, certificates: Certificates) -> Iterator[Rig]:
    with receiver(certificates) as server:
        options = {"url": secret(f"{server.url}/{TOKEN}"), "user": "ops", "password": secret(PASSWORD)}
        yield _over_http(server, made("ntfy", ca_file=certificates.authority, **options), _json_text)


@contextmanager
def ping(directory: Path, certificates: Certificates) -> Iterator[Rig]:
    with receiver(certificates) as server:
        notifier = made("ping", url=secret(f"{server.url}/{TOKEN}"), ca_file=certificates.authority)
        yield _over_http(server, notifier, bytes.decode)


@contextmanager
def apprise(directory: Path, certificates: Certificates) -> Iterator[Rig]:
    with receiver() as server:
        url = server.url.replace("http://", f"json://{TOKEN}:{TOKEN}@") + f"/{TOKEN}"
        yield _over_http(server, made("apprise", urls=(secret(url),)), _json_text)


@contextmanager
def email(directory: Path, certificates: Certificates) -> Iterator[Rig]:
    with mail_server(certificates, password=PASSWORD) as server:
        notifier = made(
            "email",
            host=LOCALHOST,
            port=server.port,
            user="backup",
            password=secret(PASSWORD),
            from_="Backups <backup@example.org>",
            to=("ops@example.org", "other@example.org"),
            ca_file=certificates.authority,
        )
        yield Rig(
            notifier=notifier,
            received=lambda: "\n".join(f"{mail.content['Subject']}\n{_body(mail.content)}" for mail in server.got),
            refuse=lambda: _answering(server, f"554 no, nor {PASSWORD}"),
            fail=lambda: _answering(server, "451 later"),
        )


@contextmanager
def command(directory: Path, certificates: Certificates) -> Iterator[Rig]:
    kept, program, mood = directory / "kept", directory / "told", directory / "mood"
    kept.touch()
    mood.write_text("0")
    script = f"import json, sys; print(*json.load(sys.stdin).values(), sep='\\n', file=open({str(kept)!r}, 'a'))"
    words = shlex.join([sys.executable, "-c", script])
    program.write_text(f"#!/bin/sh\nread code < {mood}; [ $code = 0 ] || exit $code\nexec {words}\n")
    program.chmod(0o700)
    yield Rig(
        notifier=made("command", command=(str(program),)),
        received=kept.read_text,
        refuse=lambda: _written(mood, "65"),
        fail=lambda: _written(mood, "75"),
    )


RIGS = {"webhook": webhook, "email": email, "ntfy": ntfy, "ping": ping, "command": command, "apprise": apprise}


@contextmanager
def all_of(kind: str, directory: Path, certificates: Certificates) -> Iterator[Rig]:
    """Set up the rig of a kind."""
    with ExitStack() as stack:
        yield stack.enter_context(RIGS[kind](directory, certificates))


def leading_to(kind: str, port: int, directory: Path) -> Notifier:
    """Return a notifier whose receiver is whatever listens on a port; for a program, one that never ends."""
    url = f"http://{LOCALHOST}:{port}/{TOKEN}"
    match kind:
        case "email":
            return made(
                "email", host=LOCALHOST, port=port, security="none", from_="a@example.org", to=("b@example.org",)
            )
        case "command":
            return made("command", command=("sh", "-c", "while :; do printf .; sleep 0.05; done"))
        case "apprise":
            return made("apprise", urls=(secret(url.replace("http:", "json:")),))
    return made(kind, url=secret(url))


def _answering(server: MailServer, answer: str) -> None:
    server.answer = answer


def _written(path: Path, text: str) -> None:
    path.write_text(text)


def _body(content: EmailMessage) -> str:
    text = content.get_content()
    assert isinstance(text, str)
    return text
