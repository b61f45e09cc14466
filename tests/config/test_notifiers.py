"""Notifiers in a configuration: read, told what is wrong, shown and masked."""

from pathlib import Path

import pytest

from tests.config.writing import GOOD, load
from tui_backup.config.check import check
from tui_backup.config.editing import Draft
from tui_backup.config.load import load_config
from tui_backup.config.masking import MASK, masked, unmasked
from tui_backup.config.show import as_toml, effective
from tui_backup.errors import ConfigError
from tui_backup.model.notice import Topic
from tui_backup.notifiers.base import TROUBLES

WEBHOOK = '[notifiers.ops]\nkind = "webhook"\nurl = "https://example.org/hooks/backup"\n'
EMAIL = (
    '[notifiers.mail]\nkind = "email"\nhost = "mail.example.org"\nfrom = "A <a@example.org>"\nto = ["b@example.org"]\n'
)
LITERAL = f"""{GOOD}
[notifiers.ops]
kind = "webhook"
url = "https://example.org/hooks/tr0ub4dor-1-tr0ub4dor"
secret = "tr0ub4dor-2" # ours
headers = {{ Authorization = "tr0ub4dor-3", X-Other = {{ env = "OTHER" }} }}

[notifiers.chat]
kind = "apprise"
urls = ["slack://tr0ub4dor-4", {{ file = "chat.url" }}]

[notifiers.mail]
kind = "email"
host = "localhost"
user = "a"
password = "tr0ub4dor-5"
from = "a@example.org"
to = ["b@example.org"]
"""


def test_who_is_told_of_what(tmp_path: Path) -> None:
    text = f'{GOOD}{WEBHOOK}on = ["success", "low-space"]\njobs = ["site"]\n{EMAIL}'
    ping = '[notifiers.watch]\nkind = "ping"\nurl = "https://hc-ping.com/x"\n'
    notifiers = load(tmp_path, text + ping).notifiers
    assert notifiers["ops"].topics == {Topic.SUCCESS, Topic.LOW_SPACE}
    assert notifiers["mail"].topics == TROUBLES
    assert notifiers["watch"].topics == {Topic.START, Topic.SUCCESS, Topic.FAILURE, Topic.INCOMPLETE}
    assert [notifiers["ops"].concerns(job) for job in ("site", "other", None)] == [True, False, True]
    assert notifiers["mail"].concerns("other")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ('[notifiers.ops]\nkind = "slack"', "notifiers.ops.kind: 'slack' is unknown"),
        ('[notifiers.ops]\nkind = "webhook"', "notifiers.ops.url: this is missing"),
        (f"{WEBHOOK}uri = 1", "notifiers.ops.uri: unknown key"),
        (f'{WEBHOOK}on = ["failures"]', "notifiers.ops.on[0]: must be one of start, success, failure, incomplete,"),
        (f'{WEBHOOK}jobs = ["sight"]', "notifiers.ops.jobs[0]: there is no job 'sight'"),
        (f'{WEBHOOK}method = "GET"', "notifiers.ops.method: must be one of POST, PUT, not 'GET'"),
        (f'{WEBHOOK}headers = {{ "X Y" = "z" }}', "notifiers.ops.headers: 'X Y' cannot be given"),
        (f'{WEBHOOK}headers = {{ Host = "z" }}', "notifiers.ops.headers: 'Host' cannot be given"),
        ('[notifiers."Ops"]\nkind = "webhook"', "notifiers.Ops: not a name"),
        ('[notifiers.ops]\nkind = "ping"\nurl = "ftp://s3cret/"', "notifiers.ops.url: must be an address such as"),
        ('[notifiers.ops]\nkind = "ntfy"\nurl = "https://ntfy.sh/"', "notifiers.ops.url: the topic is missing"),
        (
            '[notifiers.ops]\nkind = "ntfy"\nurl = "https://ntfy.sh/x"\nuser = "u"',
            "notifiers.ops.password: user and password belong together",
        ),
        ('[notifiers.ops]\nkind = "command"\ncommand = []', "notifiers.ops.command: must name a program"),
        ('[notifiers.ops]\nkind = "apprise"\nurls = []', "notifiers.ops.urls: must name at least one address"),
        (EMAIL.replace("mail.example.org", "mail:25"), "notifiers.mail.host: must be the name of a host"),
        (f"{EMAIL}port = 70000", "notifiers.mail.port: must be 1 to 65535"),
        (f'{EMAIL}user = "a"', "notifiers.mail.password: user and password belong together"),
        (
            f'{EMAIL}user = "a"\npassword = "b"\nsecurity = "none"',
            "notifiers.mail.security: with none everybody on the way could read the password",
        ),
        (EMAIL.replace("b@example.org", "b"), "notifiers.mail.to: 'b' is no address of mail"),
        (EMAIL.replace("b@example.org", "b@c\\r\\nBcc: d@e"), "is no address of mail"),
        (EMAIL.replace('["b@example.org"]', "[]"), "notifiers.mail.to: must name at least one address"),
    ],
)
def test_what_is_wrong_is_named_with_its_key(tmp_path: Path, lines: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, f"{GOOD}{lines}\n")
    assert message in caught.value.message
    assert "s3cret" not in caught.value.message


