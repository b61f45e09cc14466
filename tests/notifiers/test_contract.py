"""What every kind of notifier promises, each against a real receiver."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from tests.notifiers.given import HOSTILE, notice, secret
from tests.notifiers.rigs import RIGS, SECRETS, Rig, all_of, leading_to
from tests.support.servers.certificates import Certificates
from tests.support.servers.daemons import free_port
from tests.support.servers.receivers import drip, drop, hang, listener
from tui_backup.errors import NotDelivered
from tui_backup.model.notice import Notice, Topic
from tui_backup.notifiers import base
from tui_backup.notifiers.base import Notifier
from tui_backup.notifiers.registry import NOTIFIERS
from tui_backup.primitives.secret import SecretSource

PATIENCE_S = 0.4
GRACE_S = 10
"""What a busy machine, and the end of a program, may cost beside it."""


@pytest.fixture(params=list(NOTIFIERS))
def kind(request: pytest.FixtureRequest) -> str:
    value = request.param
    assert isinstance(value, str)
    return value


@pytest.fixture
def rig(kind: str, tmp_path: Path, certificates: Certificates) -> Iterator[Rig]:
    with all_of(kind, tmp_path, certificates) as made:
        yield made


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "TIMEOUT_S", PATIENCE_S)


def told(error: NotDelivered, notifier: Notifier) -> str:
    chain: list[str] = []
    cause: BaseException | None = error
    while cause is not None:
        chain += [repr(cause), str(cause)]
        cause = cause.__cause__
    return "\n".join((*chain, error.hint or "", repr(notifier), notifier.describe()))


def test_every_kind_is_here() -> None:
    assert set(RIGS) == set(NOTIFIERS)


def test_a_notice_arrives_whole(rig: Rig) -> None:
    sent = notice()
    rig.notifier.send(sent)
    received = rig.received().replace("\r\n", "\n")
    assert sent.title in received
    assert sent.message in received


@pytest.mark.parametrize("topic", Topic)
def test_every_topic_can_be_told(topic: Topic, tmp_path: Path, certificates: Certificates) -> None:
    for kind in ("ntfy", "ping"):
        with all_of(kind, tmp_path, certificates) as rig:
            rig.notifier.send(notice(topic=topic))
            assert notice().title in rig.received()


def test_a_notice_of_which_little_is_known_arrives(rig: Rig) -> None:
    bare = {name: None for name in Notice.__struct_fields__ if name not in {"is_reminder", *_required()}}
    rig.notifier.send(notice(**bare, topic=Topic.STALE))
    assert notice().message in rig.received().replace("\r\n", "\n")


def _required() -> set[str]:
    return {field.name for field in msgspec.structs.fields(Notice) if field.required}


def test_hostile_text_arrives_harmless(rig: Rig) -> None:
    rig.notifier.send(notice(title=HOSTILE, message=f"{HOSTILE}\nlast", event="a\r\nb", job=HOSTILE, host=HOSTILE))
    received = rig.received().replace("\r\n", "\n")
    assert "owned" in received
    assert all(line.isprintable() for line in received.split("\n"))


def test_a_receiver_that_fails_is_tried_again_later(rig: Rig) -> None:
    rig.fail()
    with pytest.raises(NotDelivered) as caught:
        rig.notifier.send(notice())
    assert caught.value.transient


def test_no_secret_comes_back(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    rig.refuse()
    with pytest.raises(NotDelivered) as caught:
        rig.notifier.send(notice())
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("mail.")]  # aiosmtpd's
    everything = "\n".join((*ours, told(caught.value, rig.notifier)))
    assert not [word for word in SECRETS if word in everything]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("talk", [hang, drip], ids=["hangs", "drips"])
def test_who_never_answers_costs_no_more_than_the_time_out(kind: str, talk: Any, tmp_path: Path) -> None:
    with listener(talk) as port:
        notifier = leading_to(kind, port, tmp_path)
        begun = time.monotonic()
        with pytest.raises(NotDelivered) as caught:
            notifier.send(notice())
        assert time.monotonic() - begun < PATIENCE_S + GRACE_S
    assert caught.value.transient
    assert "seconds" in caught.value.message
    assert not [word for word in SECRETS if word in told(caught.value, notifier)]


@pytest.mark.parametrize("kind", sorted(set(NOTIFIERS) - {"command"}))
def test_who_drops_the_connection_or_is_not_there_may_be_back_later(kind: str, tmp_path: Path) -> None:
    with listener(drop) as port:
        notifier = leading_to(kind, port, tmp_path)
        with pytest.raises(NotDelivered) as dropped:
            notifier.send(notice())
    with pytest.raises(NotDelivered) as absent:
        leading_to(kind, free_port(), tmp_path).send(notice())
    for caught in (dropped, absent):
        assert caught.value.transient
        assert not [word for word in SECRETS if word in told(caught.value, notifier)]


def test_every_secret_is_named_and_taken_from_beside_the_configuration(kind: str, tmp_path: Path) -> None:
    sources = {"file": SecretSource(file="secret.key")}
    options: dict[str, Any] = {"command": ("./told",)} if kind == "command" else {}
    adapter: Any = NOTIFIERS.load(kind)
    expected: set[tuple[str | int, ...]] = set()
    for field in msgspec.structs.fields(adapter):
        if field.name in {"host", "from_", "user"}:
            options[field.name] = {"host": "localhost", "from_": "a@example.org", "user": "u"}[field.name]
        elif field.name == "to":
            options["to"] = ("b@example.org",)
        elif _holds_secrets(field.type) and not (kind == "ntfy" and field.name == "token"):
            shape = {"headers": {"X-A": sources["file"]}, "urls": (sources["file"],)}
            options[field.name] = shape.get(field.name, sources["file"])
            places: dict[str, tuple[str | int, ...]] = {"headers": ("headers", "X-A"), "urls": ("urls", 0)}
            expected.add(places.get(field.name, (field.encode_name,)))
    notifier: Notifier = adapter(**options).rooted(str(tmp_path))
    found = dict(notifier.secrets())
    assert set(found) == expected
    assert {source.file for source in found.values()} <= {str(tmp_path / "secret.key")}
    if kind == "command":
        assert notifier.describe() == str(tmp_path / "told")


def _holds_secrets(type_: Any) -> bool:
    return type_ is SecretSource or any(_holds_secrets(each) for each in get_args(type_))


def test_a_plain_address_is_no_secret_and_a_telling_one_is() -> None:
    webhook: Any = NOTIFIERS.load("webhook")
    plain = webhook(url=secret("https://example.org/hooks/backup"))
    telling = [f"https://{user}example.org/{path}" for user, path in (
        ("", "hooks/b?key=1"), ("u:p@", ""), ("", "services/T01/xoxb-1234567890-abcdefg"),
    )]  # fmt: skip
    assert list(plain.secrets()) == []
    assert all(list(webhook(url=secret(url)).secrets()) for url in telling)
    assert plain.describe() == "https://example.org"
