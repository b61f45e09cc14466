"""What is made of the answers and troubles of HTTP servers."""

import base64
import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.notifiers.given import notice, secret
from tests.notifiers.rigs import TOKEN, made
from tests.support.servers.certificates import Certificates, make_certificates
from tests.support.servers.daemons import LOCALHOST
from tests.support.servers.receivers import Answer, Got, drip, listener, receiver
from tui_backup.errors import ConfigError, NotDelivered
from tui_backup.notifiers import base
from tui_backup.notifiers.http import Request, deliver


def send(url: str, ca_file: str | None = None, secrets: tuple[str, ...] = ()) -> None:
    deliver(Request(url=urlsplit(url), body=b"{}", ca_file=ca_file, secrets=secrets))


def refused(url: str, ca_file: str | None = None) -> NotDelivered:
    with pytest.raises(NotDelivered) as caught:
        send(url, ca_file)
    assert TOKEN not in f"{caught.value.message} {caught.value.hint}"
    return caught.value


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_whatever_means_yes_is_delivered(status: int) -> None:
    with receiver() as server:
        server.answer = lambda _got: Answer(status=status, body=b"")
        send(server.url)


@pytest.mark.parametrize(
    ("status", "transient"),
    [(400, False), (401, False), (404, False), (410, False), (408, True), (425, True), (429, True), (500, True),
     (502, True), (503, True)],
)  # fmt: skip
def test_what_the_server_will_not_change_its_mind_about_is_not_tried_again(status: int, transient: bool) -> None:
    with receiver() as server:
        server.answer = lambda _got: Answer(status=status, headers={"Retry-After": "120"}, body=b"\n go away \nmore")
        error = refused(f"{server.url}/{TOKEN}")
    assert error.message == f"{server.url} answers {status}: go away"
    assert error.transient is transient
    assert error.hint == "it asks to wait: Retry-After: 120"


def test_what_an_answer_repeats_of_the_address_is_masked() -> None:
    def repeat(got: Got) -> Answer:
        return Answer(status=404, body=f"<b>{got.path}</b> {got.headers['authorization']}\x1b[2J".encode())

    with receiver() as server:
        server.answer = repeat
        url = server.url.replace("http://", f"http://user:{TOKEN}@")
        error = refused(f"{url}/a/{TOKEN}/x?key=abcdefgh")
    assert "abcdefgh" not in error.message
    assert "\x1b" not in error.message


def test_an_answer_without_end_is_read_to_some_length_only() -> None:
    with receiver() as server:
        server.answer = lambda _got: Answer(status=500, body=b"x" * (32 << 20))
        assert len(refused(server.url).message) < 300


def test_user_and_password_of_an_address_are_a_login_and_no_part_of_the_request() -> None:
    with receiver() as server:
        send(server.url.replace("http://", "http://us%40er:pa%3Ass@") + "/hook?x=1#part")
        (got,) = server.got
    assert got.path == "/hook?x=1"
    assert got.headers["authorization"] == f"Basic {base64.b64encode(b'us@er:pa:ss').decode()}"
    assert "us%40er" not in got.headers["host"]


@pytest.mark.parametrize("status", [307, 308])
def test_a_redirect_at_the_same_host_that_repeats_the_request_is_followed(status: int) -> None:
    def answer(got: Got) -> Answer:
        return Answer() if got.path == "/there" else Answer(status=status, headers={"Location": "/there"})

    with receiver() as server:
        server.answer = answer
        send(f"{server.url}/here")
        assert [(got.method, got.path, got.body) for got in server.got] == [
            ("POST", "/here", b"{}"),
            ("POST", "/there", b"{}"),
        ]


def test_other_redirects_are_not_followed() -> None:
    with receiver() as server, receiver() as other:
        for status, location in ((301, "/there"), (302, "/there"), (303, "/there"), (307, f"{other.url}/{TOKEN}")):
            server.answer = partial(_redirecting, status, location)
            error = refused(f"{server.url}/here")
            assert error.message == f"{server.url} answers {status} and sends elsewhere"
            assert not error.transient
        assert other.got == []
        assert len(server.got) == 4
        server.answer = partial(_redirecting, 307, "/here")
        assert "in a circle" in refused(f"{server.url}/here").message


def _redirecting(status: int, location: str, _got: Got) -> Answer:
    return Answer(status=status, headers={"Location": location})


