"""`notify test`, and what real runs tell a real receiver."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli.site import Site
from tests.support.servers.daemons import free_port
from tests.support.servers.receivers import Answer, Receiver, receiver

TOKEN = "tok-5ecret-0123456789abcdef"


@pytest.fixture
def hooks() -> Iterator[Receiver]:
    with receiver() as server:
        yield server


def told_by(site: Site, url: str, options: str = "", kind: str = "webhook") -> None:
    with site.config.open("a") as file:
        file.write(f'\n[notifiers.ops]\nkind = "{kind}"\nurl = "{url}"\n{options}\n')


def documents(server: Receiver) -> list[Any]:
    return [json.loads(got.body) for got in server.got]


def test_a_test_is_sent_now_and_shown(site: Site, hooks: Receiver) -> None:
    told_by(site, f"{hooks.url}/{TOKEN}")
    answer = site.call("notify", "test", "ops")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith(f"ops: delivered to {hooks.url}\n    ")
    assert "a test of the notifier ops" in answer.out
    (sent,) = documents(hooks)
    assert (sent["event"], sent["backup_id"]) == ("test", None)
    assert TOKEN not in answer.out


def test_a_test_that_does_not_arrive_is_an_error(site: Site, hooks: Receiver) -> None:
    hooks.answer = lambda got: Answer(status=404, body=f"no {got.path}\nmore".encode())
    told_by(site, f"{hooks.url}/{TOKEN}")
    answer = site.call("notify", "test", "ops")
    assert answer.code == 1
    assert answer.out == ""
    assert answer.err == f"tui-backup: error: ops: {hooks.url} answers 404: no /********\n"


def test_scripts_get_a_document_as_of_other_commands(site: Site, hooks: Receiver) -> None:
    told_by(site, hooks.url)
    answer = site.call("notify", "test", "ops", "--json")
    (done,) = answer.document["done"]
    assert (answer.code, answer.document["skipped"], answer.document["problems"]) == (0, [], [])
    assert (done["what"], done["object"], done["place"]) == ("notice", "ops", hooks.url)
    assert (done["detail"], done["notice"]["event"]) == (f"delivered to {hooks.url}", "test")
    hooks.answer = lambda _got: Answer(status=500)
    answer = site.call("notify", "test", "ops", "--json")
    (problem,) = answer.document["problems"]
    assert (answer.code, answer.document["done"]) == (1, [])
    assert (problem["detail"], problem["transient"]) == (f"{hooks.url} answers 500: ok", True)
    assert json.loads(answer.err)["code"] == 1


def test_an_unknown_notifier_is_told_with_those_that_are_known(site: Site, hooks: Receiver) -> None:
    told_by(site, hooks.url)
    answer = site.call("notify", "test", "opps")
    assert answer.code == 2
    assert "there is no notifier 'opps'" in answer.err
    assert "did you mean ops?" in answer.err
    assert "known: ops" in site.call("notify", "test", "zzzz").err
    assert hooks.got == []


def test_a_ping_that_is_tried_leaves_the_check_as_it_is(site: Site, hooks: Receiver) -> None:
    told_by(site, f"{hooks.url}/ping/uuid", kind="ping")
    assert site.call("notify", "test", "ops").code == 0
    assert [got.path for got in hooks.got] == ["/ping/uuid/log"]


def test_a_backup_is_told_with_the_documented_fields(site: Site, hooks: Receiver) -> None:
    told_by(site, f"{hooks.url}/webhook/backup", 'on = ["success", "failure"]')
    snapshot = site.back_up()
    (sent,) = documents(hooks)
    first = {name: sent[name] for name in ("event", "backup_id", "backup_name", "size_mb")}
    assert first == {"event": "backup_completed", "backup_id": snapshot, "backup_name": "site", "size_mb": 0.0}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", sent["timestamp"])
    assert (sent["verb"], sent["status"], sent["repository"], sent["size"]) == ("run", "ok", "local", 4)
    assert [(got.method, got.path) for got in hooks.got] == [("POST", "/webhook/backup")]


def test_a_ping_hears_of_start_and_end_of_one_run(site: Site, hooks: Receiver) -> None:
    told_by(site, f"{hooks.url}/uuid", kind="ping")
    site.back_up()
    start, end = (got.path for got in hooks.got)
    assert start.startswith("/uuid/start?rid=")
    assert end == start.replace("/start", "")
    hooks.got.clear()
    site.source.rename(site.directory / "gone")
    assert site.call("run", "site").code != 0
    assert {got.path.partition("?")[0] for got in hooks.got} == {"/uuid/start", "/uuid/fail"}
    hooks.got.clear()
    assert site.call("verify").code == 0
    assert hooks.got == []


def test_a_notifier_that_nobody_answers_fails_no_run(site: Site) -> None:
    told_by(site, f"http://127.0.0.1:{free_port()}/{TOKEN}", 'on = ["success"]')
    answer = site.call("run", "site")
    assert answer.code == 0
    log = site.directory / "state" / "log" / "tui-backup.log"
    assert "Connection refused" in log.read_text()
    assert TOKEN not in log.read_text() + answer.err + answer.out
