"""What is particular to ntfy, pings, commands and Apprise."""

import json
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.notifiers.given import RUN, notice, secret
from tests.notifiers.rigs import TOKEN, made
from tests.support.servers.receivers import Answer, Got, receiver
from tui_backup.errors import ConfigError, NotDelivered
from tui_backup.model.notice import Notice, Topic
from tui_backup.notifiers import apprise_process, base
from tui_backup.primitives.processes import has_ended
from tui_backup.primitives.secret import SecretSource


def sent(kind: str, path: str, *told: Notice, **options: Any) -> list[Got]:
    with receiver() as server:
        for each in told:
            made(kind, url=secret(f"{server.url}{path}"), **options).send(each)
        return server.got


def test_ntfy_gets_json_with_a_topic_and_is_louder_where_it_matters() -> None:
    success, damaged, fixed = (
        json.loads(sent("ntfy", "/base/topic/", notice(topic=topic), **options)[0].body)
        for topic, options in ((Topic.SUCCESS, {}), (Topic.DAMAGED, {}), (Topic.DAMAGED, {"priority": "min"}))
    )
    assert (success["topic"], success["title"], success["message"]) == ("topic", notice().title, notice().message)
    assert (success["priority"], damaged["priority"], fixed["priority"]) == (2, 5, 1)
    assert success["tags"] == ["white_check_mark", "backup_completed"]


@pytest.mark.parametrize(
    ("options", "header"),
    [
        ({}, None),
        ({"token": secret("tk_x")}, "Bearer tk_x"),
        ({"user": "ü", "password": secret("pä")}, "Basic w7w6cMOk"),
    ],
)
def test_ntfy_logs_in(options: dict[str, Any], header: str | None) -> None:
    (got,) = sent("ntfy", "/base/topic", notice(), **options)
    assert got.headers.get("authorization") == header
    assert got.path == "/base/"


def test_what_is_longer_than_a_message_of_ntfy_is_cut() -> None:
    (got,) = sent("ntfy", "/topic", notice(message="ç" * 5000, title="x" * 5000))
    body = json.loads(got.body)
    assert len(body["message"].encode()) <= 4096
    assert body["message"].endswith("ç…")
    assert len(body["title"]) == 250 - 2


@pytest.mark.parametrize(
    ("facts", "path"),
    [
        ({"topic": Topic.START}, "/uuid/start"),
        ({"topic": Topic.SUCCESS}, "/uuid"),
        ({"topic": Topic.FAILURE}, "/uuid/fail"),
        ({"topic": Topic.INCOMPLETE}, "/uuid/fail"),
        ({"topic": Topic.STALE, "verb": None}, "/uuid/fail"),
        ({"topic": Topic.RECOVERY, "verb": None}, "/uuid/log"),
        ({"topic": Topic.SUCCESS, "verb": None}, "/uuid/log"),
        ({"topic": Topic.FAILURE, "verb": "verify"}, "/uuid/fail"),
        ({"topic": Topic.SUCCESS, "verb": "verify"}, None),
        ({"topic": Topic.START, "verb": "prune"}, None),
    ],
)
def test_only_backups_are_a_success_of_a_ping(facts: dict[str, Any], path: str | None) -> None:
    got = sent("ping", "/uuid", notice(**facts, run=None))
    assert [each.path for each in got] == ([path] if path else [])


def test_start_and_end_of_a_run_have_one_id_and_others_another() -> None:
    runs = (notice(topic=Topic.START), notice(), notice(run="other"))
    paths = [got.path for got in sent("ping", "/key/slug/?create=1", *runs)]
    ids = [path.partition("rid=")[2] for path in paths]
    assert paths[0].startswith("/key/slug/start?create=1&rid=")
    assert paths[1].startswith("/key/slug?create=1&rid=")
    assert ids[0] == ids[1] == str(uuid.UUID(ids[0])) != ids[2]
    assert RUN not in "".join(paths)


def test_the_body_of_a_ping_is_no_longer_than_servers_keep() -> None:
    (got,) = sent("ping", "/uuid", notice(message="ç" * 50_000))
    assert 9_900 < len(got.body) <= 10_000
    assert got.body.decode().startswith(notice().title)