@pytest.mark.parametrize(("key", "meant"), [("job", "jobs"), ("onn", "on"), ("kin", "kind"), ("uri", "url")])
def test_a_mistyped_key_is_told_with_the_nearest_of_all(tmp_path: Path, key: str, meant: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, f"{GOOD}{WEBHOOK}{key} = []\n")
    assert f"notifiers.ops.{key}: unknown key" in caught.value.message
    assert caught.value.hint == f"did you mean {meant}?"


def test_what_is_shown_reads_back_as_the_same(tmp_path: Path) -> None:
    config = load(tmp_path, f'{GOOD}{WEBHOOK}secret = {{ file = "hook.key" }}\njobs = ["site"]\n{EMAIL}')
    shown = effective(config)["notifiers"]
    assert shown["ops"]["url"] == "https://example.org/hooks/backup"
    assert shown["ops"]["secret"] == {"file": str(tmp_path / "hook.key")}
    assert shown["mail"]["from"] == "A <a@example.org>"
    (tmp_path / "shown").mkdir()
    (tmp_path / "shown" / "config.toml").write_text(as_toml(config))
    again = load_config(str(tmp_path / "shown" / "config.toml"))
    assert effective(again)["notifiers"] == shown


def test_no_secret_of_a_notifier_is_shown(tmp_path: Path) -> None:
    config = load(tmp_path, LITERAL)
    shown = f"{as_toml(config)} {config}"
    assert "tr0ub4dor" not in shown
    assert 'secret = "********"' in shown


def test_secrets_of_notifiers_are_masked_and_come_back() -> None:
    draft = Draft(LITERAL)
    shown = masked(draft)
    assert "tr0ub4dor" not in shown
    assert shown.count(MASK) == 5
    assert 'X-Other = { env = "OTHER" }' in shown
    assert f'urls = ["{MASK}", {{ file = "chat.url" }}]' in shown
    assert unmasked(shown, draft).text == LITERAL


def test_literal_secrets_of_notifiers_are_doubted(tmp_path: Path) -> None:
    found = {doubt.key for doubt in check(load(tmp_path, LITERAL)) if "itself stands" in doubt.message}
    assert found >= {
        "notifiers.ops.url", "notifiers.ops.secret", "notifiers.ops.headers.Authorization", "notifiers.chat.urls[0]",
        "notifiers.mail.password",
    }  # fmt: skip


def test_an_open_address_is_not_doubted(tmp_path: Path) -> None:
    assert not [doubt for doubt in check(load(tmp_path, GOOD + WEBHOOK)) if doubt.key.startswith("notifiers")]


def test_what_this_machine_lacks_is_doubted(tmp_path: Path) -> None:
    lines = (
        f'{WEBHOOK}ca_file = "gone.pem"\nsecret = {{ file = "gone.key" }}\n'
        '[notifiers.script]\nkind = "command"\ncommand = ["./gone"]\n'
    )
    found = {doubt.key: doubt.message for doubt in check(load(tmp_path, GOOD + lines))}
    assert found["notifiers.ops.ca_file"].startswith(f"cannot read {tmp_path}/gone.pem")
    assert found["notifiers.ops.secret"] == f"the file {tmp_path}/gone.key does not exist"
    assert found["notifiers.script.command"] == f"there is no program {tmp_path}/gone"