def test_certificates_are_verified(certificates: Certificates, tmp_path: Path) -> None:
    stranger = make_certificates(tmp_path)
    with receiver(certificates) as server:
        send(server.url, certificates.authority)
        send(server.url.replace(LOCALHOST, "localhost"), certificates.authority)
        for ca_file in (None, stranger.authority):
            error = refused(f"{server.url}/{TOKEN}", ca_file)
            assert "its certificate is not to be trusted" in error.message
            assert error.hint
            assert "ca_file" in error.hint
        error = refused(server.url.replace(LOCALHOST, "127.1"), certificates.authority)
        assert "not to be trusted" in error.message
        assert len(server.got) == 2


def test_a_file_of_certificates_that_is_none_is_a_wrong_configuration(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    for name, reason in (("ca.pem", "holds no certificate"), ("gone.pem", "No such file")):
        with pytest.raises(ConfigError, match=reason):
            send("https://localhost:1/", str(tmp_path / name))


def test_a_server_that_speaks_something_else_is_told(certificates: Certificates) -> None:
    with receiver() as plain, receiver(certificates) as encrypted:
        assert "no encrypted connection" in refused(plain.url.replace("http:", "https:")).message
        assert refused(encrypted.url.replace("https:", "http:"), certificates.authority).transient


def test_a_host_that_does_not_exist_is_named_and_nothing_else() -> None:
    error = refused(f"http://no-such-host.invalid/{TOKEN}")
    assert error.message == "http://no-such-host.invalid: there is no host of that name"
    assert error.transient


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"HTTP/1.1 500 Oh\r\nContent-Length: 1000000\r\n\r\n",
        b"HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
    ids=["head", "body", "chunks"],
)
def test_who_drips_is_cut_off(beginning: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "TIMEOUT_S", 0.3)
    with listener(lambda connection, over: drip(connection, over, beginning)) as port:
        begun = time.monotonic()
        assert refused(f"http://{LOCALHOST}:{port}/{TOKEN}").transient
        assert time.monotonic() - begun < 5
        _no_delivery_goes_on()


def _no_delivery_goes_on() -> None:
    for thread in threading.enumerate():
        if thread.name == "delivery":
            thread.join(5)
            assert not thread.is_alive()


def test_who_says_yes_and_then_hangs_has_taken_it() -> None:
    yes = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    with listener(lambda connection, over: drip(connection, over, yes)) as port:
        send(f"http://{LOCALHOST}:{port}/")


def test_who_goes_in_mid_answer_is_judged_by_what_came() -> None:
    def talk(beginning: bytes) -> Callable[[socket.socket, threading.Event], None]:
        def once(connection: socket.socket, _over: threading.Event) -> None:
            connection.recv(1 << 16)
            connection.sendall(beginning)

        return once

    with listener(talk(b"HTTP/1.1 403 No\r\nContent-Length: 1000\r\n\r\nnot you")) as port:
        error = refused(f"http://{LOCALHOST}:{port}/")
        assert (error.message, error.transient) == (f"http://{LOCALHOST}:{port} answers 403: not you", False)
    with listener(talk(b"HTTP/1.1 2")) as port:
        error = refused(f"http://{LOCALHOST}:{port}/")
        assert error.transient


def test_the_proxy_of_the_variables_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.replace("http://", "http://me:w0rd@"))
        send("http://hooks.example.org/backup")
        (got,) = proxy.got
        assert got.path == "http://hooks.example.org/backup"
        assert got.headers["proxy-authorization"] == f"Basic {base64.b64encode(b'me:w0rd').decode()}"
        monkeypatch.setenv("no_proxy", LOCALHOST)
        with receiver() as server:
            send(server.url)
            assert len(server.got) == 1
        assert len(proxy.got) == 1


def test_a_proxy_that_lets_nobody_pass_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver() as proxy:
        monkeypatch.setenv("https_proxy", proxy.url.replace("http://", "http://me:w0rd@"))
        error = refused(f"https://hooks.example.org/{TOKEN}")
    assert "the proxy on the way" in error.message
    assert "w0rd" not in error.message


def test_the_address_is_read_from_where_it_is_kept(tmp_path: Path) -> None:
    with receiver() as server:
        (tmp_path / "hook.url").write_text(f"{server.url}/{TOKEN}\n")
        (tmp_path / "hook.url").chmod(0o600)
        source = secret("x").of({"file": "hook.url"})
        made("webhook", url=source).rooted(str(tmp_path)).send(notice())
        assert server.got[0].path == f"/{TOKEN}"
        (tmp_path / "hook.url").write_text("ftp://s3cret\n")
        with pytest.raises(ConfigError) as caught:
            made("webhook", url=source).rooted(str(tmp_path)).send(notice())
        assert "s3cret" not in caught.value.message
