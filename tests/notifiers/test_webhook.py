"""The webhook: its fields come out as documented, and its signature can be checked as documented."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.notifiers.given import HOSTILE, RUN, notice, secret
from tests.notifiers.rigs import made
from tests.support.servers.receivers import Got, receiver
from tui_backup.errors import ConfigError
from tui_backup.model.notice import Notice, Topic
from tui_backup.notifiers.registry import NOTIFIERS
from tui_backup.services.alerts import notices

DOCUMENT = (Path(__file__).parents[2] / "docs" / "notifications.md").read_text()


def sent(told: Notice, **options: Any) -> Got:
    with receiver() as server:
        made("webhook", url=secret(f"{server.url}/webhook/backup"), **options).send(told)
        (got,) = server.got
    return got


def test_the_fields_of_the_systems_that_it_replaces_come_out_as_they_were() -> None:
    fields = json.loads(sent(notice()).body)
    assert list(fields)[:5] == ["event", "backup_id", "backup_name", "timestamp", "size_mb"]
    assert fields["event"] == "backup_completed"
    assert fields["backup_id"] == "ab" * 32
    assert fields["backup_name"] == "site"
    assert fields["timestamp"] == "2026-11-21T05:00:00.250Z"
    assert fields["size_mb"] == round(5_000_000 / (1024 * 1024), 2) == 4.77


def test_what_is_unknown_is_null_among_these_and_left_out_of_the_rest() -> None:
    fields = json.loads(sent(notice(snapshot=None, size=None, repository=None)).body)
    assert (fields["backup_id"], fields["size_mb"]) == (RUN, None)
    assert "repository" not in fields
    fields = json.loads(sent(notice(snapshot=None, run=None, job=None, topic=Topic.LOW_SPACE)).body)
    assert (fields["backup_id"], fields["backup_name"]) == (None, None)


def test_names_stay_on_their_lines() -> None:
    fields = json.loads(sent(notice(job=HOSTILE, host=HOSTILE, title=HOSTILE, hint=HOSTILE)).body)
    assert all(fields[name].isprintable() for name in ("backup_name", "job", "host", "title", "hint"))


def test_every_field_is_documented() -> None:
    fields = json.loads(sent(notice(since=notice().time, trouble="stale", hint="x")).body)
    assert set(fields) == {"event", "backup_id", "backup_name", "timestamp", "size_mb", *Notice.__struct_fields__}
    assert not [name for name in fields if f"`{name}`" not in DOCUMENT]


def test_the_signature_is_checked_as_documented() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    names: dict[str, Any] = {}
    exec(example, names)  # what the documentation tells people to write
    is_genuine = names["is_genuine"]
    got = sent(notice(), secret=secret("sch|üssel"), method="PUT")
    headers = {
        name: got.headers[name.lower()]
        for name in ("X-Tui-Backup-Timestamp", "X-Tui-Backup-Signature", "X-Tui-Backup-Id")
    }
    key, at = "sch|üssel".encode(), float(headers["X-Tui-Backup-Timestamp"])
    assert got.method == "PUT"
    assert headers["X-Tui-Backup-Id"] == notice().id
    assert is_genuine(headers, got.body, key)
    assert not is_genuine(headers, got.body, b"other")
    assert not is_genuine(headers, got.body + b" ", key)
    assert not is_genuine(headers, got.body, key, now=at + 301)
    assert not is_genuine({**headers, "X-Tui-Backup-Timestamp": str(int(at) + 1)}, got.body, key)
    assert not is_genuine({}, got.body, key)


def test_nothing_is_signed_without_a_secret() -> None:
    assert "x-tui-backup-signature" not in sent(notice()).headers


def test_headers_may_be_secrets_and_no_line_ends() -> None:
    got = sent(notice(), headers={"Authorization": secret("Bearer x"), "User-Agent": secret("ours")})
    assert (got.headers["authorization"], got.headers["user-agent"]) == ("Bearer x", "ours")
    for value in ("a\r\nX: y", "ü"):
        with pytest.raises(ConfigError, match=r"headers\.X-A: must be"):
            sent(notice(), headers={"X-A": secret(value)})


def test_every_event_and_every_option_is_documented() -> None:
    events = {f"{verb}_started" for verb in notices.VERB_EVENTS.values()}
    events |= {f"backup_{end}" for end in ("completed", "incomplete", "failed")}
    events |= {event for event, _topic in notices.TROUBLE_EVENTS.values()}
    events |= {notices.TEST_EVENT, notices.RECOVERED_EVENT}
    assert not [event for event in events if f"`{event}`" not in DOCUMENT]
    for event, topic in notices.TROUBLE_EVENTS.values():
        assert re.search(rf"^\| `{event}` \| `{topic}` \|", DOCUMENT, re.MULTILINE), event
    for kind in NOTIFIERS:
        section = DOCUMENT.partition(f"\n## {kind}\n")[2].partition("\n## ")[0]
        adapter: Any = NOTIFIERS.load(kind)
        assert not [name for name in adapter.__struct_encode_fields__ if f"`{name}`" not in section], kind
    assert not [topic for topic in Topic if f"`{topic}`" not in DOCUMENT]