def script(directory: Path, text: str) -> str:
    path = directory / "told"
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(0o700)
    return str(path)


def test_a_command_gets_json_and_variables_and_little_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", TOKEN)
    out = tmp_path / "out"
    program = script(
        tmp_path,
        "import json, os, sys\n"
        f"json.dump([json.load(sys.stdin), dict(os.environ), sys.argv[1:]], open({str(out)!r}, 'w'))",
    )
    made("command", command=(program, "a b", "$HOME")).send(notice(size=None))
    fields, variables, arguments = json.loads(out.read_text())
    assert arguments == ["a b", "$HOME"]
    assert fields["title"] == variables["TUI_BACKUP_TITLE"] == notice().title
    assert variables["TUI_BACKUP_MESSAGE"] == notice().message
    assert variables["TUI_BACKUP_BACKUP_ID"] == "ab" * 32
    assert (variables["TUI_BACKUP_SIZE_MB"], variables["TUI_BACKUP_IS_REMINDER"]) == ("", "0")
    assert TOKEN not in variables.values()


def test_how_a_command_fails_is_told_with_its_last_words(tmp_path: Path) -> None:
    program = script(tmp_path, "import sys\nsys.exit('no network\\x1b[2J')")
    with pytest.raises(NotDelivered) as caught:
        made("command", command=(program,)).send(notice())
    assert caught.value.message == f"{program} ended with exit code 1: no network\\x1b[2J"
    with pytest.raises(NotDelivered, match="cannot run /no/such: No such file"):
        made("command", command=("/no/such",)).send(notice())


def test_a_command_that_will_not_end_is_ended_with_all_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "TIMEOUT_S", 0.4)
    script = f"trap '' TERM; sleep 60 & echo $$ $! > {tmp_path}/pids; while :; do sleep 0.1; done"
    begun = time.monotonic()
    with pytest.raises(NotDelivered) as caught:
        made("command", command=("sh", "-c", script)).send(notice())
    assert time.monotonic() - begun < 20
    assert caught.value.transient
    assert all(has_ended(int(pid)) for pid in (tmp_path / "pids").read_text().split())


def test_apprise_tells_by_which_service_it_did_not_go(tmp_path: Path) -> None:
    with receiver() as good, receiver() as bad:
        bad.answer = lambda _got: Answer(status=500)
        urls = tuple(secret(server.url.replace("http:", "json:") + f"/{TOKEN}") for server in (good, bad))
        with pytest.raises(NotDelivered) as caught:
            made("apprise", urls=urls).send(notice())
        assert len(good.got) == 1
    assert caught.value.message.startswith("Apprise could not deliver to urls[1] (json): ")
    assert not caught.value.transient


def test_apprise_is_given_plain_text_and_how_grave_it_is() -> None:
    with receiver() as server:
        url = secret(server.url.replace("http:", "json:"))
        for topic in (Topic.RECOVERY, Topic.STALE, Topic.DAMAGED):
            made("apprise", urls=(url,)).send(notice(topic=topic, message="<b>a</b> & *c*"))
        bodies = [json.loads(got.body) for got in server.got]
    assert [body["type"] for body in bodies] == ["success", "warning", "failure"]
    assert bodies[0]["message"] == "<b>a</b> & *c*"


def test_an_address_that_apprise_does_not_know_is_a_wrong_configuration() -> None:
    with pytest.raises(ConfigError) as caught:
        made("apprise", urls=(secret(f"nosuch://{TOKEN}"),)).send(notice())
    assert caught.value.message == "urls[0]: Apprise knows no such service"


def test_without_apprise_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "apprise", raising=False)
    with pytest.raises(ConfigError) as caught:
        made("apprise", urls=(SecretSource(file="x"),)).send(notice())
    assert caught.value.message == "Apprise is not installed"
    assert caught.value.hint == "pip install 'tui-backup[apprise]'"


def test_no_part_of_an_address_is_in_what_apprise_says() -> None:
    said = "could not reach bot-token123 at hooks.example.org/T01, json"
    masked = apprise_process.masked(said, ["json://user:bot-token123@hooks.example.org/T01?x=1"])
    assert masked == "could not reach ******** at ********/T01, json"
